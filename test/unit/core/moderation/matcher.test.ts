/** Which rule holds: look-ups agree with a reading of all rules one by one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Did } from '../../../../src/core/base/brand.ts'
import { createMatcher, type Place } from '../../../../src/core/moderation/matcher.ts'
import { ACTIONS, type Action, type Rule, type Rules } from '../../../../src/core/moderation/rule.ts'
import { targetKey } from '../../../../src/core/moderation/target.ts'
import { didOf, ruleOf, SELF } from './support.ts'

const dids = ['ada', 'bo', 'cy'].map(didOf)
const hosts = ['example.org', 'a.example.org', 'b.a.example.org', 'other.net', 'xexample.org', '203.0.113.7']
const urls = hosts.map((host) => `https://${host}`)
const domains = [...hosts, 'org', '0.113.7']

const target = fc.oneof(
  fc.record({ kind: fc.constant('peer' as const), value: fc.constantFrom(...dids, ...urls) }),
  fc.record({ kind: fc.constant('author' as const), value: fc.constantFrom(...dids) }),
  fc.record({ kind: fc.constant('domain' as const), value: fc.constantFrom(...domains) }),
)
const rules: fc.Arbitrary<Rules> = fc.record({
  rules: fc
    .array(
      fc
        .record({ target, action: fc.constantFrom<Action>(...ACTIONS) })
        .map(({ target, action }) => ruleOf(action, target)),
      { maxLength: 8 },
    )
    .map((list) => [...new Map(list.map((rule) => [targetKey(rule.target), rule])).values()]),
  allowOnly: fc.record({ peers: fc.boolean(), authors: fc.boolean() }),
})
const places = fc
  .array(
    fc.tuple(fc.constantFrom(...dids), fc.record({ url: fc.constantFrom(...urls), isProven: fc.boolean() })),
  )
  .map((pairs) => new Map<Did, Place>(pairs))

// --- The oracle: every rule is read, and the nearest of those that fit is taken ---

const strictness = (rule: Rule): number => ['allow', 'limit', 'mute', 'block'].indexOf(rule.action)
const covers = (domain: string, url: string): boolean => {
  const host = new URL(url).hostname
  return host === domain || (!/^[\d.]+$/.test(host) && host.endsWith(`.${domain}`))
}
/** Exact names count as nearer than any domain, longer domains as nearer than shorter ones. */
const nearest = (fitting: readonly Rule[]): Rule | undefined =>
  [...fitting].sort(
    (a, b) =>
      Number(b.target.kind !== 'domain') - Number(a.target.kind !== 'domain') ||
      (a.target.kind === 'domain'
        ? b.target.value.length - a.target.value.length
        : strictness(b) - strictness(a)),
  )[0]
const countsAt = (place: Place | undefined, rule: Rule): boolean =>
  place !== undefined && (place.isProven || rule.action !== 'allow')

function peerOracle(
  { rules, allowOnly }: Rules,
  known: ReadonlyMap<Did, Place>,
  did: Did | null,
  url: string | null,
) {
  if (did === SELF) return 'open'
  const place = url === null && did ? known.get(did) : undefined
  const at = url ?? place?.url ?? null
  const isThere = (rule: Rule): boolean => (url === null ? countsAt(place, rule) : true)
  const rule = nearest(
    rules.filter((rule) => {
      const { kind, value } = rule.target
      if (kind === 'peer') return value === did || (value === at && isThere(rule))
      return (
        kind === 'domain' &&
        at !== null &&
        covers(value, at) &&
        rule === nearestDomain(rules, at) &&
        isThere(rule)
      )
    }),
  )
  if (rule?.action === 'block') return 'refused'
  if (allowOnly.peers && rule?.action !== 'allow') return did === null && !rule ? 'unproven' : 'refused'
  return rule?.action === 'limit' ? 'limited' : 'open'
}
const nearestDomain = (rules: readonly Rule[], url: string): Rule | undefined =>
  nearest(rules.filter(({ target }) => target.kind === 'domain' && covers(target.value, url)))

function authorOracle({ rules, allowOnly }: Rules, known: ReadonlyMap<Did, Place>, did: Did) {
  if (did === SELF) return 'open'
  const place = known.get(did)
  const named = rules.find(({ target }) => target.kind === 'author' && target.value === did)
  const voices = rules.filter(
    (rule) =>
      rule.target.kind === 'peer' &&
      (rule.action === 'mute' || rule.action === 'allow') &&
      (rule.target.value === did || (rule.target.value === place?.url && countsAt(place, rule))),
  )
  const domain = place && nearestDomain(rules, place.url)
  const rule = named ?? nearest(voices) ?? (domain && countsAt(place, domain) ? domain : undefined)
  if (rule?.action === 'block' || (allowOnly.authors && rule?.action !== 'allow')) return 'refused'
  return rule?.action === 'mute' ? 'muted' : rule?.action === 'limit' ? 'limited' : 'open'
}

describe('the standing of', () => {
  test('a peer is what reading every rule gives', () => {
    fc.assert(
      fc.property(
        rules,
        places,
        fc.option(fc.constantFrom(...dids, SELF)),
        fc.option(fc.constantFrom(...urls)),
        (ruled, known, did, url) => {
          const matcher = createMatcher(ruled, known, SELF)
          assert.equal(matcher.peer(did, url), peerOracle(ruled, known, did, url))
        },
      ),
      { numRuns: 2000 },
    )
  })
  test('an author is what reading every rule gives', () => {
    fc.assert(
      fc.property(rules, places, fc.constantFrom(...dids, SELF), (ruled, known, did) => {
        const matcher = createMatcher(ruled, known, SELF)
        const standing = matcher.author(did)
        assert.equal(standing, authorOracle(ruled, known, did))
        assert.ok(!matcher.isSilent || standing === 'open')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the nearest rule decides', () => {
  const none = { peers: false, authors: false }
  const block = ruleOf('block', { kind: 'domain', value: 'example.org' })

  test('a domain covers what is under it, and nothing that only ends alike', () => {
    const matcher = createMatcher({ rules: [block], allowOnly: none }, new Map(), SELF)
    assert.equal(matcher.peer(null, 'https://b.a.example.org/spore'), 'refused')
    assert.equal(matcher.peer(null, 'http://EXAMPLE.org.:8443'), 'refused')
    assert.equal(matcher.peer(null, 'https://xexample.org'), 'open')
    assert.equal(matcher.peer(null, 'https://example.org.evil.net'), 'open')
  })
  test('an exempt peer of a blocked domain is open, and so is what it says', () => {
    const allow = ruleOf('allow', { kind: 'peer', value: didOf('ada') })
    const known = new Map([[didOf('ada'), { url: 'https://example.org', isProven: true }]])
    const matcher = createMatcher({ rules: [block, allow], allowOnly: none }, known, SELF)
    assert.equal(matcher.peer(didOf('ada'), 'https://example.org'), 'open')
    assert.equal(matcher.author(didOf('ada')), 'open')
  })
  test('nobody is let in for saying that it is somewhere', () => {
    const allow = ruleOf('allow', { kind: 'domain', value: 'example.org' })
    const only = { rules: [allow], allowOnly: { peers: true, authors: true } }
    const claimed = new Map([[didOf('eve'), { url: 'https://example.org', isProven: false }]])
    const matcher = createMatcher(only, claimed, SELF)
    assert.deepEqual([matcher.peer(didOf('eve'), null), matcher.author(didOf('eve'))], ['refused', 'refused'])
  })
})
