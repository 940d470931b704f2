/** What this benchmark asks of a library: a replica of a growing set of texts, and how two of them exchange. */

/**
 * A replica of a library that makes and reads messages and leaves it to others to carry them. Each message is a whole
 * one: a transport of its own would add its framing.
 */
export interface MessageReplica {
  /** Adds texts as one batch of the writer with this number. */
  write(writer: number, texts: readonly string[]): void
  /** Takes in a text of a writer who has not seen those of the others: nothing orders what they wrote. */
  writeApart(writer: number, text: string): void
  /** A new connection: it keeps of the last one what it would keep on its disk. */
  connect(): void
  /** Begins an exchange: what it says first. */
  ask(): Uint8Array[]
  /** What it answers to a message; nothing where it has no more to say. */
  receive(message: Uint8Array): Uint8Array[]
  /** Texts that it holds. */
  count(): number
}

/** A replica of a library that brings its own transport: bytes are read off its socket. */
export interface SocketReplica {
  write(writer: number, texts: readonly string[]): Promise<void>
  /** Names of the logs that it writes, for `follow`. */
  keys(): string[]
  follow(keys: readonly string[]): Promise<void>
  /** The port at which it listens on loopback. */
  listen(): Promise<number>
  connect(port: number): Promise<void>
  disconnect(): Promise<void>
  /** Bytes in both directions of the connections that it opened. */
  bytes(): number
  count(): number
}

/** What a replica's process spent. */
export interface Spent {
  /** User and system time in milliseconds, of all threads. */
  readonly cpuMs: number
  readonly rssBytes: number
}

/** To the process of a replica, and back: a method by its name, the method's result or why it failed. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}
export type Answer = { readonly value: unknown } | { readonly error: string }

/** Libraries whose replicas exchange messages; the file that adapts each has its name. */
export const MESSAGE_LIBRARIES = ['yjs', 'automerge', 'loro', 'crdts'] as const
export type MessageLibrary = (typeof MESSAGE_LIBRARIES)[number]

/** A library by its package's name, without types: it is installed on first use and is no dependency of the project. */
export const load = async (name: string): Promise<unknown> => import(name)

/** The identity of a writer in libraries that number their clients: 32 bits, spread as random ones are. */
export const writerId = (writer: number): number => Math.imul(writer + 1, 0x9e3779b1) >>> 0
