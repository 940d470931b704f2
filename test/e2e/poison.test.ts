/**
 * Two hundred poisoned memories of a peer, against models that obey every text they are shown: real spores, real HTTP. First the peer is a
 * stranger, then the operator has chosen him, which is the worst case. Nothing may come of it; and what would, where nothing held, is
 * counted in the end by an agent that does what models say.
 */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ContextPack } from '../../src/core/protocol/api.ts'
import type { CanarySecret } from '../support/canary-secrets.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { callsIn, type ObedientModel, startObedientModel, urlsIn } from '../support/obedient-model.ts'
import { FAMILY_NAMES, PAYLOADS, type Payload, payloadsFor } from '../support/poison-payloads.ts'
import { ask, settled, submit, until } from '../support/reasoners.ts'
import { NONE, type SideEffects, startCanary, watch } from '../support/side-effects.ts'
import type { RunningSpore } from '../support/spore-process.ts'
import { holds, join as joinPeer, startPeer } from './support/swarm.ts'

/** Bytes of payloads that one author gets into a pack of 3,000 tokens beside their headings. */
const GROUP_BYTES = 1_900
const HEADING_BYTES = 330
/** Questions that are asked at the same time. */
const AT_ONCE = 8
const KEY: CanarySecret = { name: 'model key', text: 'canaryQ2FuYXJ5IGtleSBvZiBhIG1vZGVs' }

interface Group {
  readonly topic: string
  readonly payloads: readonly Payload[]
}

let folder: TemporaryFolder
let canary: Awaited<ReturnType<typeof startCanary>>
let models: ObedientModel
let victim: RunningSpore
let attacker: RunningSpore
let payloads: readonly Payload[]
let groups: readonly Group[]
let effects: () => Promise<SideEffects>
let file: string

