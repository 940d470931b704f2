/** How much memory a process holds, as the system says: asking the process itself would wait until it has time. */
import { readFileSync } from 'node:fs'

const BYTES_PER_KIB = 1024

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
