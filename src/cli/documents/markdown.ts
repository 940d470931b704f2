/**
 * Markdown → chunks: one a section, its headings' path as the first line; a long section becomes several. Pure.
 * Reads the block structure that decides where sections begin (CommonMark 0.31 §4: ATX and setext headings, fenced
 * code), and front matter; everything else is text.
 */
import { utf8Length } from '../../core/base/bytes.ts'
import { TEXT_BYTES_MAX } from '../../core/protocol/limits.ts'
import { type Block, groupBlocks } from './chunk.ts'

/** Characters of a headings' path: enough for six levels, and it must leave the text its room. */
export const PATH_CHARS_MAX = 400
/** Lines of front matter; a `---` that closes further down is a thematic break. */
export const FRONT_MATTER_LINES_MAX = 200
const PATH_SEPARATOR = ' › '

/** The chunks of a document in order. A section without a text of its own gives none: it is in its children's path. */
export function markdownChunks(source: string): string[] {
  return readSections(source).flatMap(({ path, blocks }) => {
    const head = path.join(PATH_SEPARATOR).slice(0, PATH_CHARS_MAX).toWellFormed()
    const prefix = head === '' ? '' : `${head}\n\n`
    return groupBlocks(blocks, TEXT_BYTES_MAX - utf8Length(prefix)).map((chunk) => prefix + chunk)
  })
}

/** The chunks of text without structure (prose, code): groups of paragraphs. */
export function plainChunks(source: string): string[] {
  const paragraphs = normalise(source).split(/\n(?:[ \t]*\n)+/)
  return groupBlocks(paragraphs.map(toBlock).filter(isFilled), TEXT_BYTES_MAX)
}

interface Section {
  readonly path: readonly string[]
  readonly blocks: readonly Block[]
}

const normalise = (source: string): string => source.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
const toBlock = (text: string): Block => ({ text: trimBlock(text), whole: false })
const isFilled = (block: Block): boolean => block.text !== ''
/** Blank lines around a block go, the indentation of its first line stays: in code it has meaning. */
const trimBlock = (text: string): string => text.replace(/^(?:[ \t]*\n)+/, '').trimEnd()

function readSections(source: string): readonly Section[] {
  const reader = new SectionReader()
  const lines = normalise(source).split('\n')
  const start = frontMatterLines(lines)
  if (start > 0) reader.block(lines.slice(1, start - 1).join('\n'))
  for (const line of lines.slice(start)) reader.line(line)
  return reader.finish()
}

/** Number of lines of front matter (`---` … `---` at the very top), 0 where there is none. */
function frontMatterLines(lines: readonly string[]): number {
  if (lines[0]?.trimEnd() !== '---') return 0
  const end = lines.slice(1, FRONT_MATTER_LINES_MAX).findIndex((line) => /^(---|\.\.\.)[ \t]*$/.test(line))
  // Keys with values, and no blank first line: else it is a document that starts with a thematic break.
  return end > 0 && /^[\w"'-]+[ \t]*:/.test(lines[1] as string) ? end + 2 : 0
}

class SectionReader {
  private readonly sections: { path: readonly string[]; blocks: Block[] }[] = [{ path: [], blocks: [] }]
  private readonly headings: string[] = []
  private paragraph: string[] = []
  private fence: { readonly mark: string; readonly lines: string[] } | null = null

  line(line: string): void {
    if (this.fence) this.insideFence(line)
    else if (this.opensFence(line) || this.atxHeading(line) || this.setextHeading(line)) return
    else if (line.trim() === '') this.endParagraph()
    else this.paragraph.push(line)
  }

  block(text: string, whole = false): void {
    const block = { text: trimBlock(text), whole }
    if (isFilled(block)) this.sections.at(-1)?.blocks.push(block)
  }

  finish(): readonly Section[] {
    // A fence that nobody closes runs to the end of the document (CommonMark §4.5).
    if (this.fence) this.block(this.fence.lines.join('\n'), true)
    this.endParagraph()
    return this.sections
  }

  private insideFence(line: string): void {
    const fence = this.fence as { mark: string; lines: string[] }
    fence.lines.push(line)
    const close = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1]
    if (!close || close[0] !== fence.mark[0] || close.length < fence.mark.length) return
    this.block(fence.lines.join('\n'), true)
    this.fence = null
  }

  private opensFence(line: string): boolean {
    // Info strings of backtick fences hold no backtick: "``` a `` b" is inline code.
    const mark = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line)
    if (!mark) return false
    this.endParagraph()
    this.fence = { mark: (mark[1] ?? mark[2]) as string, lines: [line] }
    return true
  }

  private atxHeading(line: string): boolean {
    const match = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/.exec(line)
    if (!match) return false
    this.endParagraph()
    const title = (match[2] ?? '').trim().replace(/(?:^|[ \t]+)#+$/, '')
    this.heading((match[1] as string).length, title)
    return true
  }

  private setextHeading(line: string): boolean {
    const mark = /^ {0,3}(=+|-+)[ \t]*$/.exec(line)?.[1]
    const first = this.paragraph[0]
    if (!mark || first === undefined) return false
    // Under a list item, quote, table or indented code the same line is a break or text, not an underline.
    if (/^(?: {4}|\t| {0,3}(?:[-*+>|]|\d{1,9}[.)]))/.test(first)) return false
    const title = this.paragraph.map((each) => each.trim()).join(' ')
    this.paragraph = []
    this.heading(mark[0] === '=' ? 1 : 2, title)
    return true
  }

  private heading(level: number, title: string): void {
    this.headings.length = Math.min(this.headings.length, level - 1)
    this.headings[level - 1] = plainTitle(title)
    this.sections.push({ path: this.headings.filter(Boolean), blocks: [] })
  }

  private endParagraph(): void {
    if (this.paragraph.length > 0) this.block(this.paragraph.join('\n'))
    this.paragraph = []
  }
}

/** A title as a person reads it: links by their text, no emphasis marks or code ticks. */
const plainTitle = (title: string): string =>
  title
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]+/g, '')
    .trim()
