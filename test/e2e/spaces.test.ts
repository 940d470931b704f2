/**
 * The laptop and the VPS of one person share a space, and are both in `commons`. A third spore in `commons` never sees a byte of
 * the first: everything that it sends and is sent goes through a proxy that keeps it.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join as joinPath } from 'node:path'
import { test } from 'node:test'
import { zlibCompression } from '../../src/adapters/compression.ts'
import { cidToDigest } from '../../src/core/base/hash.ts'
import type { MemoryPage } from '../../src/core/protocol/api.ts'
import type { SpaceView } from '../../src/core/protocol/api-spaces.ts'
import { decodeFrames } from '../../src/core/protocol/frame.ts'
import { type Captured, type CapturingProxy, startCapturingProxy } from '../support/capturing-proxy.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type RunningSpore, runSpore } from '../support/spore-process.ts'
import { health, holds, post, startPeer } from './support/swarm.ts'

/** One command against the running spore of a folder; what it printed. */
async function command(home: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runSpore(args, { home })
  assert.equal(code, 0, `spore ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

async function read<T>(spore: RunningSpore, path: string): Promise<T> {
  const reply = await fetch(spore.url + path)
  assert.ok(reply.ok, await reply.clone().text())
  return (await reply.json()) as T
}

/** All of an exchange that could say something: what is compressed is searched unpacked too. */
function bytesOf({ heads, request, reply }: Captured): Buffer[] {
  return [Buffer.from(heads), request, reply].flatMap((bytes) => [
    bytes,
    ...[...decodeFrames(bytes, zlibCompression)].flatMap((frame) =>
      frame.ok ? [Buffer.from(frame.value)] : [],
    ),
  ])
}

test('two machines of one person share a space of which a third spore never sees a byte', async (context) => {
  using folder = temporaryFolder()
  await using stack = new AsyncDisposableStack()
  const start = async (name: string): Promise<RunningSpore & { proxy: CapturingProxy }> => {
    const proxy = stack.use(await startCapturingProxy())
    const spore = stack.use(
      await startPeer({ home: joinPath(folder.path, name), env: { SPORE_PUBLIC_URL: proxy.url } }),
    )
    proxy.target = spore.url
    return { ...spore, proxy }
  }
  const [vps, laptop, third] = [await start('vps'), await start('laptop'), await start('third')]
  const canary = `canary ${randomBytes(8).toString('hex')}`

  await command(vps.home, 'space', 'create', canary)
  const invitation = await command(vps.home, 'space', 'invite', canary)
  assert.match(invitation, /^spore-invite:[\w-]+$/)
  await command(laptop.home, 'space', 'join', invitation, '--as', 'home')
  const used = await runSpore(['space', 'join', invitation], { home: third.home })
  assert.deepEqual([used.code, /INVITATION_REFUSED/.test(used.stderr)], [1, true], used.stderr)
  // Who tried a line has it; from here on the third knows nothing but what it is told.
  const presented = third.proxy.captured.length
  const before = vps.proxy.captured.length
  await post(`${third.url}/api/peers`, { url: laptop.proxy.url })

  const remember = (spore: RunningSpore, text: string, space: string) =>
    post(`${spore.url}/api/memory`, { text, space })
  for (const spore of [vps, laptop, third]) await remember(spore, `from ${spore.did} to all`, 'commons')
  await remember(vps, `${canary} of the VPS`, canary)
  await remember(laptop, `${canary} of the laptop`, 'home')
  const startedAt = performance.now()
  await Promise.all([holds(vps, 5), holds(laptop, 5), holds(third, 3)])
  context.diagnostic(`all held what is theirs after ${Math.round(performance.now() - startedAt)} ms`)
  await remember(laptop, `${canary}, once more`, 'home')
  await remember(laptop, 'and one more to all', 'commons')
  await Promise.all([holds(vps, 7), holds(laptop, 7), holds(third, 4)])
  assert.equal((await health(third)).entries, 4)

  const { spaces } = await read<{ spaces: SpaceView[] }>(vps, '/api/spaces')
  const space = spaces.find(({ name }) => name === canary) as SpaceView
  assert.deepEqual([space.type, space.role, space.members], ['members', 'founder', 2])
  const { frontier } = await read<MemoryPage>(vps, '/api/memory?limit=1')
  const logs = frontier.filter((row) => row.space === canary).map(({ log }) => log)
  assert.equal(logs.length, 2)
  const secrets = [canary, space.id, ...logs].map((text) => Buffer.from(text))
  secrets.push(...[cidToDigest(space.id) as string, ...logs].map((text) => Buffer.from(text, 'base64url')))

  const ofThird = [
    ...third.proxy.captured.slice(presented),
    ...vps.proxy.captured.slice(before).filter(({ signer }) => signer === third.did),
    ...laptop.proxy.captured.filter(({ signer }) => signer === third.did),
  ]
  assert.ok(ofThird.length > 5, `${ofThird.length} exchanges`)
  const holding = (some: readonly Captured[], secret: Buffer): number =>
    some.flatMap(bytesOf).filter((bytes) => bytes.includes(secret)).length
  for (const secret of secrets) assert.equal(holding(ofThird, secret), 0, secret.toString())
  // The others did exchange it, and the search finds it there.
  const ofOthers = [...vps.proxy.captured, ...laptop.proxy.captured].filter((one) => !ofThird.includes(one))
  for (const secret of secrets.slice(0, 2)) assert.ok(holding(ofOthers, secret) > 0, secret.toString())
})
