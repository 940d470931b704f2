/** What is kept: rules that end by themselves, drafts, places and an audit, through restarts and up to their bounds. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import {
  AUDIT_MAX,
  DRAFTS_MAX,
  PLACES_CLAIMED_MAX,
  PLACES_MAX,
  RULES_MAX,
} from '../../../../src/core/moderation/bounds.ts'
import { decodeAudit, decodeRules } from '../../../../src/core/moderation/rule.ts'
import { createBench, didOf, ruleOf } from './support.ts'

const ADA = didOf('ada')
const record = { by: 'test', event: 'set' as const, target: null, action: null, count: 1, note: '' }
const author = (value: string) => ({ kind: 'author' as const, value })
const domain = (value: string) => ({ kind: 'domain' as const, value })

describe('a rule', () => {
  test('holds once it is stored, and after a restart', async () => {
    const bench = createBench()
    const moderation = await bench.open()
    assert.equal(moderation.author(ADA), 'open')
    const set = [ruleOf('block', author(ADA), { reason: 'because' })]
    assert.ok((await moderation.change({ set, records: [record] })).ok)
    assert.equal(moderation.author(ADA), 'refused')
    const again = await bench.open()
    assert.equal(again.author(ADA), 'refused')
    assert.deepEqual(again.rules, set)
    assert.ok((await again.change({ lift: [author(ADA)], records: [record] })).ok)
    assert.equal(again.author(ADA), 'open')
    assert.ok(again.isSilent)
  })
  test('ends by the clock without being asked to, is forgotten and stands in the audit', async () => {
    const bench = createBench()
    const moderation = await bench.open()
    const set = [
      ruleOf('mute', author(ADA), { untilMs: 2000 }),
      ruleOf('block', domain('a.example'), { untilMs: 9000 }),
    ]
    await moderation.change({ set, records: [record] })
    let changes = 0
    moderation.onChanged(() => changes++)
    bench.nowMs = 1999
    assert.equal(moderation.author(ADA), 'muted')
    bench.nowMs = 2000
    assert.equal(moderation.author(ADA), 'open')
    assert.equal(moderation.rules.length, 1)
    await moderation.settled()
    assert.ok(changes > 0)
    assert.deepEqual(
      decodeAudit(bench.values.get('moderation/audit') as Uint8Array).map(({ event, by }) => [event, by]),
      [
        ['set', 'test'],
        ['expired', 'clock'],
      ],
    )
    assert.equal(decodeRules(bench.values.get('moderation/rules') as Uint8Array).rules.length, 1)
  })
  test('that ended while the spore was down is gone when it starts', async () => {
    const bench = createBench()
    const moderation = await bench.open()
    await moderation.change({ set: [ruleOf('block', author(ADA), { untilMs: 2000 })], records: [record] })
    bench.nowMs = 3000
    const again = await bench.open()
    assert.equal(again.author(ADA), 'open')
    await again.settled()
    assert.equal(again.audit.at(-1)?.event, 'expired')
  })
  test('replaces the one about the same target', async () => {
    const moderation = await createBench().open()
    await moderation.change({ set: [ruleOf('block', author(ADA))], records: [record] })
    await moderation.change({ set: [ruleOf('limit', author(ADA))], records: [record] })
    assert.deepEqual([moderation.rules.length, moderation.author(ADA)], [1, 'limited'])
  })
})

describe('bounds', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ruleOf('block', domain(`d${i}.example`)))

  test('one rule or draft more is refused, and changes nothing', async () => {
    const moderation = await createBench().open()
    assert.ok((await moderation.change({ set: many(RULES_MAX), records: [] })).ok)
    const one = await moderation.change({ set: [ruleOf('block', author(ADA))], records: [record] })
    assert.equal(!one.ok && one.error.code, 'RULES_FULL')
    assert.deepEqual([moderation.rules.length, moderation.author(ADA)], [RULES_MAX, 'open'])
    const drafts = await moderation.change({ draft: many(DRAFTS_MAX + 1), records: [] })
    assert.equal(!drafts.ok && drafts.error.code, 'RULES_FULL')
    assert.ok((await moderation.change({ draft: many(DRAFTS_MAX), records: [] })).ok)
  })
  test('of the audit the oldest record goes, and the numbers tell', async () => {
    const bench = createBench()
    const moderation = await bench.open()
    await moderation.change({ records: Array.from({ length: AUDIT_MAX }, () => record) })
    await moderation.change({ records: [{ ...record, note: 'the last' }] })
    const again = await bench.open()
    assert.deepEqual([again.audit.length, again.audit[0]?.number], [AUDIT_MAX, 2])
    assert.equal(again.audit.at(-1)?.note, 'the last')
  })
  test('places: strangers that say where they are cannot push out who was there', async () => {
    const moderation = await createBench().open()
    await moderation.change({ set: [ruleOf('block', domain('bad.example'))], records: [record] })
    const url = 'https://bad.example'
    for (let i = 0; i < PLACES_CLAIMED_MAX + 1; i++) moderation.met(`did:claim${i}` as Did, url, false)
    assert.equal(moderation.author(`did:claim${PLACES_CLAIMED_MAX - 1}` as Did), 'refused')
    assert.equal(moderation.author(`did:claim${PLACES_CLAIMED_MAX}` as Did), 'open')
    for (let i = 0; i < PLACES_MAX - PLACES_CLAIMED_MAX + 1; i++)
      moderation.met(`did:proven${i}` as Did, url, true)
    assert.equal(moderation.author(`did:proven${PLACES_MAX - PLACES_CLAIMED_MAX - 1}` as Did), 'refused')
    assert.equal(moderation.author(`did:proven${PLACES_MAX - PLACES_CLAIMED_MAX}` as Did), 'open')
    await moderation.settled()
  })
})

describe('places', () => {
  test('are kept where a rule names them, through a restart, until the spore answers elsewhere', async () => {
    const bench = createBench()
    const moderation = await bench.open()
    moderation.met(ADA, 'https://x.bad.example', true)
    await moderation.change({ set: [ruleOf('block', domain('bad.example'))], records: [record] })
    assert.equal(moderation.author(ADA), 'open', 'nobody knew then that it would matter')
    moderation.met(ADA, 'https://x.bad.example', true)
    assert.equal(moderation.author(ADA), 'refused')
    await moderation.settled()
    const again = await bench.open()
    assert.equal(again.author(ADA), 'refused')
    again.met(ADA, 'https://good.example', false)
    assert.equal(again.author(ADA), 'refused', 'its word alone does not free it')
    again.met(ADA, 'https://good.example', true)
    assert.equal(again.author(ADA), 'open')
    await again.settled()
  })
})

describe('what the store keeps', () => {
  test('is refused where it cannot be read, and where a newer version wrote it', async () => {
    for (const [bytes, code] of [
      [new Uint8Array([1, 2, 3]), 'STORE_CORRUPT'],
      [encodeCanonical([1, false, false, [['peer', 'x', 'shun', '', 0, null, '']]]), 'STORE_CORRUPT'],
      [encodeCanonical([2, []]), 'STORE_NEWER'],
    ] as const) {
      const bench = createBench()
      bench.values.set('moderation/rules', bytes)
      await assert.rejects(bench.open(), { code })
    }
  })
})
