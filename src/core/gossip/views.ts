/**
 * Who this spore is linked to: a pure state machine after HyParView (Leitão, Pereira, Rodrigues 2007).
 *
 * The active view is small and symmetric: news travel along it. The passive view is who else is known; it replaces at once
 * who fails. Invariants: at most `ACTIVE_MAX` peers are active; who is active has accepted or was accepted; at most
 * `PASSIVE_MAX` peers that nobody configured are passive, unless all are asked at once; of one place at most
 * `PLACE_ACTIVE_MAX` that nobody configured are active and `PLACE_KNOWN_MAX` known; every `ask` is followed by one `answered` or `failed`.
 */
import type { Random } from '../base/ports.ts'
import { SAMPLED_ACTIVE } from './sampler.ts'

/** Links of one spore: up to 9 spores form a full mesh, and after 30 % are gone at once the rest still hold together. */
export const ACTIVE_MAX = 8
/** Peers known beside them that nobody configured: who replaces a link that breaks. */
export const PASSIVE_MAX = 64
/** With fewer links than this a spore is close to being cut off: it is then accepted wherever it asks. */
const URGENT_BELOW = 4
/** Configured peers that no eviction touches: with these slots a spore cannot be surrounded by strangers alone. */
export const PINNED_KEPT = 2
/** Links of unconfigured peers in one place (a domain, a block of addresses), and peers of one that are known at all. */
export const PLACE_ACTIVE_MAX = 2
export const PLACE_KNOWN_MAX = 8
/** Passive peers that have not answered here yet, once there are as many as may be: strangers push out strangers. */
export const UNPROVEN_KEPT = 16
/**
 * Where all links are taken, one to a configured or sampled peer is asked for this often if strangers hold them all, having asked
 * for them themselves; and otherwise this often at first, and each time half as often, down to the least. Each costs somebody a
 * link, who then looks for another: a new one carries everything twice until it is pruned, and a lost one cuts the tree.
 */
export const CHOSEN_ASK_MS = 60_000
export const CHOSEN_ASK_RARELY_MS = 30 * 60_000
export const CHOSEN_ASK_MAX_MS = 16 * CHOSEN_ASK_RARELY_MS

/** A peer that refused or failed is not asked again before this, and each time after it twice as long, up to the most. */
export const ASK_AGAIN_MS = 30_000
const ASK_AGAIN_MAX_MS = 32 * ASK_AGAIN_MS

/** A peer as the shell names it: here its URL. */
export type PeerName = string

export type ViewEvent =
  /**
   * Somebody is known, or has answered after all. `isPinned` where an operator configured it: it is never forgotten for
   * others. `isProven` where it has answered here.
   */
  | {
      readonly type: 'learnt'
      readonly peer: PeerName
      readonly isPinned: boolean
      readonly isProven?: boolean
    }
  /** Whom chance chose (`sampler.ts`) to be linked to, and to be kept; instead of those it chose before. */
  | {
      readonly type: 'sampled'
      readonly active: readonly PeerName[]
      readonly passive: readonly PeerName[]
    }
  | { readonly type: 'forgotten'; readonly peer: PeerName }
  /** A peer asks for a link. Answered by exactly one `answer`. */
  | { readonly type: 'asked'; readonly peer: PeerName; readonly isUrgent: boolean }
  /** A peer answered an `ask`. */
  | { readonly type: 'answered'; readonly peer: PeerName; readonly isAccepted: boolean }
  /** A peer is not there, or does not do what it should; also instead of `answered`. */
  | { readonly type: 'failed'; readonly peer: PeerName }
  /** A peer ended the link, or it broke. */
  | { readonly type: 'left'; readonly peer: PeerName }
  /** A peer does not know of the link: it ended it and that was lost, or it has begun anew. It is asked which. */
  | { readonly type: 'unlinked'; readonly peer: PeerName }
  /** Time has passed: asks for what is missing. */
  | { readonly type: 'tick' }

export type ViewEffect =
  | { readonly type: 'answer'; readonly peer: PeerName; readonly isAccepted: boolean }
  | { readonly type: 'ask'; readonly peer: PeerName; readonly isUrgent: boolean }
  /** Tell a peer that the link has ended. */
  | { readonly type: 'leave'; readonly peer: PeerName }
  | { readonly type: 'up'; readonly peer: PeerName }
  | { readonly type: 'down'; readonly peer: PeerName }
  /** A passive peer made room for another: forget it. */
  | { readonly type: 'dropped'; readonly peer: PeerName }

