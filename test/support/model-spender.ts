/**
 * A process that asks a provider as often as its budget allows, many times at once, until it is killed or is refused:
 * `model-spender.ts <folder> <provider's URL> <calls a day> <calls at a time>`. It tells how many calls were granted.
 */
import { systemClock } from '../../src/adapters/clock.ts'
import { createHttpModel } from '../../src/adapters/models/http-model.ts'
import { openSqliteStore } from '../../src/adapters/sqlite-store.ts'
import { DEFAULT_DIALECT } from '../../src/config/model-presets.ts'
import { callCaps, openBudget } from './spending.ts'
import { testOrigin } from './store-origin.ts'

const [folder, url, cap, parallel] = process.argv.slice(2) as [string, string, string, string]
const store = openSqliteStore(folder, { ...testOrigin, create: () => testOrigin })
const { ledger, writer } = await openBudget(callCaps(Number(cap)), store, systemClock)
const model = createHttpModel(
  { name: 'test/a', family: 'a', url, model: 'a', key: null, dialect: DEFAULT_DIALECT },
  { clock: systemClock },
)
let granted = 0
const ask = async (task: string): Promise<void> => {
  const reserved = await ledger.reserve({ pot: 'own', task, asker: null, microUsd: 0 })
  if (!reserved.ok) return
  granted++
  const found = await model.generate(
    { messages: [{ role: 'user', text: 'Where?' }], maxTokens: 10 },
    { timeoutMs: 10_000 },
  )
  reserved.value.settle(found.ok ? (found.value.usage ?? 'unknown') : found.error.cost, null)
}
await Promise.all(Array.from({ length: Number(parallel) }, (_, i) => ask(`task ${i}`)))
await writer.drain()
await model[Symbol.asyncDispose]()
await store[Symbol.asyncDispose]()
process.stdout.write(`${granted}\n`)
