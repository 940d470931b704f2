/** Language models of a real spore: configured by variables, going wrong in every way of 06-faults M1 and M2, over real HTTP. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ModelsChecked, ModelsView, ProvidersView } from '../../src/core/protocol/api-models.ts'
import {
  breakOff,
  type ChatAnswer,
  drip,
  flood,
  hang,
  reset,
  say,
  sendAnswer,
  startChatServer,
  whole,
} from '../support/chat-server.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type RunningSpore, runSpore, startSpore } from '../support/spore-process.ts'
import { health, post } from './support/swarm.ts'

const KEY = 'sk-canary-of-the-models'
/** Longer than an answer on loopback takes, and what a model that hangs is waited for. */
const TIMEOUT_MS = 2_000

/** Models, each of which goes wrong in its own way, and what that is called. */
const FAULTS: Readonly<Record<string, readonly [ChatAnswer, string]>> = {
  busy: [
    sendAnswer(429, { error: { message: `no more for ${KEY}` } }, { 'retry-after': '600' }),
    'MODEL_BUSY',
  ],
  unpaid: [sendAnswer(402, {}), 'MODEL_UNPAID'],
  broken: [sendAnswer(500, { error: { message: `Authorization: Bearer ${KEY}` } }), 'MODEL_FAILED'],
  away: [sendAnswer(503, {}), 'MODEL_FAILED'],
  reset: [reset, 'MODEL_FAILED'],
  hang: [hang, 'MODEL_TIMEOUT'],
  drip: [drip, 'MODEL_TIMEOUT'],
  html: [sendAnswer(200, `<html>${KEY}</html>`, { 'content-type': 'text/html' }), 'MODEL_REPLY_UNUSABLE'],
  cut: [breakOff(false), 'MODEL_REPLY_UNUSABLE'],
  empty: [sendAnswer(200, { ...whole({}), choices: [] }), 'MODEL_REPLY_UNUSABLE'],
  huge: [flood(50e6, false), 'MODEL_REPLY_UNUSABLE'],
  refusing: [sendAnswer(200, whole({ content: 'I cannot help with that.' })), 'MODEL_REFUSED'],
}
/** After one such failure each is left alone; others after a few in a row. */
const LEFT_ALONE_AT_ONCE = ['busy', 'unpaid']

const check = (spore: RunningSpore): Promise<ModelsChecked> =>
  post(`${spore.url}/api/providers/check`, { timeoutMs: TIMEOUT_MS }) as Promise<ModelsChecked>

const codesOf = ({ checks }: ModelsChecked): Record<string, string | null> =>
  Object.fromEntries(checks.map(({ name, problem }) => [name.replace('local/', ''), problem?.code ?? null]))

const statesOf = ({ models }: ModelsView): Record<string, string> =>
  Object.fromEntries(models.map(({ name, state }) => [name.replace('local/', ''), state]))

const spentOf = (view: ModelsView): number | undefined =>
  view.budget?.accounts.find(({ name }) => name === 'free')?.calls

