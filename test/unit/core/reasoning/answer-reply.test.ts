/** Replies as models write them: what can be told is taken, what cannot is asked for once more, and nothing throws. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PAYLOAD_BYTES_MAX, REFERENCES_MAX } from '../../../../src/core/protocol/limits.ts'
import {
  ANSWER_CHARS_MAX,
  CLAIM_CHARS_MAX,
  CLAIM_SOURCES_MAX,
  CLAIMS_MAX,
  FLAW_CHARS_MAX,
  MASS_MAX,
  OTHERS_MAX,
  PER_MILLE,
  REASON_CHARS_MAX,
} from '../../../../src/core/protocol/task-limits.ts'
import { decodeSynthesis, encodeSynthesis } from '../../../../src/core/protocol/task-payloads.ts'
import { createClassifier } from '../../../../src/core/reasoning/answer-classes.ts'
import { type AnswerReply, answerStructure } from '../../../../src/core/reasoning/answer-reply.ts'
import { reviewPrompt } from '../../../../src/core/reasoning/prompts/review.ts'
import { validatePrompt } from '../../../../src/core/reasoning/prompts/validate.ts'
import { WRITTEN_CHARS_MAX, writePrompt } from '../../../../src/core/reasoning/prompts/write.ts'
import { NOTHING_RECOLLECTED } from '../../../../src/core/reasoning/recollection.ts'
import { readStructured } from '../../../../src/core/reasoning/structured.ts'
import { answerOf, digestFrom, question } from './fixtures-prompts.ts'

const CHOICES = ['Oslo', 'Bergen', 'Trondheim']
type Answered = Extract<AnswerReply, { kind: 'answered' }>

const replyTo = (text: string, choices: readonly string[] = []) =>
  readStructured(text, answerStructure(choices))
function answered(text: string, choices: readonly string[] = []): Answered {
  const read = replyTo(text, choices)
  assert.ok(read.ok && read.value.kind === 'answered', JSON.stringify(read))
  return read.value
}
/** `text:weight` of each hypothesis. */
const heldBy = (reply: object | string, choices: readonly string[] = []) =>
  answered(typeof reply === 'string' ? reply : JSON.stringify(reply), choices).hypotheses.map(
    ({ text, weight }) => `${text}:${weight}`,
  )

