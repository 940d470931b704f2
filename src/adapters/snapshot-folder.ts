/**
 * Snapshots as files of a folder that is made with the first of them. A file is written under another name, synced and then named:
 * it is there whole or not at all, also after a loss of power. Nothing here is worth a backup.
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SNAPSHOT_NAME, type Snapshots } from '../core/retrieval/snapshots.ts'

/** Of a data folder: what is in it may be deleted at any time. */
export const SNAPSHOT_FOLDER = 'index'

const DRAFT_SUFFIX = '.new'
/** Bytes that are read at once, and written at once. */
const READ_BYTES = 1024 * 1024
const WRITE_BYTES = 1024 * 1024

export function createSnapshotFolder(folder: string): Snapshots {
  const pathOf = (name: string): string => {
    if (!SNAPSHOT_NAME.test(name)) throw new Error(`${name} is no name of a snapshot`)
    return join(folder, name)
  }
  return {
    async write(name, chunks) {
      const path = pathOf(name)
      const draft = path + DRAFT_SUFFIX
      await mkdir(folder, { recursive: true, mode: 0o700 })
      try {
        await writeDraft(draft, chunks)
        await rename(draft, path)
        await syncFolder(folder)
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
    },
    async read(name) {
      try {
        return readFrom(await open(pathOf(name), constants.O_RDONLY | constants.O_NOFOLLOW))
      } catch (error) {
        if (isMissing(error)) return null
        throw error
      }
    },
    async names() {
      try {
        return (await readdir(folder)).filter((name) => SNAPSHOT_NAME.test(name))
      } catch (error) {
        if (isMissing(error)) return []
        throw error
      }
    },
    async remove(name) {
      await rm(pathOf(name), { force: true, recursive: true })
      await syncFolder(folder)
    },
  }
}

async function writeDraft(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  // What an earlier process left there goes: its mode may have been another one.
  await rm(path, { force: true, recursive: true })
  await using file = await open(path, 'wx', 0o600)
  // One is filled while the other is on its way: making new ones would keep the garbage collector busier than the disk.
  let [filling, flying] = [Buffer.allocUnsafeSlow(WRITE_BYTES), Buffer.allocUnsafeSlow(WRITE_BYTES)]
  let used = 0
  let writing: Promise<void> = Promise.resolve()
  const flush = async (): Promise<void> => {
    await writing
    writing = file.appendFile(filling.subarray(0, used))
    ;[filling, flying] = [flying, filling]
    used = 0
  }
  try {
    for (const chunk of chunks)
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + WRITE_BYTES - used)
        filling.set(part, used)
        used += part.length
        at += part.length
        if (used === WRITE_BYTES) await flush()
      }
    await flush()
  } finally {
    await writing
  }
  await file.sync()
}

async function* readFrom(file: FileHandle): AsyncIterable<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(READ_BYTES), 0, READ_BYTES, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** A name that is gone, or given, stays so after a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using file = await open(folder, 'r')
    await file.sync()
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
