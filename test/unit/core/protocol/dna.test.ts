/** The swarm DNA: the same on every build that can exchange, another one for each thing that must agree. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { swarmDna, WIRE_LIMITS } from '../../../../src/core/protocol/dna.ts'

describe('the swarm DNA', () => {
  test('of version 1 never changes', () => {
    assert.equal(swarmDna('spore-main'), '6d3da39b55fdc2fbc5412c09048db7a7')
  })

  test('is another one for another network, version or limit', () => {
    const all = [
      swarmDna('spore-main'),
      swarmDna('spore-test'),
      swarmDna('spore-main', 2),
      ...WIRE_LIMITS.map((_, changed) =>
        swarmDna(
          'spore-main',
          1,
          WIRE_LIMITS.map((limit, at) => (at === changed ? limit + 1 : limit)),
        ),
      ),
    ]
    assert.equal(new Set(all).size, all.length)
  })

  test('covers the limits that PROTOCOL.md lists', () => {
    const text = readFileSync(new URL('../../../../src/core/protocol/PROTOCOL.md', import.meta.url), 'utf8')
    const listed = /Version 1: ([\d, ]+)\./.exec(text)?.[1]?.split(', ').map(Number)
    assert.deepEqual(listed, WIRE_LIMITS)
  })
})
