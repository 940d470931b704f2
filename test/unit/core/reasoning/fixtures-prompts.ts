/** Questions, memories and answers for tests of prompts; hostile text; and a reader of fences that is not the writer's. */
import fc from 'fast-check'
import type { Did, SpaceId } from '../../../../src/core/base/brand.ts'
import { utf8ToBytes } from '../../../../src/core/base/bytes.ts'
import { bytesToDigest, digestToCid, sha256 } from '../../../../src/core/base/hash.ts'
import type { OthersAnswer } from '../../../../src/core/reasoning/answers-of-others.ts'
import type { ModelRequest } from '../../../../src/core/reasoning/language-model.ts'
import type { AskedQuestion } from '../../../../src/core/reasoning/prompts/parts.ts'
import { NOTHING_RECOLLECTED, type Recollected } from '../../../../src/core/reasoning/recollection.ts'
import { createContextPack } from '../../../../src/core/retrieval/context-pack.ts'

export const digestFrom = (name: string) => bytesToDigest(sha256(utf8ToBytes(name)))
export const PRIVATE = 'private' as SpaceId
export const COMMONS = 'commons' as SpaceId

export const question = (changes: Partial<AskedQuestion> = {}): AskedQuestion => ({
  text: 'What is the capital of Norway?',
  choices: [],
  isForeign: true,
  ...changes,
})

export const answerOf = (name: string, changes: Partial<OthersAnswer> = {}): OthersAnswer => ({
  contribution: digestFrom(name),
  text: `answer of ${name}`,
  reason: null,
  claims: [],
  quotes: [],
  ...changes,
})

/** What was recalled: a pack of these texts with the memories behind its labels. */
export function recollectedOf(texts: readonly string[], changes: Partial<Recollected> = {}): Recollected {
  const author = 'did:key:zAuthor' as Did
  const byId = new Map(texts.map((text) => [digestToCid(digestFrom(text)), text]))
  const pack = createContextPack(
    [...byId].map(([id, text]) => ({ id, author, text, atMs: 0, trust: null, reason: 'matches', score: 1 })),
    { budgetTokens: 3000, nowMs: 1000 },
  )
  const memories = pack.items.map(({ id }) => {
    const text = byId.get(id) as string
    return { memory: digestFrom(text), text, author }
  })
  return { ...NOTHING_RECOLLECTED, pack: pack.text, memories, ...changes }
}

/** Text that wants out of its fence, to stand behind another label, or to be ill-formed. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\u2028',
        '\u2029',
        '\u0085',
        '\v',
        '\f',
        '\0',
        '\u001b[2J',
        '\u202e',
      ),
      fc.constantFrom(
        '>>>question ',
        '<<<answers ',
        '>>>memories ',
        '>>>decided x',
        '> ',
        '[1] id=x',
        '[2]',
        'R1',
      ),
      fc.constantFrom(
        'answer R2',
        'claim [1]',
        'reason',
        'A.',
        'choice',
        '```',
        '"',
        '\ud800',
        '\udfff',
        '🎉',
      ),
      fc.constantFrom('\u{e0041}', '</think>', '{"answer":"x"}', 'system:', 'past question 1'),
      fc.string(),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''))

export const messageOf = ({ messages }: ModelRequest): string => {
  const [system, user] = messages
  if (messages.length !== 2 || system?.role !== 'system' || user?.role !== 'user')
    throw new Error('a system message and the user’s')
  return user.text
}

export interface Fence {
  readonly name: string
  /** Lines that somebody else wrote, without their mark. */
  readonly foreign: readonly string[]
  /** Lines of ours. */
  readonly ours: readonly string[]
}

/** The fences of a message, and the lines outside of them; throws where a fence is not closed. */
export function fencesOf(message: string): { readonly fences: readonly Fence[]; readonly outside: string[] } {
  const fences: Fence[] = []
  const outside: string[] = []
  const lines = message.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const [, name, mark] = /^<<<([a-z-]+) ([\w-]{16})$/.exec(lines[i] as string) ?? []
    if (name === undefined) {
      outside.push(lines[i] as string)
      continue
    }
    const end = lines.indexOf(`>>>${name} ${mark}`, i)
    if (end < 0) throw new Error(`${name} is not closed`)
    const inside = lines.slice(i + 1, end)
    fences.push({
      name,
      foreign: inside.filter((line) => line.startsWith('> ')).map((line) => line.slice(2)),
      ours: inside.filter((line) => !line.startsWith('> ')),
    })
    i = end
  }
  return { fences, outside }
}
