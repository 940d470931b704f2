/**
 * The file of vectors: one record of a fixed size for each element, so that a vector is read where its slot says, and erased
 * where it stands. A header says whose they are; each record has a checksum, and so have the two places in which the feed's
 * progress is kept by turns. What a crash tore is noticed by them, and is then as if it had never been written.
 *
 * Not a table of the store: the thread that owns the vectors reads them at 3 µs each, and overwriting is erasing.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { endianness } from 'node:os'
import { crc32 } from 'node:zlib'
import type { Digest } from '../../core/base/brand.ts'
import { bytesToDigest, digestToBytes } from '../../core/base/hash.ts'
import { err, ok, type Result } from '../../core/base/result.ts'
import { type EmbeddingProgress, VECTOR_DIMENSION_MAX } from '../../core/retrieval/vector-index.ts'
import { publishFile } from '../publish-file.ts'

export interface VectorFileOwner {
  readonly model: string
  readonly dimension: number
}

/** A record as it was read: views that hold until the next one. */
export interface VectorRecord {
  readonly slot: number
  readonly id: Digest
  readonly checksum: number
  readonly vector: Float32Array
}

export interface VectorFile extends Disposable {
  readonly owner: VectorFileOwner
  /** Records, free ones too. */
  readonly slots: number
  /** Every record that holds; free ones and those that are torn are left out, and the latter erased and counted. */
  records(): Generator<VectorRecord, { readonly torn: number }>
  /** Reads the vector of a slot into `target`. */
  read(slot: number, target: Float32Array): void
  /** Writes a record; durable after `sync`. Its checksum. */
  write(slot: number, id: Digest, vector: Float32Array): number
  /** Overwrites a record with nothing; durable after `sync`. */
  erase(slot: number): void
  sync(): void
  /** The newest progress that is whole; null where there is none. */
  readProgress(): EmbeddingProgress | null
  /** Writes and syncs it, beside the one before. */
  writeProgress(progress: EmbeddingProgress): void
}

const MAGIC = 'SPOREVEC'
const VERSION = 1
const HEADER_BYTES = 4096
/** Where the owner stands: length and checksum, then JSON. */
const OWNER_AT = 16
const OWNER_BYTES_MAX = 1024
/** Where progress stands, by turns: number, length and checksum, then JSON. */
const PROGRESS_AT = [2048, 3072] as const
const PROGRESS_BYTES_MAX = 1000
/** Checksum, four bytes that are zero, and the id; the vector behind them. */
const RECORD_HEAD_BYTES = 40
const ID_AT = 8
/** Bytes that are read at a time when all are. */
const CHUNK_BYTES = 1024 * 1024

/** Creates the file, in place of one that is there. Throws what the file system throws. */
export function createVectorFile(path: string, owner: VectorFileOwner): VectorFile {
  const header = Buffer.alloc(HEADER_BYTES)
  header.write(MAGIC, 0, 'latin1')
  header.writeUInt32LE(VERSION, 8)
  putText(header, OWNER_AT, JSON.stringify({ ...owner, endianness: endianness() }), OWNER_BYTES_MAX)
  const draft = `${path}.draft`
  writeFileSync(draft, header, { mode: 0o600 })
  publishFile(draft, path)
  return createAccess(openSync(path, 'r+'), owner)
}

/** Opens the file; null where there is none, an error text where it is none of ours or damaged. Changes nothing. */
export function openVectorFile(path: string): Result<VectorFile | null, string> {
  if (!existsSync(path)) return ok(null)
  const fd = openSync(path, 'r+')
  const header = Buffer.alloc(HEADER_BYTES)
  readSync(fd, header, 0, HEADER_BYTES, 0)
  const owner = readOwner(header)
  if (owner) return ok(createAccess(fd, owner))
  closeSync(fd)
  return err('its header is damaged, or of another version')
}

/** Overwrites a file with zeros and removes it, so that nothing of it can be read where the file system writes in place. */
export function shredFile(path: string): void {
  if (!existsSync(path)) return
  const fd = openSync(path, 'r+')
  try {
    const zeros = Buffer.alloc(CHUNK_BYTES)
    const { size } = fstatSync(fd)
    for (let at = 0; at < size; at += CHUNK_BYTES)
      writeSync(fd, zeros, 0, Math.min(CHUNK_BYTES, size - at), at)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
  rmSync(path)
}

export const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

function readOwner(header: Buffer): VectorFileOwner | null {
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC || header.readUInt32LE(8) !== VERSION) return null
  const owner = takeText(header, OWNER_AT, OWNER_BYTES_MAX) as
    | (VectorFileOwner & { endianness: string })
    | null
  if (!owner || owner.endianness !== endianness() || typeof owner.model !== 'string') return null
  const { model, dimension } = owner
  return Number.isInteger(dimension) && dimension > 0 && dimension <= VECTOR_DIMENSION_MAX
    ? { model, dimension }
    : null
}

