/**
 * Documents → memories. Each section of a file is one memory: thread = the file, position = its place in it. What is
 * stored already is recognised by its content, so a second run stores nothing new; sections that a changed file no
 * longer has are retracted. Only memories that this import made are ever retracted: they carry its two tags.
 */
import { utf8Length } from '../../core/base/bytes.ts'
import type { RememberInput } from '../../core/protocol/api.ts'
import { PAGE_MAX } from '../../core/protocol/limits.ts'
import type { SporeAccess } from '../access.ts'
import { unwrap } from '../exit.ts'
import { markdownChunks, plainChunks } from './markdown.ts'
import { DOCUMENT_TAG, folderTag } from './tags.ts'
import { type DocumentFile, readDocument, type SkippedFile, type Walk } from './walk.ts'

/** One request and one durable commit carry at most this: a commit then stays well under a second. */
export const BATCH_ITEMS_MAX = 256
export const BATCH_BYTES_MAX = 2 * 1024 * 1024

export type ImportAccess = Pick<SporeAccess, 'rememberMany' | 'search' | 'retract'>

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
  /** Sections that are gone from their file and could not be listed for retraction. */
  notListed: number
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
    notListed: 0,
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

async function retractGone(
  files: readonly DocumentFile[],
  tags: readonly string[],
  idsByThread: ReadonlyMap<string, ReadonlySet<string> | null>,
  access: ImportAccess,
  options: ImportOptions,
  report: ImportReport,
): Promise<void> {
  const skipped = new Set(report.skipped.map((file) => file.thread))
  for (const { thread } of files) {
    options.signal.throwIfAborted()
    const current = idsByThread.has(thread) ? idsByThread.get(thread) : new Set<string>()
    // A file that could not be read or stored whole is no evidence that sections are gone.
    if (!current || skipped.has(thread)) continue
    const stored = await listStored(thread, tags.slice(0, 2), access, options)
    report.notListed += stored.missing
    for (const id of stored.ids) {
      if (current.has(id)) continue
      unwrap(await access.retract(id))
      report.retracted++
    }
  }
}

/** Ids of a file's stored sections. Pages go back in time; sections of one instant beyond a page cannot be told apart. */
async function listStored(
  thread: string,
  tags: readonly string[],
  access: ImportAccess,
  { author, space }: ImportOptions,
): Promise<{ readonly ids: ReadonlySet<string>; readonly missing: number }> {
  const ids = new Set<string>()
  let total = 0
  let until: string | undefined
  for (;;) {
    const filters = { thread, tags: [...tags], authors: [author], spaces: [space], limit: PAGE_MAX }
    const reply = unwrap(
      await access.search({ q: '', ...filters, ...(until === undefined ? {} : { until }) }),
    )
    total = Math.max(total, reply.total)
    const before = ids.size
    for (const hit of reply.hits) ids.add(hit.id)
    until = reply.hits.at(-1)?.createdAt
    if (ids.size >= total || ids.size === before || until === undefined) break
  }
  return { ids, missing: Math.max(0, total - ids.size) }
}
