/** Quotes are pieces of memories to the letter, whatever a model says that they say; and what is given fits into an entry. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Did } from '../../../../src/core/base/brand.ts'
import { PAYLOAD_BYTES_MAX, REFERENCES_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  ANSWER_CHARS_MAX,
  CLAIM_SOURCES_MAX,
  CLAIMS_MAX,
  MODEL_CHARS_MAX,
  RECALLED_MAX,
} from '../../../../src/core/protocol/task-limits.ts'
import { decodeContribution, encodeContribution } from '../../../../src/core/protocol/task-payloads.ts'
import { type AnswerReply, answerStructure } from '../../../../src/core/reasoning/answer-reply.ts'
import { type GivenAnswer, toGivenAnswer } from '../../../../src/core/reasoning/given-answer.ts'
import {
  createQuoting,
  QUOTE_CHARS_MAX,
  QUOTED_CHARS_MAX,
  READ_CHARS_MAX,
} from '../../../../src/core/reasoning/quoting.ts'
import { digestFrom, hostileText } from './fixtures-prompts.ts'

type Answered = Extract<AnswerReply, { kind: 'answered' }>

const NOTES =
  'Oslo is the capital of Norway. It was called\nChristiania until 1925. The parliament sits in Oslo. Bergen has more rain.'
const OTHER = '# Rain\n\n- Bergen has rain on 239 days a year.\n- Oslo has fewer.'

const given = (reply: object, texts: readonly string[] = [NOTES, OTHER]): GivenAnswer => {
  const read = answerStructure([]).read({ answer: 'Oslo', ...reply })
  assert.ok(read.ok && read.value.kind === 'answered')
  return toGiven(read.value, texts)
}
const toGiven = (reply: Answered, texts: readonly string[], name = 'provider/model'): GivenAnswer =>
  toGivenAnswer(reply, {
    model: name,
    family: name,
    memories: texts.map((text) => ({ memory: digestFrom(text), text, author: 'did:key:zA' as Did })),
    responds: [],
  })
/** What the quotes of a single claim come to. */
const quoted = (claim: string, quotes: unknown, texts?: readonly string[]) => {
  const answer = given({ claims: [{ text: claim, quotes }] }, texts)
  return answer.claims[0]?.quotes.map((place) => answer.quotes[place]?.text)
}

const RAIN = 'Bergen has rain on 239 days a year.'
const cases: readonly [name: string, claim: string, quotes: unknown, expected: string[]][] = [
  [
    'a sentence to the letter',
    'c',
    [{ memory: 1, text: 'The parliament sits in Oslo.' }],
    ['The parliament sits in Oslo.'],
  ],
  ['a piece of one', 'c', [{ memory: 2, text: 'rain on 239 days' }], [RAIN]],
  [
    'across a line end',
    'c',
    [{ memory: 1, text: 'It was called Christiania until 1925' }],
    ['It was called\nChristiania until 1925.'],
  ],
  [
    'two sentences',
    'c',
    [{ memory: 1, text: 'The parliament sits in Oslo. Bergen has' }],
    ['The parliament sits in Oslo. Bergen has more rain.'],
  ],
  ['in other words', 'c', [{ memory: 2, text: 'Bergen: it rains there 239 days each year' }], [RAIN]],
  [
    'of another memory',
    'c',
    [{ memory: 1, text: 'Bergen has rain on 239 days a year.' }],
    ['Bergen has more rain.'],
  ],
  [
    'invented, beside a claim that the memory bears out',
    'The parliament sits in Oslo',
    [{ memory: 1, text: 'xyzzy plugh' }],
    ['The parliament sits in Oslo.'],
  ],
  ['a label alone', 'The capital of Norway is Oslo', [1], ['Oslo is the capital of Norway.']],
  [
    'a word that stands everywhere',
    'The parliament sits in Oslo',
    [{ memory: 1, text: 'is the' }],
    ['The parliament sits in Oslo.'],
  ],
  ['invented', 'Trondheim hosts a cathedral', [{ memory: 1, text: 'Nidaros was built in 1070' }], []],
  ['labels of no memory', 'The parliament sits in Oslo', [0, 3, 99, 1e9], []],
  [
    'the same twice',
    'c',
    [
      { memory: 2, text: RAIN },
      { memory: 2, text: 'rain on 239' },
    ],
    [RAIN],
  ],
]
for (const [name, claim, quotes, expected] of cases)
  test(`quoted: ${name}`, () => assert.deepEqual(quoted(claim, quotes), expected))

