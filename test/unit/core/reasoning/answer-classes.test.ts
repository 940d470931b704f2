/** Which answers are the same answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CLASSIFIED_CHARS_MAX,
  createClassifier,
  freeClass,
  LETTERS,
  NUMBER_DIGITS_MAX,
  SPAN_CHARS_MAX,
} from '../../../../src/core/reasoning/answer-classes.ts'

const same: readonly (readonly string[])[] = [
  [
    'Paris',
    'paris',
    ' PARIS. ',
    '"Paris"',
    '**Paris**',
    'The answer is: Paris',
    'Answer: Paris!',
    'Ｐａｒｉｓ',
  ],
  ['Eiffel Tower', 'the Eiffel  tower', 'an eiffel\ntower.'],
  ['1000', '1,000', '1000.0', '+1e3', '0001000', '1,000.000', 'The answer is 1000.'],
  ['12.5 km', '12.50km', '1.25e1 KM'],
  ['-3', '−3', '-3.0'],
  ['0', '-0', '0.00', '0e5'],
  ['50%', '50 %', '50.0 %'],
  ['$5', '$5.00'],
]
test('what says the same is one class', () => {
  for (const texts of same)
    assert.deepEqual([...new Set(texts.map(freeClass))], [freeClass(texts[0] as string)], texts.join(' | '))
})

test('what says something else is another class', () => {
  const different = [
    'Paris',
    'London',
    '1000',
    '1001',
    '1,5',
    '15',
    '12.5 km',
    '12.5 m',
    '50',
    '50%',
    '-3',
    '3',
    'A',
    '1e3 m',
    '.001',
  ]
  assert.equal(new Set(different.map(freeClass)).size, different.length)
  assert.ok(!different.map(freeClass).includes(null))
})

test('no words are no answer', () => {
  for (const text of ['', '  \n', '...', '""', '**'])
    assert.equal(freeClass(text), null, JSON.stringify(text))
})

test('a choice is known by its text, its number, its letter, or letter and text', () => {
  const classOf = createClassifier(['Paris', 'London', '4.0'])
  for (const text of [
    'Paris',
    'paris.',
    'A)',
    '(a)',
    'a.',
    'Option A',
    'a) Paris',
    'The answer is (A)',
    'Answer: A',
  ])
    assert.equal(classOf(text), 'choice:0', text)
  assert.equal(classOf('4'), 'choice:2')
  assert.equal(classOf('c: 4.00'), 'choice:2')
})

test('what is none of the choices, or names one and says another, is no answer', () => {
  const classOf = createClassifier(['Paris', 'London'])
  for (const text of ['Rome', 'c', 'a) London', 'Paris or London', 'Paris, because of its tower', ''])
    assert.equal(classOf(text), null, text)
})

test('the text of a choice goes before its letter, and the first of two equal choices counts', () => {
  const classOf = createClassifier(['B', 'A', 'b.'])
  assert.equal(classOf('b'), 'choice:0')
  assert.equal(classOf('a'), 'choice:1')
})

test('one choice more than there are letters is known by its text alone', () => {
  const choices = Array.from({ length: LETTERS.length + 1 }, (_, i) => `word ${i}`)
  const classOf = createClassifier(choices)
  assert.equal(classOf('(z)'), `choice:${LETTERS.length - 1}`)
  assert.equal(classOf(`word ${LETTERS.length}`), `choice:${LETTERS.length}`)
  assert.equal(classOf('({)'), null)
})

test('a span of one character more is kept by its hash, and tells as well', () => {
  const longest = `x${'y'.repeat(SPAN_CHARS_MAX - 1)}`
  assert.equal(freeClass(longest), `text:${longest}`)
  const key = freeClass(`${longest}z`)
  assert.match(key ?? '', /^long:[\w-]{43}$/)
  assert.notEqual(key, freeClass(`${longest}w`))
})

test('a number of one digit more is a text', () => {
  const digits = '7'.repeat(NUMBER_DIGITS_MAX)
  assert.equal(freeClass(digits), `number:${digits}e0`)
  assert.equal(freeClass(`${digits}7`), `text:${digits}7`)
})

test('characters beyond the bound are not looked at', () => {
  const cut = 'ab '.repeat(CLASSIFIED_CHARS_MAX / 3).padEnd(CLASSIFIED_CHARS_MAX, 'a')
  assert.equal(freeClass(cut), freeClass(`${cut}b`))
  assert.notEqual(freeClass(cut), freeClass(`${cut.slice(0, -1)}b`))
})

test('texts made to be slow are classed, lone surrogates too', () => {
  for (const text of [
    '.'.repeat(65_536),
    '"'.repeat(65_536),
    `${'.!'.repeat(30_000)}a`,
    ' '.repeat(65_536),
    '1,111'.repeat(9000),
    `0.${'0'.repeat(65_000)}`,
  ])
    assert.doesNotThrow(() => createClassifier([text, 'b'])(text))
  assert.equal(freeClass('a\ud800b'), freeClass('a\ufffdb'))
})
