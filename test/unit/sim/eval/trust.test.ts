/** The worlds of `spore eval trust`, with trust as it is, and with planted bugs that they have to show. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTrust } from '../../../../src/core/trust/trust.ts'
import type { TrustParams } from '../../../../src/core/trust/trust-params.ts'
import { host, kendall, slander, sybils, whitewash } from '../../../../src/sim/eval/trust-attacks.ts'
import { realTrust, trustReport, trustSeed } from '../../../../src/sim/eval/trust-report.ts'
import { aucOf, dishonest, liar, swap } from '../../../../src/sim/eval/trust-scenarios.ts'
import type { TrustMaker } from '../../../../src/sim/eval/trust-world.ts'

const SEEDS = [1, 2, 3]
const mean = (of: (seed: number) => number): number =>
  SEEDS.reduce((sum, seed) => sum + of(seed), 0) / SEEDS.length

const withParams =
  (params: Partial<TrustParams>): TrustMaker =>
  (deps) =>
    createTrust({ params }, deps)
/** Everybody is trusted before he has done anything, and believed whatever he says. */
const optimistic: TrustMaker = (deps) => {
  const params = { startTrust: 0.999, contradictionWeight: 0 }
  const trust = createTrust({ params }, { ...deps, isChosen: () => true })
  return { ...trust, chanceOf: (contributor, domain) => trust.chanceOf(contributor, domain, true) }
}
/** Identities of one place count each. */
const placeless: TrustMaker = (deps) => createTrust({}, { ...deps, placeOf: (author) => [author] })
const uncapped = withParams({
  ...{ raterAnswersMax: 1000, hearsayAnswersMax: 1000, hearsayYieldsAt: 1e6, contradictionWeight: 0 },
})
/** The last entry of a rater is all that counts. */
const lastWriterWins: TrustMaker = (deps) => {
  const trust = createTrust({}, deps)
  return {
    ...trust,
    note(change) {
      trust.forget(change.author)
      trust.note(change)
    },
  }
}
const changeless = withParams({ fallLevel: 1e-12, riseLevel: 1e-12, olderAnswersMax: 1e6 })

describe('as it is', () => {
  test('one seed of everything gives a report with all its bars, and the same one again', () => {
    const sizes = { sizes: [10], host: 50, largeSeeds: 1 }
    const report = () => trustReport({ command: 'spore eval trust', sizes }, [trustSeed(1, sizes, true)])
    const first = report()
    assert.ok(first.bars.length >= 15)
    assert.equal(
      first.ok,
      first.bars.every(({ isMet }) => isMet),
    )
    assert.deepEqual(report(), first)
  })
})

describe('a planted bug is shown', () => {
  test('trust in everybody: sybils win, and slander moves the ranking', () => {
    const right = (makeTrust: TrustMaker): number => mean((seed) => sybils(seed, makeTrust).right)
    assert.ok(right(realTrust) >= 0.9)
    assert.ok(right(optimistic) < 0.9, `${right(optimistic)}`)
    const tau = (makeTrust: TrustMaker): number => mean((seed) => slander(seed, makeTrust).loud)
    assert.ok(tau(realTrust) >= 0.95)
    assert.ok(tau(optimistic) < 0.95, `${tau(optimistic)}`)
  })

  test('no bounds on hearsay: slander moves the ranking, and ballots are stuffed', () => {
    const [real, bug] = [realTrust, uncapped].map((makeTrust) => ({
      sly: mean((seed) => slander(seed, makeTrust).sly),
      gain: mean((seed) => slander(seed, makeTrust).gain),
    })) as [{ sly: number; gain: number }, { sly: number; gain: number }]
    assert.ok(real.sly >= 0.95 && real.gain <= 0.05)
    assert.ok(bug.sly < 0.95 && bug.gain > 0.05, JSON.stringify(bug))
  })

  test('places that are not looked at: a host weighs more than a peer', () => {
    assert.ok(host(1, 50, realTrust).ratio <= 1)
    assert.ok(host(1, 50, placeless).ratio > 1)
  })

  test('the last writer wins: the honest are not told from the dishonest', () => {
    const auc = (makeTrust: TrustMaker): number => mean((seed) => dishonest(seed, 50, makeTrust).auc)
    assert.ok(auc(realTrust) >= 0.99)
    assert.ok(auc(lastWriterWins) < 0.99, `${auc(lastWriterWins)}`)
  })

  test('changes are not looked for: a sleeper lies on, and a swap is not followed', () => {
    assert.ok(SEEDS.every((seed) => liar(seed, realTrust).sleeper <= 4))
    assert.ok(SEEDS.some((seed) => liar(seed, changeless).sleeper > 4))
    const after = (makeTrust: TrustMaker): number => mean((seed) => swap(seed, makeTrust).after)
    assert.ok(after(changeless) < 0.5, `${after(changeless)}`)
    assert.ok(after(realTrust) > 0.8)
  })

  test('strangers start well: a new name is worth taking', () => {
    const gain = (makeTrust: TrustMaker): number =>
      Math.max(...SEEDS.map((seed) => whitewash(seed, makeTrust).weight))
    assert.ok(gain(realTrust) <= 0)
    assert.ok(gain(optimistic) > 0)
  })
})

test('the area under the curve is the share of pairs in order, Kendall’s τ that of pairs that agree', () => {
  assert.equal(aucOf([3, 2], [1, 2]), 3.5 / 4)
  assert.equal(kendall([1, 2, 3], [1, 2, 3]), 1)
  assert.equal(kendall([1, 2, 3], [3, 2, 1]), -1)
  assert.equal(kendall([1, 2, 3], [1, 3, 2]), 1 / 3)
})
