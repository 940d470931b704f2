/** One whole spore by itself, on a virtual clock and a store in memory: the production core, with models that a script gives. */
import type { Clock } from '../../core/base/ports.ts'
import { silentLog } from '../../core/base/ports.ts'
import { err, type Result } from '../../core/base/result.ts'
import type { Transport } from '../../core/gossip/transport.ts'
import { createSigner } from '../../core/identity/keys.ts'
import { createMemoryStore } from '../../core/memory/memory-store.ts'
import { type Failure, failure } from '../../core/protocol/errors.ts'
import type { ScriptedModel } from '../../core/reasoning/scripted-model.ts'
import { createSpore, type Spore } from '../../core/spore.ts'
import { createClock, createWallClock } from '../clock.ts'
import { NO_CAPS, routesOf } from '../model.ts'
import { NETWORK_NAME } from '../node.ts'
import { plainCompression } from '../plain-compression.ts'
import { createRandom } from '../random.ts'
import { createScheduler } from '../scheduler.ts'

export interface LoneSpore extends AsyncDisposable {
  readonly spore: Spore
  /** What a call comes to, once as much virtual time has passed as it takes. */
  settled<T>(call: Promise<T>): Promise<T>
  /** Milliseconds of virtual time since it was started. */
  readonly elapsedMs: number
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>
}

/** Nobody is there; so it is the mean time between two looks at the peers that there are not. */
const PULL_INTERVAL_MS = 3_600_000
const NOBODY: Transport = {
  admit: () => err(failure('PEER_URL_INVALID', 'nobody is there')),
  send: async () => err(failure('PEER_UNREACHABLE', 'nobody is there')),
  stream: async () => err(failure('PEER_UNREACHABLE', 'nobody is there')),
}

export async function createLoneSpore(
  seed: string,
  modelsOn: (clock: Clock) => readonly ScriptedModel[],
): Promise<LoneSpore> {
  const random = createRandom(seed)
  const scheduler = createScheduler()
  const life = { isOver: false }
  const clock = createClock(scheduler, createWallClock(scheduler), life)
  const key = random.stream('key').bytes(32)
  const { publicKey } = createSigner(key)
  const models = modelsOn(clock)
  const settled = async <T>(call: Promise<T>): Promise<T> => {
    let ended: { readonly value: T } | { readonly error: unknown } | null = null
    call.then(
      (value) => {
        ended = { value }
      },
      (error: unknown) => {
        ended = { error }
      },
    )
    await scheduler.drive(() => ended !== null)
    return call
  }
  const spore = await settled(
    createSpore(
      { name: 'lone', defaultSpace: 'commons', pullIntervalMs: PULL_INTERVAL_MS, serve: 'own' },
      {
        ...{ clock, random, log: silentLog, transport: NOBODY, compression: plainCompression, seed: key },
        store: createMemoryStore({ publicKey, network: NETWORK_NAME, epoch: random.bytes(8) }),
        models: models.length === 0 ? null : { routes: routesOf(models), caps: NO_CAPS },
      },
    ),
  )
  await settled(spore.federation.start(null, []))
  return {
    spore,
    settled,
    get elapsedMs() {
      return scheduler.elapsedMs
    },
    async pass(ms) {
      const untilMs = scheduler.elapsedMs + ms
      scheduler.after(ms, null, () => {})
      await scheduler.drive(() => scheduler.elapsedMs >= untilMs)
    },
    [Symbol.asyncDispose]: () => settled(Promise.resolve(spore[Symbol.asyncDispose]())),
  }
}

/** The value of a result that cannot fail here. */
export function must<T>(result: Result<T, Failure>): T {
  if (result.ok) return result.value
  throw new Error(`${result.error.code}: ${result.error.detail}`)
}
