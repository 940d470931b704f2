import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnalyser, GRAM_CHARS, TERM_CHARS_MAX } from '../../../../src/core/retrieval/analysis.ts'

const analyser = createAnalyser()
const termsOf = (text: string) => [...analyser.document(text).terms.keys()].sort()
const gramsOf = (text: string) => [...analyser.document(text).grams.keys()].sort()

const cases: readonly [behaviour: string, text: string, terms: string[]][] = [
  ['stems words and drops stop words', 'The horses were running', ['hors', 'run']],
  ['drops question words', 'When did what happen?', ['happen']],
  ['drops contractions with either apostrophe', "don’t it's we’ll can't", []],
  ['strips possessives', 'Caroline’s dog, the dogs’ bowl', ['bowl', 'carolin', 'dog']],
  ['folds compatible characters (NFKC)', 'ﬁle ｆｕｌｌ', ['file', 'full']],
  ['keeps other scripts', 'Zürich Привет', ['zürich', 'привет']],
  ['takes camel case apart and keeps it whole', 'fooBarBaz', ['bar', 'baz', 'foo', 'foobarbaz']],
  ['takes acronyms in camel case apart', 'parseHTTPBody', ['bodi', 'http', 'pars', 'parsehttpbody']],
  ['takes snake case apart and keeps it whole', 'snake_case', ['case', 'snake', 'snake_case']],
  ['takes a path with line apart and keeps it whole', 'lib/b.ts:12', ['12', 'b', 'lib', 'lib/b.ts:12', 'ts']],
  ['leaves the full stop of a sentence out', 'In lib/b.ts.', ['b', 'lib', 'lib/b.ts', 'ts']],
  ['indexes emoji', 'party 🎉', ['parti', '🎉']],
  ['indexes characters and pairs of Japanese', '猫が好き', ['が', 'が好', 'き', '好', '好き', '猫', '猫が']],
  ['finds nothing in punctuation', '!!! … ---', []],
  ['knows the names of object members as words', 'constructor __proto__', ['constructor', 'proto']],
]
for (const [behaviour, text, terms] of cases) {
  test(behaviour, () => assert.deepEqual(termsOf(text), [...terms].sort()))
}

test('a query of several unspaced characters asks for pairs only, a single one for itself', () => {
  assert.deepEqual([...analyser.query('猫が').terms.keys()], ['猫が'])
  assert.deepEqual([...analyser.query('猫').terms.keys()], ['猫'])
})

test('grams cross the ends of words with a space and count repetitions', () => {
  assert.deepEqual(gramsOf('house'), [' hou', 'hous', 'ouse', 'use '].sort())
  assert.equal(analyser.document('house house').grams.get('hous'), 2)
  assert.deepEqual(gramsOf('ox'), [' ox '])
  assert.deepEqual(gramsOf('x'), [' x '])
  for (const gram of gramsOf('some longer text with words')) assert.ok(gram.length <= GRAM_CHARS)
})

test('a speaker is one term, however often the text says the name', () => {
  assert.equal(analyser.document('Ann, Ann and Ann', 'Ann').terms.get('ann'), 1)
  assert.equal(analyser.document('hello there', 'Ann').terms.get('ann'), 1)
})

test('a term longer than the bound is cut', () => {
  const [term] = analyser.document('x'.repeat(TERM_CHARS_MAX + 1)).terms.keys()
  assert.equal(term?.length, TERM_CHARS_MAX)
  const [whole] = analyser.document('y'.repeat(TERM_CHARS_MAX)).terms.keys()
  assert.equal(whole?.length, TERM_CHARS_MAX)
})

test('lone surrogates are analysed without an error', () => {
  assert.deepEqual(termsOf('\ud800 tower \udc00'), ['tower'])
})
