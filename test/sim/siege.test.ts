/** Honest spores under siege, in small; `npm run bench -- siege` has three among 203, and a thousand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSiege, SIEGES, type SiegeName } from '../../src/sim/siege.ts'

/** N5, and a fifth byzantine: an honest entry arrives in so many rounds. */
const ROUNDS = 20

const SMALL: readonly (readonly [siege: SiegeName, nodes: number])[] = [
  ['eclipse', 63],
  ['byzantine', 50],
]

for (const [siege, nodes] of SMALL)
  test(`${SIEGES[siege]}: what an honest one writes comes to all others`, async (context) => {
    const report = await runSiege({ siege, nodes, seed: 1, broadcasts: 5 })
    context.diagnostic(JSON.stringify(report))
    for (const rounds of report.rounds) assert.ok(rounds !== null && rounds <= ROUNDS, String(rounds))
    assert.equal(report.largestComponent, 1)
    assert.equal(report.cutHonest, 0)
    for (const { what, most, cap } of report.caps) assert.ok(most <= cap, `${most} ${what}, of ${cap}`)
    assert.equal(report.honest + report.hostile, nodes)
  })

test('a siege is the same for the same seed, and another for another', async () => {
  const run = (seed: number) => runSiege({ siege: 'eclipse', nodes: 13, seed, broadcasts: 2 })
  const first = await run(1)
  assert.deepEqual(await run(1), first)
  assert.notDeepEqual({ ...(await run(2)), seed: 1 }, first)
})
