/**
 * Whether anybody but its operator can make a spore call a model:
 *
 *     npm run bench -- tasks-calls [--calls 200] [--at-once 200] [--json]
 *
 * So many requests on every route of the route table of one real spore: without a token and with a wrong one from addresses of the
 * public internet, and on federation routes signed by strangers. Then the operator asks one question, which does call it. The issue's
 * figure is that of `--calls 10000`.
 */
import { parseArgs } from 'node:util'
import { Agent, request } from 'undici'
import { createPersona } from '../../test/support/hostile-peer/persona.ts'
import { settled, startReasoners, submit } from '../../test/support/reasoners.ts'
import { RUN_NETWORK } from '../../test/support/run-network.ts'
import { serveFederation } from '../../test/unit/http/federation/support.ts'
import type { Run } from './support/harness.ts'

const STRANGERS = 50
const HANG_MS = 6 * 3600 * 1000
/** A stream goes on for ever, and has its place among few. */
const LASTING = /\/stream$/

/** What one route or another would take, if it came from the operator. */
const BODIES: readonly object[] = [
  { task: 'Where does the heron nest?', effort: 'deep', space: 'commons' },
  { timeoutMs: 1000 },
  { text: 'The heron nests above the mill.', space: 'commons' },
  {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'submit_task', arguments: { task: 'Where?' } },
  },
  {},
]

export const run: Run = async (args, report) => {
  const { values } = parseArgs({
    args: [...args],
    options: { calls: { type: 'string', default: '200' }, 'at-once': { type: 'string', default: '200' } },
  })
  const [calls, atOnce] = [Number(values.calls), Number(values['at-once'])]
  for (const count of [calls, atOnce])
    if (!Number.isSafeInteger(count) || count < 1) throw new Error('counts are whole numbers from 1')
  await using field = await startReasoners({
    models: ['llama'],
    think: () => ({ answer: 'above the mill' }),
    // Whoever is named as behind the proxy is on the internet, and needs a token.
    env: { SPORE_TRUST_PROXY: '127.0.0.1', SPORE_SERVE: 'trusted' },
    process: { hangMs: HANG_MS },
  })
  const { url: target } = field.at(0)
  const agent = new Agent({ connections: atOnce, pipelining: 1 })
  const strangers = Array.from({ length: STRANGERS }, (_, i) => createPersona(`stranger ${i}`, RUN_NETWORK))
  const statuses = new Map<number, number>()

  const call = async ({ method, url, access }: RouteOf, i: number): Promise<void> => {
    const path = url.replaceAll(/:\w+|\*/g, 'x')
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const body = hasBody ? Buffer.from(JSON.stringify(BODIES[i % BODIES.length])) : new Uint8Array()
    const type = { ...(hasBody && { 'content-type': 'application/json' }) }
    const from = { 'x-forwarded-for': `45.${i % 200}.${(i >> 8) % 250}.${1 + (i % 250)}` }
    const wrong = i % 2 === 0 ? {} : { authorization: 'Bearer spore_another' }
    const stranger = strangers[i % STRANGERS] as (typeof strangers)[number]
    const asked = { method: method as 'GET' | 'POST', target, path, body, headers: type }
    const headers = access === 'signed' ? stranger.sign(asked).headers : { ...type, ...wrong }
    const reply = await request(target + path, {
      dispatcher: agent,
      method: asked.method,
      headers: { ...headers, ...from },
      body: hasBody ? body : null,
    })
    await reply.body.dump()
    statuses.set(reply.statusCode, (statuses.get(reply.statusCode) ?? 0) + 1)
    if (access === 'token' && reply.statusCode < 400) throw new Error(`${method} ${url} answered a stranger`)
  }

  const routes = await routesOf()
  const startedAt = performance.now()
  for (const route of routes) {
    let next = 0
    const lane = async (): Promise<void> => {
      for (let i = next++; i < calls; i = next++) await call(route, i)
    }
    await Promise.all(Array.from({ length: Math.min(calls, atOnce) }, lane))
  }
  await agent.close()
  const seconds = (performance.now() - startedAt) / 1000
  report.note(
    `${routes.length} routes, replies: ${[...statuses]
      .sort()
      .map((row) => row.join(' × '))
      .join(', ')}`,
  )
  const called = field.minds.requests.length
  const id = await submit(field.at(0), { task: 'Where does the heron nest?', effort: 'quick' })
  const { status } = await settled(field.at(0), id)
  if (status !== 'converged' || field.minds.requests.length === called)
    throw new Error('the operator’s own question called no model: nothing was shown')
  report.row({ metric: 'requests', value: routes.length * calls, unit: '' })
  report.row({ metric: 'calls of a model', value: called, unit: '', bar: { atMost: 0 } })
  report.row({ metric: 'requests a second', value: (routes.length * calls) / seconds, unit: '/s' })
}

type RouteOf = Awaited<ReturnType<typeof routesOf>>[number]

/** As they are registered in a server of the same code. */
async function routesOf() {
  await using served = await serveFederation()
  return served.app.routeTable
    .map(({ method, url, access }) => ({ method, url, access }))
    .filter(({ method, url }) => ['GET', 'POST', 'PUT', 'DELETE'].includes(method) && !LASTING.test(url))
}
