import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SENTENCE_CHARS_MAX, splitSentences } from '../../../../src/core/reasoning/sentences.ts'
import { fuzz } from '../../../support/fuzz.ts'

const split = (text: string) => splitSentences(text).map(({ start, end }) => text.slice(start, end))
const kinds = (text: string) =>
  splitSentences(text).map(({ kind, start, end }) => `${kind}: ${text.slice(start, end)}`)

describe('prose', () => {
  const cases: readonly (readonly string[])[] = [
    ['A log has no gap.', 'Its entries are numbered!', 'Is it signed?', 'Yes'],
    ['Dr. Smith met Prof. J. R. Jones at 3.14 p.m. on Mon. 4 May.', 'They left.'],
    [
      'Use node.js v24.21.0, e.g. for spores, i.e. nodes.',
      'See file.ts:12 and https://a.example/x.y?z=1.',
      'Done.',
    ],
    ['Apples, pears, etc. are fruit.', 'He bought apples, pears, etc.', 'Then he left.'],
    ['She works at Acme Inc.', 'The pay is good.'],
    ['He said: “Stop.”', '(She did.)', '"Why?" he asked.'],
    ['Wait... what happened?', 'Well… nothing did.'],
    ['So do I.', 'You know it.'],
    ['it works fine.', 'i told you already.', 'nobody listens'],
    ['Really?!', 'Yes!!!', 'No.'],
    ['It costs 3.50 in 1999.', 'Today it is 4.'],
  ]
  for (const sentences of cases)
    test(sentences[0] as string, () => assert.deepEqual(split(sentences.join(' ')), sentences))

  test('Japanese and Chinese full stops need no blank', () =>
    assert.deepEqual(split('記憶は署名されている。「消えますか？」いいえ！本当です'), [
      '記憶は署名されている。',
      '「消えますか？」',
      'いいえ！',
      '本当です',
    ]))

  test('a soft line break does not end a sentence, a blank line does', () =>
    assert.deepEqual(split('one line\nand its end. Two\r\n\r\nthree\n\n\n four '), [
      'one line\nand its end.',
      'Two',
      'three',
      'four',
    ]))

  test('nothing comes of blanks', () => {
    for (const text of ['', ' ', '\n\n\t\r\n', '---\n***\n===']) assert.deepEqual(split(text), [])
  })
})

describe('Markdown', () => {
  test('headings, lists, quotations, tables, rules and code', () => {
    const text = `# The frontier #1

A frontier is what a replica has. It is
a map.

## Parts
- the next number. No gap
* the head's hash
  and its signature
1. first
2) second
> quoted. Twice.
> - nested

| log | next |
|-----|:----:|
| a.b | 4 |

---
\`\`\`ts
const a = b.c()

// Not a sentence. Nor this.
\`\`\`
Behind the code.`
    assert.deepEqual(kinds(text), [
      'heading: The frontier #1',
      'prose: A frontier is what a replica has.',
      'prose: It is\na map.',
      'heading: Parts',
      'prose: the next number.',
      'prose: No gap',
      "prose: the head's hash\n  and its signature",
      'prose: first',
      'prose: second',
      'prose: quoted.',
      'prose: Twice.',
      'prose: nested',
      'row: | log | next |',
      'row: | a.b | 4 |',
      'code: const a = b.c()',
      'code: // Not a sentence. Nor this.',
      'prose: Behind the code.',
    ])
  })

  test('a fence that is never closed is code to the end', () =>
    assert.deepEqual(kinds('~~~\na. b\n```\nc'), ['code: a. b', 'code: ```', 'code: c']))
})

describe('spans', () => {
  const pieces = fc.constantFrom(
    ...[
      '. ',
      '.',
      '? ',
      '…',
      '\n',
      '\n\n',
      '# ',
      '- ',
      '1. ',
      '> ',
      '| ',
      '```\n',
      'Dr',
      'e.g',
      'A',
      'é',
      '。',
      '🍄',
      '\ud800',
    ],
    ...[
      '\u0000',
      '\u202e',
      '\u2028',
      '“',
      '”',
      '_',
      '*',
      ' ',
      '\t',
      'word',
      'B'.repeat(450),
      '🍄'.repeat(250),
    ],
  )
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  )

  test('ascend, do not overlap, are not blank, are bounded and cut no character', () =>
    fuzz(text, (value) => {
      let last = 0
      for (const { start, end } of splitSentences(value)) {
        assert.ok(start >= last && end > start && end <= value.length)
        assert.ok(end - start <= SENTENCE_CHARS_MAX)
        const sentence = value.slice(start, end)
        assert.equal(sentence, sentence.trim())
        if (value.isWellFormed()) assert.ok(sentence.isWellFormed())
        last = end
      }
    }))

  test('leave no letter out, but for marks of lists and code', () =>
    fuzz(text, (value) => {
      const letters = (part: string) => part.replace(/[^A-Za-zé。🍄]/gu, '')
      assert.equal(letters(split(value).join('')), letters(value))
    }))

  test('one character more than allowed makes two', () => {
    assert.equal(split('x'.repeat(SENTENCE_CHARS_MAX)).length, 1)
    assert.equal(split('x'.repeat(SENTENCE_CHARS_MAX + 1)).length, 2)
    assert.deepEqual(
      split(`${'word '.repeat(100)}end`).map((part) => part.endsWith('word') || part.endsWith('end')),
      [true, true],
    )
  })
})

test('64 KiB of the worst text takes no more steps than of any other', () => {
  for (const unit of [
    '.',
    '. ',
    'a.',
    '"',
    '!"',
    'a\n\n',
    '> ',
    '- ',
    '#',
    '|',
    '。',
    '```\n',
    '*',
    ' ',
    'e.g. ',
    '1) ',
  ])
    splitSentences(unit.repeat(Math.ceil(65_536 / unit.length)))
})