describe('answers that are taken', () => {
  const others = (...chances: unknown[]) =>
    chances.map((confidence, i) => ({ answer: `other ${i}`, confidence }))
  const nine = others(9, 8, 7, 6, 5, 4, 3, 2, 1)
  const cases: readonly [name: string, reply: object | string, choices: readonly string[], held: string[]][] =
    [
      ['plain', { answer: 'Oslo', confidence: 80 }, [], ['Oslo:800']],
      ['in a code fence', '```json\n{"answer": "Oslo", "confidence": 80}\n```', [], ['Oslo:800']],
      ['behind thoughts', '<think>Is it {"answer": "Bergen"}?</think>\n{"answer":"Oslo"}', [], ['Oslo:1000']],
      ['both', '<think>hm</think>```\n{"answer":"Oslo","confidence":80}\n```', [], ['Oslo:800']],
      [
        'keys that nobody asked for',
        '{"answer":"Oslo","confidence":80,"source":"me","__proto__":{"confidence":1}}',
        [],
        ['Oslo:800'],
      ],
      ['a number as text', { answer: 'Oslo', confidence: '80' }, [], ['Oslo:800']],
      ['a percentage as text', { answer: 'Oslo', confidence: 'about 80 %' }, [], ['Oslo:800']],
      [
        'a fraction',
        { answer: 'Oslo', confidence: 0.8, others: others(0.15) },
        [],
        ['Oslo:800', 'other 0:150'],
      ],
      [
        'certain, in fractions',
        { answer: 'Oslo', confidence: 1, others: others(0.05) },
        [],
        ['Oslo:952', 'other 0:47'],
      ],
      ['a number as the answer', { answer: 42, confidence: 80 }, [], ['42:800']],
      ['true as the answer', { answer: true, confidence: 80 }, ['true', 'false'], ['true:800']],
      ['by letter', { answer: 'B', confidence: 80 }, CHOICES, ['Bergen:800']],
      ['by letter and text', { answer: 'B. Bergen', confidence: 80 }, CHOICES, ['Bergen:800']],
      ['by a letter in marks', { answer: '**[b]**', confidence: 80 }, CHOICES, ['Bergen:800']],
      [
        'by text in other case',
        { answer: 'the answer is "bergen".', confidence: 80 },
        CHOICES,
        ['Bergen:800'],
      ],
      [
        'others that are no choice',
        {
          answer: 'A',
          confidence: 60,
          others: [
            { answer: 'Paris', confidence: 20 },
            { answer: 'C', confidence: 10 },
          ],
        },
        CHOICES,
        ['Oslo:600', 'Trondheim:100'],
      ],
      [
        'said twice',
        {
          answer: 'Oslo',
          confidence: 60,
          others: [
            { answer: 'OSLO.', confidence: 90 },
            { answer: 'Bergen', confidence: 20 },
            { answer: '"bergen"', confidence: 5 },
          ],
        },
        [],
        ['Oslo:600', 'Bergen:200'],
      ],
      [
        'weights of nothing',
        { answer: 'Oslo', confidence: 60, others: others(0, -5, 'NaN', null, {}, 'much') },
        [],
        ['Oslo:600'],
      ],
      [
        'huge weights',
        { answer: 'Oslo', confidence: 1e300, others: others(1e9) },
        [],
        ['Oslo:500', 'other 0:500'],
      ],
      [
        'another one likelier',
        { answer: 'Oslo', confidence: 30, others: others(60) },
        [],
        ['Oslo:300', 'other 0:300'],
      ],
      ['no chance of its own', { answer: 'Oslo', others: others(30) }, [], ['Oslo:700', 'other 0:300']],
      ['chance 0', { answer: 'Oslo', confidence: 0 }, [], ['Oslo:1']],
      [
        'one of others alone',
        { answer: 'Oslo', confidence: 60, others: { answer: 'Bergen', confidence: 20 } },
        [],
        ['Oslo:600', 'Bergen:200'],
      ],
      [
        'nine others',
        { answer: 'Oslo', confidence: 50, others: nine },
        [],
        ['Oslo:500', ...[9, 8, 7, 6, 5, 4, 3].map((chance, i) => `other ${i}:${chance * 10}`)],
      ],
      [
        'out of order',
        { answer: 'Oslo', confidence: 50, others: others(10, 20) },
        [],
        ['Oslo:500', 'other 1:200', 'other 0:100'],
      ],
      [
        'more than all',
        { answer: 'Oslo', confidence: 90, others: others(60) },
        [],
        ['Oslo:600', 'other 0:400'],
      ],
      ['hidden characters', { answer: '\u202eOs\0lo\ud800', confidence: 80 }, [], ['Oslo\ufffd:800']],
      [
        'others of no form',
        { answer: 'Oslo', confidence: 80, others: ['Bergen', 7, null, [], { answer: '' }] },
        [],
        ['Oslo:800'],
      ],
    ]
  for (const [name, reply, choices, held] of cases)
    test(name, () => assert.deepEqual(heldBy(reply, choices), held))
})

describe('stated chances', () => {
  const cases: readonly [unknown, number | null][] = [
    [80, 800],
    [100, 1000],
    [101, 1000],
    [0, 0],
    [-1, null],
    ['NaN', null],
    [undefined, null],
    ['certain', null],
    [[90], null],
    [0.8, 800],
    ['.85', 850],
    [33.3333, 333],
    // One percent, or all: nobody knows.
    [1, null],
  ]
  for (const [stated, confidence] of cases)
    test(`${JSON.stringify(stated)}`, () =>
      assert.equal(answered(JSON.stringify({ answer: 'x', confidence: stated })).confidence, confidence))
})