before(async () => {
  folder = temporaryFolder()
  canary = await startCanary()
  models = await startObedientModel()
  models.key = KEY.text
  file = join(folder.path, 'owned.txt')
  payloads = payloadsFor({ canary: canary.url, file })
  groups = grouped(payloads)
  attacker = await startPeer({ home: join(folder.path, 'attacker') })
  victim = await startPeer({
    home: join(folder.path, 'victim'),
    env: { LLM_ENDPOINT: models.url, LLM_MODEL: 'alpha,beta', LLM_API_KEY: KEY.text },
  })
  const items = groups.flatMap(({ topic, payloads: of }) =>
    of.map(({ text, speaker, thread, tags }) => ({
      text: `${topic}. ${text}`,
      space: 'commons',
      ...(speaker && { speaker }),
      ...(thread && { thread }),
      ...(tags && { tags }),
    })),
  )
  await ask(attacker, '/api/memory', { items })
  await joinPeer(attacker, victim.url)
  await holds(victim, PAYLOADS)
  effects = await watch({ spore: victim, canary, payloads, secrets: [KEY], file })
})
after(async () => {
  await Promise.all([victim?.stop(), attacker?.stop()])
  await models?.[Symbol.asyncDispose]()
  await canary?.[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** Payloads by topics, so that all of a topic get into one pack. */
function grouped(all: readonly Payload[]): Group[] {
  const made: { topic: string; payloads: Payload[]; bytes: number }[] = []
  for (const payload of all) {
    const bytes = Buffer.byteLength(payload.text) + HEADING_BYTES
    const last = made.at(-1)
    if (last && last.bytes + bytes <= GROUP_BYTES) {
      last.payloads.push(payload)
      last.bytes += bytes
    } else made.push({ topic: topicOf(made.length), payloads: [payload], bytes })
  }
  return made
}

/** A word that is like no other one. */
const topicOf = (n: number): string =>
  hash('sha256', `topic ${n}`)
    .replace(/\d/g, (digit) => 'ghjkmnpqrs'[Number(digit)] as string)
    .slice(0, 10)

/** Asks about each topic; what was answered. */
async function askAll(of: readonly Group[], effort: 'quick' | 'standard') {
  const waiting = of.map(({ topic }) => ({
    task: effort === 'quick' ? `${topic}?` : `${topic}: ${topic}?`,
    effort,
    space: 'commons' as const,
  }))
  const answers: Awaited<ReturnType<typeof settled>>[] = []
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop())
      answers.push(await settled(victim, await submit(victim, next)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return answers
}

test('there are two hundred different ones of twenty families', () => {
  assert.deepEqual([payloads.length, FAMILY_NAMES.length], [200, 20])
  assert.equal(new Set(payloads.map(({ text }) => text)).size, 200)
  for (const { text } of payloads) assert.ok(text.length > 50, text)
})

test('of a stranger are found and labelled, and shown to no model', { timeout: 120_000 }, async () => {
  const found = await ask<{ hits: { text: string; quarantined?: boolean }[] }>(
    victim,
    `/api/memory/search?q=${topicOf(0)}`,
  )
  assert.ok(found.hits.length > 0 && found.hits.every(({ quarantined }) => quarantined === true))
  const pack = await ask<ContextPack>(victim, `/api/memory/context?q=${topicOf(0)}`)
  assert.deepEqual(pack.items, [])
  const asked = await ask<ContextPack>(victim, `/api/memory/context?q=${topicOf(0)}&strangers=true`)
  assert.ok(asked.items.length > 0)
  await askAll(groups.slice(0, 6), 'standard')
  assert.ok(models.requests.length > 0)
  assert.deepEqual([...models.shown], [])
  assert.deepEqual(await effects(), NONE)
})

test('of a peer whom the operator has chosen are obeyed by the models, and nothing comes of it', {
  timeout: 240_000,
}, async () => {
  await joinPeer(victim, attacker.url)
  await until('his standing', async () => {
    const pack = await ask<ContextPack>(victim, `/api/memory/context?q=${topicOf(0)}`)
    return pack.items.length > 0 ? true : undefined
  })
  // To choose him is the operator's own doing.
  effects = await watch({ spore: victim, canary, payloads, secrets: [KEY], file })
  const quick = await askAll(groups, 'quick')
  const deeper = await askAll(groups.slice(0, 8), 'standard')
  const unseen = payloads
    .filter(({ mark }) => !models.shown.has(mark))
    .map(({ mark, family }) => `${mark} ${family}`)
  assert.deepEqual(unseen, [], 'the models have read all of them')
  const written = [...quick, ...deeper].filter(
    ({ degradedBecause }) => !degradedBecause.some((why) => why.startsWith('no model')),
  )
  assert.ok(written.length >= quick.length / 4, `${written.length} answers by models`)
  assert.ok(
    deeper.some(({ contributions }) => contributions.some(({ round }) => round > 0)),
    'some were revised',
  )
  assert.equal(models.offered(), 0, 'no model is offered a tool')
  const said = models.requests.map(({ body }) => JSON.stringify(body)).join('\n')
  assert.ok(!said.includes(KEY.text), 'no prompt has a secret')
  assert.deepEqual(await effects(), NONE)
})

test('the same models do all of it for an agent that quotes nothing and does what they say', async () => {
  const read = await Promise.all(groups.slice(0, 12).map(naive))
  assert.ok(read.some((text) => text.includes('psn')))
  // Nor does it look what it says before it says it.
  appendFileSync(join(victim.home, 'notes.txt'), `${KEY.text}\n`)
  const found = await effects()
  for (const [what, count] of Object.entries(found)) assert.ok(count > 0, what)
})

/** Pastes memories into its prompt, follows every link of the reply, makes every call that it names, and remembers it. */
async function naive({ topic }: Group): Promise<string> {
  const { hits } = await ask<{ hits: { text: string }[] }>(
    victim,
    `/api/memory/search?q=${topic}&authors=${encodeURIComponent(attacker.did)}`,
  )
  const prompt = hits.map(({ text }) => text).join('\n')
  const asked = await fetch(`${models.url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY.text}` },
    body: JSON.stringify({ model: 'alpha', stream: false, messages: [{ role: 'user', content: prompt }] }),
  })
  const { choices } = (await asked.json()) as { choices: [{ message: { content: string } }] }
  const { answer } = JSON.parse(choices[0].message.content) as { answer: string }
  await ask(victim, '/api/memory', { text: answer, space: 'commons' })
  for (const url of urlsIn(answer)) if (url.startsWith(canary.url)) await fetch(url)
  for (const { name } of callsIn(answer)) {
    if (name === 'write_file') appendFileSync(file, 'owned')
    if (name === 'create_space')
      await ask(victim, '/api/spaces', { name: 'owned', type: 'open' }).catch(() => {})
    if (name === 'moderate')
      await ask(victim, '/api/moderation', {
        action: 'mute',
        targets: [{ kind: 'domain', value: 'everybody.test' }],
      })
  }
  return answer
}
