/**
 * The form in which parts of derived state are kept: columns of numbers one after the other, each with its type and length
 * before it, in the byte order of the machine. Who reads them asks for the same columns in the same order.
 *
 * What is read here is what this program wrote: who reads vouches for every byte before it gets here. So a column that
 * is not the one that was asked for is a form that changed without its name, and is refused all the same.
 */

export type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array

/** By the number that stands for the type; new ones come behind. */
const TYPES = [Uint8Array, Uint16Array, Uint32Array, Int32Array, Float32Array, Float64Array] as const
type ColumnType = (typeof TYPES)[number]
type Owned<T extends ColumnType> = InstanceType<T> & { readonly buffer: ArrayBuffer }

/** Bytes of one column: a gigabyte holds 16 bytes for each of 64 million documents. */
const COLUMN_BYTES_MAX = 2 ** 30
/** Of a column that will grow: part of its length. */
const ROOM = 1 / 8
/** The type, and the number of elements as 32 bits. */
const HEAD_BYTES = 5

/** What is kept is not what was asked for. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
}

/** Reads columns in the order in which they were written. */
export interface ColumnReader {
  /** The next column, in memory of its own. Throws `SnapshotError` where it is of another type, or cut off. */
  next<T extends ColumnType>(type: T): Promise<Owned<T>>
  /** The same with room for an eighth more, zeros: a column that goes on to grow is not copied with the first number. */
  growing<T extends ColumnType>(type: T): Promise<Owned<T>>
  /** Throws `SnapshotError` where anything is left. */
  end(): Promise<void>
}

/** A part that can be kept. */
export interface Kept {
  /** Its columns as they are, to be used before anything is put or removed. */
  save(): Iterable<Column>
  /** Takes in what another one saved; only where nothing was ever put. Throws `SnapshotError`. */
  load(from: ColumnReader): Promise<void>
}

/** Bytes of columns, in pieces of any length: views of the columns themselves, to be used before those change. */
export function* columnsToBytes(columns: Iterable<Column>): Iterable<Uint8Array> {
  for (const column of columns) {
    const head = new Uint8Array(HEAD_BYTES)
    head[0] = TYPES.findIndex((type) => column instanceof type)
    new DataView(head.buffer).setUint32(1, column.length, true)
    yield head
    yield new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
  }
}

export function createColumnReader(pieces: AsyncIterable<Uint8Array>): ColumnReader {
  const iterator = pieces[Symbol.asyncIterator]()
  let piece: Uint8Array = new Uint8Array(0)

  const fill = async (target: Uint8Array): Promise<void> => {
    for (let at = 0; at < target.length; ) {
      if (piece.length === 0) {
        const { done, value } = await iterator.next()
        if (done) throw new SnapshotError('it is cut off')
        piece = value
      }
      const part = piece.subarray(0, target.length - at)
      target.set(part, at)
      piece = piece.subarray(part.length)
      at += part.length
    }
  }

  const take = async <T extends ColumnType>(type: T, room: number): Promise<Owned<T>> => {
    const head = new Uint8Array(HEAD_BYTES)
    await fill(head)
    const length = new DataView(head.buffer).getUint32(1, true)
    if (TYPES[head[0]!] !== type) throw new SnapshotError('a column of another type was expected')
    if (length * type.BYTES_PER_ELEMENT > COLUMN_BYTES_MAX)
      throw new SnapshotError('a column is larger than any')
    const column = new type(length + Math.ceil(length * room))
    await fill(new Uint8Array(column.buffer, 0, length * type.BYTES_PER_ELEMENT))
    return column as Owned<T>
  }

  return {
    next: (type) => take(type, 0),
    growing: (type) => take(type, ROOM),
    async end() {
      while (piece.length === 0) {
        const { done, value } = await iterator.next()
        if (done) return
        piece = value
      }
      throw new SnapshotError('more is there than was expected')
    },
  }
}

// --- Texts ---

/** Texts of one block: well under a millisecond each way. */
const BLOCK_BITS = 12
const BLOCK_TEXTS = 1 << BLOCK_BITS
const NOT_LATIN1 = /[\u0100-\uffff]/

/** Texts as bytes: in Latin-1 where they can be, in UTF-16 where not. */
interface TextBlock {
  /** Twice the characters of each, and 1 more where they are wide. */
  readonly lengths: Uint32Array
  readonly bytes: Buffer
}

/** Texts that are taken out of their bytes one by one, when they are asked for. */
export interface KeptTexts {
  readonly count: number
  readonly characters: number
  /** A string of its own, that keeps nothing else alive. */
  text(number: number): string
}

/** Nothing is kept. */
export const noTexts: KeptTexts & { readonly blocks: readonly TextBlock[] } = {
  count: 0,
  characters: 0,
  blocks: [],
  text: () => '',
}

/**
 * Columns of `count` texts, any well- or ill-formed strings. The first of them may be those that were kept before: whole blocks
 * are passed on as they are.
 */
export function* textColumns(
  count: number,
  text: (number: number) => string,
  { blocks }: { readonly blocks: readonly TextBlock[] } = noTexts,
): Iterable<Column> {
  yield Uint32Array.of(count)
  for (let from = 0; from < count; from += BLOCK_TEXTS) {
    const kept = blocks[from >>> BLOCK_BITS]
    const { lengths, bytes } =
      kept?.lengths.length === BLOCK_TEXTS ? kept : toBlock(from, Math.min(count, from + BLOCK_TEXTS), text)
    yield lengths
    yield bytes
  }
}

function toBlock(from: number, end: number, text: (number: number) => string): TextBlock {
  const texts = Array.from({ length: end - from }, (_, i) => text(from + i))
  const lengths = Uint32Array.from(texts, (one) => one.length * 2 + (NOT_LATIN1.test(one) ? 1 : 0))
  const bytes = Buffer.alloc(lengths.reduce((sum, length) => sum + bytesOf(length), 0))
  let at = 0
  for (const [i, one] of texts.entries()) {
    at += (lengths[i]! & 1) === 1 ? bytes.write(one, at, 'utf16le') : bytes.write(one, at, 'latin1')
  }
  return { lengths, bytes }
}

const bytesOf = (length: number): number => ((length & 1) === 1 ? 2 : 1) * (length >>> 1)

/** Takes in what `textColumns` gave. */
export async function readTexts(
  from: ColumnReader,
): Promise<KeptTexts & { readonly blocks: readonly TextBlock[] }> {
  const [count = 0] = await from.next(Uint32Array)
  const blocks: TextBlock[] = []
  const starts = new Uint32Array(count)
  let characters = 0
  for (let first = 0; first < count; first += BLOCK_TEXTS) {
    const lengths = await from.next(Uint32Array)
    const bytes = Buffer.from((await from.next(Uint8Array)).buffer)
    let at = 0
    for (let i = 0; i < lengths.length; i++) {
      starts[first + i] = at
      at += bytesOf(lengths[i]!)
      characters += lengths[i]! >>> 1
    }
    if (lengths.length !== Math.min(BLOCK_TEXTS, count - first) || at !== bytes.length)
      throw new SnapshotError('texts are not as long as said')
    blocks.push({ lengths, bytes })
  }
  return {
    count,
    characters,
    blocks,
    text(number) {
      const { lengths, bytes } = blocks[number >>> BLOCK_BITS]!
      const length = lengths[number & (BLOCK_TEXTS - 1)]!
      const start = starts[number]!
      return bytes.toString((length & 1) === 1 ? 'utf16le' : 'latin1', start, start + bytesOf(length))
    },
  }
}
