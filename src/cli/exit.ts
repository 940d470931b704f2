/** Exit codes, and the two ways in which a command ends without a result. Documented in every `--help`. */
import type { Result } from '../core/base/result.ts'
import { type ErrorCode, type Failure, SporeError } from '../core/protocol/errors.ts'

export const EXIT = { ok: 0, failure: 1, usage: 2, unreachable: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command was called wrongly: what is wrong, and how it is meant. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export function exitCodeOf(code: ErrorCode): ExitCode {
  return code === 'SPORE_UNREACHABLE' ? EXIT.unreachable : EXIT.failure
}

/** The value of a result; a failure ends the command. */
export function unwrap<T>(result: Result<T, Failure>): T {
  if (result.ok) return result.value
  throw new SporeError(result.error.code, result.error.detail)
}
