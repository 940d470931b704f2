/** Replicas in processes of their own, so that each one's work and memory are its own; messages go through this one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer, Call, MessageLibrary, MessageReplica, SocketReplica, Spent } from './replica.ts'

/** A replica as seen from outside its process. */
export type Remote<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
} & { spent(): Promise<Spent> } & AsyncDisposable

export const startMessageReplica = (library: MessageLibrary): Promise<Remote<MessageReplica>> =>
  startReplica<MessageReplica>(library, '', ['write', 'writeApart', 'connect', 'ask', 'receive', 'count'])

/** `folder` is where it keeps its logs. */
export const startHypercore = (folder: string): Promise<Remote<SocketReplica>> =>
  startReplica<SocketReplica>('hypercore', folder, [
    'write',
    'keys',
    'follow',
    'listen',
    'connect',
    'disconnect',
    'bytes',
    'count',
  ])

async function startReplica<T>(
  library: string,
  folder: string,
  methods: readonly (keyof T & string)[],
): Promise<Remote<T>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'replica-process.ts'), library, folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Byte arrays stay byte arrays.
    serialization: 'advanced',
  })
  const exited = once(child, 'exit').then(() => null)
  await resultOf(child, exited)
  const call = async (method: string, ...args: unknown[]): Promise<unknown> => {
    child.send({ method, args } satisfies Call)
    return resultOf(child, exited)
  }
  const proxies = [...methods, 'spent'].map((method) => [method, call.bind(null, method)] as const)
  return {
    ...Object.fromEntries(proxies),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  } as unknown as Remote<T>
}

async function resultOf(child: ChildProcess, exited: Promise<null>): Promise<unknown> {
  const told = await Promise.race([once(child, 'message'), exited])
  if (told === null) throw new Error('a replica’s process ended')
  const answer = told[0] as Answer
  if ('error' in answer) throw new Error(answer.error)
  return answer.value
}