test('a quote that two claims rest on stands once', () => {
  const claims = ['one', 'two'].map((text) => ({ text, quotes: [{ memory: 2, text: RAIN }] }))
  const answer = given({ claims })
  assert.deepEqual(answer.claims, [
    { text: 'one', quotes: [0] },
    { text: 'two', quotes: [0] },
  ])
  assert.deepEqual(answer.quotes, [{ memory: digestFrom(OTHER), text: RAIN }])
})

test('sentences that are too long together are quoted by the one most alike', () => {
  const sentence = (i: number) => `Sentence number ${i} says ${`word${i} `.repeat(40)}in the end.`
  const text = Array.from({ length: 9 }, (_, i) => sentence(i)).join(' ')
  const { quote } = createQuoting()
  const two = `${sentence(0)} ${sentence(1)}`
  assert.ok(two.length <= QUOTE_CHARS_MAX && text.length > QUOTE_CHARS_MAX)
  assert.equal(quote(text, two, ''), two)
  const all = quote(text, text, 'word4 word4 number 4')
  assert.ok(all === null || all.length <= 400)
})

test('so much of a memory is read for quotes, and not one more', () => {
  const before = `${'a b c. '.repeat(QUOTED_CHARS_MAX / 7)}`.slice(0, QUOTED_CHARS_MAX - 20)
  const { quote } = createQuoting()
  assert.equal(quote(`${before}. Zebras graze here.`, 'Zebras graze', ''), 'Zebras graze here.')
  assert.equal(quote(`${before}${' '.repeat(40)}Zebras graze here.`, 'Zebras graze', ''), null)
})

test('so much of all memories is read for the quotes of a reply', () => {
  const filled = (i: number, length: number) => `Zebra${i} grazes. `.padEnd(length, 'x')
  const { quote } = createQuoting()
  const whole = READ_CHARS_MAX / QUOTED_CHARS_MAX
  for (let i = 0; i < whole; i++)
    assert.equal(quote(filled(i, 2 * QUOTED_CHARS_MAX), `Zebra${i}`, ''), `Zebra${i} grazes.`)
  assert.equal(quote(filled(whole, 100), `Zebra${whole}`, ''), null)
  assert.equal(quote(filled(0, 2 * QUOTED_CHARS_MAX), 'Zebra0', ''), 'Zebra0 grazes.')
})

test('every quote is a piece of its memory, and the whole fits into a contribution', () => {
  const text = fc.oneof(
    hostileText.map((said) => said.toWellFormed()),
    fc.constantFrom(NOTES, OTHER),
    fc.lorem({ mode: 'sentences' }),
  )
  const input = fc.array(text, { minLength: 1, maxLength: 5 }).chain((texts) =>
    fc.record({
      texts: fc.constant(texts),
      claims: fc.array(
        fc.record({
          text: fc.oneof(hostileText, fc.lorem({ mode: 'sentences', maxCount: 1 })),
          quotes: fc.array(
            fc.record({
              memory: fc.oneof(fc.integer({ min: -1, max: 7 }), fc.constantFrom('[1]', 'x', null)),
              text: fc.oneof(
                hostileText,
                fc
                  .tuple(fc.constantFrom(...texts), fc.nat(60), fc.nat(60))
                  .map(([of, from, length]) => of.slice(from, from + length)),
              ),
            }),
            { maxLength: 10 },
          ),
        }),
        { maxLength: 20 },
      ),
    }),
  )
  let found = 0
  fc.assert(
    fc.property(input, ({ texts, claims }) => {
      const answer = given({ claims }, texts)
      const textOf = new Map(texts.map((one) => [digestFrom(one), one]))
      for (const quote of answer.quotes) {
        found++
        assert.ok(textOf.get(quote.memory)?.includes(quote.text))
        assert.ok(quote.text !== '' && quote.text.isWellFormed() && quote.text.length <= QUOTE_CHARS_MAX)
      }
      assertStorable(answer)
    }),
    { numRuns: 500 },
  )
  assert.ok(found > 500, `${found} quotes`)
})

