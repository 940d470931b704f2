import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addBm25Scores,
  createScoreBoard,
  INSIDE,
  OUTSIDE,
  resetScoreBoard,
  type WeightedFeature,
} from '../../../../src/core/retrieval/bm25.ts'
import { createInvertedIndex } from '../../../../src/core/retrieval/inverted-index.ts'

// Three texts, 3 + 2 + 1 words: mean length 2.
const index = createInvertedIndex()
index.add(
  0,
  new Map([
    ['red', 2],
    ['fox', 1],
  ]),
)
index.add(
  1,
  new Map([
    ['red', 1],
    ['hen', 1],
  ]),
)
index.add(2, new Map([['owl', 1]]))

function scoresOf(features: WeightedFeature[], states = [INSIDE, INSIDE, INSIDE]) {
  const board = createScoreBoard()
  resetScoreBoard(board, 3)
  const gate = { states: Uint8Array.from(states), decide: (ordinal: number) => states[ordinal]! }
  const buffer = { ordinals: new Int32Array(3), counts: new Int32Array(3) }
  const possible = addBm25Scores(index, features, { k1: 1.2, b: 0.75 }, gate, board, buffer)
  return { board, possible, scores: [...board.scores].slice(0, 3) }
}

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-12, `${actual} is not ${expected}`)

test('scores a tiny collection as by hand', () => {
  const { scores } = scoresOf([
    ['red', 1],
    ['fox', 1],
  ])
  // idf(red), in 2 of 3: ln(1 + 1.5 / 2.5); idf(fox), in 1 of 3: ln(1 + 2.5 / 1.5)
  const red = Math.log(1.6)
  const fox = Math.log(1 + 2.5 / 1.5)
  // norm = 1.2 × (.25 + .75 × length / 2): 1.65 for the text of 3, 1.2 for the text of 2
  near(scores[0], (red * 2 * 2.2) / (2 + 1.65) + (fox * 2.2) / (1 + 1.65))
  near(scores[1], (red * 2.2) / (1 + 1.2))
  assert.equal(scores[2], 0)
})

test('tells what each entry matched of what could be matched', () => {
  const { board, possible } = scoresOf([
    ['fox', 2],
    ['unknown', 1],
  ])
  near(board.matched[0], 2 * Math.log(1 + 2.5 / 1.5))
  near(possible, 2 * Math.log(1 + 2.5 / 1.5) + Math.log(1 + 3.5 / 0.5))
  assert.deepEqual([...board.touched.subarray(0, board.touchedCount)], [0])
})

test('scores nothing outside of the gate', () => {
  const { scores, board } = scoresOf([['red', 1]], [OUTSIDE, INSIDE, INSIDE])
  assert.equal(scores[0], 0)
  assert.ok(scores[1]! > 0)
  assert.equal(board.touchedCount, 1)
})

test('a board forgets the query before', () => {
  const { board } = scoresOf([['red', 1]])
  resetScoreBoard(board, 3)
  assert.equal(board.touchedCount, 0)
  assert.ok(board.scores.every((score) => score === 0) && board.matched.every((idf) => idf === 0))
})
