/**
 * The keeper of the index: writes it as it is beside the store, and takes it in again at a start, so that nothing is taken apart
 * anew. What it loads is the index of an earlier moment; the indexer compares it with what is visible now.
 *
 * Invariants:
 * - A snapshot is used only where the store names it (`SNAPSHOT_VALUE`), every byte of it was written with this spore's key, and the
 *   same program wrote it. Anything else is said in the log, deleted, and the index is built anew.
 * - The store names a snapshot after it is durable, and the older one is deleted after that: a kill costs no snapshot that was there.
 * - A purge takes the name away in its own commit, and is acknowledged after `erase`: no file then has what was purged, and
 *   none is written before the index itself has got rid of it.
 */
import { decodeCanonical, encodeCanonical } from '../base/canonical.ts'
import {
  type Column,
  columnsToBytes,
  createColumnReader,
  readTexts,
  SnapshotError,
  textColumns,
} from '../base/kept-columns.ts'
import type { Log, Random } from '../base/ports.ts'
import type { Signer } from '../identity/keys.ts'
import { CHANGED_VALUE, SNAPSHOT_VALUE } from '../memory/derived-values.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import { SporeError } from '../protocol/errors.ts'
import type { KeptIndex, Retriever } from './contract.ts'
import { bytesToFrames, framesToBytes, SNAPSHOT_ID_BYTES, snapshotKey } from './snapshot-frames.ts'
import type { Snapshots } from './snapshots.ts'

export interface IndexKeeper {
  /** Takes in what an earlier process kept; null where there is nothing, or nothing that may be used. */
  load(): Promise<LoadedIndex | null>
  /** Keeps the index as it is, in place of what was kept before; whether it did. What hinders it is said in the log. */
  save(options: SaveOptions): Promise<boolean>
  /** Something else may be visible though no entry came. */
  noteChange(): void
  /** What was removed from the index is nowhere on the disk when this resolves. Rejects with `SporeError` STORE_WRITE_FAILED. */
  erase(): Promise<void>
}

export interface LoadedIndex {
  /** It is what was visible when every entry up to this arrival, and no other, had come; null where it was behind. */
  readonly exactAt: number | null
}

export interface SaveOptions {
  /** The arrival up to which the index is what is visible; null where it is behind. */
  readonly exactAt: number | null
  /** Asked before each piece: where it says no, nothing is kept. */
  readonly goesOn: () => boolean
  /** The index was read, and may change again. */
  readonly onRead: () => void
}

export interface IndexKeeperDeps {
  readonly retriever: Pick<Retriever, 'kept'>
  readonly snapshots?: Snapshots
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Pick<Writer, 'write'>
  readonly random: Random
  readonly log: Log
  readonly signer: Signer
  /** Of the program: another one may take texts apart in another way. */
  readonly version: string
}

const PREFIX = 'index-'
const nameOf = (id: Uint8Array): string => PREFIX + Buffer.from(id).toString('hex')

/** Somebody else wants to work on the index, or it must not be kept any more. */
class GaveWay extends Error {}

/** Null where the index cannot be kept, or nowhere. */
export function createIndexKeeper(deps: IndexKeeperDeps): IndexKeeper | null {
  const { kept } = deps.retriever
  return kept && deps.snapshots ? createKeeper(kept, deps.snapshots, deps) : null
}

