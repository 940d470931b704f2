/** What is kept up to date step by step is what computing everything anew gives, to the bit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Did, SpaceId } from '../../../../src/core/base/brand.ts'
import type { Change } from '../../../../src/core/memory/change.ts'
import { PERIOD_MS } from '../../../../src/core/protocol/evidence-payload.ts'
import { REREAD_MS } from '../../../../src/core/trust/trust.ts'
import type { Trust } from '../../../../src/core/trust/trust-contract.ts'
import { createRandom, type SimRandom } from '../../../../src/sim/random.ts'
import { change, did, NOW_PERIOD, row, SELF, type TrustWorld, world } from './fixtures.ts'

const seed = process.env.SEED ?? '20261121'
console.log(`seed ${seed} (SEED=… to replay)`)

const AUTHORS = Array.from({ length: 12 }, (_, i) => did(`a${i}`))
const DOMAINS = ['general', 'math']
const SPACES = ['commons', 'team'] as SpaceId[]
type Step = (to: TrustWorld) => void

/** All that can be asked. */
const everything = (trust: Trust): unknown => [
  trust.authors(),
  [...AUTHORS, SELF].map((author) => [
    author,
    trust.explain(author, 0),
    ...DOMAINS.flatMap((domain) => [
      trust.scoreOf(author, domain),
      trust.chanceOf(`${author} m`, domain, false),
      trust.chanceOf(author, domain, true),
    ]),
    [trust.relevanceOf(author), trust.isQuarantined(author), trust.tierOf(author)],
  ]),
]

/** Counters that grow, as a rater writes them; a third of the raters are this spore itself. */
function createWriter(random: SimRandom): () => Change {
  const said = new Map<string, string>()
  const skill = new Map(AUTHORS.map((author, i) => [author, 0.1 + (0.85 * i) / AUTHORS.length]))
  const pick = <T>(list: readonly T[]): T => list[random.integer(0, list.length - 1)] as T
  return () => {
    const rater = random.chance(0.33) ? SELF : pick(AUTHORS)
    const rows = Array.from({ length: random.integer(1, 3) }, () => {
      const owner = pick(AUTHORS)
      const subject = random.chance(0.3) ? `${owner} m` : owner
      const [domain, period] = [pick(DOMAINS), NOW_PERIOD + random.integer(-4, 2)]
      const key = `${rater} ${subject} ${domain} ${period}`
      let outcomes = said.get(key) ?? ''
      for (let i = random.integer(1, 12); i > 0; i--)
        outcomes += random.chance(skill.get(owner as Did) as number) ? '+' : '-'
      said.set(key, outcomes)
      return row(subject, outcomes, { domain, period })
    })
    const unique = rows.filter(
      (one, i) =>
        !rows.slice(i + 1).some((other) => other.subject === one.subject && other.domain === one.domain),
    )
    return change(rater, unique, pick(SPACES))
  }
}

function drawStep(random: SimRandom, write: () => Change, entries: Change[]): Step {
  const author = AUTHORS[random.integer(0, AUTHORS.length - 1)] as Did
  const roll = random.float()
  if (roll < 0.7) {
    const entry = write()
    entries.push(entry)
    return ({ trust }) => trust.note(entry)
  }
  if (roll < 0.75) {
    const fault = random.chance(0.2) ? 'fork' : random.chance(0.5) ? 'flood' : 'invalid-run'
    return ({ trust, nowMs }) => trust.noteFault(author, fault, nowMs)
  }
  if (roll < 0.8) {
    const set = random.chance(0.5) ? { trust: random.float(), reason: null, atMs: 0 } : null
    return ({ trust }) => trust.override(author, set)
  }
  if (roll < 0.85)
    return (to) => {
      if (to.chosen.has(author)) to.chosen.delete(author)
      else to.chosen.add(author)
      to.nowMs += REREAD_MS
    }
  if (roll < 0.9) {
    const place = `block ${random.integer(0, 2)}`
    return (to) => {
      to.places.set(author, [place])
      to.nowMs += REREAD_MS
    }
  }
  if (roll < 0.94) {
    const rater = random.chance(0.2) ? SELF : author
    const space = random.chance(0.5) ? SPACES[0] : undefined
    return ({ trust }) => trust.forget(rater, space)
  }
  const periods = random.integer(-1, 2)
  return (to) => {
    to.nowMs += periods * PERIOD_MS
  }
}

for (let i = 0; i < 12; i++)
  test(`asked at every step or once at the end, seed ${seed}/${i}`, () => {
    const random = createRandom(`trust incremental ${seed} ${i}`)
    const write = createWriter(random)
    const entries: Change[] = []
    const steps = Array.from({ length: 120 }, () => drawStep(random, write, entries))
    const [often, once] = [world(), world()]
    for (const step of steps) {
      step(often)
      everything(often.trust)
    }
    for (const step of steps) step(once)
    assert.deepEqual(everything(often.trust), everything(once.trust))
  })

for (let i = 0; i < 12; i++)
  test(`the order and number of arrivals make no difference, seed ${seed}/${i}`, () => {
    const random = createRandom(`trust order ${seed} ${i}`)
    const write = createWriter(random)
    const entries = Array.from({ length: 150 }, write)
    const shuffled = [...entries, ...entries.slice(0, 40)]
      .map((entry) => ({ entry, at: random.float() }))
      .sort((a, b) => a.at - b.at)
      .map(({ entry }) => entry)
    const [straight, mixed] = [world(), world()]
    for (const entry of entries) straight.trust.note(entry)
    for (const [n, entry] of shuffled.entries()) {
      mixed.trust.note(entry)
      if (n % 7 === 0) everything(mixed.trust)
    }
    assert.deepEqual(everything(mixed.trust), everything(straight.trust))
  })
