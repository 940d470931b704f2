/** What is measured of every library, and of us. */

/** Bytes of an exchange, in both directions. */
export interface Bytes {
  /** As they are said. */
  readonly bytes: number
  /** The same, each message through gzip; the bytes themselves where that has no sense. */
  readonly gzipBytes: number
}

export interface Measured {
  /** How many entries the figures were taken with. */
  readonly entries: number
  /** An empty replica gets all. */
  readonly bulk: Bytes
  /** What the processes of both replicas spent on that, in milliseconds of user and system time. */
  readonly bulkCpuMs: number
  /** Of the process that got all, right after. */
  readonly rssBytes: number
  /** Both have written since: the bytes of the exchange, and how many entries that were in all. */
  readonly differing: Bytes & { readonly entries: number }
  /** Neither has news; two writers. */
  readonly quiet: Bytes
  /** Neither has news; many writers, with one entry each. */
  readonly quietWriters: Bytes
}

export interface Plan {
  /** Texts that one replica has at the start. */
  readonly texts: readonly string[]
  /** Texts that each of the two adds afterwards. */
  readonly added: readonly [readonly string[], readonly string[]]
  /** One text for each of many writers. */
  readonly ofWriters: readonly string[]
}

/** Texts that are written at once: what one request of ours carries. */
export const BATCH = 1000

export function* batchesOf(texts: readonly string[]): Generator<readonly string[]> {
  for (let i = 0; i < texts.length; i += BATCH) yield texts.slice(i, i + BATCH)
}
