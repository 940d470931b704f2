/** What strangers could make grow: each bound with one more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvidenceRow } from '../../../../src/core/protocol/evidence-payload.ts'
import { DOMAINS_SHOWN_MAX, RATERS_NAMED_MAX } from '../../../../src/core/trust/explain.ts'
import { createFaults, FAULT_PERIODS_MAX, FAULTY_AUTHORS_MAX } from '../../../../src/core/trust/faults.ts'
import { ROWS_MAX } from '../../../../src/core/trust/lattice.ts'
import { createPlaces, PLACES_MAX } from '../../../../src/core/trust/places.ts'
import { agesAt } from '../../../../src/core/trust/testimony.ts'
import { OTHERS_ROWS_MAX } from '../../../../src/core/trust/trust-graph.ts'
import { createTrustParams } from '../../../../src/core/trust/trust-params.ts'
import { did, NOW_PERIOD, row, SELF, spread, type TrustWorld, world } from './fixtures.ts'

const good = spread(38, 40)
const known = ({ trust }: TrustWorld, name: string): boolean => trust.shownOf(did(name)) !== null
const noteMany = (to: TrustWorld, rater: string, rows: readonly EvidenceRow[]): void => {
  for (let from = 0; from < rows.length; from += 64) to.note(rater, ...rows.slice(from, from + 64))
}
const number = (i: number): string => String(i).padStart(6, '0')

test(`of one rater ${ROWS_MAX} rows of a space are kept, the oldest period goes first`, () => {
  const setting = world()
  setting.note(SELF, row('rater', good))
  setting.note('rater', row('old', '++++', { period: NOW_PERIOD - 1 }))
  noteMany(
    setting,
    'rater',
    Array.from({ length: ROWS_MAX - 1 }, (_, i) => row(`s${number(i)}`, '++++')),
  )
  assert.ok(known(setting, 'old'))
  setting.note('rater', row('new', '++++'))
  assert.ok(!known(setting, 'old') && known(setting, 'new'))
})

test(`of all others ${OTHERS_ROWS_MAX} rows are kept: strangers go first, whoever this spore has judged stays`, () => {
  const setting = world()
  const { note } = setting
  note(SELF, row('zz-judged', good))
  note('zz-judged', row('x', '++++'))
  const rows = Array.from({ length: ROWS_MAX }, (_, i) => row(`s${number(i)}`, '+'))
  const crowd = OTHERS_ROWS_MAX / ROWS_MAX
  // The last one of the crowd brings one row too many: it goes, for it is the last stranger by name.
  for (let i = 0; i < crowd; i++) noteMany(setting, `m${number(i)}`, rows)
  assert.ok(known(setting, 'x'))
  // Who went counts again only once this spore knows him, and so does whoever comes behind him.
  note(SELF, row(`m${number(0)}`, good), row(`m${number(crowd - 1)}`, good))
  assert.ok(setting.trust.scoreOf(did('s000000')).others.right > 0)
  note(`m${number(crowd - 1)}`, row('y', '++++'))
  assert.ok(known(setting, 'y'))
  assert.match(
    setting.trust.explain(did('s000000'), 0).reasons.join('\n'),
    new RegExp(`${crowd - 2} others say`),
  )
})

test('faults are kept of a bounded number of authors, those without a way back longest', () => {
  const faults = createFaults()
  faults.note(did('forked'), 'fork', 1)
  faults.note(did('flooded'), 'flood', 1)
  for (let i = 0; i < FAULTY_AUTHORS_MAX - 2; i++) faults.note(did(`a${i}`), 'flood', 1)
  assert.deepEqual(faults.of(did('flooded')), ['flood'])
  faults.note(did('one more'), 'flood', 1)
  assert.deepEqual(faults.of(did('flooded')), [])
  assert.ok(faults.isPermanent(did('forked')))
  assert.equal([...faults.authors()].length, FAULTY_AUTHORS_MAX)
})

test('of a fault the newest periods are remembered', () => {
  const params = createTrustParams({ keptPerPeriod: 1 })
  const faults = createFaults()
  for (let period = 1; period <= FAULT_PERIODS_MAX + 1; period++) faults.note(did('a'), 'flood', period)
  const ages = agesAt(FAULT_PERIODS_MAX + 1, params)
  assert.equal(faults.wrongOf(did('a'), ages, params), FAULT_PERIODS_MAX * params.floodWrong * 1e6)
})

test('places of an author are looked at up to a number, and forgotten with the last who is there', () => {
  const names = Array.from({ length: PLACES_MAX + 1 }, (_, i) => `p${i}`)
  const places = createPlaces(() => names)
  const [first, second] = [places.take(did('a'), false, []), places.take(did('b'), false, [])]
  assert.equal(first.length, 1 + PLACES_MAX)
  assert.equal(first[1], second[1])
  assert.equal(first[1]?.members, 2)
  places.release(first)
  places.release(second)
  assert.notEqual(places.take(did('c'), false, [])[1], first[1])
})

test('a view names some domains and raters, and counts the rest', () => {
  const setting = world()
  for (let i = 0; i <= RATERS_NAMED_MAX; i++) {
    setting.note(SELF, row(`r${i}`, good))
    setting.note(`r${i}`, row('x', '++++'))
  }
  setting.note(
    SELF,
    ...Array.from({ length: DOMAINS_SHOWN_MAX + 1 }, (_, i) => row('x', '+', { domain: `d${i}` })),
  )
  const { domains, reasons } = setting.trust.explain(did('x'), 0)
  assert.equal(domains.length, DOMAINS_SHOWN_MAX)
  assert.equal(reasons.filter((reason) => reason.includes('is believed to')).length, RATERS_NAMED_MAX)
  assert.match(reasons.join('\n'), /1 more others count/)
})
