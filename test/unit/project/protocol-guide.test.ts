/** `docs/protocol.md`: its bytes are those of the vectors, its Python runs, and what it names is there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { bytesToDigest, sha256 } from '../../../src/core/base/hash.ts'
import { decodeHeader, encodeHeader, leafOf } from '../../../src/core/protocol/entry.ts'
import { ERRORS } from '../../../src/core/protocol/errors.ts'
import { extendChain, genesisOf, headBytes } from '../../../src/core/protocol/log.ts'
import { decodeRun, entryOf } from '../../../src/core/protocol/run.ts'
import { projectFile } from '../../support/project.ts'
import { hex, load, unhex } from '../../vectors/load.ts'

const LINES_MAX = 250
const guide = readFileSync(projectFile('docs/protocol.md'), 'utf8')
const blocks = (language: string): [name: string, text: string][] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language} ?(\\w*)\n(.*?)^\`\`\``, 'gms'))].map(([, name, text]) => [
    name as string,
    text as string,
  ])
const shown = new Map(
  blocks('hex').map(([name, text]) => [name, text.replace(/#.*$/gm, '').replace(/\s/g, '')]),
)
const vector = load<{ network: string; run: string; chain: string }>('run').find(
  ({ name }) => name === 'a first entry',
)!

test('the bytes that it shows are those of the vector, part by part', () => {
  const decoded = decodeRun(unhex(vector.run))
  assert.ok(decoded.ok)
  const { logId, chain, signature } = decoded.value
  const { header, payload } = entryOf(decoded.value, 0)
  const fields = decodeHeader(header)
  assert.ok(fields.ok)
  const leaf = leafOf(header)
  const expected: Record<string, Uint8Array | string> = {
    payload: payload!,
    header: encodeHeader(fields.value),
    genesis: genesisOf(logId),
    leaf,
    chain: extendChain(genesisOf(logId), leaf),
    head: headBytes(vector.network, { logId, seq: 0, chain, clock: fields.value.clock }),
    frame: `${(vector.run.length / 2 + 1).toString(16).padStart(8, '0')}00${vector.run}`,
  }
  assert.deepEqual([...shown.keys()], Object.keys(expected))
  for (const [name, bytes] of Object.entries(expected))
    assert.equal(shown.get(name), typeof bytes === 'string' ? bytes : hex(bytes), name)
  assert.equal(shown.get('chain'), vector.chain)
  assert.ok(shown.get('frame')?.endsWith(hex(signature)))
  assert.equal(fields.value.payload, bytesToDigest(sha256(payload!)))
})

const isThere = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0

test('its reader takes the vector, its writer makes it, and each refuses or continues what it should', {
  skip: isThere ? false : 'skipped: no python3 of 3.10 or later',
}, () => {
  const script = [
    'import hashlib',
    'from canonical import decode, encode',
    'from ed25519 import public_key, sign, verify',
    ...blocks('python').map(([, text]) => text),
    CHECKS,
  ].join('\n')
  const folder = projectFile('test/vectors/python')
  const { status, stderr } = spawnSync('python3', ['-B', '-'], {
    input: script,
    env: { ...process.env, PYTHONPATH: folder, RUN: vector.run, CHAIN: vector.chain },
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
})

/** The key is that of the author `ada` of the vectors. */
const CHECKS = `
import os
body = bytes.fromhex(os.environ["RUN"])
logs = {}
read(body, "spore-test", logs)
read(body, "spore-test", logs)
[(log, held)] = logs.items()
assert held[:2] == (1, bytes.fromhex(os.environ["CHAIN"])), held
assert decode(held[2][0])["text"] == "the kettle is in the left cupboard"

seed = bytes.fromhex("058e1cb1953eddded8a28929ed566dfb64f6426e32b11591615a4dda0f9652ca")
epoch, now = bytes.fromhex("1a9b55a6c4415102"), 1795219140000
# The vector's time is one tick behind that millisecond.
run, state = write(seed, "commons", epoch, "spore-test", None, ["the kettle is in the left cupboard"], now)
assert decode(run)[:5] == decode(body)[:5] and decode(run)[6:11] == decode(body)[6:11]
again, _ = write(seed, "commons", epoch, "spore-test", (0, sha(b"\\2", log), now * 1024), ["the kettle is in the left cupboard"], now)
assert again == body

more, state = write(seed, "commons", epoch, "spore-test", (1, held[1], now * 1024 + 1), ["tea needs four minutes", "again"], now)
read(more, "spore-test", logs)
assert logs[log][0] == 3 and state[0] == 3

def refusal(data, network, held):
    before = dict(held)
    try:
        read(data, network, held)
    except ValueError as error:
        assert held == before
        return str(error)

assert refusal(more, "spore-test", {}) == "SEQ_GAP"
assert refusal(body, "spore-main", {}) == "SIGNATURE_INVALID"
tampered = body.replace(b"kettle", b"bottle")
assert tampered != body and refusal(tampered, "spore-test", {}) == "CHAIN_MISMATCH"
`

test('every code, file and section that it names is there, and it stays short', () => {
  for (const [code] of guide.matchAll(/\b[A-Z]+_[A-Z_]+\b/g)) assert.ok(Object.hasOwn(ERRORS, code), code)
  for (const [, path] of guide.matchAll(/\]\(([^)]+)\)/g))
    assert.ok(existsSync(projectFile(`docs/${path}`)), path)
  const files = readdirSync(projectFile('test/vectors')).flatMap(
    (name) => /^(.+)\.json$/.exec(name)?.[1] ?? [],
  )
  const rows = [...guide.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map(([, name]) => name)
  assert.deepEqual(rows.sort(), files.sort())
  const sections = [...guide.matchAll(/^## (\d)\./gm)].length
  for (const [, section] of guide.matchAll(/§(\d) here/g)) assert.ok(Number(section) <= sections, section)
  assert.ok(guide.split('\n').length - 1 <= LINES_MAX)
})
