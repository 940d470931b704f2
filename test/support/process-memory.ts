/** How much memory a process holds and how long it had the processor, as the system says: asking the process itself would wait until it has time. */
import { readFileSync } from 'node:fs'

const BYTES_PER_KIB = 1024
/** Of Linux, wherever Node runs. */
const TICK_MS = 10

/** Resident bytes of a process now, and at most since it began; null where this system does not tell, or it has ended. */
export function memoryOf(pid: number | undefined): { readonly now: number; readonly most: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * BYTES_PER_KIB
    return { now: field('VmRSS'), most: field('VmHWM') }
  } catch {
    return null
  }
}

/** Milliseconds that a process had the processor so far, all of its threads together; null as above. */
export function processorMsOf(pid: number | undefined): number | null {
  try {
    // The name in parentheses may hold spaces: user and system time are the 12th and 13th behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return null
  }
}
