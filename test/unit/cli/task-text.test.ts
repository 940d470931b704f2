/** What commands say of a task: the answer and how it came about, each step once, nothing that commands the terminal. */
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { createOutput } from '../../../src/cli/output.ts'
import { createTaskTeller } from '../../../src/cli/task-teller.ts'
import { describeAnswer, describeTask } from '../../../src/cli/task-text.ts'
import type { TaskEvent } from '../../../src/core/protocol/api.ts'
import { contribution, OTHER, review, settlement, task } from '../../support/task-samples.ts'

test('an answer shows its citations, conclusion, margin, dissent, what degrades it and who is missing', () => {
  const text = describeAnswer(
    task({
      settlement: settlement(),
      degraded: true,
      degradedBecause: ['two of five answered'],
      missing: [{ author: OTHER, why: 'it sleeps' }],
    }),
  )
  for (const part of [
    /Canberra is the capital\. \[1\]/,
    /Sources\n {2}\[1\] notes#3 {2}by herOther\n {6}bafyrei/,
    /Conclusion {2}Canberra\n/,
    /Margin {6}42 % {2}\(3 answers, weighed/,
    /Dissent {5}29 % Sydney {2}by herO0003\n {12}herO0003: it is the largest city/,
    /Missing {5}herOther \(it sleeps\)/,
    /note: degraded answer \(two of five answered\)/,
  ])
    assert.match(text, part)
  assert.doesNotMatch(describeAnswer(task()), /Conclusion|Margin|Dissent|Missing|note:/)
})

test('one answer alone has no margin, and an answer that is its own conclusion is not said twice', () => {
  const [alone] = settlement().participants
  const text = describeAnswer(
    task({ answer: 'Canberra', settlement: settlement({ participants: [alone!], dissent: [] }) }),
  )
  assert.doesNotMatch(text, /Conclusion|Margin|Dissent/)
})

test('without an answer the reason stands there', () => {
  const none = { answer: null, sources: [] }
  assert.match(
    describeAnswer(task({ ...none, status: 'failed', reason: 'all models are down' })),
    /No answer: all models/,
  )
  assert.match(describeAnswer(task({ ...none, status: 'open' })), /No answer yet/)
  assert.match(describeAnswer(task({ ...none, status: 'cancelled' })), /Cancelled/)
})

test('a task shows everything that was said about it', () => {
  const text = describeTask(
    task({
      choices: ['Canberra', 'Sydney'],
      agreement: [0.5, 0.75],
      seals: 2,
      attempt: 1,
      settlement: settlement(),
      contributions: [
        contribution(1, { reason: 'the notes say so', others: [{ text: 'Perth', share: 0.1 }] }),
        contribution(2, { text: null, failure: 'the model refused', confidence: null }),
      ],
      reviews: [review(1)],
      resolution: {
        verdict: 'corrected',
        correction: 'Canberra, ACT',
        author: OTHER,
        createdAt: '2026-11-22',
      },
    }),
  )
  for (const part of [
    /\? Which city/,
    /· Sydney/,
    /agreement 50 % → 75 %/,
    /asked anew once/,
    /Contributions \(2, 2 sealed\)/,
    /herO0001 \(scripted-1\) as explorer {2}\(sure 70 %, sealed first\)\n {6}answer 1/,
    /or, at 10 %: Perth/,
    /because: the notes say so/,
    /no answer: the model refused/,
    /Reviews \(1\)\n {2}herOther \(scripted-1\), round 0\n {6}1\. herO0001 \(scripted-1\) answer 1: it rests on one source/,
    /Resolved {4}corrected: Canberra, ACT {2}\(by herOther/,
  ])
    assert.match(text, part)
})

test('no part of a task commands the terminal', () => {
  const evil = 'x\u001b[2J\u009b31m\u202e'
  const text = describeTask(
    task({
      task: evil,
      answer: evil,
      reason: evil,
      space: evil,
      choices: [evil, `${evil}2`],
      degraded: true,
      degradedBecause: [evil],
      missing: [{ author: evil, why: evil }],
      sources: [{ id: 'bafyrei', quote: evil, author: evil, thread: evil, position: 1 }],
      settlement: settlement({
        conclusion: evil,
        writer: evil,
        synthesizer: evil,
        dissent: [{ answer: evil, share: 1, authors: [evil], reasons: [{ author: evil, reason: evil }] }],
        ownView: { conclusion: evil, rule: 'weighted', margin: 0 },
      }),
      contributions: [
        contribution(1, {
          text: evil,
          model: evil,
          role: evil,
          reason: evil,
          others: [{ text: evil, share: 1 }],
        }),
        contribution(2, { text: null, failure: evil }),
      ],
      reviews: [review(1, { model: evil, ranking: [{ contribution: 'x', flaw: evil }] })],
      resolution: { verdict: 'corrected', correction: evil, author: evil, createdAt: '' },
    }),
  )
  for (const character of ['\u001b', '\u009b', '\u202e']) assert.ok(!text.includes(character))
})

function terminal({ isTTY = true, json = false } = {}) {
  let text = ''
  const stderr = Object.assign(
    new Writable({
      write(part, _encoding, done) {
        text += part
        done()
      },
    }),
    { isTTY },
  ) as unknown as NodeJS.WriteStream
  return { stderr, output: createOutput({ stdout: stderr, stderr }, json), text: () => text }
}

const STEPS: readonly TaskEvent[] = [
  { type: 'task', task: task({ status: 'open', phase: 'diverge', contributions: [contribution(1)] }) },
  { type: 'seal', author: OTHER, round: 0 },
  { type: 'contribution', contribution: contribution(1) },
  { type: 'contribution', contribution: contribution(2, { text: null, failure: 'refused' }) },
  { type: 'phase', phase: 'deepen', round: 1 },
  { type: 'review', review: review(1) },
  { type: 'done', task: task() },
]

test('a person at a terminal is told each step once, also where it is told again', () => {
  const { stderr, output, text } = terminal()
  const tell = createTaskTeller({ stderr, output })
  for (const event of [...STEPS, ...STEPS]) tell(event)
  assert.deepEqual(text().trimEnd().split('\n'), [
    '· phase diverge',
    '· herO0001 (scripted-1) as explorer answers: answer 1',
    '· herOther has fixed an answer',
    '· herO0002 (scripted-1) as explorer has no answer: refused',
    '· phase deepen, round 1',
    '· herOther (scripted-1) reviews 1 answers',
  ])
})

test('a program, a pipe and a file are told nothing on the way', () => {
  for (const options of [{ isTTY: false }, { json: true }]) {
    const { stderr, output, text } = terminal(options)
    const tell = createTaskTeller({ stderr, output })
    for (const event of STEPS) tell(event)
    assert.equal(text(), '')
  }
})