/** What the engine writes of it is an entry that others read the same way. */
function assertStorable({
  model,
  family,
  hypotheses,
  confidence,
  reason,
  claims,
  quotes,
  recalled,
  responds,
}: GivenAnswer) {
  const [first, ...others] = hypotheses
  assert.ok(first)
  const outcome = { text: first.text, quotes, failure: null }
  const bytes = encodeContribution({
    task: digestFrom('task'),
    model,
    family,
    role: 'generalist',
    salt: new Uint8Array(16),
    outcome,
    weight: first.weight,
    others,
    confidence,
    reason,
    claims,
    recalled,
    responds,
  })
  assert.ok(bytes.length <= PAYLOAD_BYTES_MAX, `${bytes.length} bytes`)
  const decoded = decodeContribution(bytes)
  assert.ok(decoded?.seal === null)
  assert.deepEqual(decoded.outcome, outcome)
  assert.deepEqual(decoded.claims, claims)
}

test('the largest of everything fits into an entry, and what does not is left out from the end', () => {
  for (const char of ['x', 'é', '漢', '🎉']) {
    const fill = (chars: number, i: number) => `${i}`.padEnd(4) + char.repeat((chars - 4) / char.length)
    const answer = toGiven(
      {
        kind: 'answered',
        hypotheses: Array.from({ length: 8 }, (_, i) => ({ text: fill(ANSWER_CHARS_MAX, i), weight: 125 })),
        confidence: 1000,
        reason: fill(4000, 0),
        claims: Array.from({ length: CLAIMS_MAX }, (_, i) => ({
          text: fill(1000, i),
          quotes: Array.from({ length: 2 * CLAIM_SOURCES_MAX }, (_, j) => ({
            label: ((i + j) % 40) + 1,
            said: null,
          })),
        })),
      },
      Array.from({ length: RECALLED_MAX + 8 }, (_, i) => `Memory ${i} says ${char.repeat(40)}.`),
      'n'.repeat(MODEL_CHARS_MAX + 1),
    )
    assertStorable(answer)
    assert.equal(answer.model.length, MODEL_CHARS_MAX)
    assert.equal(answer.recalled.length, RECALLED_MAX)
    assert.ok(answer.hypotheses.length < 8 && answer.quotes.length <= REFERENCES_MAX)
  }
})

test('a claim rests on so many quotes, and not on one more', () => {
  const texts = Array.from(
    { length: CLAIM_SOURCES_MAX + 1 },
    (_, i) => `Oslo is the capital, says book ${i}.`,
  )
  assert.equal(
    quoted(
      'Oslo is the capital',
      texts.slice(1).map((_, i) => i + 1),
      texts,
    )?.length,
    CLAIM_SOURCES_MAX,
  )
  assert.equal(
    quoted(
      'Oslo is the capital',
      texts.map((_, i) => i + 1),
      texts,
    )?.length,
    CLAIM_SOURCES_MAX,
  )
})

test('an answer has so many quotes, and not one more', () => {
  const texts = Array.from({ length: RECALLED_MAX }, (_, i) =>
    [0, 1, 2].map((j) => `Zebra${i}x${j} runs.`).join(' '),
  )
  const claims = Array.from({ length: CLAIMS_MAX }, (_, i) => ({
    text: `claim ${i}`,
    quotes: Array.from({ length: CLAIM_SOURCES_MAX }, (_, j) => {
      const place = i * CLAIM_SOURCES_MAX + j
      const [memory, sentence] = [place % texts.length, Math.floor(place / texts.length) % 3]
      return { memory: memory + 1, text: `Zebra${memory}x${sentence} runs.` }
    }),
  }))
  const answer = given({ claims }, texts)
  assert.equal(answer.quotes.length, REFERENCES_MAX)
  assert.equal(answer.claims.at(-1)?.quotes.length, CLAIM_SOURCES_MAX)
  assertStorable(answer)
})
