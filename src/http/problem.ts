/** Problem details (RFC 9457): the one form in which a failure leaves over HTTP. */
import type { Result } from '../core/base/result.ts'
import type { Problem } from '../core/protocol/api.ts'
import { problemSchema } from '../core/protocol/api.ts'
import { ERRORS, type Failure, SporeError } from '../core/protocol/errors.ts'
import { DETAIL_CHARS_MAX } from '../core/protocol/limits.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

export function toProblem({ code, detail }: Failure): Problem {
  const { status, title } = ERRORS[code]
  return { type: `urn:spore:error:${code}`, title, status, detail: clip(detail), code }
}

/** The edge between a `Result` and the framework: the value, or a throw that the error handler turns into a problem. */
export function unwrap<T>(result: Result<T, Failure>): T {
  if (result.ok) return result.value
  const { code, detail, retryAfterSeconds } = result.error
  throw new SporeError(code, detail, { retryAfterSeconds })
}

const problem = {
  description: 'Problem details with a code of the error registry',
  content: { 'application/problem+json': { schema: problemSchema } },
}
/** The responses that every route documents beside its own. */
export const problems = { '4xx': problem, '5xx': problem }

/** A detail may quote the request; a quote is not a way to make the reply as long as one likes. */
const clip = (detail: string): string =>
  (detail.length > DETAIL_CHARS_MAX ? `${detail.slice(0, DETAIL_CHARS_MAX)}…` : detail).toWellFormed()
