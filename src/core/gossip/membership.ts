/**
 * Who belongs to the swarm as this spore sees it: it meets peers, links to some, notes who answers, asks others about who does
 * not, and tells them whom it knows. The parts decide; this carries their decisions from one to the other.
 *
 * Invariants: all times are of one clock that does not jump; every peer of the table is in the views and the other way round;
 * a peer that an operator configured is never forgotten.
 */
import type { Did } from '../base/brand.ts'
import { createElapsed } from '../base/elapsed.ts'
import type { Clock, Log, Random } from '../base/ports.ts'
import type { Result } from '../base/result.ts'
import type { Signer, Verifier } from '../identity/keys.ts'
import type { Profile } from '../identity/profile.ts'
import type { Shuffle } from '../identity/shuffle.ts'
import type { MemoryStore } from '../memory/store.ts'
import type { Writer } from '../memory/writer.ts'
import type { Failure } from '../protocol/errors.ts'
import type { PushReply } from '../protocol/messages.ts'
import { createAddressBook } from './address-book.ts'
import type { FederationClient } from './client.ts'
import type { Conduct } from './conduct.ts'
import type { Gate } from './gate.ts'
import { createIntroductions, type Introductions } from './introductions.ts'
import { isAway, mayBeAsked, phiOf, stepVital, type VitalContext, type VitalEvent } from './liveness.ts'
import { createLocalHealth, type LocalHealth } from './local-health.ts'
import { createNeighbors, type Neighbors } from './neighbors.ts'
import { isCutOff, isOwnTrouble, pause } from './peer-conduct.ts'
import { noteGiven, type Peer, type Peers } from './peers.ts'
import { placeOf } from './place.ts'
import { createProbes } from './probes.ts'
import { createSampler, SAMPLED_ACTIVE, SAMPLED_PASSIVE } from './sampler.ts'
import { createSelf, type Self } from './self.ts'
import { createShuffles } from './shuffles.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Transport } from './transport.ts'

export interface Membership {
  readonly self: Self
  readonly peers: Peers
  readonly introductions: Introductions
  readonly neighbors: Neighbors
  readonly health: LocalHealth
  /** The peers that chance chose (`sampler.ts`), to be linked to or to be kept: no stranger had a say in it. */
  sampled(): readonly Peer[]
  /** Time of a clock that does not jump. */
  elapsed(): number
  /** A peer did what it was asked. */
  reached(peer: Peer): void
  /** A message to a peer was answered, whatever that says of others. */
  heard(peer: Peer): void
  /** A peer failed, or refused. */
  failed(peer: Peer, error: Failure): void
  /** What became of what was pushed to a peer. */
  gave(url: string, result: Result<PushReply, Failure>): void
  /** A signed request of a spore came in. */
  called(did: Did): void
  /** A spore says that it goes. */
  left(did: Did): void
  /** A round is over, that was to come after `plannedMs`: time has passed for all. */
  pass(plannedMs: number): void
  /** Whether a peer may be asked something for a reason of its own: it is not cut off, and did not ask for a pause. */
  isWelcome(peer: Peer): boolean
  /** The same, and it does not sleep. */
  isAskable(peer: Peer): boolean
  /** φ of a peer's silence; null where it is no neighbour, so that none is expected of it. */
  suspicion(peer: Peer): number | null
  /** Whether this spore reaches the one of a key, for a caller that asks. */
  probed(key: Did, caller: Did): Promise<boolean | null>
  shuffled(given: Shuffle, caller: Did): Shuffle
  /** Tells neighbours and peers that this spore goes; `until` bounds how long that may take. */
  leave(until: AbortSignal): Promise<void>
  settled(): Promise<void>
}

export interface MembershipOptions {
  readonly name: string
  readonly network: string
  readonly profile: Profile
  readonly pullIntervalMs: number
}

export interface MembershipDeps {
  readonly peers: Peers
  /** `createPeerTime`. */
  readonly elapsed: () => number
  readonly gate: Pick<Gate, 'isOpen' | 'admits'>
  readonly conduct: Conduct
  readonly client: FederationClient
  readonly store: MemoryStore
  readonly writer: Writer
  readonly signer: Signer
  readonly verifier: Verifier
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  readonly subscriptions: () => Subscriptions
  readonly sync: (peer: Peer) => Promise<void>
  readonly onUp: (peer: Peer) => void
  readonly onDown: (peer: Peer) => void
}

