/**
 * Kills a process at a random moment, again and again, on the same data. The pieces know nothing of what the process
 * does: it journals what it acknowledged, the test compares the journal with what is there afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { SeededRandom } from '../../support/seeded.ts'

// --- The journal: one JSON value a line, written by the process that dies, read by the one that killed it ---

export interface Journal<T> {
  /** On return the line is the kernel's: it outlives the process, though not the machine. */
  append(item: T): void
  close(): void
}

export function openJournal<T>(path: string): Journal<T> {
  dropCutLine(path)
  const file = openSync(path, 'a')
  return {
    append: (item) => writeSync(file, `${JSON.stringify(item)}\n`),
    close: () => closeSync(file),
  }
}

/** The line that the last process was writing when it was killed must not become one with the next. */
function dropCutLine(path: string): void {
  if (!existsSync(path)) return
  const whole = readFileSync(path).lastIndexOf('\n') + 1
  truncateSync(path, whole)
}

/** Every whole line; the last may have been cut by the kill, and was then not acknowledged. */
export function readJournal<T>(path: string): T[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.slice(0, -1).map((line) => JSON.parse(line) as T)
}

// --- The kill ---

export interface KillPlan {
  /** The script, and what it is given. */
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds after which it is killed: counted from its first output, or from its start. */
  readonly afterMs: number
  readonly from: 'start' | 'output'
}

/** Draws a moment: mostly while the process works, one time in five already while it starts. */
export function drawKill(random: SeededRandom, argv: readonly string[], workMsMax: number): KillPlan {
  const from = random.integer(1, 5) === 1 ? 'start' : 'output'
  return { argv, from, afterMs: random.integer(0, from === 'start' ? 250 : workMsMax) }
}

/** Starts the process, kills it with SIGKILL, and resolves when it is gone. Throws where it ended by itself. */
export async function runAndKill(plan: KillPlan): Promise<void> {
  const child = spawn(process.execPath, plan.argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...plan.env },
  })
  const exit = once(child, 'exit')
  if (plan.from === 'output') await Promise.race([firstOutput(child), exit])
  const gone = new AbortController()
  child.once('exit', () => gone.abort())
  if (child.exitCode === null && child.signalCode === null)
    await setTimeout(plan.afterMs, undefined, { signal: gone.signal }).catch(() => {})
  child.kill('SIGKILL')
  const [code, signal] = await exit
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself: code ${code}, signal ${signal}`)
}

async function firstOutput(child: ChildProcess): Promise<void> {
  const output = child.stdout
  if (!output) return
  await once(output, 'data')
  // What follows is not read for, but must not fill the pipe either.
  output.resume()
}
