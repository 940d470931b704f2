/**
 * Nobody who may not ask this spore makes it call a model: ten thousand requests, over every route that the route table has, without
 * a token, with a wrong one, and signed by strangers. A route that is added later is tried without anybody thinking of it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/adapters/clock.ts'
import type { ModelPorts } from '../../../src/core/reasoning/models.ts'
import { createScriptedModel } from '../../../src/core/reasoning/scripted-model.ts'
import { hashToken } from '../../../src/http/plugins/access.ts'
import { callCaps } from '../../support/spending.ts'
import { ask, newSigner, serveUnbounded } from './federation/support.ts'
import { JSON_TYPE } from './support.ts'

const REQUESTS = 10_000
const AT_A_TIME = 50
/** Of so many requests one is signed: the work of strangers waits for its turn, 20 ms each, however fast it is sent. */
const SIGNED_EVERY = 40
const TOKEN = 'spore_0123456789abcdef'
/** Answered for as long as the caller likes. */
const LASTING = /^\/federation\/v1\/stream$/

/** What would be taken by one route or another, if it came from the operator. */
const BODIES: readonly object[] = [
  {},
  { task: 'where does the heron nest?', effort: 'deep' },
  { timeoutMs: 1000 },
  { text: 'the heron nests above the mill', space: 'commons' },
  { url: 'http://127.0.0.1:9' },
  {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'submit_task', arguments: { task: 'where?' } },
  },
]

function scriptedModels() {
  const models = ['paid', 'free'].map((name) =>
    createScriptedModel({ name, script: () => ({ text: 'ready' }) }, { clock: systemClock }),
  )
  const ports: ModelPorts = {
    routes: models.map((model) => ({
      model,
      price: { inputUsd: 0, outputUsd: 0 },
      isFree: model.name === 'free',
    })),
    caps: callCaps(1e6),
  }
  return { ports, calls: () => models.reduce((sum, { requests }) => sum + requests.length, 0) }
}

test('ten thousand requests of those who may not ask call no model', { timeout: 120_000 }, async () => {
  const { ports, calls } = scriptedModels()
  const http = { tokenRequired: true, tokenHashes: () => [hashToken(TOKEN)] }
  await using served = await serveUnbounded({ models: ports, http })
  await served.spore.remember({ text: 'the heron nests above the mill', space: 'commons' })
  const routes = served.app.routeTable.filter(({ method, url }) => method !== 'HEAD' && !LASTING.test(url))
  const strangers = Array.from({ length: 50 }, newSigner)
  const signed = routes.filter(({ access }) => access === 'signed')
  const others = routes.filter(({ access }) => access !== 'signed')
  const request = async (i: number): Promise<void> => {
    const [list, place] =
      i % SIGNED_EVERY === 0 ? [signed, i / SIGNED_EVERY] : [others, i - Math.ceil(i / SIGNED_EVERY)]
    const { method, url, access } = list[place % list.length] as (typeof routes)[number]
    const turn = Math.floor(place / list.length)
    const body = method === 'GET' ? null : JSON.stringify(BODIES[turn % BODIES.length])
    const path = url.replaceAll(/:\w+|\*/g, 'x')
    if (access === 'signed') {
      const signer = strangers[turn % strangers.length] as (typeof strangers)[number]
      const type = 'application/json'
      await ask(served, { method, path, signer, ...(body && { body: Buffer.from(body), type }) })
      return
    }
    const wrong = turn % 2 === 0 ? {} : { authorization: 'Bearer spore_another' }
    const reply = await served.app.inject({
      method: method as 'GET',
      url: path,
      headers: { ...wrong, host: served.authority, ...(body && JSON_TYPE) },
      ...(body && { payload: body }),
    })
    if (access === 'token')
      assert.ok([401, 403].includes(reply.statusCode), `${method} ${path}: ${reply.statusCode}`)
  }
  // Refusals are sent late, so that guessing is slow: many at a time wait together.
  for (let i = 0; i < REQUESTS; i += AT_A_TIME)
    await Promise.all(Array.from({ length: AT_A_TIME }, (_, at) => request(i + at)))
  assert.equal(calls(), 0)

  // The same request of the operator does call them: the test can fail.
  const own = await served.app.inject({
    method: 'POST',
    url: '/api/providers/check',
    headers: { authorization: `Bearer ${TOKEN}`, host: served.authority, ...JSON_TYPE },
    payload: '{}',
  })
  assert.deepEqual([own.statusCode, calls()], [200, 2])
})

test('a check ends with its caller, and with the server', async () => {
  const hanging = createScriptedModel(
    { name: 'a', script: () => ({ text: 'late', delayMs: 60_000 }) },
    { clock: systemClock },
  )
  const ports = { routes: [{ model: hanging, price: null, isFree: true }], caps: callCaps(9) }
  const served = await serveUnbounded({ models: ports })
  const url = `http://127.0.0.1:${served.port}/api/providers/check`
  const post = (signal?: AbortSignal) =>
    fetch(url, { method: 'POST', headers: JSON_TYPE, body: '{}', ...(signal && { signal }) })
  const asked = async (count: number): Promise<void> => {
    while (hanging.requests.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  const gone = new AbortController()
  const left = post(gone.signal).catch(() => null)
  await asked(1)
  gone.abort()
  await left
  while (hanging.cancelled < 1) await new Promise((resolve) => setImmediate(resolve))

  const last = post()
  await asked(2)
  await served[Symbol.asyncDispose]()
  const reply = (await (await last).json()) as { checks: { problem: { code: string } }[] }
  assert.equal(reply.checks[0]?.problem.code, 'MODEL_CANCELLED')
  assert.equal(hanging.cancelled, 2)
})
