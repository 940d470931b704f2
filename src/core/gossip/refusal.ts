/** Refusals (RFC 9457) as the asking side reads them: nothing of a peer's text is believed but the code. */
import { concatBytes } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { ERRORS, type ErrorCode, type Failure, failure, SporeError } from '../protocol/errors.ts'
import type { TransportReply, TransportStream } from './transport.ts'

/** A redirect is none: the request was signed for this authority, and another URL is nobody's to name in passing. */
export const isAnswer = (status: number): boolean => status >= 200 && status < 300

/** Bytes of problem details that are read. */
const PROBLEM_BYTES_MAX = 16 * 1024

/** The body of a refusal, or nothing where it is none that can be read. */
async function readProblem(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > PROBLEM_BYTES_MAX) return new Uint8Array()
      chunks.push(chunk)
    }
  } catch (error) {
    if (!(error instanceof SporeError)) throw error
    return new Uint8Array()
  }
  return concatBytes(...chunks)
}

export async function orRefusal(reply: TransportStream): Promise<Result<TransportStream, Failure>> {
  const { status, headers, body } = reply
  if (isAnswer(status)) return ok(reply)
  return err(refusal({ status, headers, body: await readProblem(body) }))
}

/** Refusals that say more than that there was one. */
const PASSED_ON: ReadonlySet<ErrorCode> = new Set([
  'NETWORK_MISMATCH',
  'VERSION_UNSUPPORTED',
  'DNA_MISMATCH',
  'NETWORK_KEY_REFUSED',
  'PEER_SELF',
  'INVITATION_REFUSED',
])

/** Statuses of a gateway without a server behind it (RFC 9110; 52x and 530 by Cloudflare). */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504, 521, 522, 523, 530])

/** A peer's problem details, with nothing of its text believed but the code. */
export function refusal({ status, headers, body }: TransportReply): Failure {
  const problem = parseJson(body) as { code?: unknown; detail?: unknown } | null
  const code =
    typeof problem?.code === 'string' && Object.hasOwn(ERRORS, problem.code)
      ? (problem.code as ErrorCode)
      : null
  // What stands before a spore answers for it when it is not there; its own 503 has a code, or says when to come back.
  if (code === null && GATEWAY_STATUSES.has(status) && headers['retry-after'] === undefined)
    return failure('PEER_ASLEEP', `HTTP ${status}`)
  const passedOn = code !== null && PASSED_ON.has(code)
  const title = code ? `${code}: ${ERRORS[code].title}` : 'no code of this protocol'
  const told = status === 503 ? 'PEER_BUSY' : 'PEER_REFUSED'
  const refused = failure(passedOn ? code : told, `HTTP ${status}, ${title}`)
  const retryAfter = /^\d{1,6}$/.exec(headers['retry-after'] ?? '')?.[0]
  return retryAfter === undefined ? refused : { ...refused, retryAfterSeconds: Number(retryAfter) }
}

/** Null for what is no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return null
  }
}
