/**
 * Snapshots: the port to where large derived state is kept between two runs, beside the store. Everything in it can be made again
 * from the store and may be gone at any time. `test/contract/snapshots.ts` is the suite that every adapter passes.
 */

export interface Snapshots {
  /**
   * Keeps what `chunks` brings under a name, in place of what was there. When this resolves it is whole and durable; where it
   * rejects, also because `chunks` throws, nothing of it is left. Each chunk is used
   * before the next one is asked for.
   */
  write(name: string, chunks: Iterable<Uint8Array>): Promise<void>
  /** What is kept under a name, in chunks of any length; null where nothing is. Reading may throw where the disk does. */
  read(name: string): Promise<AsyncIterable<Uint8Array> | null>
  /** Every name, leftovers of writes that were cut off included. */
  names(): Promise<readonly string[]>
  /** Unknown names are no error. */
  remove(name: string): Promise<void>
}

/** Names are these characters alone: they become names of files. */
export const SNAPSHOT_NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/

/** The in-memory twin. */
export function createMemorySnapshots(): Snapshots {
  const kept = new Map<string, readonly Uint8Array[]>()
  return {
    async write(name, chunks) {
      const all: Uint8Array[] = []
      for (const chunk of chunks) {
        all.push(chunk.slice())
        await null
      }
      kept.set(name, all)
    },
    async read(name) {
      const all = kept.get(name)
      return all ? toAsync(all) : null
    },
    names: async () => [...kept.keys()],
    remove: async (name) => void kept.delete(name),
  }
}

async function* toAsync(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield chunk.slice()
}
