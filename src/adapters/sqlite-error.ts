/** What SQLite's result codes mean to whoever opens or writes a store. */
import { type ErrorCode, SporeError } from '../core/protocol/errors.ts'

// Primary result codes (https://www.sqlite.org/rescode.html).
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

/** SQLite's primary result code, or null where the error is not SQLite's. */
function resultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode
  // The upper bits only say more about the same failure.
  return typeof code === 'number' ? code & 0xff : null
}

export const isSqliteError = (error: unknown): boolean => resultCode(error) !== null
export const isBusy = (error: unknown): boolean => resultCode(error) === SQLITE_BUSY

/** An error that says the file itself is damaged, not that the machine could not read it. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

/** An error of the machine: what SQLite needs beside the file cannot be had. Says nothing of the file. */
export function isUnavailable(error: unknown): boolean {
  const code = resultCode(error)
  return code === SQLITE_READONLY || code === SQLITE_IOERR || code === SQLITE_FULL || code === SQLITE_CANTOPEN
}

export const isFull = (error: unknown): boolean =>
  resultCode(error) === SQLITE_FULL || (error as { code?: unknown } | null)?.code === 'ENOSPC'

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Wraps what SQLite or the file system threw; a `SporeError` passes as it is. */
export function storeError(error: unknown, code: ErrorCode, what: string): SporeError {
  if (error instanceof SporeError) return error
  return new SporeError(code, `${what}: ${errorText(error)}`, { cause: error })
}
