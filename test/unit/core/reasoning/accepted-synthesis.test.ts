/** Which synthesis is the answer: the same on every spore, whatever some author would like. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, Digest, HybridTime } from '../../../../src/core/base/brand.ts'
import { bytesToDigest, sha256 } from '../../../../src/core/base/hash.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import {
  encodeContribution,
  encodeSeal,
  encodeSynthesis,
  encodeTask,
} from '../../../../src/core/protocol/task-payloads.ts'
import { acceptedOf, isOver, rendezvous } from '../../../../src/core/reasoning/acceptance.ts'
import type { Attempt, Noted } from '../../../../src/core/reasoning/attempt.ts'
import { latestAnswers } from '../../../../src/core/reasoning/first-answers.ts'
import { createTaskBook } from '../../../../src/core/reasoning/task-book.ts'
import { COMMONS } from '../memory/replica.ts'

const SELF = 'did:key:zSelf' as Did
const ADA = 'did:key:zAda' as Did
const BOB = 'did:key:zBob' as Did

type Written = (kind: number, payload: Uint8Array, author: Did, clock?: number) => Digest

function setup() {
  const book = createTaskBook(SELF)
  const gone = new Set<Digest>()
  const counts = ({ element }: Noted<unknown>): boolean => !gone.has(element)
  let seq = 0
  const write: Written = (kind, payload, author, clock = 1000 + seq) => {
    const element = bytesToDigest(sha256(payload))
    const change = { logId: author, seq: seq++, kind, payload, element, author, space: COMMONS }
    book.note({ ...change, clock: clock as HybridTime, arrival: seq } as unknown as Change)
    return element
  }
  const ask = (author: Did, clock?: number) =>
    write(KINDS.task, encodeTask({ text: 'Which one?', space: COMMONS }), author, clock)
  const task = ask(SELF)
  const payloadOf = (text: string, model = 'm'): Uint8Array =>
    encodeContribution({ task, model, by: model as Did, outcome: { text, quotes: [], failure: null } })
  const seal = (payload: Uint8Array, author: Did): Digest =>
    write(KINDS.contribution, encodeSeal({ task, round: 0, seal: bytesToDigest(sha256(payload)) }), author)
  const show = (payload: Uint8Array, author: Did): Digest => write(KINDS.contribution, payload, author)
  const answer = (text: string, author: Did): Digest => {
    seal(payloadOf(text, author), author)
    return show(payloadOf(text, author), author)
  }
  const conclude = (text: string, contributions: readonly Digest[], author: Did): Digest =>
    write(
      KINDS.synthesis,
      encodeSynthesis({ task, contributions, outcome: { text, quotes: [], failure: null } }),
      author,
    )
  const giveUp = (author: Did): Digest =>
    write(
      KINDS.synthesis,
      encodeSynthesis({
        task,
        contributions: [],
        outcome: { text: null, quotes: [], failure: `not for ${author}` },
      }),
      author,
    )
  const attempt = book.attempt(task) as Attempt
  const accepted = (): Digest | null => acceptedOf(attempt, counts)?.noted.element ?? null
  return { ask, seal, show, answer, conclude, giveUp, payloadOf, attempt, accepted, counts, gone }
}

test('the asker’s is the answer, whoever was faster', () => {
  const { answer, conclude, accepted } = setup()
  const said = answer('amber', ADA)
  const theirs = conclude('amber', [said], ADA)
  assert.equal(accepted(), theirs)
  const own = conclude('amber', [said, answer('amber', BOB)], SELF)
  assert.equal(accepted(), own)
  conclude('amber.', [said], SELF)
  assert.equal(accepted(), own, 'what stands first counts')
})

test('where no asker has spoken, the contributors have their order, and nobody else has a word', () => {
  const { answer, conclude, accepted, attempt } = setup()
  const said = [answer('amber', ADA), answer('birch', ADA), answer('amber', BOB)]
  conclude('amber', [said[0] as Digest], 'did:key:zNobody' as Did)
  assert.equal(accepted(), null)
  const [first, second] = rendezvous(attempt.id, [ADA, BOB]) as [Did, Did]
  const later = conclude('amber', [said[2] as Digest], second)
  assert.equal(accepted(), later)
  const earlier = conclude('amber', [said[0] as Digest], first)
  assert.equal(accepted(), earlier)
})

test('what does not follow from its own list is no answer', () => {
  const { answer, conclude, accepted, show, payloadOf } = setup()
  const amber = answer('amber', ADA)
  const unsealed = show(payloadOf('birch'), BOB)
  conclude('birch', [amber], SELF)
  conclude('amber', [amber, amber], SELF)
  conclude('birch', [unsealed], SELF)
  conclude('amber', [amber, bytesToDigest(sha256(Uint8Array.of(1)))], SELF)
  assert.equal(accepted(), null)
  const holds = conclude('amber', [amber], SELF)
  assert.equal(accepted(), holds)
})

test('no asker says away what another has an answer to, and his word does not end what this spore asked', () => {
  const { ask, answer, conclude, giveUp, accepted, attempt, counts } = setup()
  ask(ADA, 1)
  const given = giveUp(ADA)
  assert.equal(accepted(), given)
  assert.equal(isOver(attempt, SELF, counts), false)
  assert.equal(isOver(attempt, BOB, counts), false)
  const said = answer('amber', BOB)
  const own = conclude('amber', [said], SELF)
  assert.equal(accepted(), own)
  assert.ok(isOver(attempt, SELF, counts))
})

test('once every asker has said that there is no answer, it is over for all', () => {
  const { ask, giveUp, attempt, counts } = setup()
  ask(ADA)
  giveUp(SELF)
  assert.ok(isOver(attempt, SELF, counts))
  assert.equal(isOver(attempt, BOB, counts), false)
  giveUp(ADA)
  assert.ok(isOver(attempt, BOB, counts))
})

test('who copies an answer that was shown, and seals it then, has not given it', () => {
  const { seal, show, answer, conclude, accepted, attempt, counts, payloadOf } = setup()
  const said = answer('amber', BOB)
  const copied = payloadOf('amber', BOB)
  seal(copied, ADA)
  assert.equal(show(copied, ADA), said)
  const answers = latestAnswers(attempt, 0, SELF, counts)
  assert.deepEqual(
    answers.map(({ author }) => author),
    [BOB],
  )
  const own = conclude(
    'amber',
    answers.map(({ element }) => element),
    SELF,
  )
  assert.equal(accepted(), own)
  assert.equal(acceptedOf(attempt, counts)?.collapse?.contributions[0]?.owner, BOB)
})

test('an answer that rests on what was withdrawn is none, until there is another', () => {
  const { answer, conclude, accepted, gone } = setup()
  const [amber, birch] = [answer('amber', ADA), answer('amber', BOB)]
  const first = conclude('amber', [amber, birch], SELF)
  assert.equal(accepted(), first)
  gone.add(amber)
  assert.equal(accepted(), null)
  const second = conclude('amber', [birch], SELF)
  assert.equal(accepted(), second)
})
