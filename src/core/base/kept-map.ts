/** What only a few documents have, by number: kept as one JSON text each. For values that JSON gives back as they were. */
import { type Column, type ColumnReader, readTexts, SnapshotError, textColumns } from './kept-columns.ts'

/** Entries that are made of texts at once: the event loop turns between them. */
const GROUP_ENTRIES = 1024

export function* mapColumns(map: ReadonlyMap<number, unknown>): Iterable<Column> {
  const entries = map.entries()
  yield Uint32Array.of(map.size)
  for (let from = 0; from < map.size; from += GROUP_ENTRIES)
    yield* textColumns(Math.min(GROUP_ENTRIES, map.size - from), () => JSON.stringify(entries.next().value))
}

/** Takes in what `mapColumns` gave; values are what they were, for nobody else can have written them. */
export async function readMap<T>(from: ColumnReader, into: Map<number, T>): Promise<void> {
  const [size = 0] = await from.next(Uint32Array)
  for (let read = 0; read < size; read += GROUP_ENTRIES) {
    const texts = await readTexts(from)
    for (let i = 0; i < texts.count; i++) {
      const entry: unknown = JSON.parse(texts.text(i))
      if (!Array.isArray(entry) || typeof entry[0] !== 'number') throw new SnapshotError('an entry is none')
      into.set(entry[0], entry[1] as T)
    }
  }
}
