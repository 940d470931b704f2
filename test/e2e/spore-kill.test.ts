/** Fault S1 on a whole spore: `kill -9` at random moments under eight HTTP writers loses nothing acknowledged. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { temporaryFolder } from '../support/folder.ts'
import { projectFile } from '../support/project.ts'
import { type SeededRandom, seededRandom, testSeed } from '../support/seeded.ts'
import { type CommandOptions, type RunningSpore, runSpore, startSpore } from '../support/spore-process.ts'
import { drawKill, runAndKill } from './support/kill.ts'

/** Kills of one run. */
const ROUNDS = Number(process.env.SPORE_KILL_ROUNDS ?? 25)
/** Milliseconds of writing before the kill, at most. */
const WORK_MS_MAX = 300
const WRITERS = 8
/** Every third request of a writer carries several memories, for one commit. */
const ITEMS = 5

interface Acknowledged {
  readonly id: string
  readonly text: string
}

/** Writes until the spore is gone; what it acknowledged goes into `journal`. */
async function write(spore: RunningSpore, name: string, journal: Acknowledged[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (let i = 0; ; i++) {
      const size = i % 3 === 2 ? ITEMS : 1
      const items = Array.from({ length: size }, (_, j) => ({
        text: `${name}, request ${i}, item ${j}`,
        space: i % 2 === 0 ? 'private' : 'commons',
      }))
      const answer = await ask(spore, agent, 'POST', '/api/memory', size === 1 ? items[0] : { items })
      const remembered = size === 1 ? [answer] : (answer as { items: unknown[] }).items
      for (const [j, { id }] of (remembered as { id: string }[]).entries())
        journal.push({ id, text: items[j]?.text ?? '' })
    }
  } catch (error) {
    // The kill ends every request; anything else is a finding.
    if (!isCut(error)) throw error
  } finally {
    agent.destroy()
  }
}

const isCut = (error: unknown): boolean =>
  ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ABORT_ERR'].includes((error as { code?: string }).code ?? '') ||
  (error as Error).message === 'aborted' ||
  error instanceof SyntaxError

/** The answer's JSON; throws where it is no 200 or 201. */
async function ask(
  spore: RunningSpore,
  agent: Agent,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const request = httpRequest(spore.url + path, { method, agent, headers })
  request.end(body === undefined ? undefined : JSON.stringify(body))
  const [reply] = (await once(request, 'response')) as [IncomingMessage]
  const answer = await json(reply)
  if (reply.statusCode !== 200 && reply.statusCode !== 201)
    throw new Error(`${method} ${path}: ${reply.statusCode} ${JSON.stringify(answer)}`)
  return answer
}

/** Memories of the journal that a spore does not hold, or holds otherwise. */
async function lossesOf(spore: RunningSpore, journal: readonly Acknowledged[]): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: WRITERS })
  const losses: string[] = []
  const rest = journal.values()
  const check = async (): Promise<void> => {
    for (const { id, text } of rest) {
      const found = (await ask(spore, agent, 'GET', `/api/memory/${id}`).catch(String)) as { text?: string }
      if (found.text !== text) losses.push(`${text}: ${JSON.stringify(found)}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: WRITERS }, check))
  } finally {
    agent.destroy()
  }
  return losses
}

/** One life of a spore: checks what the last ones left, writes, and dies at a random moment. */
async function live(
  options: CommandOptions,
  random: SeededRandom,
  round: number,
  journal: Acknowledged[],
  unchecked: Acknowledged[],
): Promise<string[]> {
  const argv = [projectFile('bin/spore.js'), 'start', '--json', '--port', '0', '--home', options.home]
  const plan = drawKill(random, argv, WORK_MS_MAX)
  if (plan.from === 'start') {
    await runAndKill({ ...plan, env: { SPORE_BOOTSTRAP: 'off', SPORE_LOG_LEVEL: 'error' } })
    return []
  }
  await using spore = await startSpore(options)
  const losses = await lossesOf(spore, unchecked)
  unchecked.length = 0
  const names = Array.from({ length: WRITERS }, (_, writer) => `round ${round}, writer ${writer}`)
  const acknowledged: Acknowledged[] = []
  const writers = Promise.all(names.map((name) => write(spore, name, acknowledged)))
  await setTimeout(plan.afterMs)
  await spore.stop('SIGKILL')
  await writers
  journal.push(...acknowledged)
  unchecked.push(...acknowledged)
  return losses
}

test(`no acknowledged memory is lost over ${ROUNDS} kills under ${WRITERS} writers`, async (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed} (repeat with SPORE_SEED=${seed})`)
  const random = seededRandom(seed)
  using folder = temporaryFolder()
  const options = { home: folder.path }
  const journal: Acknowledged[] = []
  const unchecked: Acknowledged[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const losses = await live(options, random, round, journal, unchecked)
    assert.deepEqual(losses.slice(0, 10), [], `seed ${seed}, before round ${round}: ${losses.length} losses`)
  }
  await using spore = await startSpore(options)
  const losses = await lossesOf(spore, journal)
  assert.deepEqual(losses.slice(0, 10), [], `seed ${seed}, at the end: ${losses.length} losses`)
  await spore.stop()
  const verified = await runSpore(['verify', '--json'], options)
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  context.diagnostic(`${journal.length} acknowledged memories`)
  assert.ok(journal.length > ROUNDS, 'the writers hardly wrote')
})

test('a spore that keeps nothing is caught', async () => {
  using folder = temporaryFolder()
  const options = { home: folder.path, env: { SPORE_DURABILITY: 'memory' } }
  const journal: Acknowledged[] = []
  await using first = await startSpore(options)
  const writing = write(first, 'forgotten', journal)
  await setTimeout(WORK_MS_MAX)
  await first.stop('SIGKILL')
  await writing
  await using second = await startSpore(options)
  assert.ok(journal.length > 0)
  assert.equal((await lossesOf(second, journal)).length, journal.length)
})
