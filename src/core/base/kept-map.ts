/** What only a few documents have, by number: kept as one JSON text each. For values that JSON gives back as they were. */
import { type Column, type ColumnReader, readTexts, SnapshotError, textColumns } from './kept-columns.ts'

export function mapColumns(map: ReadonlyMap<number, unknown>): Iterable<Column> {
  const entries = map.entries()
  return textColumns(map.size, () => JSON.stringify(entries.next().value))
}

/** Takes in what `mapColumns` gave; values are what they were, for nobody else can have written them. */
export async function readMap<T>(from: ColumnReader, into: Map<number, T>): Promise<void> {
  await readTexts(from, (text) => {
    const entry: unknown = JSON.parse(text)
    if (!Array.isArray(entry) || typeof entry[0] !== 'number') throw new SnapshotError('an entry is none')
    into.set(entry[0], entry[1] as T)
  })
}