describe('no answers', () => {
  const cases: readonly [reply: object, choices: readonly string[], kind: string][] = [
    [{ answer: null, confidence: 0 }, [], 'abstained'],
    [{ answer: 'I don’t know.' }, [], 'abstained'],
    [{ answer: 'Sorry, but I do not know who that was.' }, [], 'abstained'],
    [{ answer: 'I’m not sure' }, [], 'abstained'],
    [{ answer: 'N/A' }, [], 'abstained'],
    [{ answer: 'Not enough information' }, CHOICES, 'abstained'],
    [{ answer: 'I’m sorry, but I can’t help with that.' }, [], 'refused'],
    [{ answer: 'As an AI language model, I cannot answer this.' }, CHOICES, 'refused'],
  ]
  for (const [reply, choices, kind] of cases)
    test(`${kind}: ${JSON.stringify(reply)}`, () => {
      const read = replyTo(JSON.stringify(reply), choices)
      assert.equal(read.ok && read.value.kind, kind)
    })
  test('a choice that says so is an answer', () => {
    assert.deepEqual(heldBy({ answer: 'B', confidence: 50 }, ['Oslo', 'I do not know']), [
      'I do not know:500',
    ])
  })
  for (const answer of ['None', 'Unknown', 'No', 'nobody'])
    test(`an answer all the same: ${answer}`, () => assert.deepEqual(heldBy({ answer }), [`${answer}:1000`]))
})

describe('asked for once more', () => {
  const cases: readonly [reply: string, choices: readonly string[]][] = [
    ['Oslo', []],
    ['"Oslo"', []],
    ['[]', []],
    ['{}', []],
    ['{"answer":""}', []],
    ['{"answer":" \\n\\u200b"}', []],
    ['{"answer":{"text":"Oslo"}}', []],
    ['{"answer":["Oslo"]}', []],
    ['{"answer":"..."}', []],
    ['{"answer":"Paris"}', CHOICES],
    ['{"answer":"D"}', CHOICES],
    ['{"answer":"A. Bergen"}', CHOICES],
    ['{"answer":"A or B"}', CHOICES],
    ['Here it is: {"answer":"Oslo"}', []],
  ]
  for (const [reply, choices] of cases) test(reply, () => assert.equal(replyTo(reply, choices).ok, false))
})

describe('bounds, and one more', () => {
  const of = (fields: object) => answered(JSON.stringify({ answer: 'x', ...fields }))
  test('characters of an answer', () => {
    assert.equal(heldBy({ answer: 'x'.repeat(ANSWER_CHARS_MAX) })[0]?.length, ANSWER_CHARS_MAX + 5)
    assert.equal(replyTo(JSON.stringify({ answer: 'x'.repeat(ANSWER_CHARS_MAX + 1) })).ok, false)
  })
  test('other answers', () => {
    const others = Array.from({ length: OTHERS_MAX + 1 }, (_, i) => ({ answer: `${i}`, confidence: 5 }))
    assert.equal(of({ confidence: 50, others: others.slice(1) }).hypotheses.length, OTHERS_MAX + 1)
    assert.equal(of({ confidence: 50, others }).hypotheses.length, OTHERS_MAX + 1)
  })
  test('characters of a reason', () => {
    assert.equal(of({ reason: 'y'.repeat(REASON_CHARS_MAX) }).reason, 'y'.repeat(REASON_CHARS_MAX))
    const { reason } = of({ reason: 'y'.repeat(REASON_CHARS_MAX + 1) })
    assert.equal(reason, `${'y'.repeat(REASON_CHARS_MAX - 1)}…`)
  })
  test('claims, their characters and their quotes', () => {
    const claims = Array.from({ length: CLAIMS_MAX + 1 }, (_, i) => ({ text: `claim ${i}`, quotes: [] }))
    assert.equal(of({ claims: claims.slice(1) }).claims.length, CLAIMS_MAX)
    assert.equal(of({ claims }).claims.length, CLAIMS_MAX)
    const long = of({
      claims: [{ text: 'z'.repeat(CLAIM_CHARS_MAX + 1) }, { text: 'z'.repeat(CLAIM_CHARS_MAX) }],
    })
    assert.deepEqual(
      long.claims.map(({ text }) => text.length),
      [CLAIM_CHARS_MAX, CLAIM_CHARS_MAX],
    )
    const quotes = Array.from({ length: 2 * CLAIM_SOURCES_MAX + 1 }, (_, i) => ({ memory: i + 1, text: 'q' }))
    assert.equal(of({ claims: [{ text: 'c', quotes }] }).claims[0]?.quotes.length, 2 * CLAIM_SOURCES_MAX)
  })
  test('labels in any dress', () => {
    const quotes = [
      1,
      '2',
      '[3]',
      'memory 4',
      { memory: '[5]', text: 'said' },
      0,
      -1,
      1.5,
      'one',
      null,
      {},
      1e99,
    ]
    const [claim] = of({ claims: [{ text: 'c', quotes }] }).claims
    assert.deepEqual(
      claim?.quotes.map(({ label }) => label),
      [1, 2, 3, 4, 5],
    )
    assert.equal(claim?.quotes[4]?.said, 'said')
  })
  test('claims of no form', () => {
    const claims = ['bare', 7, null, [], {}, { text: '' }, { text: 'twice', quotes: 'x' }, { text: 'twice' }]
    assert.deepEqual(
      of({ claims }).claims.map(({ text }) => text),
      ['bare', '7', 'twice'],
    )
  })
})

