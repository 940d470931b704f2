/**
 * What a federation request has to pay before anything of it is verified (`bounds/accounts.ts`): its address is charged for
 * what it sends, what is sent to it, and each signature that it asks this spore to verify. Who cannot pay is refused with
 * a time to come back, after a moment: an honest spore comes back then, and one that does not mind gets few answers.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Did } from '../../core/base/brand.ts'
import type { Result } from '../../core/base/result.ts'
import { claimedCaller } from '../../core/identity/http-signature.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import { FALSE_SIGNATURE_COST, REFUSAL_DELAY_MS, REFUSALS_DELAYED_MAX } from '../../core/protocol/limits.ts'
import { type Accounts, createAccounts } from '../bounds/accounts.ts'
import { createLane, LANE_BODY_BYTES_MIN } from '../bounds/lane.ts'
import { type Origin, toOrigin } from '../bounds/origin.ts'
import { sendFailure } from './errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Signatures beside its own that a request makes this spore verify, told from its body before any is. */
    signatures?: (body: Uint8Array) => number
    /** What else it makes this spore do, in signatures. */
    work?: (body: Uint8Array) => number
    /** Its body is work to read, whoever sends it. */
    isRead?: boolean
  }
  interface FastifyInstance {
    readonly callers: Callers
  }
}

export interface Callers {
  /** Takes in whether a request was signed by who it says; `isPeer` where that is a peer of this spore. */
  judged(request: FastifyRequest, admitted: Result<Did, Failure>, isPeer: (caller: Did) => boolean): void
  /** True where it does not come from a peer that is known where it comes from. */
  isStranger(request: FastifyRequest): boolean
  /** Charges what a request has made this spore do, in signatures, where a stranger sent it. */
  worked(request: FastifyRequest, work: number): void
}

/** Failures that say that a signature is no good, or none. */
const FALSE_SIGNATURES: ReadonlySet<string> = new Set([
  'SIGNATURE_INVALID',
  'DIGEST_MISMATCH',
  'REQUEST_REPLAYED',
])

export interface CallersOptions {
  readonly accounts?: Accounts
}

/** Decorates the instance; `guardCallers` then adds the hooks to the scope whose routes are to be paid for. */
export const callersPlugin = fp<CallersOptions>(async (app, options) => {
  const accounts = options.accounts ?? createAccounts(() => performance.now())
  const lane = createLane({
    busyMs: () => performance.eventLoopUtilization().active,
    nowMs: () => performance.now(),
  })
  let delayed = 0

  const refuse = (reply: FastifyReply, waitMs: number): FastifyReply =>
    sendFailure(reply, {
      ...failure('OVERLOADED', 'this address asks for more than strangers get'),
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    })

  app.decorate('callers', {
    judged(request, admitted, isPeer) {
      const { origin, claimed } = partyOf(request)
      if (admitted.ok && isPeer(admitted.value)) accounts.prove(origin, admitted.value)
      // A false claim to be a peer is charged where the claim was believed.
      if (!admitted.ok && FALSE_SIGNATURES.has(admitted.error.code))
        accounts.charge(origin, claimed, { signatures: FALSE_SIGNATURE_COST })
    },
    isStranger(request) {
      const { origin, claimed } = partyOf(request)
      return accounts.isStranger(origin, claimed)
    },
    worked(request, work) {
      const { origin, claimed } = partyOf(request)
      accounts.charge(origin, claimed, { work })
    },
  } satisfies Callers)

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.access !== 'signed') return
    const { origin, claimed } = partyOf(request)
    const waitMs = accounts.take(origin, claimed, { signatures: 1 })
    if (waitMs > 0) return refuse(reply, waitMs)
    if (accounts.isStranger(origin, claimed)) {
      const meetMs = claimed === null ? 0 : accounts.meet(origin, claimed)
      if (meetMs > 0) return refuse(reply, meetMs)
      if (!(await lane.turn(origin))) return refuse(reply, 0)
    }
    if (request.routeOptions.config.streams) return
    const bytesSince = meter(request)
    // What came and went, not what was announced: who announces much and sends nothing would empty a proxy's bucket.
    reply.raw.once('close', () => accounts.charge(origin, claimed, { bytes: bytesSince() }))
  })

  // Also what others refuse: keys that are cut off or slowed cost a verification too, where they are new each time.
  app.addHook('onSend', async (request, reply, payload) => {
    if (!REFUSALS.has(reply.statusCode) || request.routeOptions.config.access !== 'signed') return payload
    const { origin, claimed } = partyOf(request)
    if (!accounts.isStrained(origin, claimed)) return payload
    if (delayed >= REFUSALS_DELAYED_MAX) reply.header('connection', 'close')
    else {
      delayed++
      await sleep(REFUSAL_DELAY_MS, undefined, { ref: false })
      delayed--
    }
    return payload
  })

  app.addHook('preHandler', async (request, reply) => {
    const { signatures, work, isRead } = request.routeOptions.config
    if (!(request.body instanceof Uint8Array)) return
    const { origin, claimed } = partyOf(request)
    const isWork = isRead === true && request.body.length >= LANE_BODY_BYTES_MIN
    if (isWork || (signatures && accounts.isStranger(origin, claimed)))
      if (!(await lane.turn(origin))) return refuse(reply, 0)
    if (!signatures) return
    const cost = { signatures: signatures(request.body), work: work?.(request.body) ?? 0 }
    const waitMs = accounts.take(origin, claimed, cost)
    if (waitMs > 0) return refuse(reply, waitMs)
  })
})

/** Not this time, or not as who they say to be. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 503])

interface Party {
  readonly origin: Origin
  readonly claimed: Did | null
}

const parties = new WeakMap<FastifyRequest, Party>()

/** Where a request comes from, a configured proxy seen through, and who it says to be. */
function partyOf(request: FastifyRequest): Party {
  const known = parties.get(request)
  if (known) return known
  const party = { origin: toOrigin(request.ip), claimed: claimedCaller(request.headers) }
  parties.set(request, party)
  return party
}

/** Bytes from and to a caller since now; of its body, some may have come with the head. */
function meter(request: FastifyRequest): () => number {
  const { socket } = request
  const [readBefore, writtenBefore] = [socket.bytesRead, socket.bytesWritten]
  return () => {
    const body = request.body instanceof Uint8Array ? request.body.length : 0
    return Math.max(body, socket.bytesRead - readBefore) + Math.max(0, socket.bytesWritten - writtenBefore)
  }
}
