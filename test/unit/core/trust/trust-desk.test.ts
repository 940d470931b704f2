/** The desk of trust: who is found by which words, pages in order, and what is set by hand, through restarts and up to its bound. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { Did } from '../../../../src/core/base/brand.ts'
import { encodeCanonical } from '../../../../src/core/base/canonical.ts'
import { err, ok, type Result } from '../../../../src/core/base/result.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { TRUST_REASON_CHARS_MAX } from '../../../../src/core/protocol/api-trust.ts'
import { type Failure, failure, SporeError } from '../../../../src/core/protocol/errors.ts'
import { OVERRIDES_MAX, overrideValueOf } from '../../../../src/core/trust/overrides.ts'
import { createTrust } from '../../../../src/core/trust/trust.ts'
import { COUNTED_MS, createTrustDesk, type TrustDesk } from '../../../../src/core/trust/trust-desk.ts'

const didOf = (name: string): Did => createSigner(new Uint8Array(hash('sha256', name, 'buffer'))).did
const [SELF, ADA, BOB, CY] = ['self', 'ada', 'bob', 'cy'].map(didOf) as [Did, Did, Did, Did]

function createBench() {
  const values = new Map<string, Uint8Array>()
  const bench = {
    values,
    /** Entries by author. */
    logs: new Map<Did, number>(),
    peers: [] as Did[],
    hidden: new Set<Did>(),
    rules: new Map<Did, string>(),
    chosen: new Set<Did>(),
    nowMs: 1000,
    broken: null as Failure | null,
    async open() {
      const trust = createTrust(
        {},
        {
          self: SELF,
          clock: { now: () => 1000 },
          isChosen: (author) => bench.chosen.has(author),
          placeOf: () => [],
        },
      )
      const desk = createTrustDesk({
        trust,
        self: SELF,
        logs: {
          values: () =>
            [...bench.logs].map(([author, next]) => ({ author, row: { next } }) as never).values(),
        },
        peers: () => bench.peers,
        store: { value: async (name) => values.get(name) ?? null },
        writer: {
          async write(prepare) {
            if (bench.broken) return err(bench.broken)
            const draft = {
              setValue: (name: string, value: Uint8Array | null) =>
                value ? void values.set(name, value) : void values.delete(name),
            }
            return ok(prepare(draft as never))
          },
        },
        clock: { now: () => bench.nowMs, sleep: async () => {} },
        hides: () => (bench.hidden.size > 0 ? (author) => bench.hidden.has(author) : undefined),
        ruled: (author) => bench.rules.get(author) ?? null,
      })
      await desk.load()
      return { trust, desk }
    },
  }
  return bench
}

const must = <T>(result: Result<T, Failure>): T => {
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}
const codeOf = (result: Result<unknown, Failure>) => (result.ok ? 'ok' : result.error.code)
const namesOf = (desk: TrustDesk, query: object = {}) =>
  must(desk.page(query)).authors.map(({ author }) => author)

