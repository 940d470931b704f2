/**
 * The hostile peer, a program: `main.ts --mode flood[,forks…] --target http://127.0.0.1:7860 [--target …] [--strict …]
 * [--canary 127.0.0.1:9] [--seconds 30] [--network spore-main] [--block 0]`.
 *
 * A target takes private addresses, so that it finds the hostile peer; a strict one does not, and must not be led inside.
 * It has real identities and signs what it must; what it does to the spores it is given is said by its mode (`modes.ts`;
 * `--list` prints them). It prints one line of JSON when it begins, one with what came of it when it ends: after
 * `--seconds`, or when its stdin closes. It comes from loopback addresses of its own, so that a spore can tell it from
 * the others on the machine by its address, as it could anywhere else.
 */
import { setMaxListeners } from 'node:events'
import { constants, setPriority } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { DEFAULT_NETWORK } from '../../../src/core/protocol/version.ts'
import { listen } from './listener.ts'
import type { Mode, ModeContext } from './mode.ts'
import { MODE_NAMES, MODES, type ModeName } from './modes.ts'
import { createPersona } from './persona.ts'
import { type Accounts, createTally } from './tally.ts'
import { addressOf, createWire } from './wire.ts'

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: '' },
    target: { type: 'string', multiple: true, default: [] },
    strict: { type: 'string', multiple: true, default: [] },
    canary: { type: 'string', default: '127.0.0.1:9' },
    seconds: { type: 'string', default: '30' },
    network: { type: 'string', default: DEFAULT_NETWORK },
    block: { type: 'string', default: '0' },
    list: { type: 'boolean', default: false },
  },
})

async function attack(names: readonly ModeName[]): Promise<Accounts> {
  const ending = new AbortController()
  const { signal } = ending
  // A thousand sockets end with it.
  setMaxListeners(0, signal)
  await using stack = new AsyncDisposableStack()
  const accounts: Accounts = {}
  const running = names.map((name, place) => {
    const { tally, context } = createContext(place, signal, stack)
    accounts[name] = tally.account
    return (MODES[name] as Mode).run(context)
  })
  console.log(JSON.stringify({ modes: names }))
  process.stdin.on('end', () => ending.abort()).resume()
  const timer = setTimeout(() => ending.abort(), Number(values.seconds) * 1000)
  const ended = await Promise.allSettled(running)
  clearTimeout(timer)
  for (const [i, { status, ...rest }] of ended.entries())
    if (status === 'rejected')
      accounts[names[i] as string]?.broken.push(`the mode broke: ${JSON.stringify(rest)}`)
  return accounts
}

function createContext(place: number, signal: AbortSignal, stack: AsyncDisposableStack) {
  const { network } = values
  const tally = createTally()
  // One block of addresses a mode: what one does is not held against another.
  const address = (index: number): string => addressOf(Number(values.block) + place * 10 + index)
  const newWire = (from: string, connections?: number) =>
    stack.use(createWire({ tally, signal, from, ...(connections && { connections }) }))
  const newPersona = (name: string) => createPersona(name, network)
  const persona = newPersona('hostile')
  const context: ModeContext = {
    open: values.target,
    strict: values.strict,
    targets: [...values.target, ...values.strict],
    network,
    canary: values.canary,
    tally,
    signal,
    persona,
    wire: newWire(address(0), 64),
    address,
    newPersona,
    newWire,
    async serve(script, who = persona) {
      const listener = await listen({ persona: who, tally, host: address(0), script })
      stack.use(listener)
      return listener.url
    },
  }
  return { tally, context }
}

if (values.list) {
  for (const name of MODE_NAMES) console.log(`${name.padEnd(16)}${MODES[name].says}`)
} else {
  const names = values.mode === 'all' ? MODE_NAMES : (values.mode.split(',') as ModeName[])
  const unknown = names.filter((name) => !MODE_NAMES.includes(name))
  if (unknown.length > 0 || values.target.length === 0) {
    console.error(`--target is needed, and --mode is one of: ${MODE_NAMES.join(', ')}`)
    process.exitCode = 2
  } else {
    // It has a machine of its own anywhere else; here it gets what the spores leave.
    setPriority(constants.priority.PRIORITY_LOW)
    const accounts = await attack(names)
    console.log(JSON.stringify({ accounts }))
    process.stdin.destroy()
  }
}
