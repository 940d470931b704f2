/**
 * A file of answers, one a line: what an earlier run has answered is not asked again, and a line that is acknowledged is on
 * the disk. Whoever kills the process loses at most the line that was being written, which the next run cuts off.
 */
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { utf8ToBytes } from '../../core/base/bytes.ts'
import { sha256 } from '../../core/base/hash.ts'
import { type TaskView, taskStatusSchema } from '../../core/protocol/api.ts'
import { SporeError } from '../../core/protocol/errors.ts'
import { type Line, splitLines } from '../../http/api/lines.ts'
import { UsageError } from '../exit.ts'
import type { Question } from './questions.ts'

/** Bytes of one line: the longest answer and question, every character escaped, and all ids of sources. */
export const ANSWER_LINE_BYTES_MAX = 1024 * 1024

/** One answer. The question stands beside its id, so that a changed question is asked again. */
export interface Answer {
  readonly id: string | number
  readonly task: string
  readonly task_id: string
  readonly status: TaskView['status']
  readonly answer: string | null
  /** The answer in as few words as it was given in. */
  readonly conclusion: string | null
  readonly margin: number | null
  readonly degraded: boolean
  /** Ids of the memories that the answer cites, in their order. */
  readonly sources: readonly string[]
  /** Why there is no answer. */
  readonly reason: string | null
}

export const toAnswer = ({ id, input }: Question, task: TaskView): Answer => ({
  id,
  task: input.task,
  task_id: task.task_id,
  status: task.status,
  answer: task.answer,
  conclusion: task.settlement?.conclusion ?? null,
  margin: task.settlement?.margin ?? null,
  degraded: task.degraded,
  sources: task.sources.map((source) => source.id),
  reason: task.reason,
})

export interface AnswersFile extends AsyncDisposable {
  /** Whether an earlier run has answered the question; an answer counts for one line, also where several are alike. */
  take(question: Question): boolean
  /**
   * Resolves when the answer is on the disk; what comes meanwhile shares the next write. Rejects with `SporeError` STORE_WRITE_FAILED, and
   * so does every call behind it.
   */
  append(answer: Answer): Promise<void>
}

/** Opens the file, or begins it. Throws `UsageError` where it holds something else than answers: it would be damaged. */
export async function openAnswers(path: string): Promise<AnswersFile> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND)
  try {
    const answered = await readAnswers(path, file)
    await syncFolder(dirname(path))
    return { ...createAppender(file), take: (question) => takeOne(answered, keyOf(question)) }
  } catch (error) {
    await file.close()
    throw error
  }
}

// --- What is there ---

const lineSchema = z.object({
  id: z.union([z.string(), z.number()]),
  task: z.string(),
  task_id: z.string(),
  status: taskStatusSchema,
})
/** How each line begins, and so one that is torn. */
const BEGINNING = '{"id":'

/** How often each question is answered. The line that a killed run was writing is cut off. */
async function readAnswers(path: string, file: FileHandle): Promise<Map<string, number>> {
  const answered = new Map<string, number>()
  const read = { bytes: 0, whole: 0, isAtEnd: false }
  const count = (line: Line): boolean => {
    const answer = parse(line)
    if (answer) answered.set(keyOf(answer), (answered.get(keyOf(answer)) ?? 0) + 1)
    return answer !== null
  }
  for await (const lines of splitLines(watch(path, read), ANSWER_LINE_BYTES_MAX))
    for (const line of lines) {
      if (line.bytes?.length === 0 || count(line)) continue
      if (!read.isAtEnd || !isTorn(line))
        throw new UsageError(`line ${line.number} of ${path} is no answer: give --out another file`)
    }
  if (read.bytes > read.whole) await mend(file, read.whole, await readTail(file, read.whole))
  return answered
}

/** The bytes of a file, and where its last whole line ends. */
async function* watch(
  path: string,
  read: { bytes: number; whole: number; isAtEnd: boolean },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    const last = chunk.lastIndexOf(0x0a)
    if (last >= 0) read.whole = read.bytes + last + 1
    read.bytes += chunk.length
    yield chunk
  }
  // The line that is given behind this has no end.
  read.isAtEnd = true
}

function parse({ bytes }: Pick<Line, 'bytes'>): { id: string | number; task: string } | null {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array())))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

function isTorn({ bytes }: Line): boolean {
  if (bytes === null) return false
  const text = new TextDecoder().decode(bytes.subarray(0, BEGINNING.length))
  return BEGINNING.startsWith(text)
}

async function readTail(file: FileHandle, from: number): Promise<Uint8Array> {
  const { size } = await file.stat()
  const bytes = new Uint8Array(size - from)
  await file.read(bytes, 0, bytes.length, from)
  return bytes
}

/** An answer that only lacks its end is whole, as an editor may leave it; anything else is cut off. */
async function mend(file: FileHandle, whole: number, bytes: Uint8Array): Promise<void> {
  if (parse({ bytes })) await file.appendFile('\n')
  else await file.truncate(whole)
  await file.datasync()
}

/** A hash, for the questions of a long file would take more memory: ~100 bytes an answered line. */
const keyOf = (question: Question | { readonly id: string | number; readonly task: string }): string => {
  const task = 'input' in question ? question.input.task : question.task
  const hash = sha256(utf8ToBytes(JSON.stringify([question.id, task])))
  return Buffer.from(hash.subarray(0, 16)).toString('base64url')
}

function takeOne(answered: Map<string, number>, key: string): boolean {
  const count = answered.get(key) ?? 0
  if (count > 1) answered.set(key, count - 1)
  else answered.delete(key)
  return count > 0
}

// --- What is added ---

interface Waiting {
  readonly line: string
  resolve(): void
  reject(error: unknown): void
}

function createAppender(file: FileHandle): Pick<AnswersFile, 'append' | typeof Symbol.asyncDispose> {
  let waiting: Waiting[] = []
  let writing: Promise<void> | null = null
  /** Behind a write that failed there may be half a line: nothing may follow it. */
  let broken: SporeError | null = null

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      try {
        if (broken !== null) throw broken
        await file.appendFile(lines.map(({ line }) => line).join(''))
        await file.datasync()
        for (const { resolve } of lines) resolve()
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        broken ??= new SporeError('STORE_WRITE_FAILED', `the answers cannot be written (${code ?? message})`)
        for (const { reject } of lines) reject(broken)
      }
    }
    writing = null
  }

  return {
    append: (answer) =>
      new Promise((resolve, reject) => {
        waiting.push({ line: `${JSON.stringify(answer)}\n`, resolve, reject })
        writing ??= write()
      }),
    async [Symbol.asyncDispose]() {
      await writing
      await file.close()
    },
  }
}

/** Makes the name of a new file durable, where the system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => null)
  await folder?.sync().catch(() => {})
  await folder?.close()
}
