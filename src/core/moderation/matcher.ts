/**
 * Which rule holds for a peer or an author: a few look-ups in maps, whatever the number of rules.
 *
 * The nearest rule decides: one that names the spore itself by its did or URL before one for a domain, and a narrower domain
 * before a wider one. Where two are equally near, the stricter one.
 */
import type { Did } from '../base/brand.ts'
import { domainsOf, hostOf } from './hosts.ts'
import type { Action, Rule, Rules } from './rule.ts'

/**
 * What becomes of a peer: `open`; `limited` (no links, and not asked); `refused`; or `unproven` where only those who are
 * allowed come in and nobody knows yet who this is.
 */
export type PeerStanding = 'open' | 'limited' | 'unproven' | 'refused'
/** What becomes of an author: `open`; `limited` (shown, labelled, in no context); `muted` (not shown, but by id); `refused`. */
export type AuthorStanding = 'open' | 'limited' | 'muted' | 'refused'

export interface Matcher {
  /** A peer by what is known of it. The URL may be left out for one whose place is known. */
  peer(did: Did | null, url: string | null): PeerStanding
  author(did: Did): AuthorStanding
  /** The rule behind each; null where none is. */
  peerRule(did: Did | null, url: string | null): Rule | null
  authorRule(did: Did): Rule | null
  /** True where a URL, or the domain that it is in, is named by a rule. */
  names(url: string): boolean
  /** True where nothing is ruled at all. */
  readonly isIdle: boolean
  /** True where every author is open. */
  readonly isSilent: boolean
}

/** Where spores are known to answer, or say that they do: the domain of an author. */
export interface Places {
  get(did: Did): Place | undefined
}

export interface Place {
  readonly url: string
  /** It answered there. Its own word counts against it, not for it. */
  readonly isProven: boolean
}

const STRICTNESS: Readonly<Record<Action, number>> = { allow: 0, limit: 1, mute: 2, block: 3 }

export function createMatcher({ rules, allowOnly }: Rules, places: Places, self: Did): Matcher {
  const peers = new Map<string, Rule>()
  const authors = new Map<string, Rule>()
  const domains = new Map<string, Rule>()
  for (const rule of rules) {
    const { kind, value } = rule.target
    const into = kind === 'peer' ? peers : kind === 'author' ? authors : domains
    into.set(value, rule)
  }

  const domainRule = (url: string | null): Rule | null => {
    const host = url === null || domains.size === 0 ? null : hostOf(url)
    if (host === null) return null
    for (const domain of domainsOf(host)) {
      const rule = domains.get(domain)
      if (rule) return rule
    }
    return null
  }

  const atPlace = (place: Place | undefined): Rule | null => counted(place, place && domainRule(place.url))

  const peerRule = (did: Did | null, url: string | null): Rule | null => {
    const named = (did && peers.get(did)) ?? null
    if (url !== null) return stricter(named, peers.get(url) ?? null) ?? domainRule(url)
    const place = did ? places.get(did) : undefined
    return stricter(named, counted(place, place && peers.get(place.url))) ?? atPlace(place)
  }

  const authorRule = (did: Did): Rule | null => {
    const named = authors.get(did)
    if (named) return named
    const place = places.get(did)
    // To mute a spore, or to allow it, is to mute or allow what it says itself. To block it is to have no dealings with it:
    // others may bring its words.
    const atUrl = counted(place, place && peers.get(place.url))
    return stricter(voiceRule(peers.get(did)), voiceRule(atUrl)) ?? atPlace(place)
  }

  const peerStanding = (did: Did | null, url: string | null): PeerStanding => {
    if (did === self) return 'open'
    const action = peerRule(did, url)?.action
    if (action === 'block') return 'refused'
    if (allowOnly.peers && action !== 'allow') return did === null && !action ? 'unproven' : 'refused'
    return action === 'limit' ? 'limited' : 'open'
  }

  const authorStanding = (did: Did): AuthorStanding => {
    if (did === self) return 'open'
    const action = authorRule(did)?.action
    if (action === 'block' || (allowOnly.authors && action !== 'allow')) return 'refused'
    return action === 'mute' ? 'muted' : action === 'limit' ? 'limited' : 'open'
  }

  const isIdle = rules.length === 0 && !allowOnly.peers && !allowOnly.authors
  return {
    isIdle,
    isSilent: isIdle || (!allowOnly.authors && !rules.some(concernsAuthors)),
    peerRule,
    authorRule,
    peer: (did, url) => (isIdle ? 'open' : peerStanding(did, url)),
    author: (did) => (isIdle ? 'open' : authorStanding(did)),
    names: (url) => peers.has(url) || domainRule(url) !== null,
  }
}

/** A rule about the place where a spore is: nobody is allowed in for saying that it is there. */
const counted = (place: Place | undefined, rule: Rule | null | undefined): Rule | null =>
  rule && (place?.isProven || rule.action !== 'allow') ? rule : null

const voiceRule = (rule: Rule | null | undefined): Rule | null =>
  rule?.action === 'mute' || rule?.action === 'allow' ? rule : null

function stricter(a: Rule | null, b: Rule | null): Rule | null {
  if (!a || !b) return a ?? b
  return STRICTNESS[b.action] > STRICTNESS[a.action] ? b : a
}

/** Whether a rule can make any author other than open. */
const concernsAuthors = ({ target, action }: Rule): boolean =>
  action !== 'allow' && (target.kind !== 'peer' || action === 'mute')
