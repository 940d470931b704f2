/** The audit of what pruning costs: it is made in steps, and it can fail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecallAudit } from '../../../../src/core/retrieval/recall-audit.ts'
import { createRetriever, type RetrievalParams } from '../../../../src/core/retrieval/retriever.ts'
import { documentOf } from './fixtures.ts'

const WORDS = 'owl tower river bank mill heron winter stone bridge lamp'.split(' ')

function filled(documents: number, params: Partial<RetrievalParams> = {}) {
  const retriever = createRetriever({ params })
  for (let n = 0; n < documents; n++) {
    const text = WORDS.filter((_, at) => (n * 7919) % (at + 2) === 0).join(' ')
    retriever.put(documentOf(`d${n}`, `${text} number${n % 40}`))
  }
  return retriever
}

function audit(retriever: ReturnType<typeof filled>, questions: number) {
  const audited = createRecallAudit(retriever, retriever.parts!(), questions, 0)
  let steps = 1
  for (let looks = 0; audited.step(() => looks++ % 2 === 1); ) steps++
  return { recall: audited.recall, questions: audited.questions, steps }
}

test('where everything is scored the recall is 1, and it takes as many steps as its time allows', () => {
  const { recall, questions, steps } = audit(filled(1000), 5)
  assert.deepEqual([recall, questions], [1, 5])
  // 32 documents a step.
  assert.ok(steps >= 5 * Math.ceil(1000 / 32), String(steps))
})

test('a search that leaves out what it should find is found out', () => {
  const careless = filled(9000, { postingsMax: 1, scoredMax: 10, fuzzyMax: 0, gramWeight: 0 })
  const sure = careless.search.bind(careless)
  const half = { ...careless, search: (query: Parameters<typeof sure>[0]) => halved(sure(query)) }
  const { recall } = audit(half, 4)
  assert.ok(recall !== null && recall < 0.6, String(recall))
  function halved(reply: ReturnType<typeof sure>) {
    return { ...reply, hits: reply.hits.slice(0, reply.hits.length / 2) }
  }
})

test('what comes and goes while it is under way does not break it', () => {
  const retriever = filled(500)
  const audited = createRecallAudit(retriever, retriever.parts!(), 3, 1)
  let n = 0
  while (audited.step(() => n++ % 2 === 1)) {
    retriever.put(documentOf(`new${n}`, 'owl tower'))
    retriever.remove(documentOf(`d${n}`, '').id)
  }
  assert.ok(audited.recall !== null && audited.recall > 0.9)
})

test('of an empty index nothing is said', () => {
  assert.deepEqual(audit(filled(0), 5), { recall: null, questions: 0, steps: 1 })
})
