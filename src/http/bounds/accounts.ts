/**
 * Token buckets of those who are not known yet, in bytes and in signatures: verifying one takes longer than all the rest
 * of a small request, so that is what is given out sparingly, and charged before it is done.
 *
 * A request of a stranger has to find tokens with its address, with the neighbourhood of the address and with all strangers
 * together. A peer that has proven itself at an address has a bucket of its own there. That costs strangers nothing and
 * gives them nothing: whoever says to be it at another address is charged there, and only who shares the address of
 * a peer can use up what is that peer's.
 *
 * Invariants: every map is bounded; tokens never exceed the burst, nor debts one burst, or where work was done that is
 * known afterwards `STRANGER_DEBT_FACTOR`; time that stands still or
 * runs backwards refills nothing.
 */
import { type BoundedMap, createBoundedMap } from '../../core/base/bounded.ts'
import {
  ADDRESS_BUCKETS_MAX,
  ADDRESS_BYTES_BURST,
  ADDRESS_BYTES_PER_SECOND,
  ADDRESS_SIGNATURES_BURST,
  ADDRESS_SIGNATURES_PER_SECOND,
  EVERYONE_FACTOR,
  PEER_BYTES_BURST,
  PEER_BYTES_PER_SECOND,
  PEER_SIGNATURES_BURST,
  PEER_SIGNATURES_PER_SECOND,
  PROVEN_BUCKETS_MAX,
  WIDE_FACTOR,
} from '../../core/protocol/limits.ts'
import type { Origin } from './origin.ts'
import {
  ADDRESS_KEYS_BURST,
  ADDRESS_KEYS_PER_SECOND,
  KEYS_MET_MAX,
  NEAR_FACTOR,
  REFUSAL_COST,
  STRANGER_DEBT_FACTOR,
} from './strangers.ts'

/** What a request costs. */
export interface Cost {
  readonly bytes?: number
  readonly signatures?: number
  /** What else it makes this spore do, in signatures: only strangers pay for it. */
  readonly work?: number
}

export interface Accounts {
  /**
   * Takes what a request costs, or nothing where it is not all there: then milliseconds until it is, else 0. For one that
   * costs more than half a burst half of it is enough, and the rest is owed. `claimed` is who the request says to be from.
   * Being refused costs an address on the public internet a little: who asks on and on is not served in between.
   */
  take(origin: Origin, claimed: string | null, cost: Cost): number
  /** The same for a key that a stranger says to have: the first time that it comes from there it takes its place among the new ones. */
  meet(origin: Origin, claimed: string): number
  /** Charges what is known afterwards; it may leave debts. */
  charge(origin: Origin, claimed: string | null, cost: Cost): void
  /** A peer of this spore has signed a request from there. */
  prove(origin: Origin, caller: string): void
  /** True for one that is not known as a peer there. */
  isStranger(origin: Origin, claimed: string | null): boolean
  /** True where less than half of the signatures are left that may be verified at once. */
  isStrained(origin: Origin, claimed: string | null): boolean
  /** Buckets and keys that are kept. */
  readonly size: number
}

interface Rate {
  readonly bytesPerSecond: number
  readonly bytesBurst: number
  readonly signaturesPerSecond: number
  readonly signaturesBurst: number
  readonly keysPerSecond: number
  readonly keysBurst: number
}

interface Bucket {
  readonly rate: Rate
  atMs: number
  bytes: number
  signatures: number
  keys: number
}

const OWN: Rate = {
  bytesPerSecond: ADDRESS_BYTES_PER_SECOND,
  bytesBurst: ADDRESS_BYTES_BURST,
  signaturesPerSecond: ADDRESS_SIGNATURES_PER_SECOND,
  signaturesBurst: ADDRESS_SIGNATURES_BURST,
  keysPerSecond: ADDRESS_KEYS_PER_SECOND,
  keysBurst: ADDRESS_KEYS_BURST,
}
const WIDE = times(OWN, WIDE_FACTOR)
const NEAR: Rate = {
  ...times(OWN, NEAR_FACTOR),
  bytesPerSecond: OWN.bytesPerSecond,
  bytesBurst: OWN.bytesBurst,
}
const EVERYONE = times(OWN, EVERYONE_FACTOR)
const PROVEN: Rate = {
  ...OWN,
  bytesPerSecond: PEER_BYTES_PER_SECOND,
  bytesBurst: PEER_BYTES_BURST,
  signaturesPerSecond: PEER_SIGNATURES_PER_SECOND,
  signaturesBurst: PEER_SIGNATURES_BURST,
}

