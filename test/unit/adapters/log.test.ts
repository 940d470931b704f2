import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import {
  createLogTo,
  LOG_DEPTH_MAX,
  LOG_ITEMS_MAX,
  LOG_TEXT_CHARS_MAX,
  type LogOptions,
} from '../../../src/adapters/log.ts'
import type { LogFields } from '../../../src/core/base/ports.ts'

function record(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = createLogTo(
    { write: (line) => void lines.push(line) },
    { level: 'info', pretty: false, ...options },
  )
  const written = (message: string, fields?: LogFields) => {
    log.info(message, fields)
    return JSON.parse(lines.at(-1) as string)
  }
  return { log, lines, written }
}

test('a line is one JSON object with level, time, message and fields', () => {
  const { written, lines } = record()
  const line = written('peer answered', { url: 'https://a.example', tookMs: 12, peers: ['a', 'b'] })
  assert.equal(line.msg, 'peer answered')
  assert.equal(line.level, 30)
  assert.equal(typeof line.time, 'number')
  assert.deepEqual([line.url, line.tookMs, line.peers], ['https://a.example', 12, ['a', 'b']])
  written('two\nlines', { text: 'a\nb' })
  for (const one of lines) assert.equal(one.indexOf('\n'), one.length - 1)
})

test('what is below the level is not written', () => {
  const { log, lines } = record({ level: 'warn' })
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  assert.equal(lines.length, 2)
  const silent = record({ level: 'silent' })
  silent.log.error('e')
  assert.deepEqual(silent.lines, [])
})

const canary = 'canary-4f1c9a'
const secretFields: LogFields[] = [
  { token: canary },
  { apiKey: canary },
  { API_KEY: canary },
  { headers: { authorization: canary, Cookie: canary } },
  { list: [{ password: canary }] },
  { privateKey: { d: canary } },
  { seed: canary },
  { clientSecret: [canary] },
  { note: `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----` },
  { note: `-----BEGIN EC PRIVATE KEY-----\n${canary}` },
  { note: `Authorization: Bearer ${canary}` },
  { error: new Error(`refused Bearer ${canary}`, { cause: new Error(`bearer ${canary}`) }) },
]

for (const fields of secretFields)
  test(`a secret stays out of the log: ${JSON.stringify(Object.keys(fields))}`, () => {
    const { written, lines } = record()
    written('x', fields)
    assert.ok(!lines.join('').includes(canary), lines.join(''))
    assert.match(lines.join(''), /\[redacted\]/)
  })

test('a known secret stays out wherever it stands, also across the cut of a long text', () => {
  const { written, lines } = record({ secrets: [canary, 'another-secret', 'in'] })
  written(`message ${canary}`, {
    a: `x${canary}y another-secret`,
    [canary]: 1,
    long: 'z'.repeat(LOG_TEXT_CHARS_MAX - 5) + canary,
    error: new Error(canary),
  })
  assert.ok(!lines.join('').includes('canary'))
  assert.ok(!lines.join('').includes('another-secret'))
  // Two characters are no secret that could be looked for.
  assert.equal(written('in between').msg, 'in between')
})

test('counts of tokens are not secrets', () => {
  assert.equal(record().written('x', { tokens: 12 }).tokens, 12)
})

test('an error is written with its code and cause', () => {
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'STORE_IN_USE' })
  const line = record().written('failed', { error })
  assert.equal(line.error.message, 'outer')
  assert.equal(line.error.code, 'STORE_IN_USE')
  assert.equal(line.error.cause.message, 'inner')
})

test('texts, lists and depth have a bound; cycles end', () => {
  const { written } = record()
  assert.equal(written('x', { text: 'a'.repeat(LOG_TEXT_CHARS_MAX + 1) }).text.length, LOG_TEXT_CHARS_MAX)
  assert.equal(written('x', { list: new Array(LOG_ITEMS_MAX + 1).fill(1) }).list.length, LOG_ITEMS_MAX)
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  assert.equal(JSON.stringify(written('x', cycle)).split('self').length - 1, LOG_DEPTH_MAX)
  assert.equal(written('x', { bytes: new Uint8Array(9), big: 3n }).bytes, '[9 bytes]')
})

test('control characters of a peer do not reach a terminal', () => {
  const { written } = record({ pretty: true })
  const line = written('\u001b[2Jcleared', { name: 'a\u0007\u009b31m\u202eb' })
  assert.equal(line.msg, '·[2Jcleared')
  assert.equal(line.name, 'a··31m·b')
})

test('the log of a process goes to the descriptor it names, as JSON or as text', async () => {
  const module = new URL('../../../src/adapters/log.ts', import.meta.url).href
  const run = async (options: object) => {
    const code = `const { createLog } = await import(${JSON.stringify(module)})
      createLog(${JSON.stringify(options)}).info('hello', { url: 'a' })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'pipe' })
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { out, errors }
  }
  const json = await run({ level: 'info', fd: 2 })
  assert.equal(json.out, '')
  assert.equal(JSON.parse(json.errors).msg, 'hello')
  const readable = await run({ level: 'info', pretty: true })
  assert.match(readable.out, /INFO.*hello[\s\S]*url/)
  assert.equal(readable.errors, '')
})
