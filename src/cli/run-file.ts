/**
 * `run.json` in the data folder: where the running spore answers, for commands on the same machine. It also holds a
 * token of this run, so that the folder's owner needs none (mode 0600); it is worth nothing when the spore has stopped.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { sporeUrlSchema } from '../config/schema.ts'

const runSchema = z.object({
  pid: z.number().int().positive(),
  url: sporeUrlSchema,
  spore: z.string().startsWith('did:key:'),
  token: z.string().optional(),
})
export type RunFile = z.infer<typeof runSchema>

export const runFile = (home: string): string => join(home, 'run.json')

/** Announces the running spore; disposing takes the announcement back, unless another process replaced it. */
export function announceRun(home: string, run: RunFile): Disposable {
  const file = runFile(home)
  const beside = `${file}.${run.pid}.tmp`
  writeFileSync(beside, `${JSON.stringify(run)}\n`, { mode: 0o600 })
  renameSync(beside, file)
  return {
    [Symbol.dispose]() {
      if (readRun(home)?.pid === run.pid) rmSync(file, { force: true })
    },
  }
}

/** What is announced, of a process that still exists; null for none, a stale file or a damaged one. */
export function readRun(home: string): RunFile | null {
  let parsed: ReturnType<typeof runSchema.safeParse>
  try {
    parsed = runSchema.safeParse(JSON.parse(readFileSync(runFile(home), 'utf8')))
  } catch {
    return null
  }
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process: it exists.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
