/**
 * Vectors of many texts, whatever a provider thinks of some of them. A batch that is refused is sent again in halves, down to the
 * text that it is about, which gets none: nobody can write a text that keeps those beside it from being found.
 */
import type { Digest } from '../base/brand.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Failure } from '../protocol/errors.ts'
import type { Embedder } from './embedder.ts'
import type { Embedded } from './vector-index.ts'

export interface Text {
  readonly id: Digest
  readonly text: string
}

export interface EachEmbedder {
  /**
   * Vectors of all that are not refused. Failures are those of `Embedder`; EMBEDDINGS_REFUSED only where nothing was ever taken:
   * who has refused everything so far does not mean these texts.
   */
  embed(texts: readonly Text[]): Promise<Result<readonly Embedded[], Failure>>
  /** Texts that were refused. */
  readonly refused: number
}

/** Characters below which a text is not refused for its length. */
const SHORTENED_CHARS_MIN = 500

export function createEachEmbedder(embedder: Embedder, signal: AbortSignal): EachEmbedder {
  let refused = 0
  let hasTaken = false

  const embed: EachEmbedder['embed'] = async (texts) => {
    if (texts.length === 0) return ok([])
    const found = await embedder.embed(
      texts.map(({ text }) => text),
      { purpose: 'document', signal },
    )
    if (found.ok) {
      hasTaken = true
      return ok(texts.map(({ id }, i) => ({ id, vector: found.value[i]! })))
    }
    if (found.error.code !== 'EMBEDDINGS_REFUSED') return found
    if (texts.length > 1) return embedHalves(texts, found.error)
    const shorter = await embedShorter(texts[0]!)
    if (!shorter.ok) return shorter
    if (shorter.value) return ok([shorter.value])
    if (!hasTaken) return found
    refused++
    return ok([])
  }

  /** Half of it, and half of that: a page of Chinese has more tokens than one of English, and may have too many. */
  const embedShorter = async ({ id, text }: Text): Promise<Result<Embedded | null, Failure>> => {
    let chars = Math.min(text.length, embedder.textChars) >>> 1
    for (; chars >= SHORTENED_CHARS_MIN; chars >>>= 1) {
      const start = text.slice(0, chars).toWellFormed()
      const found = await embedder.embed([start], { purpose: 'document', signal })
      if (found.ok) {
        hasTaken = true
        return ok({ id, vector: found.value[0]! })
      }
      if (found.error.code !== 'EMBEDDINGS_REFUSED') return found
    }
    return ok(null)
  }

  const embedHalves = async (
    texts: readonly Text[],
    why: Failure,
  ): Promise<Result<readonly Embedded[], Failure>> => {
    const middle = texts.length >>> 1
    const all: Embedded[] = []
    for (const half of [texts.slice(0, middle), texts.slice(middle)]) {
      const embedded = await embed(half)
      if (embedded.ok) all.push(...embedded.value)
      else if (embedded.error.code !== 'EMBEDDINGS_REFUSED') return embedded
    }
    return hasTaken ? ok(all) : err(why)
  }

  return {
    embed,
    get refused() {
      return refused
    },
  }
}