const answers = [answerOf('a'), answerOf('b'), answerOf('c')]
const review = reviewPrompt({
  task: digestFrom('task'),
  reviewer: 'r',
  question: question(),
  answers,
  own: [],
  recollected: NOTHING_RECOLLECTED,
})
const quotes = ['one', 'two', 'three'].map((text) => ({ memory: digestFrom(text), text }))
const holder = { text: 'x', reason: null, claims: [{ text: 'c', quotes: [0, 1, 2] }], quotes }
const write = writePrompt({ question: question(), answer: 'x', holders: [holder], dissent: [] })
const validate = validatePrompt({ question: question(), answer: 'x', text: 't', quotes })

test('whatever a model replies, nothing throws, and what is taken is within its bounds', () => {
  const structures = [answerStructure([]), answerStructure(CHOICES)] as const
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.integer(),
    fc.double(),
    fc.constantFrom('A', 'B', 'Oslo', '50', 'R1', '[1]', null, true),
    fc.string({ unit: 'binary' }),
  )
  const item = fc.record(
    {
      answer: value,
      confidence: value,
      text: value,
      memory: value,
      quotes: fc.oneof(value, fc.array(value)),
      flaw: value,
    },
    { requiredKeys: [] },
  )
  const list = fc.oneof(value, fc.array(fc.oneof(value, item), { maxLength: 40 }))
  const reply = fc.record(
    {
      answer: value,
      confidence: value,
      reason: value,
      others: list,
      claims: list,
      ranking: list,
      text: value,
      approved: value,
      flaw: value,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(reply, value), (said) => {
      for (const [i, structure] of structures.entries()) {
        const read = structure.read(said)
        if (!read.ok || read.value.kind !== 'answered') continue
        const { hypotheses, confidence } = read.value
        assert.ok(hypotheses.length >= 1 && hypotheses.length <= OTHERS_MAX + 1)
        for (const [at, { text, weight }] of hypotheses.entries()) {
          assert.ok(Number.isInteger(weight) && weight >= 1)
          assert.ok(at === 0 || weight <= (hypotheses[at - 1]?.weight ?? 0))
          assert.ok(text.isWellFormed() && createClassifier(i === 0 ? [] : CHOICES)(text) !== null)
          assert.ok(i === 0 || CHOICES.includes(text))
        }
        assert.ok(hypotheses.reduce((sum, { weight }) => sum + weight, 0) <= PER_MILLE)
        assert.ok(
          confidence === null || (Number.isInteger(confidence) && confidence >= 0 && confidence <= PER_MILLE),
        )
      }
      review?.structure.read(said)
      write.structure.read(said)
      validate.structure.read(said)
    }),
    { numRuns: 2000 },
  )
})

describe('rankings', () => {
  const labelOf = (ranking: unknown) => {
    const read = review?.structure.read({ ranking })
    return read?.ok ? read.value.length : null
  }
  const cases: readonly [name: string, ranking: unknown, length: number | null][] = [
    ['whole', ['R1', 'R2', 'R3'].map((answer) => ({ answer, flaw: 'f' })), 3],
    ['labels in any dress', ['answer R2', '[R1]', 3], 3],
    ['twice the same', ['R1', 'R1', 'R2'], 2],
    ['labels of nobody', ['R4', 'R0', 'X', 'R1', 'R3'], 2],
    ['hardly any', ['R1'], null],
    ['none', [], null],
    ['no list', 'the first is best', null],
  ]
  for (const [name, ranking, length] of cases) test(name, () => assert.equal(labelOf(ranking), length))

  test('a flaw is a sentence, or nothing', () => {
    const flaws = ['  ', 'None.', null, 'no flaw found', 7, 'It is wrong.', 'f'.repeat(FLAW_CHARS_MAX + 1)]
    const read = flaws.map((flaw) => {
      const found = review?.structure.read({ ranking: [{ answer: 'R1', flaw }, 'R2'] })
      return found?.ok ? found.value[0]?.flaw : undefined
    })
    assert.deepEqual(read.slice(0, 6), [null, null, null, null, '7', 'It is wrong.'])
    assert.equal(read[6]?.length, FLAW_CHARS_MAX)
  })
})

