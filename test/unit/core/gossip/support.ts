/** What the gossip tests share: many memories at once, and what a spore holds. */
import assert from 'node:assert/strict'
import { ITEMS_MAX } from '../../../../src/core/protocol/limits.ts'
import { decodeHeads, encodePull } from '../../../../src/core/protocol/messages.ts'
import { createLoopback, type Exchange, type Loopback, type Member } from '../../../support/loopback.ts'
import { testSeed } from '../../../support/seeded.ts'

/** A network with a printed seed. */
export function testLoopback(context: { diagnostic(message: string): void }): Loopback {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  return createLoopback(seed)
}

/** Remembers `count` different texts; all of one call share commits. */
export async function rememberMany(
  member: Member,
  count: number,
  space: 'commons' | 'private' = 'commons',
): Promise<void> {
  for (let i = 0; i < count; i += ITEMS_MAX) {
    const inputs = Array.from({ length: Math.min(ITEMS_MAX, count - i) }, (_, j) => ({
      text: `memory ${i + j} of ${member.name} in ${space}`,
      space,
    }))
    const results = await member.spore.rememberMany(inputs)
    assert.ok(results.every(({ ok }) => ok))
  }
}

export async function remember(member: Member, text: string, space = 'commons'): Promise<void> {
  const remembered = await member.spore.remember({ text, space })
  assert.ok(remembered.ok)
}

export async function join(member: Member, url: string): Promise<void> {
  const joined = await member.spore.addPeer(url)
  assert.ok(joined.ok, joined.ok ? '' : `${joined.error.code}: ${joined.error.detail}`)
}

export const memoriesOf = ({ spore }: Member): number => spore.health().memories
/** `GET /federation/v1/heads`, in the order in which they went out. */
export const routesOf = (exchanges: readonly Exchange[]): string[] =>
  exchanges.map(({ request }) => `${request.method} ${request.path}`)
export const only = (exchanges: readonly Exchange[], path: string): Exchange[] =>
  exchanges.filter(({ request }) => request.path.endsWith(path))

/** A run of every log that a spore would serve, as frames. */
export async function framesOf({ spore, did }: Member): Promise<Uint8Array> {
  const heads = decodeHeads(spore.federation.heads(null, null).body as Uint8Array)!
  const ranges = heads.spaces.flatMap(({ rows }) => rows.map(({ logId }) => ({ logId, from: 0, to: null })))
  const frames = spore.federation.pull(encodePull(ranges), did)
  const parts: Uint8Array[] = []
  if (frames.ok) for await (const frame of frames.value) parts.push(frame)
  return new Uint8Array(Buffer.concat(parts))
}