function createKeeper(
  index: KeptIndex,
  snapshots: Snapshots,
  { store, writer, random, log, signer, version }: IndexKeeperDeps,
): IndexKeeper {
  const key = snapshotKey(signer)
  /** Changes that no entry brought, and erasures, since the start. */
  let changes = 0
  let erasures = 0
  let saving: Promise<unknown> = Promise.resolve()

  const form = (): string => `${version} ${index.form}`

  function* columns(saved: Iterable<Column>): Iterable<Column> {
    yield* textColumns(1, form)
    yield* saved
  }

  const removeOthers = async (kept: string | null): Promise<void> => {
    for (const name of await snapshots.names())
      if (name.startsWith(PREFIX) && name !== kept) await snapshots.remove(name)
  }

  const read = async (id: Uint8Array, chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    const bytes = framesToBytes(key, id, chunks)
    try {
      const reader = createColumnReader(bytes)
      if ((await readTexts(reader)).text(0) !== form())
        throw new SnapshotError('another version of the program wrote it')
      await index.load(reader)
    } finally {
      await bytes.return(undefined)
    }
  }

  const load = async (): Promise<LoadedIndex | null> => {
    const record = decodeRecord(await store.value(SNAPSHOT_VALUE))
    const name = record && nameOf(record.id)
    await removeOthers(name)
    const chunks = name && (await snapshots.read(name))
    if (!record || !name || !chunks) return null
    const isChanged = (await store.value(CHANGED_VALUE)) !== null
    try {
      await read(record.id, chunks)
    } catch (error) {
      log.warn('the kept index cannot be used and is built anew', { error: textOf(error) })
      await snapshots.remove(name)
      return null
    }
    return { exactAt: isChanged ? null : record.exactAt }
  }

  const save = async ({ exactAt, goesOn, onRead }: SaveOptions): Promise<boolean> => {
    const saved = index.save()
    if (!saved) return false
    const [changesThen, erasuresThen] = [changes, erasures]
    const isAllowed = () => erasures === erasuresThen
    const id = random.bytes(SNAPSHOT_ID_BYTES)
    const name = nameOf(id)
    await snapshots.write(
      name,
      watched(bytesToFrames(key, id, columnsToBytes(columns(saved))), () => isAllowed() && goesOn(), onRead),
    )
    const named = await writer.write((draft) => {
      if (!isAllowed()) return false
      const isExact = exactAt !== null && changes === changesThen
      draft.setValue(SNAPSHOT_VALUE, encodeCanonical([id, isExact ? exactAt : null]))
      if (isExact) draft.setValue(CHANGED_VALUE, null)
      return true
    })
    const isNamed = named.ok && named.value
    if (isNamed) await removeOthers(name)
    else await snapshots.remove(name)
    return isNamed
  }

  return {
    async load() {
      try {
        return await load()
      } catch (error) {
        log.warn('the kept index cannot be read and is built anew', { error: textOf(error) })
        return null
      }
    },
    async save(options) {
      const done = saving.then(() => save(options))
      saving = done.catch(() => {})
      try {
        return await done
      } catch (error) {
        if (!(error instanceof GaveWay)) log.warn('the index was not kept', { error: textOf(error) })
        return false
      } finally {
        options.onRead()
      }
    },
    noteChange() {
      changes++
    },
    async erase() {
      erasures++
      index.erase()
      await saving
      try {
        await removeOthers(null)
      } catch (error) {
        throw new SporeError(
          'STORE_WRITE_FAILED',
          `a snapshot of the index is still there: ${textOf(error)}`,
          {
            cause: error,
          },
        )
      }
    },
  }
}

function* watched(
  chunks: Iterable<Uint8Array>,
  goesOn: () => boolean,
  onRead: () => void,
): Iterable<Uint8Array> {
  for (const chunk of chunks) {
    if (!goesOn()) throw new GaveWay()
    yield chunk
  }
  onRead()
}

interface SnapshotRecord {
  readonly id: Uint8Array
  readonly exactAt: number | null
}

/** What the store says of the snapshot; null for nothing, and for what is in no known form. */
function decodeRecord(bytes: Uint8Array | null): SnapshotRecord | null {
  const decoded = bytes && decodeCanonical(bytes)
  if (!decoded?.ok || !Array.isArray(decoded.value)) return null
  const [id, exactAt] = decoded.value
  if (!(id instanceof Uint8Array) || id.length !== SNAPSHOT_ID_BYTES) return null
  return { id, exactAt: typeof exactAt === 'number' ? exactAt : null }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
