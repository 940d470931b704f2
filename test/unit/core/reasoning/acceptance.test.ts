/** Which synthesis is the answer: a function of entries alone, whatever liars publish and in whichever order it comes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Did, Digest, SpaceId } from '../../../../src/core/base/brand.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { encodeSynthesis, type SynthesisPayload } from '../../../../src/core/protocol/task-payloads.ts'
import { acceptedOf, rendezvous, synthesizersOf } from '../../../../src/core/reasoning/acceptance.ts'
import type { Attempt, Counts } from '../../../../src/core/reasoning/attempt.ts'
import { seededRandom } from '../../../support/seeded.ts'
import { ADA, all, BOB, CID, DEE, type Entry, EVE, story } from './fixtures-story.ts'

const acceptedIn = (attempt: Attempt, counts: Counts = all): Digest | null =>
  acceptedOf(attempt, counts)?.noted.element ?? null

describe('the accepted synthesis', () => {
  test('is that of the one who asked first, whoever else published one', () => {
    const { ask, answer, synthesize, told } = story()
    ask(ADA)
    ask(BOB)
    const answers = [answer(CID, 'a'), answer(DEE, 'a'), answer(EVE, 'b')]
    synthesize(CID, 'a', answers)
    synthesize(BOB, 'b', [answers[2] as Digest])
    assert.notEqual(acceptedIn(told()), null)
    const asked = synthesize(ADA, 'a', answers)
    assert.equal(acceptedIn(told()), asked)
  })

  test('is, without one of an asker, that of the first in rendezvous order', () => {
    const { ask, answer, synthesize, task, told } = story()
    ask(ADA)
    const answers = [answer(CID, 'a'), answer(DEE, 'a'), answer(EVE, 'b')]
    const order = rendezvous(task, [CID, DEE, EVE])
    assert.deepEqual(synthesizersOf(told(), all), [ADA, ...order])
    const second = synthesize(order[1] as Did, 'a', answers)
    assert.equal(acceptedIn(told()), second)
    const first = synthesize(order[0] as Did, 'a', answers.slice(0, 2))
    assert.equal(acceptedIn(told()), first)
  })

  test('of one author is the one that stands first', () => {
    const { ask, answer, synthesize, told } = story()
    ask(ADA)
    const answers = [answer(CID, 'a'), answer(DEE, 'b')]
    const first = synthesize(ADA, 'a', answers, { masses: [2, 1], rule: 'weighted' })
    synthesize(ADA, 'b', answers, { masses: [1, 2], rule: 'weighted' })
    assert.equal(acceptedIn(told()), first)
  })

  test('is the same in any order of arrival', () => {
    const { ask, answer, synthesize, fail, entries, told } = story()
    ask(BOB)
    ask(ADA)
    const answers = [answer(CID, 'a'), answer(DEE, 'b'), answer(EVE, 'a'), answer(BOB, 'c')]
    synthesize(EVE, 'b', answers)
    synthesize(EVE, 'a', answers)
    synthesize(DEE, 'a', answers.slice(0, 3))
    fail(CID)
    synthesize(ADA, 'c', answers, { masses: [0, 0, 0, 5], rule: 'weighted' })
    const accepted = acceptedIn(told())
    const random = seededRandom('any order')
    for (let i = 0; i < 200; i++) {
      const order = entries.map((entry) => ({ entry, at: random.float() })).sort((a, b) => a.at - b.at)
      assert.equal(acceptedIn(told(order.map(({ entry }) => entry))), accepted, `order ${i}`)
    }
  })

  test('may be a failure where an asker says so, and nobody else', () => {
    const { ask, answer, fail, told } = story()
    ask(ADA)
    answer(CID, 'a')
    fail(CID)
    assert.equal(acceptedIn(told()), null)
    const failed = fail(ADA)
    assert.equal(acceptedIn(told()), failed)
    assert.equal(acceptedOf(told(), all)?.collapse, null)
  })

  test('is of entries that count: what a fork cut off is not there', () => {
    const { ask, answer, synthesize, told } = story()
    ask(ADA)
    const answers = [answer(CID, 'a')]
    synthesize(ADA, 'a', answers)
    assert.equal(
      acceptedIn(told(), ({ author }) => author !== CID),
      null,
      'the answer it rests on',
    )
    assert.equal(
      acceptedIn(told(), ({ author }) => author !== ADA),
      null,
      'who published it',
    )
  })
})

describe('a synthesis that does not hold is none', () => {
  const cases: Record<string, (of: ReturnType<typeof story>, answers: readonly Digest[]) => void> = {
    'its masses come to another answer': ({ synthesize }, answers) =>
      synthesize(ADA, 'b', answers, { masses: [3, 2, 1], rule: 'weighted' }),
    'owners’ votes come to another answer': ({ synthesize }, answers) => synthesize(ADA, 'b', answers),
    'it states none of the choices': ({ synthesize }, answers) => synthesize(ADA, 'd', answers),
    'its short answer is another than its masses’': ({ synthesize }, answers) =>
      synthesize(ADA, 'a', answers, { answer: 'c' }),
    'it lists nothing': ({ synthesize }) => synthesize(ADA, 'a', []),
    'it lists what is not there': ({ synthesize, task }, answers) => synthesize(ADA, 'a', [...answers, task]),
    'it lists one contribution twice': ({ synthesize }, answers) =>
      synthesize(ADA, 'a', [answers[0] as Digest, answers[0] as Digest]),
    'it lists two answers of one contributor': ({ synthesize, answer }, answers) =>
      synthesize(ADA, 'a', [...answers, answer(CID, 'a', { reason: 'again' })]),
    'it lists an answer that was not sealed': ({ synthesize, write, answerBytes }, answers) =>
      synthesize(ADA, 'a', [...answers, write(BOB, KINDS.contribution, answerBytes(BOB, 'a'))]),
    'it lists a failure': ({ synthesize, answer }, answers) =>
      synthesize(ADA, 'a', [
        ...answers,
        answer(BOB, '', { outcome: { text: null, quotes: [], failure: 'MODEL_FAILED' } }),
      ]),
    'it lists the quotes of another’s extractive reasoner': ({ synthesize, write, answerBytes }) =>
      synthesize(ADA, 'a', [write(BOB, KINDS.contribution, answerBytes(BOB, 'a', { model: 'extractive' }))]),
    'a best single has no mass': ({ synthesize }, answers) =>
      synthesize(ADA, 'b', answers, { masses: [3, 2, 0], rule: 'best-single' }),
    'it is by somebody who neither asked nor answered': ({ synthesize }, answers) =>
      synthesize(BOB, 'a', answers),
    'it stands in another space': ({ write, task }, answers) =>
      write(
        ADA,
        KINDS.synthesis,
        encodeSynthesis({ task, contributions: answers, outcome: { text: 'a', quotes: [], failure: null } }),
        'private' as SpaceId,
      ),
  }
  for (const [name, lie] of Object.entries(cases))
    test(name, () => {
      const of = story()
      of.ask(ADA)
      const answers = [of.answer(CID, 'a'), of.answer(DEE, 'a'), of.answer(EVE, 'b')]
      lie(of, answers)
      assert.equal(acceptedIn(of.told()), null)
    })

  test('and one that holds is accepted with each rule', () => {
    for (const more of [
      {},
      { masses: [1, 1, 1], rule: 'weighted' },
      { masses: [0, 1, 0], rule: 'weighted' },
      { masses: [1, 0, 5], rule: 'best-single' },
    ] as Partial<SynthesisPayload>[]) {
      const of = story()
      of.ask(ADA)
      const answers = [of.answer(CID, 'a'), of.answer(DEE, 'a'), of.answer(EVE, 'b')]
      const synthesis = of.synthesize(ADA, 'The answer is a, since two say so.', answers, {
        ...more,
        answer: 'a',
      })
      assert.equal(acceptedIn(of.told()), synthesis, JSON.stringify(more))
    }
  })
})

test('who copies a seal, and shows the other’s answer as his own, has said nothing', () => {
  const of = story()
  of.ask(ADA)
  const bytes = of.answerBytes(CID, 'b')
  of.seal(CID, bytes)
  // Eve copies the entry of the seal before anything is shown, and the contribution once it is.
  const { payload } = of.entries.at(-1) as Entry
  of.write(EVE, KINDS.contribution, payload as Uint8Array)
  const shown = of.write(CID, KINDS.contribution, bytes)
  of.write(EVE, KINDS.contribution, bytes)
  assert.deepEqual(synthesizersOf(of.told(), all), [ADA, CID])
  const accepted = of.synthesize(ADA, 'b', [shown])
  assert.equal(acceptedIn(of.told()), accepted)
  assert.deepEqual(
    acceptedOf(of.told(), all)?.collapse?.contributions.map(({ owner }) => owner),
    [CID],
  )
})
