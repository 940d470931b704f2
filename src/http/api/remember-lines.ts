/**
 * NDJSON: one memory a line, answered by one line each. Lines that arrive together share a commit, at most
 * `NDJSON_COMMIT_LINES` of them; the next chunk is read when the answers to the last one have been taken, so a sender
 * who does not read is not read either. A bad line has an error of its own and loses nothing of the others.
 */
import type { Readable } from 'node:stream'
import { utf8ToBytes } from '../../core/base/bytes.ts'
import { err, type Result } from '../../core/base/result.ts'
import { type RememberInput, rememberSchema } from '../../core/protocol/api.ts'
import { type Failure, failure, SporeError } from '../../core/protocol/errors.ts'
import { NDJSON_COMMIT_LINES, NDJSON_LINE_BYTES_MAX } from '../../core/protocol/limits.ts'
import { parseJson } from '../plugins/json.ts'
import type { RouteContext } from '../server.ts'
import { check } from '../validation.ts'
import { type Line, splitLines } from './lines.ts'
import { toAnswer } from './remember-answer.ts'
import { rememberChecked } from './remember-items.ts'

/** Yields bytes of answer lines. Ends with an error where no line was completed and taken within the request timeout. */
export async function* rememberLines(body: Readable, context: RouteContext): AsyncGenerator<Uint8Array> {
  const stalled = setTimeout(
    () => body.destroy(new SporeError('REQUEST_TIMEOUT', 'No line arrived in time.')),
    context.requestTimeoutMs,
  )
  try {
    for await (const lines of splitLines(body, NDJSON_LINE_BYTES_MAX)) {
      for (let from = 0; from < lines.length; from += NDJSON_COMMIT_LINES) {
        yield await rememberBatch(lines.slice(from, from + NDJSON_COMMIT_LINES), context)
        stalled.refresh()
      }
    }
  } finally {
    clearTimeout(stalled)
  }
}

async function rememberBatch(lines: readonly Line[], context: RouteContext): Promise<Uint8Array> {
  const full = lines.filter(({ bytes }) => bytes === null || bytes.length > 0)
  const checked = full.map(parseLine)
  const results = await rememberChecked(checked, context).catch((error: unknown) => {
    // A store that could not write refuses the batch, not the lines behind it: it may have room again by then.
    if (!(error instanceof SporeError)) throw error
    return checked.map((item) => (item.ok ? err(failure(error.code, error.message)) : item))
  })
  const answers = results.map((result, index) =>
    JSON.stringify({ line: (full[index] as Line).number, ...toAnswer(result) }),
  )
  return utf8ToBytes(answers.map((answer) => `${answer}\n`).join(''))
}

function parseLine({ number, bytes }: Line): Result<RememberInput, Failure> {
  if (!bytes)
    return err(failure('BODY_TOO_LARGE', `Line ${number} has more than ${NDJSON_LINE_BYTES_MAX} bytes.`))
  const parsed = parseJson(bytes)
  return parsed.ok ? check(rememberSchema, parsed.value, `line ${number}`) : parsed
}