describe('an author', () => {
  test('is found by its did or the end of it, whether its entries are held or it was only heard of', async () => {
    const bench = createBench()
    bench.logs.set(ADA, 7)
    const { trust, desk } = await bench.open()
    assert.equal(must(desk.explain(ADA)).entries, 7)
    assert.equal(must(desk.explain(ADA.slice(-8))).author, ADA)
    assert.equal(must(desk.explain(SELF)).standing, 'self')
    assert.equal(codeOf(desk.explain(BOB.slice(-8))), 'AUTHOR_UNKNOWN')
    const unknown = must(desk.explain(BOB))
    assert.deepEqual([unknown.trust, unknown.standing, unknown.entries], [null, 'unknown', 0])
    assert.ok(!namesOf(desk).includes(BOB))
    bench.peers.push(CY)
    assert.deepEqual([must(desk.explain(CY.slice(-8))).author, must(desk.explain(CY)).entries], [CY, 0])
    trust.noteFault(BOB, 'fork')
    const bob = must(desk.explain(BOB.slice(-8)))
    assert.deepEqual([bob.author, bob.entries], [BOB, 0])
    for (const text of ['', 'x', ADA.slice(-7), `${ADA}x`, 'did:key:z6MkNobody'])
      assert.equal(codeOf(desk.explain(text)), 'AUTHOR_UNKNOWN', text)
  })

  test('whose end is that of another is not guessed: both are named', async () => {
    const bench = createBench()
    const twins = ['did:key:zOneAAAAAAAA', 'did:key:zTwoAAAAAAAA'] as Did[]
    for (const twin of twins) bench.logs.set(twin, 1)
    const { desk } = await bench.open()
    const found = desk.explain('AAAAAAAA')
    assert.ok(!found.ok)
    assert.deepEqual([found.error.code, found.error.detail], ['AUTHOR_AMBIGUOUS', twins.join(', ')])
    assert.equal(codeOf(await desk.set('AAAAAAAA', { trust: 1 })), 'AUTHOR_AMBIGUOUS')
  })

  test('who is ruled out is explained with the rule, and is in no list', async () => {
    const bench = createBench()
    bench.logs.set(ADA, 1).set(BOB, 1)
    bench.hidden.add(ADA)
    bench.rules.set(ADA, 'refused here')
    const { desk } = await bench.open()
    assert.equal(must(desk.explain(ADA)).reasons.at(-1), 'refused here')
    assert.deepEqual(namesOf(desk), [SELF, BOB])
    assert.equal(must(desk.page({})).total, 2)
    bench.hidden.add(SELF)
    assert.deepEqual(namesOf(desk), [SELF, BOB], 'nobody is hidden from himself')
  })
})

describe('a page', () => {
  test('goes from the most trusted to those of whom nothing is known, and on behind its cursor', async () => {
    const bench = createBench()
    const strangers = Array.from({ length: 7 }, (_, i) => didOf(`stranger ${i}`)).sort()
    for (const author of [...strangers, ADA, BOB]) bench.logs.set(author, 1)
    const { desk } = await bench.open()
    must(await desk.set(ADA, { trust: 0.3 }))
    must(await desk.set(BOB, { trust: 0.9 }))
    const all = [SELF, BOB, ADA, ...strangers]
    assert.deepEqual(namesOf(desk), all)
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const page = must(desk.page({ limit: 3, ...(cursor && { cursor }) }))
      assert.equal(page.total, all.length)
      seen.push(...page.authors.map(({ author }) => author))
      cursor = page.cursor
    } while (cursor !== null)
    assert.deepEqual(seen, all)
    assert.deepEqual(namesOf(desk, { tier: 'stranger' }), strangers)
    for (const cursor of ['', 'x', `x ${ADA}`, `0.5${ADA}`, '-1', `-1 ${ADA}'`])
      assert.equal(codeOf(desk.page({ cursor })), 'CURSOR_INVALID', cursor)
    assert.deepEqual(desk.tiers(), { stranger: 7, observer: 1, contributor: 0, peer: 0, commander: 2 })
    bench.logs.set(didOf('a new stranger'), 1)
    assert.equal(desk.tiers().stranger, 7, 'counted a moment ago')
    bench.nowMs += COUNTED_MS
    assert.equal(desk.tiers().stranger, 8)
    must(await desk.set(strangers[0] as Did, { trust: 1 }))
    assert.equal(desk.tiers().stranger, 7)
  })
})

