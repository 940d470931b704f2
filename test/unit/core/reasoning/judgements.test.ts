/** What an operator's verdict leaves behind: evidence that grows by it, once, and is taken back where he judges anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryStore } from '../../../../src/core/memory/store.ts'
import { decodeHeader } from '../../../../src/core/protocol/entry.ts'
import { decodeEvidence, type EvidenceRow } from '../../../../src/core/protocol/evidence-payload.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { createMind } from '../../../../src/sim/model.ts'
import { createLoopback, type Loopback, type Member } from '../../../support/loopback.ts'

const ANSWERS: Readonly<Record<string, string>> = { ann: 'Paris', bob: 'Lyon', cid: 'Paris' }

/** A spore whose three models say Paris, Lyon and Paris. */
const open = (network: Loopback, store?: MemoryStore): Promise<Member> =>
  network.open('ada', {
    ...(store && { store }),
    models: (clock) =>
      Object.entries(ANSWERS).map(([name, answer]) =>
        createMind({ name: `test/${name}`, family: name, think: () => ({ answer }) }, { clock }),
      ),
  })

async function ask({ spore }: Member, network: Loopback, task = 'What is the capital of France?') {
  const asked = await spore.submitTask({ task, effort: 'quick' })
  assert.ok(asked.ok)
  await network.clock.advance(2_000)
  return asked.value.task_id
}

/** Rows of evidence in the order of their entries, the family and the counters alone. */
async function evidence({ store }: Member): Promise<string[][]> {
  const entries = await store.entriesAfter(0, 1000)
  return entries.flatMap(({ header, payload }) => {
    const decoded = decodeHeader(header)
    if (!payload || !decoded.ok || decoded.value.kind !== KINDS.evidence) return []
    return [(decodeEvidence(payload)?.rows ?? []).map(told).sort()]
  })
}
const told = ({ subject, kind, counters }: EvidenceRow): string => {
  const { right, wrong, rightBack, wrongBack } = counters
  return `${kind} ${subject.split(' ')[1]} +${right}-${rightBack} −${wrong}-${wrongBack}`
}

test('a verdict counts once for each who answered, however often it is given', async () => {
  await using network = createLoopback('judge')
  const ada = await open(network)
  const id = await ask(ada, network)
  for (let i = 0; i < 2; i++) assert.ok((await ada.spore.resolveTask(id, { verdict: 'right' })).ok)
  assert.deepEqual(await evidence(ada), [
    ['answer ann +1-0 −0-0', 'answer bob +0-0 −1-0', 'answer cid +1-0 −0-0'],
  ])
})

test('verdicts that are given at the same time all count', async () => {
  await using network = createLoopback('judge at once')
  const ada = await open(network)
  const ids = [await ask(ada, network), await ask(ada, network, 'And which city do kings of France live in?')]
  await Promise.all(ids.map((id) => ada.spore.resolveTask(id, { verdict: 'right' })))
  assert.deepEqual((await evidence(ada)).at(-1), [
    'answer ann +2-0 −0-0',
    'answer bob +0-0 −2-0',
    'answer cid +2-0 −0-0',
  ])
})

test('who judges anew takes back what he had counted, also after a restart', async () => {
  await using network = createLoopback('judge anew')
  const before = await open(network)
  const id = await ask(before, network)
  assert.ok((await before.spore.resolveTask(id, { verdict: 'right' })).ok)
  const { store } = before
  await before.close()
  const ada = await open(network, store)
  assert.ok((await ada.spore.resolveTask(id, { verdict: 'corrected', correction: 'Lyon' })).ok)
  assert.deepEqual((await evidence(ada)).at(-1), [
    'answer ann +1-1 −1-0',
    'answer bob +1-0 −1-1',
    'answer cid +1-1 −1-0',
  ])
})
