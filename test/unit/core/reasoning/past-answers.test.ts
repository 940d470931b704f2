/** Of which answers among the memories it is known that they were found right. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '../../../../src/core/base/brand.ts'
import { digestToCid } from '../../../../src/core/base/hash.ts'
import {
  ANSWER_TAG,
  answerMemoryText,
  createPastAnswers,
  PAST_ANSWERS_MAX,
} from '../../../../src/core/reasoning/past-answers.ts'
import { createMind } from '../../../../src/sim/model.ts'
import { createLoopback } from '../../../support/loopback.ts'
import { digestFrom } from './fixtures-prompts.ts'

const memoryOf = (synthesis: Digest) => ({
  text: answerMemoryText('What?', 'That.'),
  tags: [ANSWER_TAG],
  sources: [digestToCid(synthesis), digestToCid(digestFrom('a source'))],
})

test('what became of so many answers is known; of the one noted longest ago it is not any more', () => {
  const answers = createPastAnswers(() => true)
  const [oldest, second] = [digestFrom('0'), digestFrom('1')]
  for (let i = 0; i < PAST_ANSWERS_MAX; i++) answers.note(digestFrom(String(i)), digestFrom('attempt'))
  assert.ok(answers.isSource(memoryOf(oldest)))
  answers.note(digestFrom('one more'), digestFrom('attempt'))
  assert.ok(!answers.isSource(memoryOf(oldest)))
  assert.ok(answers.isSource(memoryOf(second)))
})

test('a verdict counts for the attempt that the answer was put together for', () => {
  const [right, wrong] = [digestFrom('right'), digestFrom('wrong')]
  const answers = createPastAnswers((attempt) => attempt === right)
  answers.note(digestFrom('x'), right)
  answers.note(digestFrom('y'), wrong)
  assert.ok(answers.isSource(memoryOf(digestFrom('x'))))
  assert.ok(!answers.isSource(memoryOf(digestFrom('y'))))
})

test('the next prompt rests on an answer once it was found right, also behind a restart', async () => {
  await using network = createLoopback('past answers')
  let prompt = ''
  const models = (clock: Parameters<typeof createMind>[1]['clock']) => [
    createMind(
      {
        name: 'test/ann',
        family: 'ann',
        think({ request }) {
          prompt = request.messages.map((message) => message.text).join('\n')
          return { answer: 'teal', delayMs: 100 }
        },
      },
      { clock },
    ),
  ]
  let ann = await network.open('ann', { models })
  const ask = async (task: string): Promise<string> => {
    const asked = await ann.spore.submitTask({ task, effort: 'quick' })
    assert.ok(asked.ok)
    await network.clock.advance(60_000)
    return asked.value.task_id
  }
  const isTold = (): boolean => prompt.includes('> Answer: teal')

  const first = await ask('Which colour has the harbour of Oslo?')
  await ask('Which colour has the boat in the harbour of Oslo?')
  assert.ok(!isTold(), 'nobody has checked it')
  assert.match(prompt, /its answer, not checked by anybody\n> teal/, 'it is a past question')

  assert.ok((await ann.spore.resolveTask(first, { verdict: 'right' })).ok)
  await ask('Which colour has the crane in the harbour of Oslo?')
  assert.ok(isTold())

  await ann.close()
  ann = await network.open('ann', { models, store: ann.store })
  await ask('Which colour has the gate of the harbour of Oslo?')
  assert.ok(isTold())
})