export interface Views {
  handle(event: ViewEvent, nowMs: number): ViewEffect[]
  isActive(peer: PeerName): boolean
  active(): readonly PeerName[]
  passive(): readonly PeerName[]
}

interface Member {
  /** Null where no cap holds. */
  readonly place: string | null
  isPinned: boolean
  isProven: boolean
  /** Chance chose it: as a link, or to be kept. */
  sampled: 'active' | 'passive' | null
  /** The link was asked for here. */
  isOutbound: boolean
  state: 'passive' | 'asking' | 'active'
  /** It was asked for a link, once at least. */
  wasAsked: boolean
  /** It did not answer when it was last asked: the first to make room. */
  isFailing: boolean
  /** Not asked before this time, and how often in a row it did not become a link. */
  notBeforeMs: number
  refusals: number
}

export interface ViewsDeps {
  readonly random: Random
  /** The domain or block of a peer, of which there are only so many; null for one that no cap holds for. */
  readonly placeOf?: (peer: PeerName) => string | null
}

export function createViews({ random, placeOf = () => null }: ViewsDeps): Views {
  const members = new Map<PeerName, Member>()
  /** When a link to a chosen peer was last asked for beside full ones, the share of the pause that is waited, and the longer pause. */
  let chosenAtMs: number | null = null
  let patience = 0.5 + random.float()
  let rarelyMs = CHOSEN_ASK_RARELY_MS

  const inState = (state: Member['state']): PeerName[] =>
    [...members].filter(([, member]) => member.state === state).map(([peer]) => peer)
  const count = (state: Member['state']): number => {
    let found = 0
    for (const member of members.values()) if (member.state === state) found++
    return found
  }

  const learn = (peer: PeerName, isPinned: boolean, isProven = false): ViewEffect[] => {
    const known = members.get(peer)
    if (known) {
      known.isPinned ||= isPinned
      known.isProven ||= isProven
      if (known.isFailing) Object.assign(known, { isFailing: false, notBeforeMs: 0, refusals: 0 })
      return []
    }
    const place = placeOf(peer)
    const isCrowded = !isPinned && place !== null && knownIn(place) >= PLACE_KNOWN_MAX
    const dropped = isCrowded ? drop((_, other) => other.place === place) : []
    // Nobody makes room in a place that is full of links and of those that chance chose.
    if (isCrowded && dropped.length === 0) return [{ type: 'dropped', peer }]
    const begin = { isFailing: false, notBeforeMs: 0, refusals: 0 } as const
    members.set(peer, {
      place,
      isPinned,
      isProven,
      sampled: null,
      isOutbound: false,
      state: 'passive',
      wasAsked: false,
      ...begin,
    })
    return isPinned ? dropped : [...dropped, ...trim(peer)]
  }

  /** Peers of a place that nobody configured. */
  const knownIn = (place: string): number => {
    let found = 0
    for (const other of members.values()) if (!other.isPinned && other.place === place) found++
    return found
  }

  /** Makes room in the passive view where there are too many, and not by the newest. */
  const trim = (newest: PeerName): ViewEffect[] => {
    let passive = 0
    for (const { isPinned, state } of members.values()) if (!isPinned && state !== 'active') passive++
    return passive <= PASSIVE_MAX ? [] : drop((peer) => peer !== newest)
  }

  /**
   * Drops one that nobody configured: one that failed rather than another, a stranger that has not answered rather than one that
   * has where strangers are many, and nobody that is linked, asked, or kept for chance.
   */
  const drop = (isAmong: (peer: PeerName, member: Member) => boolean): ViewEffect[] => {
    const [failing, unproven, proven]: [PeerName[], PeerName[], PeerName[]] = [[], [], []]
    for (const [peer, member] of members) {
      const { isPinned, state, sampled } = member
      if (isPinned || state !== 'passive' || sampled !== null || !isAmong(peer, member)) continue
      if (member.isFailing) failing.push(peer)
      ;(member.isProven ? proven : unproven).push(peer)
    }
    const isCrowded = unproven.length >= UNPROVEN_KEPT || proven.length === 0
    const pool = failing.length > 0 ? failing : isCrowded ? unproven : proven
    if (pool.length === 0) return []
    const peer = pick(pool)
    members.delete(peer)
    return [{ type: 'dropped', peer }]
  }

  const answer = (peer: PeerName, isUrgent: boolean): ViewEffect[] => {
    const effects = learn(peer, false)
    const member = members.get(peer)
    if (!member) return [...effects, accept(peer, false)]
    // Both asked at once, or the peer forgot that it is linked.
    if (member.state !== 'passive') return [...effects, ...link(peer, member), accept(peer, true)]
    const hasRoom = count('active') + count('asking') < ACTIVE_MAX
    if ((!hasRoom && !isUrgent) || isPlaceFull(member)) return [...effects, accept(peer, false)]
    return [...effects, ...link(peer, member), accept(peer, true)]
  }

  const link = (peer: PeerName, member: Member): ViewEffect[] => {
    member.isFailing = false
    member.refusals = 0
    member.notBeforeMs = 0
    if (member.state === 'active') return []
    member.isOutbound = member.state === 'asking'
    member.state = 'active'
    const evicted = count('active') > ACTIVE_MAX ? evict(peer) : []
    return [...evicted, { type: 'up', peer }]
  }

  /** Whether as many links of a peer's place are there, or asked for, as one that nobody configured may share it with. */
  const isPlaceFull = ({ place, isPinned }: Member): boolean => {
    if (place === null || isPinned) return false
    let sharing = 0
    for (const other of members.values()) if (other.place === place && other.state !== 'passive') sharing++
    return sharing >= PLACE_ACTIVE_MAX
  }

  /** Ends a random other link. HyParView's choice: whoever could choose better could also be led to choose worse. */
  const evict = (newest: PeerName): ViewEffect[] => {
    const active = inState('active').filter((peer) => peer !== newest)
    const of = (peer: PeerName) => members.get(peer) as Member
    const pinned = active.filter((peer) => of(peer).isPinned).slice(0, PINNED_KEPT)
    const sampled = active.filter((peer) => of(peer).sampled === 'active').slice(0, SAMPLED_ACTIVE)
    const peer = pick(
      active.filter((candidate) => !pinned.includes(candidate) && !sampled.includes(candidate)),
    )
    return [{ type: 'leave', peer }, ...unlink(peer)]
  }

  const unlink = (peer: PeerName): ViewEffect[] => {
    const member = members.get(peer)
    if (member?.state !== 'active') return []
    member.state = 'passive'
    member.isOutbound = false
    return [{ type: 'down', peer }, ...(member.isPinned ? [] : trim(peer))]
  }

  const postpone = (member: Member, nowMs: number): void => {
    // Around the mean, or all that failed together would ask together again.
    const delayMs = Math.min(ASK_AGAIN_MAX_MS, ASK_AGAIN_MS * 2 ** member.refusals)
    member.notBeforeMs = nowMs + delayMs * (0.5 + random.float())
    member.refusals++
  }

  const answered = (peer: PeerName, isAccepted: boolean, nowMs: number): ViewEffect[] => {
    const member = members.get(peer)
    // Meanwhile it has asked by itself.
    if (member?.state === 'active') return []
    // Meanwhile it has left, or was forgotten: nobody here counts on that link.
    if (member?.state !== 'asking') return isAccepted ? [{ type: 'leave', peer }] : []
    if (isAccepted) return link(peer, member)
    member.state = 'passive'
    postpone(member, nowMs)
    return count('active') < URGENT_BELOW ? fill(nowMs) : []
  }

  const failed = (peer: PeerName, nowMs: number): ViewEffect[] => {
    const member = members.get(peer)
    if (!member) return []
    const effects: ViewEffect[] = member.state === 'active' ? [{ type: 'down', peer }] : []
    member.state = 'passive'
    member.isFailing = true
    postpone(member, nowMs)
    return [...effects, ...(member.isPinned ? [] : trim(peer)), ...fill(nowMs)]
  }

  /**
   * Asks as many as links are missing, configured ones first and then those that chance chose; now and then one of either kind
   * also where others hold every link.
   */
  const fill = (nowMs: number): ViewEffect[] => {
    const held: Member[] = []
    const ready: [PeerName, Member][] = []
    for (const entry of members) {
      const [, member] = entry
      if (member.state !== 'passive') held.push(member)
      else if (member.notBeforeMs <= nowMs) ready.push(entry)
    }
    const active = count('active')
    const missing = Math.max(0, ACTIVE_MAX - held.length)
    const ranked = shuffled(ready)
    const pinned = ranked.filter(([, { isPinned }]) => isPinned)
    const sampled = ranked.filter(([, { sampled, isPinned }]) => sampled === 'active' && !isPinned)
    const others = ranked.filter(([, { sampled, isPinned }]) => sampled !== 'active' && !isPinned)
    const asked: ViewEffect[] = []
    const ask = ([peer, member]: [PeerName, Member], isUrgent: boolean): void => {
      if (isPlaceFull(member)) return
      member.state = 'asking'
      member.wasAsked = true
      asked.push({ type: 'ask', peer, isUrgent })
    }
    for (const candidate of [...pinned, ...sampled, ...others])
      if (asked.length < missing) ask(candidate, active < URGENT_BELOW)
    const [chosen] = missing === 0 ? lacking(held, pinned, sampled) : []
    const isDue = isChosenDue(held, nowMs)
    if (chosen && (isDue || isNew(chosen[1]))) {
      if (isDue && !isHeldByOthers(held)) rarelyMs = Math.min(CHOSEN_ASK_MAX_MS, 2 * rarelyMs)
      chosenAtMs = nowMs
      patience = 0.5 + random.float()
      ask(chosen, true)
    }
    return asked
  }

  /** Candidates of a kind that strangers have no say in, and of which too few hold a link. */
  const lacking = (
    held: readonly Member[],
    pinned: readonly [PeerName, Member][],
    sampled: readonly [PeerName, Member][],
  ): readonly [PeerName, Member][] => {
    if (pinned.length > 0 && !held.some(({ isPinned }) => isPinned)) return pinned
    return held.filter((member) => member.sampled === 'active').length < SAMPLED_ACTIVE ? sampled : []
  }

  /** An operator has just configured it. */
  const isNew = ({ isPinned, wasAsked }: Member): boolean => isPinned && !wasAsked

  /** Those who asked for all links could be surrounding this spore. */
  const isHeldByOthers = (held: readonly Member[]): boolean =>
    !held.some(({ isOutbound, isPinned }) => isOutbound || isPinned)

  const isChosenDue = (held: readonly Member[], nowMs: number): boolean => {
    chosenAtMs ??= nowMs
    return nowMs >= chosenAtMs + (isHeldByOthers(held) ? CHOSEN_ASK_MS : rarelyMs) * patience
  }

  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.float() * from.length)] as T
  const shuffled = <T>(from: readonly T[]): T[] =>
    from
      .map((item) => ({ item, rank: random.float() }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ item }) => item)

  return {
    handle(event, nowMs) {
      switch (event.type) {
        case 'learnt':
          return learn(event.peer, event.isPinned, event.isProven)
        case 'sampled': {
          for (const member of members.values()) member.sampled = null
          for (const kind of ['passive', 'active'] as const)
            for (const peer of event[kind]) {
              const member = members.get(peer)
              if (member) member.sampled = kind
            }
          return []
        }
        case 'forgotten': {
          const effects = unlink(event.peer)
          members.delete(event.peer)
          return effects
        }
        case 'asked':
          return answer(event.peer, event.isUrgent)
        case 'answered':
          return answered(event.peer, event.isAccepted, nowMs)
        case 'failed':
          return failed(event.peer, nowMs)
        case 'left': {
          const member = members.get(event.peer)
          if (!member || member.state === 'passive') return []
          const effects = unlink(event.peer)
          // Its leaving can come before its accepting.
          member.state = 'passive'
          // Who has just made room for another will not take this one back at once.
          postpone(member, nowMs)
          return [...effects, ...fill(nowMs)]
        }
        case 'unlinked': {
          const member = members.get(event.peer)
          if (member?.state !== 'active') return []
          member.state = 'asking'
          const isUrgent = count('active') < URGENT_BELOW
          return [
            { type: 'down', peer: event.peer },
            { type: 'ask', peer: event.peer, isUrgent },
          ]
        }
        case 'tick':
          return fill(nowMs)
      }
    },
    isActive: (peer) => members.get(peer)?.state === 'active',
    active: () => inState('active'),
    passive: () => [...members].filter(([, { state }]) => state !== 'active').map(([peer]) => peer),
  }
}

const accept = (peer: PeerName, isAccepted: boolean): ViewEffect => ({ type: 'answer', peer, isAccepted })
