/** Swarms: what is measured is measured, and the same for the same seed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isAdmissibleKey } from '../../src/core/identity/keys.ts'
import { createHashSigner, createHashVerifier } from '../../src/sim/hash-signature.ts'
import { createRandom } from '../../src/sim/random.ts'
import { runSwarm, runSwarmThrough, SWARM_SCENARIO_NAMES } from '../../src/sim/swarm.ts'

describe('a swarm', () => {
  test('through every scenario: every entry reaches every spore that is up', async () => {
    const options = { nodes: 40, seed: 7, broadcasts: 3, realKeys: false }
    for (const report of await runSwarmThrough(SWARM_SCENARIO_NAMES, options)) {
      const { scenario, entries, unreached, copies, alive, reach } = report
      // One that is written as its author dies is not written.
      assert.ok(entries === 3 || (scenario === 'churn' && entries > 0), scenario)
      assert.equal(unreached, 0, scenario)
      assert.ok(copies >= 1, scenario)
      assert.ok(alive >= 40 * 0.7 && alive <= 40, scenario)
      const shares = reach.map(({ share }) => share)
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => a - b),
      )
      assert.ok(report.bytesANode > 0 && report.idleBytesPerPairSecond > 0)
    }
  })

  test('gives the same figures for the same seed, and others for another', async () => {
    const run = (seed: number) => runSwarm({ nodes: 10, scenario: 'loss', seed, broadcasts: 3 })
    const first = await run(1)
    assert.equal(first.signatures, 'Ed25519')
    assert.deepEqual(await run(1), first)
    assert.notDeepEqual({ ...(await run(2)), seed: 1 }, first)
  })
})

describe('a signature that is a hash', () => {
  test('holds for its key and bytes alone, and the key is one that the core takes', () => {
    const [a, b] = ['a', 'b'].map((name) => createHashSigner(createRandom(name).bytes(32)))
    assert.ok(a && b && isAdmissibleKey(a.publicKey) && isAdmissibleKey(b.publicKey))
    const verifier = createHashVerifier()
    const bytes = Uint8Array.of(1, 2, 3)
    assert.ok(verifier.verify(a.publicKey, bytes, a.sign(bytes)))
    assert.ok(!verifier.verify(b.publicKey, bytes, a.sign(bytes)))
    assert.ok(!verifier.verify(a.publicKey, Uint8Array.of(1, 2, 4), a.sign(bytes)))
    assert.equal(verifier.verifications, 3)
  })
})
