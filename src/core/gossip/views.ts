/**
 * Who this spore is linked to: a pure state machine after HyParView (Leitão, Pereira, Rodrigues 2007).
 *
 * The active view is small and symmetric: news travel along it. The passive view is who else is known; it replaces at once
 * who fails. Invariants: at most `ACTIVE_MAX` peers are active; who is active has accepted or was accepted; at most
 * `PASSIVE_MAX` peers that nobody configured are passive; every `ask` is followed by one `answered` or `failed`.
 */
import type { Random } from '../base/ports.ts'

/** Links of one spore: up to 9 spores form a full mesh, and after 30 % are gone at once the rest still hold together. */
export const ACTIVE_MAX = 8
/** Peers known beside them that nobody configured: who replaces a link that breaks. */
export const PASSIVE_MAX = 64
/** With fewer links than this a spore is close to being cut off: it is then accepted wherever it asks. */
const URGENT_BELOW = 4
/** Configured peers that no eviction touches: with these slots a spore cannot be surrounded by strangers alone. */
const PINNED_KEPT = 2
/** A peer that refused or failed is not asked again before this, and each time after it twice as long, up to the most. */
export const ASK_AGAIN_MS = 30_000
const ASK_AGAIN_MAX_MS = 32 * ASK_AGAIN_MS

/** A peer as the shell names it: here its URL. */
export type PeerName = string

export type ViewEvent =
  /** Somebody is known, or has answered after all. `isPinned` where an operator configured it: it is never forgotten for others. */
  | { readonly type: 'learnt'; readonly peer: PeerName; readonly isPinned: boolean }
  | { readonly type: 'forgotten'; readonly peer: PeerName }
  /** A peer asks for a link. Answered by exactly one `answer`. */
  | { readonly type: 'asked'; readonly peer: PeerName; readonly isUrgent: boolean }
  /** A peer answered an `ask`. */
  | { readonly type: 'answered'; readonly peer: PeerName; readonly isAccepted: boolean }
  /** A peer is not there, or does not do what it should; also instead of `answered`. */
  | { readonly type: 'failed'; readonly peer: PeerName }
  /** A peer ended the link. */
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
  isPinned: boolean
  state: 'passive' | 'asking' | 'active'
  /** It did not answer when it was last asked: the first to make room. */
  isFailing: boolean
  /** Not asked before this time, and how often in a row it did not become a link. */
  notBeforeMs: number
  refusals: number
}

export function createViews({ random }: { readonly random: Random }): Views {
  const members = new Map<PeerName, Member>()

  const inState = (state: Member['state']): PeerName[] =>
    [...members].filter(([, member]) => member.state === state).map(([peer]) => peer)
  const count = (state: Member['state']): number => {
    let found = 0
    for (const member of members.values()) if (member.state === state) found++
    return found
  }

  const learn = (peer: PeerName, isPinned: boolean): ViewEffect[] => {
    const known = members.get(peer)
    if (known) {
      known.isPinned ||= isPinned
      if (known.isFailing) Object.assign(known, { isFailing: false, notBeforeMs: 0, refusals: 0 })
      return []
    }
    members.set(peer, { isPinned, state: 'passive', isFailing: false, notBeforeMs: 0, refusals: 0 })
    return isPinned ? [] : trim(peer)
  }

  /** Drops a random passive peer, not the newest, where there are too many; one that failed rather than another. */
  const trim = (newest: PeerName): ViewEffect[] => {
    const strangers = [...members].filter(([, { state, isPinned }]) => state !== 'active' && !isPinned)
    const others = strangers
      .filter(([peer, { state }]) => state === 'passive' && peer !== newest)
      .map(([peer]) => peer)
    if (strangers.length <= PASSIVE_MAX || others.length === 0) return []
    const failing = others.filter((peer) => (members.get(peer) as Member).isFailing)
    const peer = pick(failing.length > 0 ? failing : others)
    members.delete(peer)
    return [{ type: 'dropped', peer }]
  }

  const answer = (peer: PeerName, isUrgent: boolean): ViewEffect[] => {
    const effects = learn(peer, false)
    const member = members.get(peer) as Member
    // Both asked at once, or the peer forgot that it is linked.
    if (member.state !== 'passive') return [...effects, ...link(peer, member), accept(peer, true)]
    const hasRoom = count('active') + count('asking') < ACTIVE_MAX
    if (!hasRoom && !isUrgent) return [...effects, accept(peer, false)]
    return [...effects, ...link(peer, member), accept(peer, true)]
  }

  const link = (peer: PeerName, member: Member): ViewEffect[] => {
    member.isFailing = false
    member.refusals = 0
    member.notBeforeMs = 0
    if (member.state === 'active') return []
    member.state = 'active'
    const evicted = count('active') > ACTIVE_MAX ? evict(peer) : []
    return [...evicted, { type: 'up', peer }]
  }

  /** Ends a random other link. HyParView's choice: whoever could choose better could also be led to choose worse. */
  const evict = (newest: PeerName): ViewEffect[] => {
    const active = inState('active').filter((peer) => peer !== newest)
    const kept = active.filter((peer) => (members.get(peer) as Member).isPinned).slice(0, PINNED_KEPT)
    const peer = pick(active.filter((candidate) => !kept.includes(candidate)))
    return [{ type: 'leave', peer }, ...unlink(peer)]
  }

  const unlink = (peer: PeerName): ViewEffect[] => {
    const member = members.get(peer)
    if (member?.state !== 'active') return []
    member.state = 'passive'
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

  /** Asks as many as links are missing, configured ones first; one of these also where strangers hold every link. */
  const fill = (nowMs: number): ViewEffect[] => {
    const active = inState('active')
    const asking = inState('asking')
    const isPinned = (peer: PeerName) => (members.get(peer) as Member).isPinned
    const ready = shuffled(
      inState('passive').filter((peer) => (members.get(peer) as Member).notBeforeMs <= nowMs),
    )
    const pinned = ready.filter(isPinned)
    const missing = Math.max(0, ACTIVE_MAX - active.length - asking.length)
    const isSurrounded = ![...active, ...asking].some(isPinned)
    const wanted = Math.max(missing, isSurrounded ? Math.min(1, pinned.length) : 0)
    const isUrgent = active.length < URGENT_BELOW
    return [...pinned, ...ready.filter((peer) => !isPinned(peer))].slice(0, wanted).map((peer) => {
      const member = members.get(peer) as Member
      member.state = 'asking'
      return { type: 'ask', peer, isUrgent }
    })
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
          return learn(event.peer, event.isPinned)
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
