/**
 * Where a seed list comes from: a URL, fetched as any URL from outside, or a file. What it says is not looked at here.
 */
import { open, stat } from 'node:fs/promises'
import { err, ok, type Result } from '../core/base/result.ts'
import type { SeedSource } from '../core/gossip/seeding.ts'
import { type Failure, failure } from '../core/protocol/errors.ts'
import { BOOTSTRAP_BYTES_MAX, FEDERATION_TIMEOUT_MS } from '../core/protocol/limits.ts'

/** Fetches a URL; a failure for what it may not connect to, and where no whole answer came in time. */
export type Fetch = (
  url: string,
  options: { readonly maxBytes: number; readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<Result<{ readonly status: number; readonly body: Uint8Array }, Failure>>

/** The source behind a URL (`http…`) or a path. Its failures: those of `fetch`, and BOOTSTRAP_REFUSED. */
export const createSeedSource = (source: string, fetch: Fetch): SeedSource =>
  /^https?:\/\//i.test(source) ? (signal) => fetchList(source, fetch, signal) : () => readList(source)

async function fetchList(
  url: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Result<Uint8Array, Failure>> {
  const reply = await fetch(url, { maxBytes: BOOTSTRAP_BYTES_MAX, timeoutMs: FEDERATION_TIMEOUT_MS, signal })
  if (!reply.ok) return reply
  if (reply.value.status === 200) return ok(reply.value.body)
  return err(failure('BOOTSTRAP_REFUSED', `the answer there is HTTP ${reply.value.status}`))
}

/** The bytes of a list in a file, at most `BOOTSTRAP_BYTES_MAX`. Failure BOOTSTRAP_REFUSED. */
export async function readList(path: string): Promise<Result<Uint8Array, Failure>> {
  try {
    // A pipe or a device would be read for ever.
    if (!(await stat(path)).isFile()) return err(failure('BOOTSTRAP_REFUSED', `${path} is no file`))
    await using file = await open(path, 'r')
    const bytes = new Uint8Array(BOOTSTRAP_BYTES_MAX + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = (await file.read(bytes, length, bytes.length - length, length)).bytesRead
    if (length > BOOTSTRAP_BYTES_MAX)
      return err(failure('BOOTSTRAP_REFUSED', `${path} is larger than ${BOOTSTRAP_BYTES_MAX} bytes`))
    return ok(bytes.slice(0, length))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return err(failure('BOOTSTRAP_REFUSED', `${path} cannot be read (${code ?? String(error)})`))
  }
}