function createAccess(fd: number, owner: VectorFileOwner): VectorFile {
  const { dimension } = owner
  const recordBytes = RECORD_HEAD_BYTES + 4 * dimension
  const record = Buffer.alloc(recordBytes)
  const zeros = Buffer.alloc(recordBytes)
  const placeOf = (slot: number): number => HEADER_BYTES + slot * recordBytes
  let slots = Math.max(0, Math.floor((fstatSync(fd).size - HEADER_BYTES) / recordBytes))
  // The rest of a record that was being written when the process ended.
  ftruncateSync(fd, placeOf(slots))
  let turn = 0

  const erase = (slot: number): void => writeWhole(fd, zeros, placeOf(slot))

  return {
    owner,
    get slots() {
      return slots
    },
    *records() {
      let torn = 0
      const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / recordBytes))
      const chunk = Buffer.alloc(perChunk * recordBytes)
      const vector = new Float32Array(dimension)
      const bytes = Buffer.from(vector.buffer)
      for (let first = 0; first < slots; first += perChunk) {
        const size = readSync(fd, chunk, 0, chunk.length, placeOf(first))
        for (let at = 0; at + recordBytes <= size; at += recordBytes) {
          const slot = first + at / recordBytes
          const body = chunk.subarray(at + ID_AT, at + recordBytes)
          const checksum = chunk.readUInt32LE(at)
          if (checksum === checksumOf(body)) {
            body.copy(bytes, 0, RECORD_HEAD_BYTES - ID_AT)
            const id = bytesToDigest(new Uint8Array(body.subarray(0, RECORD_HEAD_BYTES - ID_AT)))
            yield { slot, id, checksum, vector }
          } else if (checksum !== 0 || body.some((byte) => byte !== 0)) {
            torn++
            erase(slot)
          }
        }
      }
      return { torn }
    },
    read(slot, target) {
      const into = Buffer.from(target.buffer, target.byteOffset, 4 * dimension)
      readSync(fd, into, 0, into.length, placeOf(slot) + RECORD_HEAD_BYTES)
    },
    write(slot, id, vector) {
      record.set(digestToBytes(id), ID_AT)
      Buffer.from(vector.buffer, vector.byteOffset, 4 * dimension).copy(record, RECORD_HEAD_BYTES)
      const checksum = checksumOf(record.subarray(ID_AT))
      record.writeUInt32LE(checksum, 0)
      writeWhole(fd, record, placeOf(slot))
      slots = Math.max(slots, slot + 1)
      return checksum
    },
    erase,
    sync: () => fdatasyncSync(fd),
    readProgress() {
      const header = Buffer.alloc(HEADER_BYTES)
      readSync(fd, header, 0, HEADER_BYTES, 0)
      const kept = PROGRESS_AT.map(
        (at) => takeText(header, at, PROGRESS_BYTES_MAX) as { turn?: number; progress?: unknown } | null,
      )
      const newest = kept.reduce((a, b) => ((b?.turn ?? -1) > (a?.turn ?? -1) ? b : a), null)
      turn = newest?.turn ?? 0
      return toProgress(newest?.progress)
    },
    writeProgress(progress) {
      turn++
      const place = Buffer.alloc(PROGRESS_AT[1] - PROGRESS_AT[0])
      putText(place, 0, JSON.stringify({ turn, progress }), PROGRESS_BYTES_MAX)
      writeWhole(fd, place, PROGRESS_AT[turn % 2] as number)
      fdatasyncSync(fd)
    },
    [Symbol.dispose]: () => closeSync(fd),
  }
}

/** Writes all of it; throws where the disk takes a part only. */
function writeWhole(fd: number, bytes: Uint8Array, at: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, at)
  if (written < bytes.length) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
}

/** Never 0, which is what a free record has. */
const checksumOf = (bytes: Uint8Array): number => crc32(bytes) || 1

function putText(target: Buffer, at: number, text: string, max: number): void {
  const bytes = Buffer.from(text)
  if (bytes.length > max) throw new Error(`${bytes.length} bytes where ${max} have room`)
  target.writeUInt32LE(bytes.length, at)
  target.writeUInt32LE(checksumOf(bytes), at + 4)
  bytes.copy(target, at + 8)
}

function takeText(source: Buffer, at: number, max: number): unknown {
  const length = source.readUInt32LE(at)
  if (length === 0 || length > max) return null
  const bytes = source.subarray(at + 8, at + 8 + length)
  if (checksumOf(bytes) !== source.readUInt32LE(at + 4)) return null
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return null
  }
}

function toProgress(value: unknown): EmbeddingProgress | null {
  const { own, foreign, day, spentChars } = (value ?? {}) as Partial<EmbeddingProgress>
  const isCount = (number: unknown): number is number =>
    Number.isSafeInteger(number) && (number as number) >= 0
  if (!isCount(own) || !isCount(foreign) || !isCount(day) || !isCount(spentChars)) return null
  return { own, foreign, day, spentChars }
}
