/**
 * Blocks of text → chunks of a size that one memory should have. Pure. Nothing is lost but blank lines at the edges:
 * every chunk is at most `limits.hardBytes`, and a block is split only where it is larger than a chunk may be.
 */
import { utf8Length } from '../../core/base/bytes.ts'

/** Characters that a chunk should have: less says too little alone, more buries a sentence among others. */
export const CHUNK_CHARS_MIN = 200
export const CHUNK_CHARS_MAX = 1500

export interface Block {
  readonly text: string
  /** True for code fences: kept whole up to the hard bound, whatever a chunk should have. */
  readonly whole: boolean
}

/** Groups consecutive blocks into chunks; `hardBytes` bounds each chunk in bytes of UTF-8. */
export function groupBlocks(blocks: readonly Block[], hardBytes: number): string[] {
  const chunks: string[] = []
  let current = ''
  for (const piece of blocks.flatMap((block) => splitBlock(block, hardBytes))) {
    const joined = current === '' ? piece : `${current}\n\n${piece}`
    const takes = joined.length <= CHUNK_CHARS_MAX || current.length < CHUNK_CHARS_MIN
    if (current === '' || (takes && utf8Length(joined) <= hardBytes)) current = joined
    else {
      chunks.push(current)
      current = piece
    }
  }
  if (current !== '') appendTail(chunks, current, hardBytes)
  return chunks
}

/** A last piece too short to stand alone goes with the one before it. */
function appendTail(chunks: string[], tail: string, hardBytes: number): void {
  const joined = `${chunks.at(-1) ?? ''}\n\n${tail}`
  const fits = joined.length <= CHUNK_CHARS_MAX + CHUNK_CHARS_MIN && utf8Length(joined) <= hardBytes
  if (chunks.length > 0 && tail.length < CHUNK_CHARS_MIN && fits) chunks[chunks.length - 1] = joined
  else chunks.push(tail)
}

function splitBlock(block: Block, hardBytes: number): string[] {
  if (block.whole)
    return utf8Length(block.text) <= hardBytes ? [block.text] : splitFence(block.text, hardBytes)
  return splitText(block.text, CHUNK_CHARS_MAX, hardBytes)
}

/** Splits at line ends, then at sentence ends, then at spaces, then between characters: the first that suffices. */
export function splitText(text: string, maxChars: number, hardBytes: number): string[] {
  const room: Room = { chars: maxChars, bytes: hardBytes }
  if (fits(text, room)) return [text]
  const pieces = text.split(/(?<=\n)/).flatMap((line) => (fits(line, room) ? [line] : splitLine(line, room)))
  return pack(pieces, room)
}

interface Room {
  readonly chars: number
  readonly bytes: number
}

const fits = (part: string, room: Room): boolean =>
  part.length <= room.chars && utf8Length(part) <= room.bytes

/** The fence's own lines, its opening and closing repeated around each part so that each reads as code. */
function splitFence(text: string, hardBytes: number): string[] {
  const lines = text.split('\n')
  const open = lines[0] as string
  const close = /^ {0,3}(`{3,}|~{3,})/.exec(open)?.[1] ?? '```'
  const body = lines.slice(1, lines.length > 1 && lines.at(-1)?.trim() === close ? -1 : undefined)
  const room = hardBytes - utf8Length(open) - utf8Length(close) - 2
  return splitText(body.join('\n'), hardBytes, room).map((part) => `${open}\n${part}\n${close}`)
}

/** Sentence ends of every script; `und`, so that the machine's locale does not change what is stored. */
const sentences = new Intl.Segmenter('und', { granularity: 'sentence' })

function splitLine(line: string, room: Room): string[] {
  const parts = Array.from(sentences.segment(line), (segment) => segment.segment)
  return parts.flatMap((part) => (fits(part, room) ? [part] : splitSentence(part, room)))
}

function splitSentence(sentence: string, room: Room): string[] {
  const words = sentence.split(/(?<=\s)(?=\S)/)
  return words.flatMap((word) => (fits(word, room) ? [word] : Array.from(word)))
}

/**
 * Joins pieces as long as they fit together; the edges of each part are trimmed of blank space. Sizes are summed, not
 * measured again: a file of one line must not take quadratic time.
 */
function pack(pieces: readonly string[], room: Room): string[] {
  const parts: string[][] = []
  let chars = 0
  let bytes = 0
  for (const piece of pieces) {
    const size = utf8Length(piece)
    if (parts.length === 0 || chars + piece.length > room.chars || bytes + size > room.bytes) {
      parts.push([])
      chars = 0
      bytes = 0
    }
    parts.at(-1)?.push(piece)
    chars += piece.length
    bytes += size
  }
  return parts.map((part) => trimPart(part.join(''))).filter((part) => part !== '')
}

const trimPart = (part: string): string => part.replace(/^(?:[ \t]*\n)+/, '').trimEnd()
