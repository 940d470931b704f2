/**
 * Documents → memories. Each section of a file is one memory: thread = the file, position = its place in it. What is
 * stored already is recognised by its content, so a second run stores nothing new; sections that a changed file no
 * longer has are retracted. Only memories that this import made are ever retracted: they carry its two tags.
 */
import { utf8Length } from '../../core/base/bytes.ts'
import type { MemoryPage, RememberInput } from '../../core/protocol/api.ts'
import { PAGE_MAX } from '../../core/protocol/limits.ts'
import type { SporeAccess } from '../access.ts'
import { unwrap } from '../exit.ts'
import { markdownChunks, plainChunks } from './markdown.ts'
import { DOCUMENT_TAG, folderTag } from './tags.ts'
import { type DocumentFile, readDocument, type SkippedFile, type Walk } from './walk.ts'

/** One request and one durable commit carry at most this: a commit then stays well under a second. */
export const BATCH_ITEMS_MAX = 256
export const BATCH_BYTES_MAX = 2 * 1024 * 1024

/** Retractions that are asked for at once: they share a durable commit. */
const RETRACT_TOGETHER = 32

export type ImportAccess = Pick<SporeAccess, 'rememberMany' | 'search' | 'memories' | 'retract'>

export interface ImportOptions {
  /** did:key of the spore: only its own memories are ever retracted. */
  readonly author: string
  readonly space: string
  readonly tags: readonly string[]
  /** False keeps the sections that a changed file no longer has. */
  readonly retractGone: boolean
  readonly signal: AbortSignal
  /** Called when a file is done. */
  readonly onFile: (done: number, thread: string) => void
}

export interface ImportReport {
  files: number
  added: number
  unchanged: number
  retracted: number
  skipped: SkippedFile[]
  failed: { thread: string; position: number; code: string; detail: string }[]
}

export async function importDocuments(
  walk: Walk,
  access: ImportAccess,
  options: ImportOptions,
): Promise<ImportReport> {
  const report: ImportReport = {
    files: 0,
    added: 0,
    unchanged: 0,
    retracted: 0,
    skipped: [...walk.skipped],
    failed: [],
  }
  const tags = [DOCUMENT_TAG, folderTag(walk.root, options.author), ...options.tags]
  const batch = new Batch(access, report)
  for (const [index, file] of walk.files.entries()) {
    options.signal.throwIfAborted()
    const chunks = await chunksOf(file, report)
    if (chunks) {
      report.files++
      const items = chunks.map((text, position) => ({
        text,
        tags,
        thread: file.thread,
        position,
        space: options.space,
      }))
      for (const item of items) await batch.add(item)
    }
    options.onFile(index + 1, file.thread)
  }
  await batch.flush()
  if (options.retractGone) await retractGone(walk.files, tags, batch.idsByThread, access, options, report)
  return report
}

async function chunksOf(file: DocumentFile, report: ImportReport): Promise<readonly string[] | null> {
  const read = await readDocument(file.path)
  if (read.ok) return file.kind === 'markdown' ? markdownChunks(read.value) : plainChunks(read.value)
  report.skipped.push({ thread: file.thread, reason: read.error })
  return null
}

class Batch {
  /** Ids of the memories that each file has now; null where one could not be stored. */
  readonly idsByThread = new Map<string, Set<string> | null>()
  private readonly access: ImportAccess
  private readonly report: ImportReport
  private items: RememberInput[] = []
  private bytes = 0

  constructor(access: ImportAccess, report: ImportReport) {
    this.access = access
    this.report = report
  }

  async add(item: RememberInput): Promise<void> {
    const size = utf8Length(item.text)
    if (this.items.length >= BATCH_ITEMS_MAX || this.bytes + size > BATCH_BYTES_MAX) await this.flush()
    this.items.push(item)
    this.bytes += size
  }

  async flush(): Promise<void> {
    const items = this.items
    this.items = []
    this.bytes = 0
    const results = items.length === 0 ? [] : await this.access.rememberMany(items)
    for (const [index, item] of items.entries()) {
      const thread = item.thread as string
      const result = results[index]
      if (result?.ok) {
        this.report[result.value.duplicate ? 'unchanged' : 'added']++
        if (!this.idsByThread.has(thread)) this.idsByThread.set(thread, new Set())
        this.idsByThread.get(thread)?.add(result.value.id)
        continue
      }
      const { code, detail } = result?.error ?? { code: 'INTERNAL', detail: 'no result' }
      if (code === 'SPORE_UNREACHABLE' && result) unwrap(result)
      this.idsByThread.set(thread, null)
      this.report.failed.push({ thread, position: item.position ?? 0, code, detail })
    }
  }
}

/** Retracts what files no longer have. A file that could not be read or stored whole is no evidence for that. */
async function retractGone(
  files: readonly DocumentFile[],
  tags: readonly string[],
  idsByThread: ReadonlyMap<string, ReadonlySet<string> | null>,
  access: ImportAccess,
  options: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const skipped = new Set(report.skipped.map((file) => file.thread))
  const stored = new StoredSections(access, tags, options)
  for (const { thread } of files) {
    options.signal.throwIfAborted()
    const current = idsByThread.has(thread) ? idsByThread.get(thread) : new Set<string>()
    if (!current || skipped.has(thread)) continue
    const gone = (await stored.of(thread, current.size)).filter((id) => !current.has(id))
    for (let from = 0; from < gone.length; from += RETRACT_TOGETHER) {
      const group = gone.slice(from, from + RETRACT_TOGETHER)
      for (const result of await Promise.all(group.map((id) => access.retract(id)))) unwrap(result)
      report.retracted += group.length
    }
  }
}

/** Ids of the sections that this import stored for a file, now or earlier. */
class StoredSections {
  private readonly access: ImportAccess
  private readonly tags: readonly string[]
  private readonly options: ImportOptions
  private all: ReadonlyMap<string, readonly string[]> | null = null

  constructor(access: ImportAccess, tags: readonly string[], options: ImportOptions) {
    this.access = access
    this.tags = tags.slice(0, 2)
    this.options = options
  }

  /** None where as many are stored as the file has: then they are the same ones. */
  async of(thread: string, currentCount: number): Promise<readonly string[]> {
    const { author, space } = this.options
    const filters = { thread, tags: [...this.tags], authors: [author], spaces: [space] }
    const { hits, total } = unwrap(await this.access.search({ q: '', ...filters, limit: PAGE_MAX }))
    if (total <= hits.length) return hits.map((hit) => hit.id)
    if (total === currentCount) return []
    // A search shows one page only: a file of more sections needs the walk through the whole space, once.
    this.all ??= await this.listSpace()
    return this.all.get(thread) ?? []
  }

  private async listSpace(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { author, space, signal } = this.options
    const idsByThread = new Map<string, string[]>()
    let cursor: string | null = null
    do {
      signal.throwIfAborted()
      const query = { limit: PAGE_MAX, space, ...(cursor === null ? {} : { cursor }) }
      const page: MemoryPage = unwrap(await this.access.memories(query))
      for (const memory of page.recent) {
        const isOurs = memory.author === author && this.tags.every((tag) => memory.tags.includes(tag))
        if (!isOurs || memory.thread === null) continue
        idsByThread.set(memory.thread, [...(idsByThread.get(memory.thread) ?? []), memory.id])
      }
      cursor = page.cursor
    } while (cursor !== null)
    return idsByThread
  }
}