test('models fail in every way, and the spore says how, serves on, and spends no more than it said', {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder()
  const home = join(folder.path, 'home')
  await using server = await startChatServer(({ body }) => FAULTS[body.model]?.[0] ?? say('ready'))
  server.key = KEY
  server.models = Object.keys(FAULTS)
  const env = {
    LLM_ENDPOINT: server.url,
    LLM_MODEL: [...Object.keys(FAULTS), 'good'].join(),
    LLM_API_KEY: KEY,
    SPORE_LOG_LEVEL: 'debug',
  }
  const printed: string[] = []
  await using stack = new AsyncDisposableStack()
  const start = async (): Promise<RunningSpore> => stack.use(await startSpore({ home, env }))
  let spore = await start()
  const models = async (): Promise<ModelsView> => {
    const { models: view } = await health(spore)
    assert.ok(view)
    printed.push(JSON.stringify(view))
    return view
  }
  const command = async (...args: string[]) => {
    const { code, stdout, stderr } = await runSpore(args, { home, env })
    printed.push(stdout, stderr)
    return { code, stdout }
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await spore.stop(signal)
    printed.push(spore.stdout(), spore.stderr())
  }

  assert.ok(Object.values(statesOf(await models())).every((state) => state === 'ready'))
  for (let i = 0; i < 20; i++) await models()
  assert.equal(server.requests.length, 0, 'to look at health calls nobody')

  // M1: typed failures, one by one; no entry of them; a breaker.
  const { entries } = await health(spore)
  const expected = Object.fromEntries(Object.entries(FAULTS).map(([name, [, code]]) => [name, code]))
  const first = await check(spore)
  printed.push(JSON.stringify(first))
  assert.deepEqual(codesOf(first), { ...expected, good: null })
  for (const { name, tookMs } of first.checks) assert.ok(tookMs < 60_000, name)
  for (const [name, state] of Object.entries(statesOf(await models())))
    assert.equal(state, LEFT_ALONE_AT_ONCE.includes(name) ? 'cooling' : 'ready', name)
  await check(spore)
  await check(spore)
  for (const [name, state] of Object.entries(statesOf(await models())))
    assert.equal(state, ['good', 'refusing'].includes(name) ? 'ready' : 'cooling', name)
  const busy = (await models()).models.find(({ name }) => name === 'local/busy')
  assert.ok(busy && busy.retryAfterSeconds > 500 && busy.problem?.code === 'MODEL_BUSY')
  assert.equal((await health(spore)).entries, entries, 'a failure is no entry')
  assert.equal(spentOf(await models()), 3 * (Object.keys(FAULTS).length + 1))

  // M2: all are down; memory serves on, and health says why.
  server.script = () => sendAnswer(503, {})
  for (let i = 0; i < 3; i++) await check(spore)
  await post(`${spore.url}/api/memory`, { text: 'the heron nests above the mill' })
  const found = await (await fetch(`${spore.url}/api/memory/search?q=heron`)).json()
  assert.equal((found as { hits: unknown[] }).hits.length, 1)
  const down = await models()
  assert.ok(down.models.every(({ state, problem }) => state === 'cooling' && problem))
  const doctor = JSON.parse((await command('doctor', '--json')).stdout) as {
    ok: boolean
    checks: { name: string; level: string; detail: string }[]
  }
  const warned = doctor.checks.filter(({ name, level }) => name === 'models' && level === 'warn')
  assert.ok(
    doctor.ok && warned.some(({ detail }) => /local\/good: .*503 \[MODEL_FAILED\], left/.test(detail)),
  )

  // A kill gives nothing back, and another process knows what was spent.
  const spent = spentOf(await models())
  await end('SIGKILL')
  spore = await start()
  assert.equal(spentOf(await models()), spent)

  // They are back.
  server.script = () => say('ready')
  const shown = await command('providers', '--check')
  assert.deepEqual([shown.code, shown.stdout.match(/^ok {4}local\/\w+ /gm)?.length], [0, 13])
  assert.ok(Object.values(statesOf(await models())).every((state) => state === 'ready'))
  assert.match((await command('providers')).stdout, /^ready +local\/good +good +free\n +1 calls, 0 failed/m)
  await end('SIGTERM')

  // What no spore runs for is read from the store.
  const view = JSON.parse((await command('providers', '--json')).stdout) as ProvidersView
  assert.equal(spentOf(view), (spent ?? 0) + 13)
  assert.equal(view.models.length, 13)

  for (const text of printed) assert.ok(!text.includes(KEY), text)
  for (const name of readdirSync(home)) assert.ok(!readFileSync(join(home, name)).includes(KEY), name)
})

test('an endpoint alone is enough, also where it is not there yet', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder()
  await using server = await startChatServer(() => say('ready'))
  server.models = ['nomic-embed-text', 'qwen3:8b']
  const options = { home: join(folder.path, 'home'), env: { LLM_ENDPOINT: server.url } }
  const looked = await runSpore(['providers'], options)
  assert.match(looked.stdout, /^ready +local\/auto /m)
  assert.deepEqual(readdirSync(folder.path), [], 'to look makes no data folder')
  const checked = await runSpore(['providers', '--check', '--json'], options)
  assert.equal(checked.code, 0, checked.stderr)
  assert.deepEqual(server.requests[0]?.body.model, 'qwen3:8b')

  await server[Symbol.asyncDispose]()
  await using spore = await startSpore(options)
  const { checks } = await check(spore)
  assert.deepEqual([checks[0]?.isOk, checks[0]?.problem?.code], [false, 'MODEL_FAILED'])
})
