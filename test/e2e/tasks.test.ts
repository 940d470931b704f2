/** The swarm over real processes: real HTTP, real gossip, and models that a script answers for over the wire of a provider. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { TaskInput, TaskView } from '../../src/core/protocol/api.ts'
import { aggregateScripted } from '../support/aggregate-scripted.ts'
import {
  MODELS,
  type Reasoners,
  settled,
  startReasoners,
  submit,
  taskAt,
  until,
} from '../support/reasoners.ts'

const CHOICES = ['Oslo', 'Bergen', 'Tromsø', 'Bodø']
/** What the five models answer to each question: letters of the choices, and the stated chance of being right. */
const SCRIPT: readonly (readonly (readonly [string, number])[])[] = [
  [
    ['A', 90],
    ['A', 60],
    ['A', 80],
    ['A', 70],
    ['A', 95],
  ],
  [
    ['B', 90],
    ['B', 60],
    ['C', 80],
    ['B', 70],
    ['C', 95],
  ],
  [
    ['D', 90],
    ['B', 60],
    ['C', 80],
    ['B', 70],
    ['A', 95],
  ],
  // A tie, which is broken the same way everywhere.
  [
    ['C', 40],
    ['A', 99],
    ['C', 40],
    ['A', 99],
    ['D', 40],
  ],
]
/** Seconds until the deadline of a task whose asker is gone, and milliseconds in which its models answer. */
const SHORT_S = 6
const SLOW_MS = 1_000

/** What has to be the same on every spore. */
const answerOf = ({ status, answer, settlement, answeredAt }: TaskView) => ({
  status,
  answer,
  settlement: settlement && { ...settlement, ownView: null },
  answeredAt,
})

describe('five spores with a model each, of another family', () => {
  let field: Reasoners
  before(async () => {
    field = await startReasoners({
      think: ({ model, text }) => {
        const question = Number(/Question (\d+)/.exec(text)?.[1] ?? 0)
        const [answer, confidence] = SCRIPT[question]?.[MODELS.indexOf(model as never)] ?? ['A', 50]
        return { answer, confidence }
      },
    })
  })
  after(() => field[Symbol.asyncDispose]())

  const everywhere = (id: string): Promise<TaskView[]> =>
    Promise.all(field.spores.map((spore) => settled(spore, id)))

  test('come to one answer, which is that of the same answers in one process', async () => {
    await Promise.all(
      SCRIPT.map(async (answers, i) => {
        const input: TaskInput = { task: `Question ${i}: where?`, choices: CHOICES, space: 'commons' }
        const id = await submit(field.at(i), { ...input, effort: 'quick', answers: MODELS.length })
        const [first, ...others] = await everywhere(id)
        assert.ok(first)
        for (const other of others) assert.deepEqual(answerOf(other), answerOf(first))
        const expected = aggregateScripted(CHOICES, answers)
        assert.equal(first.settlement?.conclusion, expected.answer?.text)
        assert.equal(first.settlement?.rule, expected.rule)
        assert.deepEqual(
          first.settlement?.masses.map(({ answer, authors }) => [answer, authors.length]),
          expected.masses.map(({ text, authors }) => [text, authors.length]),
        )
      }),
    )
  })

  test('finish what one of them asked before it was killed, and agree when it is back', async () => {
    field.minds.delayMs = SLOW_MS
    const asker = field.at(0)
    const others = field.spores.slice(1)
    const input = { task: 'Question 1: once more, where?', choices: CHOICES, space: 'commons' }
    const id = await submit(asker, { ...input, effort: 'quick', deadline: SHORT_S })
    await Promise.all(others.map((spore) => until('the task', () => taskAt(spore, id))))
    await field.kill(0)
    const [first, ...more] = await Promise.all(others.map((spore) => settled(spore, id)))
    assert.ok(first)
    assert.equal(first.status, 'converged')
    assert.notEqual(first.settlement?.synthesizer, asker.did)
    for (const view of more) assert.deepEqual(answerOf(view), answerOf(first))
    await field.restart(0)
    const back = await settled(field.at(0), id)
    // The one accepted synthesis is that of who went on; the asker has nothing to say beside it.
    assert.deepEqual(answerOf(back), answerOf(first))
    // What it says from then on comes behind it in its log.
    field.minds.delayMs = 0
    const next = await submit(field.at(0), { ...input, task: 'Question 0: where, now?', effort: 'quick' })
    await everywhere(next)
    for (const view of await everywhere(id)) assert.deepEqual(answerOf(view), answerOf(first))
  })
})
