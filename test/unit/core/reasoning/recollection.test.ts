/** What is recalled before answering: from what the task's space may read, within a budget, each memory behind its label. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest, SpaceId } from '../../../../src/core/base/brand.ts'
import { digestToCid } from '../../../../src/core/base/hash.ts'
import { createSpaces } from '../../../../src/core/memory/spaces.ts'
import { QUERY_CHARS_MAX } from '../../../../src/core/protocol/limits.ts'
import { RECALLED_MAX } from '../../../../src/core/protocol/task-limits.ts'
import {
  ANSWER_TAG,
  answerMemoryText,
  createPastAnswers,
} from '../../../../src/core/reasoning/past-answers.ts'
import {
  createRecollection,
  RECALL_TOKENS,
  type RecollectInput,
} from '../../../../src/core/reasoning/recollection.ts'
import {
  createSimilarTasks,
  SIMILAR_CHARS_MAX,
  SIMILAR_MAX,
} from '../../../../src/core/reasoning/similar-tasks.ts'
import { estimateTokens } from '../../../../src/core/retrieval/context-pack.ts'
import type { Recall, Recalled } from '../../../../src/core/retrieval/recall.ts'
import { createRetriever, type Scope } from '../../../../src/core/retrieval/retriever.ts'
import { COMMONS, digestFrom, fencesOf, PRIVATE } from './fixtures-prompts.ts'

const SELF = 'did:key:zSelf' as Did
const OTHER = 'did:key:zOther' as Did
const STRANGER = 'did:key:zStranger' as Did

interface Told {
  readonly text: string
  readonly space?: SpaceId
  readonly author?: Did
  readonly thread?: string | null
  readonly tags?: readonly string[]
  readonly sources?: readonly string[]
}

/** A recollection over the real index and the real resolver of spaces. */
function remembering(told: readonly Told[], { isOpen = false } = {}) {
  const retriever = createRetriever()
  const stored = new Map<string, Recalled['memory']>()
  const asked: { query: string; scope: Scope }[] = []
  for (const { text, space = COMMONS, author = SELF, thread = null, tags = [], sources = [] } of told) {
    const id = digestFrom(text)
    const payload = {
      text,
      tags,
      thread,
      position: thread === null ? null : 1,
      speaker: null,
      sources,
    }
    stored.set(id, { id, payload, dots: [] })
    retriever.put({ ...payload, sources: [], id, provenance: [{ space, author, atMs: 1000 }] })
  }
  const recall: Pick<Recall, 'recall'> = {
    recall: async (query, scope, limit) => {
      asked.push({ query, scope })
      // One that is broken finds what it should not.
      const { hits } = retriever.search({ text: query, limit, scope: isOpen ? {} : scope, explain: false })
      return hits.map((hit) => ({
        hit,
        memory: stored.get(hit.id) as Recalled['memory'],
        standing: { isStrange: false, trust: hit.provenance.author === SELF ? 1 : null },
      }))
    },
  }
  const similar = createSimilarTasks()
  const right = new Set<Digest>()
  const pastAnswers = createPastAnswers((attempt) => right.has(attempt))
  const recollection = createRecollection({
    recall,
    similarTasks: (text, spaces, isLeftOut) => similar.query(text, spaces, 10, isLeftOut),
    isQuarantined: (author) => author === STRANGER,
    pastAnswers,
    self: SELF,
  })
  const spaces = createSpaces()
  const recollect = (text: string, changes: Partial<RecollectInput> & { space?: SpaceId } = {}) => {
    const { space = COMMONS, ...rest } = changes
    const scope = { spaces: spaces.readableFrom(space) }
    return recollection.recollect({ text, choices: [], scope, nowMs: 2000, calibration: null, ...rest })
  }
  return { recollect, asked, similar, pastAnswers, right }
}

const OWL = 'The owl of Oslo sleeps at noon.'
const SECRET = 'The owl of Oslo belongs to my neighbour.'

for (const isOpen of [false, true])
  test(`private memories are not recalled for a task in commons, ${isOpen ? 'even if they are found' : 'and not found'}`, async () => {
    const told = [{ text: OWL }, { text: SECRET, space: PRIVATE }]
    const { recollect } = remembering(told, { isOpen })
    const open = await recollect('What does the owl of Oslo do?')
    assert.deepEqual(
      open.memories.map(({ text }) => text),
      [OWL],
    )
    assert.ok(!open.pack.includes('neighbour') && !open.pack.includes(digestToCid(digestFrom(SECRET))))
    const own = await recollect('What does the owl of Oslo do?', { space: PRIVATE })
    assert.deepEqual(own.memories.map(({ text }) => text).sort(), [SECRET, OWL].sort())
  })

test('an answer that was given before is recalled once it is found right, and not where it is not', async () => {
  const [first, second] = [digestFrom('first'), digestFrom('second')]
  const answer = (said: string, synthesis: Digest) => ({
    text: answerMemoryText('When does the owl of Oslo sleep?', said),
    tags: [ANSWER_TAG],
    sources: [digestToCid(synthesis)],
  })
  const told = [{ text: OWL }, answer('At noon.', first), answer('At night.', second)]
  const { recollect, pastAnswers, right } = remembering(told)
  const texts = async () =>
    (await recollect('When does the owl of Oslo sleep?')).memories.map(({ text }) => text).sort()
  assert.deepEqual(await texts(), [OWL], 'of none is it known what it answered')
  for (const one of [first, second]) pastAnswers.note(one, one)
  assert.deepEqual(await texts(), [OWL], 'nobody has checked them')
  right.add(first)
  assert.deepEqual(await texts(), [answer('At noon.', first).text, OWL])
})

