/** Which files of a folder are documents, in an order that does not depend on the disk. */
import { type Dirent, promises as fs } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { err, ok, type Result } from '../../core/base/result.ts'
import { THREAD_CHARS_MAX } from '../../core/protocol/limits.ts'

/** Bytes of one file: a book is 1–2 MiB; what is larger is data and not a document. */
export const FILE_BYTES_MAX = 5 * 1024 * 1024
/** Files of one walk, and how deep folders are followed: more is a wrong folder given by mistake. */
export const FILES_MAX = 100_000
export const FOLDER_DEPTH_MAX = 64

export type DocumentKind = 'markdown' | 'plain'

export interface DocumentFile {
  readonly path: string
  /** Its path below the folder, with `/`: the thread of its memories. */
  readonly thread: string
  readonly kind: DocumentKind
}

export interface SkippedFile {
  readonly thread: string
  readonly reason: string
}

export interface Walk {
  /** The absolute folder that threads are relative to. */
  readonly root: string
  readonly files: readonly DocumentFile[]
  readonly skipped: readonly SkippedFile[]
}

const MARKDOWN = new Set(['.md', '.markdown', '.mdx', '.mkd'])
const PLAIN = new Set(
  (
    '.txt .text .rst .adoc .asciidoc .org .tex .log .srt .vtt .js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte .py .pyi .rb .go .rs ' +
    '.java .kt .kts .scala .clj .c .h .cc .cpp .hpp .cs .fs .swift .m .php .pl .pm .lua .r .jl .hs .ml .ex .exs .erl .zig .nim ' +
    '.dart .sh .bash .zsh .fish .ps1 .sql .graphql .proto .css .scss .html .htm .xml .yaml .yml .toml .ini .cfg .conf .cmake'
  ).split(' '),
)
/** Documents by name, without an extension. */
const NAMES =
  /^(readme|license|licence|copying|notice|authors|changelog|contributing|makefile|dockerfile|gemfile|rakefile)$/i
/** Made by machines for machines. */
const GENERATED = /(\.min\.(js|css)|[-.]lock(\.[a-z]+)?|\.map)$/i
const FOLDERS_SKIPPED = new Set(['node_modules', '__pycache__'])

/** The documents of a folder: Markdown, text and code. Dot files, links and generated files are passed over. */
export async function walkFolder(folder: string): Promise<Walk> {
  const root = await fs.realpath(folder)
  const files: DocumentFile[] = []
  const skipped: SkippedFile[] = []
  const visit = async (below: string, depth: number): Promise<void> => {
    for (const item of await readFolder(join(root, below))) {
      const thread = below === '' ? item.name : `${below}/${item.name}`
      if (files.length >= FILES_MAX || item.name.startsWith('.')) continue
      if (item.isDirectory()) {
        if (FOLDERS_SKIPPED.has(item.name)) continue
        if (depth >= FOLDER_DEPTH_MAX)
          skipped.push({ thread, reason: `nested deeper than ${FOLDER_DEPTH_MAX} folders` })
        else await visit(thread, depth + 1)
      } else if (item.isFile()) take(thread, documentKind(item.name))
    }
  }
  const take = (thread: string, kind: DocumentKind | null) => {
    if (!kind) return
    if (thread.length > THREAD_CHARS_MAX || !thread.isWellFormed())
      skipped.push({ thread, reason: 'its path is too long or no text' })
    else files.push({ path: join(root, thread), thread, kind })
  }
  await visit('', 0)
  if (files.length >= FILES_MAX)
    skipped.push({ thread: '…', reason: `only ${FILES_MAX} files are taken at once` })
  return { root, files, skipped }
}

/** One file that was named: taken whatever its name is, as long as it is text. */
export async function walkFile(file: string): Promise<Walk> {
  const path = resolve(await fs.realpath(dirname(resolve(file))), basename(file))
  const kind = MARKDOWN.has(extname(path).toLowerCase()) ? 'markdown' : 'plain'
  return { root: dirname(path), files: [{ path, thread: basename(path), kind }], skipped: [] }
}

/** What a file is by its name; null for what is not a document. */
export function documentKind(name: string): DocumentKind | null {
  const extension = extname(name).toLowerCase()
  if (GENERATED.test(name) || name === 'package-lock.json') return null
  if (MARKDOWN.has(extension)) return 'markdown'
  return PLAIN.has(extension) || (extension === '' && NAMES.test(name)) ? 'plain' : null
}

/** The text of a document; the error says why it is none. */
export async function readDocument(path: string): Promise<Result<string, string>> {
  try {
    const { size } = await fs.stat(path)
    if (size > FILE_BYTES_MAX) return err(`larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`)
    const bytes = await fs.readFile(path)
    if (bytes.includes(0)) return err('binary')
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (error instanceof TypeError) return err('not UTF-8 text')
    return err((error as NodeJS.ErrnoException).code ?? 'unreadable')
  }
}

/** Sorted by code unit; a folder that cannot be read has no documents. */
async function readFolder(path: string): Promise<readonly Dirent[]> {
  const items = await fs.readdir(path, { withFileTypes: true }).catch(() => [])
  return items.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
