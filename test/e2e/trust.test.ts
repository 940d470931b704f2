/** Trust over real processes: what is judged shows, in HTTP, commands and tools alike; what is set by hand wins, and outlives a restart. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type TrustPage, type TrustView, trustPageSchema, trustSchema } from '../../src/core/protocol/api.ts'
import { ask, type Reasoners, settled, startReasoners, submit } from '../support/reasoners.ts'
import { runSpore } from '../support/spore-process.ts'

/** What is not there after half a minute is not coming. */
const LOOK_MS = 20
const LOOKS = 1_500
const CHOICES = ['Oslo', 'Bergen', 'Tromsø', 'Bodø']
const DOMAIN = 'geography'

describe('two spores that answer one another', () => {
  let field: Reasoners
  before(async () => {
    field = await startReasoners({
      models: ['llama', 'qwen'],
      think: ({ text }) => ({ answer: /Bergen is it/.test(text) ? 'B' : 'A', confidence: 80 }),
    })
  })
  after(() => field[Symbol.asyncDispose]())

  const other = () => field.at(1).did
  /** Puts a question to both, which answer the same, and says what was right. */
  async function judge(task: string, resolution: object): Promise<void> {
    const input = { task, choices: CHOICES, space: 'commons', domain: DOMAIN, answers: 2 }
    const id = await submit(field.at(0), { ...input, effort: 'quick' })
    const { contributions } = await settled(field.at(0), id)
    assert.ok(contributions.some(({ author }) => author === other()))
    await ask(field.at(0), `/api/task/${id}/resolution`, resolution)
  }
  const explain = async (author = other()): Promise<TrustView> =>
    trustSchema.parse(await ask(field.at(0), `/api/trust/${author}`))
  const inDomain = ({ domains }: TrustView) => domains.find(({ domain }) => domain === DOMAIN)
  const command = async (...args: string[]): Promise<TrustView> => {
    const { code, stdout, stderr } = await runSpore(['trust', ...args, '--json'], { home: field.at(0).home })
    assert.equal(code, 0, stderr)
    return trustSchema.parse(JSON.parse(stdout))
  }
  const tool = async (name: string, input: object): Promise<Record<string, unknown>> => {
    const client = new Client({ name: 'test-agent', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', field.at(0).url)))
    try {
      const reply = await client.callTool({ name, arguments: { ...input } })
      assert.ok(!reply.isError, JSON.stringify(reply.content))
      return reply.structuredContent as Record<string, unknown>
    } finally {
      await client.close()
    }
  }
  const request = (method: string, body?: object): Promise<Response> =>
    fetch(`${field.at(0).url}/api/trust/${other()}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })

  test('trust one another as chosen, and then by what was right and wrong', async () => {
    const chosen = await explain()
    assert.deepEqual([chosen.standing, chosen.tier, chosen.domains], ['chosen', 'contributor', []])
    for (let i = 0; i < 3; i++) await judge(`Oslo is it, for the time ${i}: where?`, { verdict: 'right' })
    const right = await explain()
    assert.equal(right.standing, 'judged')
    assert.deepEqual([inDomain(right)?.own.right, inDomain(right)?.own.wrong], [3, 0])
    assert.ok((right.trust ?? 0) > (chosen.trust ?? 1), `${chosen.trust} → ${right.trust}`)
    for (let i = 0; i < 3; i++)
      await judge(`Bergen is it, for the time ${i}: where?`, { verdict: 'corrected', correction: 'Oslo' })
    const both = await explain()
    assert.deepEqual([inDomain(both)?.own.right, inDomain(both)?.own.wrong], [3, 3])
    assert.ok((both.trust ?? 1) < (right.trust ?? 0), `${right.trust} → ${both.trust}`)
    assert.ok(
      both.reasons.some((reason) => /3 were right and 3 wrong/.test(reason)),
      both.reasons.join('; '),
    )
  })

  test('are explained alike by HTTP, command and tool', async () => {
    const view = await explain()
    assert.deepEqual(await explain(other().slice(-8)), view)
    assert.deepEqual(await command('explain', other()), view)
    assert.deepEqual(await command(other().slice(-8)), view)
    const { stdout } = await runSpore(['trust', 'explain', other()], { home: field.at(0).home })
    assert.match(stdout, new RegExp(`${DOMAIN} .* judged here 3 right, 3 wrong`))
    const told = await tool('explain_trust', { author: other() })
    assert.deepEqual([told.tier, told.reasons], [view.tier, view.reasons])
    assert.ok(Math.abs(Number(told.trust) - (view.trust ?? 0)) < 0.001)
    const [row] = (await tool('get_trust', { author: other() })).authors as { trust: number }[]
    assert.equal(row?.trust, told.trust)

    const page = trustPageSchema.parse(await ask<TrustPage>(field.at(0), '/api/trust'))
    assert.deepEqual(
      page.authors.map(({ author }) => author),
      [field.at(0).did, other()],
    )
    const list = await runSpore(['trust'], { home: field.at(0).home })
    assert.match(list.stdout, new RegExp(`\\n0\\.\\d{3} .* ${other()}  judged`))
  })

  test('are what the operator says while he says so, also after a restart; then the evidence counts again', async () => {
    const before = await explain()
    const set = await command('set', other(), '0.95', '--reason', 'my own laptop')
    assert.deepEqual(
      [set.trust, set.standing, set.override?.trust, set.override?.reason],
      [0.95, 'override', 0.95, 'my own laptop'],
    )
    await field.kill(0)
    await field.restart(0)
    // Who was chosen counts as chosen once it has proved again who it is.
    const isChosen = async () => (await explain()).reasons.some((one) => /operator chose it/.test(one))
    for (let i = 0; i < LOOKS && !(await isChosen()); i++) await sleep(LOOK_MS)
    assert.deepEqual(await explain(), set)
    const again = await request('PUT', { trust: 0.05 })
    assert.deepEqual([again.status, ((await again.json()) as TrustView).tier], [200, 'stranger'])
    const back = await request('DELETE')
    assert.equal(back.status, 200)
    assert.deepEqual(trustSchema.parse(await back.json()), before)
    assert.deepEqual(await command('unset', other()), before, 'what is not set can be taken back')
  })

  test('what a command does not understand is said before anything is asked', async () => {
    const bad = [
      ['set', other()],
      ['set', other(), '1.5'],
      ['set', other(), 'high'],
      ['explain'],
      ['unset', other(), '1'],
      ['praise', other()],
      ['set', other(), '1', '--reason', ''],
      ['--tier', 'king'],
    ]
    for (const args of bad) {
      const { code, stdout } = await runSpore(['trust', ...args], { home: field.at(0).home })
      assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    }
    const unknown = await runSpore(['trust', 'explain', 'nobody'], { home: field.at(0).home })
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /AUTHOR_UNKNOWN[\s\S]*spore trust/)
  })
})
