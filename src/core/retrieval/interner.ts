/**
 * Texts numbered from 0 in the order in which they are first met. They never leave.
 *
 * They are found by a hash index over numbers, not by a map of strings: it is kept as it is, and so are the texts, as bytes that
 * become strings when somebody looks at them. A million words are back in a few milliseconds.
 */
import { type Kept, noTexts, readTexts, SnapshotError, textColumns } from '../base/kept-columns.ts'
import { createHashIndex, mixWords } from '../memory/hash-index.ts'
import { detached } from './detached.ts'
import { widened } from './growing.ts'

export interface Interner extends Kept {
  readonly size: number
  /** The number of a text, −1 where it was never met. */
  find(text: string): number
  /** The same, numbering it where it is new. */
  intern(text: string): number
  text(number: number): string
  /** Characters of all texts: what they cost, about. */
  readonly characters: number
}

/** `secret`: 32 bits. Whoever chooses texts and knew it could make them all meet in one slot. */
export function createInterner(secret: number): Interner {
  /** What was kept by an earlier process, and the strings that were made of it or came since. */
  let kept = noTexts
  let texts: (string | undefined)[] = []
  let hashes = new Uint32Array(0)
  let size = 0
  let characters = 0
  let sought = ''
  let soughtHash = 0
  const index = createHashIndex(
    (number) => hashes[number]!,
    (number) => hashes[number] === soughtHash && textOf(number) === sought,
  )

  const textOf = (number: number): string => {
    const known = texts[number]
    if (known !== undefined) return known
    const text = kept.text(number)
    texts[number] = text
    return text
  }

  const find = (text: string): number => {
    sought = text
    soughtHash = hashOf(text, secret)
    return index.find(soughtHash)
  }

  return {
    get size() {
      return size
    },
    get characters() {
      return characters
    },
    find,
    intern(text) {
      const known = find(text)
      if (known >= 0) return known
      const own = detached(text)
      hashes = widened(hashes, size)
      hashes[size] = soughtHash
      texts[size] = own
      index.insert(soughtHash, size)
      characters += own.length
      return size++
    },
    text: textOf,
    *save() {
      yield Uint32Array.of(hashOf('', secret))
      yield hashes.subarray(0, size)
      yield* index.save()
      yield* textColumns(size, (number) => texts[number] ?? kept.text(number), kept)
    },
    async load(from) {
      const [check] = await from.next(Uint32Array)
      if (check !== hashOf('', secret)) throw new SnapshotError('it has another secret')
      hashes = await from.growing(Uint32Array)
      await index.load(from)
      kept = await readTexts(from)
      texts = new Array<string | undefined>(kept.count)
      size = kept.count
      characters = kept.characters
    },
  }
}

/** 32 bits of a text, mixed with the secret at both ends. */
function hashOf(text: string, secret: number): number {
  let hash = secret ^ text.length
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixWords(hash, text.length, secret)
}