test('a memory that is only tagged like an answer is recalled', async () => {
  const page = { text: OWL, tags: [ANSWER_TAG], sources: ['https://owls.example/oslo'] }
  const talk = { text: `Question: ${OWL}`, tags: [ANSWER_TAG], sources: [digestToCid(digestFrom('x'))] }
  const note = { text: answerMemoryText(OWL, 'yes'), sources: [digestToCid(digestFrom('x'))] }
  const { recollect } = remembering([page, talk, note])
  assert.equal((await recollect('What does the owl of Oslo do?')).memories.length, 3)
})

test('tasks of spaces that may not be read are no examples', async () => {
  const { recollect, similar } = remembering([])
  const add = (text: string, space: SpaceId) =>
    similar.add({ id: digestFrom(text), text, space, answer: 'x', verdict: 'right' })
  add('Where does the owl of Oslo sleep?', PRIVATE)
  add('When does the owl of Oslo sleep?', COMMONS)
  const texts = async (space: SpaceId) =>
    (await recollect('Does the owl of Oslo sleep?', { space })).similar.map(({ text }) => text).sort()
  assert.deepEqual(await texts(COMMONS), ['When does the owl of Oslo sleep?'])
  assert.equal((await texts(PRIVATE)).length, 2)
})

test('each label of the pack leads to its memory', async () => {
  const told = Array.from({ length: 8 }, (_, i) => ({ text: `The owl number ${i} sleeps at ${i} o’clock.` }))
  const { recollect } = remembering(told)
  const { pack, memories } = await recollect('When does the owl sleep?')
  const [fence] = fencesOf(pack).fences
  assert.equal(memories.length, 8)
  assert.deepEqual(
    fence?.ours.map((line) => line.slice(0, line.indexOf(' author='))),
    memories.map(({ memory }, i) => `[${i + 1}] id=${digestToCid(memory)}`),
  )
  assert.deepEqual(
    fence?.foreign,
    memories.map(({ text }) => text),
  )
})

test('a memory that is shown in part is recalled whole: quotes of it are to the letter', async () => {
  const text = `The owl sleeps.\r\n\u200b${'It sleeps long. '.repeat(2000)}The end of the owl.`
  const { recollect } = remembering([{ text }])
  const { pack, memories } = await recollect('owl')
  assert.ok(pack.includes('…') && !pack.includes('\r') && !pack.includes('\u200b'))
  assert.equal(memories[0]?.text, text)
})

test('the pack stays within its tokens, and so many memories', async () => {
  const told = Array.from({ length: RECALLED_MAX + 10 }, (_, i) => ({
    text: `owl ${i} `.repeat(i % 3 === 0 ? 300 : 3),
  }))
  const { recollect } = remembering(told)
  const usual = await recollect('owl')
  assert.ok(estimateTokens(usual.pack) <= RECALL_TOKENS)
  const all = await recollect('owl', { budgetTokens: 100_000 })
  assert.equal(all.memories.length, RECALLED_MAX)
  assert.equal((await recollect('owl', { budgetTokens: 10 })).pack, '')
})

test('strangers fill a fifth of it at most, each', async () => {
  const told = Array.from({ length: 30 }, (_, i) => ({
    text: `the owl ${i} of a stranger who writes a great deal `.repeat(4),
    author: OTHER,
  }))
  const { recollect } = remembering([...told, { text: OWL }])
  const { memories } = await recollect('the owl of Oslo', { budgetTokens: 1000 })
  assert.ok(memories.some(({ author }) => author === SELF))
  assert.ok(memories.filter(({ author }) => author === OTHER).length < 8)
})

test('the question and its choices are what is looked for, up to a bound, and other filters stay', async () => {
  const { recollect, asked } = remembering([{ text: OWL, thread: 'birds' }, { text: 'The owl flies.' }])
  const scope = { spaces: new Set([COMMONS]), thread: 'birds' }
  const { memories } = await recollect('Which bird?', { choices: ['owl', 'lark'], scope })
  assert.deepEqual(
    memories.map(({ text }) => text),
    [OWL],
  )
  assert.equal(asked[0]?.query, 'Which bird?\nowl\nlark')
  await recollect('😀'.repeat(QUERY_CHARS_MAX))
  await recollect(`x${'😀'.repeat(QUERY_CHARS_MAX)}`)
  for (const { query } of asked) assert.ok(query.length <= QUERY_CHARS_MAX && query.isWellFormed())
})

test('an answer to the very question that nobody has judged is no example; one that was judged is', async () => {
  const { recollect, similar } = remembering([])
  const long = `Where does the owl of Oslo sleep? ${'Think of '.repeat(SIMILAR_CHARS_MAX / 4)}`
  for (const text of ['Where does the owl sleep?', long]) {
    const id = digestFrom(text)
    similar.add({ id, text, space: COMMONS, answer: 'in a tree', verdict: null })
    assert.deepEqual(
      (await recollect(text)).similar.filter((one) => one.text.startsWith(text.slice(0, 30))),
      [],
    )
    similar.add({ id, text, space: COMMONS, answer: 'in a tree', verdict: 'wrong' })
    assert.ok((await recollect(text)).similar.some(({ verdict }) => verdict === 'wrong'))
  }
})

test('so many similar tasks at most, and how own answers did is passed on', async () => {
  const { recollect, similar } = remembering([])
  for (let i = 0; i < 10; i++)
    similar.add({
      id: digestFrom(`${i}`),
      text: `Does owl ${i} sleep?`,
      space: COMMONS,
      answer: 'x',
      verdict: 'right',
    })
  const found = await recollect('Does the owl sleep?', { calibration: { answers: 3, right: 2 } })
  assert.equal(found.similar.length, SIMILAR_MAX)
  assert.deepEqual(found.calibration, { answers: 3, right: 2 })
})