/** Rounds in which a neighbour is expected to be heard from: 8 take turns at random, here and there. */
const EXPECTED_ROUNDS = 4
/** The longest step of the clock that is believed is a minute, or some rounds. */
const STEP_MAX_MS = 60_000
/** What is known of the peers is kept this often, where it changed. */
const SAVE_INTERVAL_MS = 60_000

/** The time that all of membership is counted in. */
export function createPeerTime(clock: Clock, pullIntervalMs: number): () => number {
  const measure = createElapsed(Math.max(STEP_MAX_MS, EXPECTED_ROUNDS * pullIntervalMs))
  return () => measure(clock.now())
}

export function createMembership(options: MembershipOptions, deps: MembershipDeps): Membership {
  const { client, conduct, gate, peers, elapsed, store, writer, signer, verifier, transport } = deps
  const { clock, random, log, signal, sync } = deps
  const { network, pullIntervalMs } = options
  const self = createSelf(options, { signer, clock, epoch: () => store.origin.epoch })
  const health = createLocalHealth()
  const sampler = createSampler({ active: SAMPLED_ACTIVE, passive: SAMPLED_PASSIVE }, { random, placeOf })
  const running = new Set<Promise<unknown>>()
  let passedAtMs = elapsed()
  let savedAtMs = passedAtMs

  const track = (work: Promise<unknown>): void => {
    const ended = work
      .catch((error: unknown) => log.error('membership broke', { error: String(error) }))
      .finally(() => running.delete(ended))
    running.add(ended)
  }

  // --- Whether a peer is there ---

  const contextOf = (peer: Peer): VitalContext => ({
    nowMs: elapsed(),
    expectedMs: neighbors.isActive(peer) ? EXPECTED_ROUNDS * pullIntervalMs : Number.POSITIVE_INFINITY,
    healthFactor: health.factor,
  })

  const step = (peer: Peer, event: VitalEvent): void => {
    const before = peer.vital.state
    for (const effect of stepVital(peer.vital, event, contextOf(peer))) {
      if (effect === 'probe') probes.ask(peer)
      else if (effect === 'replace') replace(peer)
      else if (!peer.isPinned) introductions.forget(peer)
    }
    const { state } = peer.vital
    if (state !== before) log.debug('peer changed', { peer: peer.url, before, state })
  }

  const replace = (peer: Peer): void => {
    neighbors.failed(peer)
    if (sampler.drop(peer.url, proven())) neighbors.sampled(sampler.sample())
  }

  const proven = (): string[] =>
    peers
      .all()
      .filter(({ descriptor, vital }) => descriptor !== null && !isAway(vital))
      .map(({ url }) => url)

  const sampled = (): Peer[] => {
    const { active, passive } = sampler.sample()
    return [...active, ...passive].flatMap((url) => peers.byUrl(url) ?? [])
  }

  const reached = (peer: Peer): void => {
    const hadFailed = peer.vital.failures > 0 || isAway(peer.vital)
    peer.lastError = null
    health.asked(true)
    step(peer, { type: 'answered' })
    if (hadFailed) neighbors.learn(peer)
  }

  const isWelcome = (peer: Peer): boolean =>
    gate.isOpen(peer) && !isCutOff(conduct, peer) && elapsed() >= peer.pausedUntilMs

  /** Whether it makes sense to ask a peer something now. */
  const isAskable = (peer: Peer): boolean => isWelcome(peer) && mayBeAsked(peer.vital, elapsed())

  const heard = (peer: Peer): void => {
    // Taking a push says nothing of what a peer answers to a pull.
    if (isAway(peer.vital)) reached(peer)
    else step(peer, { type: 'called' })
  }

  const failed = (peer: Peer, error: Failure): void => {
    // What this spore itself could not do says nothing of the peer.
    if (isOwnTrouble(error)) return
    if (pause(peer, error, elapsed())) return void heard(peer)
    peer.lastError = `${error.code}: ${error.detail}`
    log.debug('peer failed', { peer: peer.url, code: error.code, detail: error.detail })
    const isSilent = error.code === 'PEER_UNREACHABLE' || error.code === 'PEER_ASLEEP'
    health.asked(!isSilent)
    // Another may answer there the next time.
    if (isSilent) peer.isProven = false
    step(peer, isSilent ? { type: 'failed', isAsleep: error.code === 'PEER_ASLEEP' } : { type: 'refused' })
  }

  // --- The parts ---

  const introductions = createIntroductions(
    { network },
    {
      self,
      client,
      peers,
      book: createAddressBook({ store, writer }),
      signer,
      verifier,
      transport,
      clock,
      elapsed,
      log,
      isActive: (peer) => neighbors.isActive(peer),
      onAnswered(peer) {
        reached(peer)
        neighbors.learn(peer)
        if (gate.isOpen(peer) && sampler.saw(peer.url)) neighbors.sampled(sampler.sample())
      },
      onFailed: failed,
      onLearnt: (peer) => neighbors.learn(peer),
      onForgotten(peer) {
        neighbors.forget(peer)
        if (sampler.drop(peer.url, proven())) neighbors.sampled(sampler.sample())
      },
    },
  )
  const neighbors = createNeighbors({
    client,
    peers,
    elapsed,
    random,
    placeOf,
    introduce: introductions.introduce,
    isReachable: () => self.url !== null,
    subscriptions: deps.subscriptions,
    onUp: deps.onUp,
    onDown: deps.onDown,
    onFailed: failed,
    isAskable,
    admits: gate.admits,
  })
  const probes = createProbes({
    client,
    clock,
    elapsed,
    random,
    log,
    signal,
    witnesses: () => neighbors.active().filter(({ vital }) => vital.state === 'alive'),
    sync,
    onTestimony: (peer, witness, isReached) =>
      peer.witnesses.set(witness, { state: isReached ? 'alive' : 'gone', atMs: clock.now() }),
    onVerdict: (peer, isReached) => step(peer, { type: isReached ? 'vouched' : 'denied' }),
  })
  const shuffles = createShuffles({
    network,
    client,
    peers,
    self,
    verifier,
    clock,
    elapsed,
    random,
    introduce: introductions.introduce,
    isActive: neighbors.isActive,
    isAskable,
    onTold(descriptor, from, state) {
      const peer = introductions.told(descriptor)
      if (peer && peer !== from && from.descriptor)
        peer.witnesses.set(from.descriptor.key, { state, atMs: clock.now() })
    },
    onReached: reached,
    onFailed: failed,
  })

  const suspicion = (peer: Peer): number | null =>
    neighbors.isActive(peer) ? phiOf(peer.vital, contextOf(peer)) : null

  return {
    self,
    peers,
    introductions,
    neighbors,
    health,
    elapsed,
    reached,
    heard,
    failed,
    gave(url, result) {
      const peer = peers.byUrl(url)
      if (peer) noteGiven(peer, result, clock.now())
    },
    called(did) {
      const peer = peers.byDid(did)
      if (peer) step(peer, { type: 'called' })
    },
    left(did) {
      const peer = peers.byDid(did)
      if (peer) step(peer, { type: 'left' })
    },
    pass(plannedMs) {
      const nowMs = elapsed()
      health.woke(plannedMs, nowMs - passedAtMs)
      passedAtMs = nowMs
      for (const peer of peers.all()) step(peer, { type: 'passed' })
      neighbors.refill()
      track(shuffles.pass())
      if (nowMs - savedAtMs < SAVE_INTERVAL_MS) return
      savedAtMs = nowMs
      track(introductions.save())
    },
    sampled,
    isWelcome,
    isAskable,
    suspicion,
    async probed(key, caller) {
      const peer = peers.byDid(key)
      // Strangers do not make this spore ask others; it tells nobody of itself what a request does not show anyway.
      if (!peer || !peers.byDid(caller)) return null
      return probes.answer(peer)
    },
    shuffled: (given, caller) => shuffles.answer(given, peers.byDid(caller)),
    async leave(until) {
      const told = peers.all().filter(({ vital }) => vital.state === 'alive')
      await Promise.allSettled(told.map(({ url }) => client.leave(url, until)))
    },
    async settled() {
      await Promise.allSettled([neighbors.settled(), probes.settled(), ...running])
    },
  }
}