describe('what is set by hand', () => {
  test('holds against the evidence and through a restart, until it is taken back', async () => {
    const bench = createBench()
    const { trust, desk } = await bench.open()
    trust.noteFault(ADA, 'fork')
    const before = must(desk.explain(ADA))
    const set = must(await desk.set(ADA, { trust: 0.75, reason: 'a friend' }))
    assert.deepEqual([set.trust, set.standing, set.override?.reason], [0.75, 'override', 'a friend'])
    const again = await bench.open()
    assert.deepEqual(
      [must(again.desk.explain(ADA)).trust, again.trust.overrideOf(ADA)],
      [0.75, { trust: 0.75, reason: 'a friend', atMs: 1000 }],
    )
    again.trust.noteFault(ADA, 'fork')
    assert.deepEqual(must(await again.desk.set(ADA.slice(-8), null)), before)
    assert.deepEqual([...bench.values], [], 'nothing of it is kept')
    assert.deepEqual(must(await again.desk.set(ADA, null)), before, 'to take back nothing is no error')
  })

  test('may be of somebody of whom nothing is known, by the whole did; not of this spore itself', async () => {
    const { desk } = await createBench().open()
    assert.equal(codeOf(await desk.set(CY.slice(-8), { trust: 0.5 })), 'AUTHOR_UNKNOWN')
    assert.equal(must(await desk.set(CY, { trust: 0.5 })).entries, 0)
    assert.equal(must(desk.explain(CY.slice(-8))).author, CY)
    assert.equal(codeOf(await desk.set(SELF, { trust: 0 })), 'TRUST_FIXED')
    assert.equal(codeOf(await desk.set('did:key:z6MkNobody', { trust: 0.5 })), 'AUTHOR_UNKNOWN')
    for (const input of [{ trust: 1.1 }, { trust: -0.1 }, { trust: Number.NaN }, { trust: 1, reason: '' }])
      assert.equal(codeOf(await desk.set(CY, input)), 'REQUEST_INVALID', JSON.stringify(input))
    const reason = 'x'.repeat(TRUST_REASON_CHARS_MAX)
    assert.equal(must(await desk.set(CY, { trust: 1, reason })).override?.reason, reason)
    assert.equal(codeOf(await desk.set(CY, { trust: 1, reason: `${reason}x` })), 'REQUEST_INVALID')
  })

  test('does not hold where it could not be stored', async () => {
    const bench = createBench()
    const { trust, desk } = await bench.open()
    bench.broken = failure('STORE_WRITE_FAILED', 'no space')
    assert.equal(codeOf(await desk.set(ADA, { trust: 1 })), 'STORE_WRITE_FAILED')
    assert.equal(trust.overrideOf(ADA), null)
    bench.broken = null
    must(await desk.set(ADA, { trust: 1 }))
    bench.broken = failure('STORE_WRITE_FAILED', 'no space')
    assert.equal(codeOf(await desk.set(ADA, null)), 'STORE_WRITE_FAILED')
    assert.equal(trust.overrideOf(ADA)?.trust, 1)
  })

  test('of so many at once writes each, and has a bound: one more is refused, one that is there is not', async () => {
    const bench = createBench()
    const names = Array.from({ length: OVERRIDES_MAX }, (_, i) => `did:key:z${i}` as Did)
    const rows = Map.groupBy(names, overrideValueOf)
    for (const [name, authors] of rows)
      bench.values.set(name, encodeCanonical([1, authors.map((author) => [author, 500_000, null, 1])]))
    await assert.rejects(
      bench.open(),
      (error) => error instanceof SporeError && error.code === 'STORE_CORRUPT',
    )
    bench.values.clear()
    const real = names.map((name) => didOf(name)).sort()
    for (const [name, authors] of Map.groupBy(real, overrideValueOf))
      bench.values.set(name, encodeCanonical([1, authors.map((author) => [author, 500_000, null, 1])]))
    const { desk } = await bench.open()
    const [first, second] = real as [Did, Did]
    assert.equal(codeOf(await desk.set(ADA, { trust: 1 })), 'OVERRIDES_FULL')
    must(await desk.set(first, { trust: 1 }))
    must(await desk.set(second, null))
    const both = await Promise.all([desk.set(ADA, { trust: 1 }), desk.set(BOB, { trust: 1 })])
    assert.deepEqual(both.map(codeOf), ['ok', 'OVERRIDES_FULL'])
  })

  test('in a form that cannot be read is not taken for nothing', async () => {
    const name = overrideValueOf(ADA)
    const broken: [string, Uint8Array][] = [
      ['STORE_NEWER', encodeCanonical([2, []])],
      ['STORE_CORRUPT', Uint8Array.of(0xff)],
      ['STORE_CORRUPT', encodeCanonical([1, [[ADA, 1_000_001, null, 1]]])],
      ['STORE_CORRUPT', encodeCanonical([1, [[ADA, 1, 7, 1]]])],
      // An instant without a date could not be shown.
      ['STORE_CORRUPT', encodeCanonical([1, [[ADA, 1, null, 8_640_000_000_000_001]]])],
    ]
    for (const [code, bytes] of broken) {
      const bench = createBench()
      bench.values.set(name, bytes)
      await assert.rejects(bench.open(), (error) => error instanceof SporeError && error.code === code)
    }
  })
})
