/** What `spore doctor` says of entries that were set aside, and of quotas that are full. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkKept, checkQuarantine } from '../../../src/cli/doctor/checks.ts'

const MIB = 1024 * 1024
const kept = { bytes: 3 * MIB, bytesMax: 4096 * MIB, evicted: 0, declinedLogs: 0, forks: 0 }

test('an entry that was set aside is a warning with all that is needed to find it', () => {
  assert.equal(checkQuarantine({ quarantined: 0, quarantine: [] }).level, 'ok')
  const one = { stage: 'index', log: 'A'.repeat(22), seq: 7, error: 'RangeError: too deep' }
  const { level, detail, fix } = checkQuarantine({ quarantined: 12, quarantine: [one] })
  assert.equal(level, 'warn')
  assert.match(detail, /^12 entries .*\n {2}index A{22}\/7: RangeError: too deep$/s)
  assert.ok(fix)
})

test('a full quota is shown, with what it cost', () => {
  assert.deepEqual(checkKept({ kept }), {
    name: 'quotas',
    level: 'ok',
    detail: '3 MiB of 4096 MiB',
    fix: null,
  })
  for (const full of [{ evicted: 5 }, { declinedLogs: 2 }]) {
    const { level, detail } = checkKept({ kept: { ...kept, ...full } })
    assert.equal(level, 'warn')
    assert.match(detail, new RegExp(`${full.evicted ?? 0} texts .* of ${full.declinedLogs ?? 0} logs`))
  }
})