/** `nowMs` is a clock that only goes forward. */
export function createAccounts(nowMs: () => number): Accounts {
  const addresses = createBoundedMap<string, Bucket>(ADDRESS_BUCKETS_MAX)
  const proven = createBoundedMap<string, Bucket>(PROVEN_BUCKETS_MAX)
  const met = createBoundedMap<string, true>(KEYS_MET_MAX)
  const everyone = newBucket(EVERYONE, nowMs())

  const bucketOf = (map: BoundedMap<string, Bucket>, key: string, rate: Rate): Bucket => {
    const known = map.get(key)
    if (known) return known
    const bucket = newBucket(rate, nowMs())
    map.set(key, bucket)
    return bucket
  }

  const bucketsOf = (origin: Origin, claimed: string | null): readonly Bucket[] => {
    const own = claimed === null ? undefined : proven.get(`${origin.own} ${claimed}`)
    const buckets = own
      ? [own]
      : [
          bucketOf(addresses, origin.own, origin.isNear ? NEAR : OWN),
          ...(origin.wide === null ? [] : [bucketOf(addresses, origin.wide, WIDE)]),
          everyone,
        ]
    for (const bucket of buckets) refill(bucket, nowMs())
    return buckets
  }

  /** Not its neighbourhood, nor everyone: what one does there would be paid by others. */
  const chargeRefusal = ({ own, isNear }: Origin): void => {
    if (!isNear) spend(bucketOf(addresses, own, OWN), { signatures: REFUSAL_COST })
  }

  /** Strangers pay for work as for signatures. */
  const dueOf = (buckets: readonly Bucket[], { bytes = 0, signatures = 0, work = 0 }: Cost): Cost => ({
    bytes,
    signatures: buckets.includes(everyone) ? signatures + work : signatures,
  })

  return {
    take(origin, claimed, cost) {
      const buckets = bucketsOf(origin, claimed)
      const isStranger = buckets.includes(everyone)
      const due = dueOf(buckets, cost)
      const waitMs = Math.max(...buckets.map((bucket) => waitFor(bucket, due)))
      if (waitMs === 0) for (const bucket of buckets) spend(bucket, due)
      else if (isStranger) chargeRefusal(origin)
      return waitMs
    },
    meet(origin, claimed) {
      const key = `${origin.own} ${claimed}`
      // A proxy that nobody named as one may stand there for everyone.
      if (origin.isNear || met.get(key)) return 0
      // Everyone is left out: else one who has many addresses would keep all newcomers away.
      const buckets = bucketsOf(origin, null).filter((bucket) => bucket !== everyone)
      const waitMs = Math.max(...buckets.map(waitForKey))
      if (waitMs > 0) chargeRefusal(origin)
      else {
        for (const bucket of buckets) bucket.keys--
        met.set(key, true)
      }
      return waitMs
    },
    charge(origin, claimed, cost) {
      const buckets = bucketsOf(origin, claimed)
      const due = dueOf(buckets, cost)
      // What was done for it an address pays in full; a neighbourhood, and everyone, would pay for one that left.
      const depth = (cost.work ?? 0) > 0 ? STRANGER_DEBT_FACTOR : 1
      for (const [i, bucket] of buckets.entries()) spend(bucket, due, i === 0 ? depth : 1)
    },
    prove(origin, caller) {
      bucketOf(proven, `${origin.own} ${caller}`, PROVEN)
    },
    isStranger: (origin, claimed) => claimed === null || !proven.get(`${origin.own} ${claimed}`),
    isStrained: (origin, claimed) =>
      bucketsOf(origin, claimed).some(({ rate, signatures }) => signatures < rate.signaturesBurst / 2),
    get size() {
      return addresses.size + proven.size + met.size
    },
  }
}

function times(rate: Rate, factor: number): Rate {
  return {
    bytesPerSecond: rate.bytesPerSecond * factor,
    bytesBurst: rate.bytesBurst * factor,
    signaturesPerSecond: rate.signaturesPerSecond * factor,
    signaturesBurst: rate.signaturesBurst * factor,
    keysPerSecond: rate.keysPerSecond * factor,
    keysBurst: rate.keysBurst * factor,
  }
}

const newBucket = (rate: Rate, atMs: number): Bucket => ({
  rate,
  atMs,
  bytes: rate.bytesBurst,
  signatures: rate.signaturesBurst,
  keys: rate.keysBurst,
})

function refill(bucket: Bucket, nowMs: number): void {
  const seconds = Math.max(0, nowMs - bucket.atMs) / 1000
  const { rate } = bucket
  bucket.atMs = Math.max(bucket.atMs, nowMs)
  bucket.bytes = Math.min(rate.bytesBurst, bucket.bytes + seconds * rate.bytesPerSecond)
  bucket.signatures = Math.min(rate.signaturesBurst, bucket.signatures + seconds * rate.signaturesPerSecond)
  bucket.keys = Math.min(rate.keysBurst, bucket.keys + seconds * rate.keysPerSecond)
}

/** Milliseconds until a bucket has what something costs. */
function waitFor({ rate, bytes, signatures }: Bucket, cost: Cost): number {
  const missingBytes = Math.min(cost.bytes ?? 0, rate.bytesBurst / 2) - bytes
  const missingSignatures = Math.min(cost.signatures ?? 0, rate.signaturesBurst / 2) - signatures
  const waitS = Math.max(missingBytes / rate.bytesPerSecond, missingSignatures / rate.signaturesPerSecond, 0)
  return Math.ceil(waitS * 1000)
}

const waitForKey = ({ rate, keys }: Bucket): number =>
  keys >= 1 ? 0 : Math.ceil((1000 * (1 - keys)) / rate.keysPerSecond)

/** Debts end at so many bursts, or where they are already. */
function spend(bucket: Bucket, { bytes = 0, signatures = 0 }: Cost, depth = 1): void {
  const { bytesBurst, signaturesBurst } = bucket.rate
  bucket.bytes = Math.max(-bytesBurst, bucket.bytes - bytes)
  const floor = Math.min(bucket.signatures, -depth * signaturesBurst)
  bucket.signatures = Math.max(floor, bucket.signatures - signatures)
}