describe('written texts', () => {
  const written = (text: unknown) => {
    const read = write.structure.read({ text })
    return read.ok && read.value ? [read.value.text, read.value.quotes.map((quote) => quote.text)] : read.ok
  }
  const cases: readonly [name: string, text: unknown, expected: unknown][] = [
    ['cites', 'x, as [2] says.', ['x, as [1] says.', ['two']]],
    ['cites twice', 'x [3][1], and [3].', ['x [1][2], and [1].', ['three', 'one']]],
    ['cites several', 'x [1, 3].', ['x [1][2].', ['one', 'three']]],
    ['cites nothing', 'x.', ['x.', []]],
    ['cites what is not there', 'x [4], y [0], z [99, 2].', ['x, y, z [1].', ['two']]],
    ['empty', ' ', false],
    ['nothing but a citation', '[9]', false],
    ['a refusal', 'I’m sorry, I can’t help with that.', true],
    ['the longest', 'x'.repeat(WRITTEN_CHARS_MAX), ['x'.repeat(WRITTEN_CHARS_MAX), []]],
    ['one more', 'x'.repeat(WRITTEN_CHARS_MAX + 1), false],
  ]
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(written(text), expected))
})

test('the longest answer, text and quotes are one entry', () => {
  for (const char of ['x', '漢']) {
    const answer = char.repeat(ANSWER_CHARS_MAX)
    const many = Array.from({ length: REFERENCES_MAX + 1 }, (_, i) => `${i}`.padEnd(4) + char.repeat(1000))
    const said = [char.repeat(20_000), ...many].map((text) => ({ memory: digestFrom(text), text }))
    const holders = said.map((quote) => ({
      ...holder,
      claims: [{ text: 'c', quotes: [0] }],
      quotes: [quote],
    }))
    const all = { ...holder, claims: [{ text: 'c', quotes: said.map((_, i) => i) }], quotes: said }
    for (const [won, shown] of [
      [answer, [all]],
      ['x', [all]],
      ['x', holders],
    ] as const) {
      const { structure } = writePrompt({ question: question(), answer: won, holders: shown, dissent: [] })
      const cited = said.map((_, i) => `[${i + 1}]`).join('')
      const read = structure.read({ text: char.repeat(WRITTEN_CHARS_MAX - cited.length) + cited })
      assert.ok(read.ok && read.value && read.value.quotes.length > 0)
      assert.ok(read.value.quotes.every(({ text }) => text.length < 20_000))
      const contributions = said.slice(0, REFERENCES_MAX).map(({ memory }) => memory)
      const payload = {
        task: digestFrom('task'),
        contributions,
        masses: contributions.map(() => MASS_MAX),
        answer: won,
      }
      const bytes = encodeSynthesis({ ...payload, outcome: { ...read.value, failure: null } })
      assert.ok(bytes.length <= PAYLOAD_BYTES_MAX, `${bytes.length} bytes`)
      assert.ok(decodeSynthesis(bytes))
    }
  }
})

describe('validations', () => {
  const validated = (approved: unknown, flaw: unknown = 'f') => {
    const read = validate.structure.read({ approved, flaw })
    return read.ok ? [read.value.isApproved, read.value.flaw] : null
  }
  for (const yes of [true, 'true', 'Yes', 'approved'])
    test(`yes: ${yes}`, () => assert.deepEqual(validated(yes), [true, null]))
  for (const no of [false, 'no', 'Not approved'])
    test(`no: ${no}`, () => assert.deepEqual(validated(no), [false, 'f']))
  for (const other of ['perhaps', null, 1, {}])
    test(`neither: ${other}`, () => assert.equal(validated(other), null))
})
