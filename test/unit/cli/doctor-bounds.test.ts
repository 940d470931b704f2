/** What `spore doctor` says of entries that were set aside, of quotas that are full, and of the search index. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkKept,
  checkQuarantine,
  checkSearch,
  checkTrust,
  SEARCH_RECALL_WARN,
} from '../../../src/cli/doctor/checks.ts'

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

test('how far authors are trusted is shown, this spore itself left out', () => {
  const authors = { commander: 1, peer: 2, contributor: 3, observer: 4, stranger: 5 }
  const { level, detail } = checkTrust({ trust: { authors } })
  assert.deepEqual(
    [level, detail],
    ['ok', '5 authors beside this spore are trusted, 4 observed, 5 strangers'],
  )
})

test('search is said to be well as far as that was measured, and a warning where it is behind or misses much', () => {
  const sidecar: Parameters<typeof checkSearch>[0] = {
    entries: 3,
    behind: 0,
    dead: 0,
    tokens: 9,
    terms: 9,
    grams: 30,
    bytes: 2 * MIB,
    bytesPerEntry: (2 * MIB) / 3,
    segments: 1,
    moving: null,
    searchMs: { searches: 0, p50: null, p99: null },
    recall: null,
    isAuditing: false,
    dense: null,
  }
  assert.deepEqual(checkSearch(sidecar), {
    name: 'search',
    level: 'ok',
    detail: '3 memories in 2.0 MiB, no search yet, recall not measured (--audit does)',
    fix: null,
  })
  const audit = { questions: 5, entries: 3, auditedAt: '2026-11-21T00:00:00.000Z', tookMs: 1 }
  const recall = (at10: number) => checkSearch({ ...sidecar, recall: { ...audit, at10 } })
  assert.deepEqual([recall(SEARCH_RECALL_WARN).level, recall(0.96).level], ['ok', 'warn'])
  const timed = checkSearch({ ...sidecar, behind: 7, searchMs: { searches: 1, p50: 1.25, p99: 20 } })
  assert.equal(timed.level, 'warn')
  assert.match(timed.detail, /p50 1\.3 ms, p99 20\.0 ms.*7 entries/)
})
