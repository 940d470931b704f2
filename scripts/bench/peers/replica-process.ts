/** The process of one replica, `replica-process.ts <library> <folder>`: does what its parent asks over the IPC channel. */
import type { Answer, Call, Spent } from './replica.ts'

type Methods = { readonly [name: string]: (...args: readonly unknown[]) => unknown }

const [library, folder] = process.argv.slice(2)
const { create } = (await import(`./${library}.ts`)) as { create(folder: string): Promise<Methods> }
const replica = await create(folder ?? '')

function spent(): Spent {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() }
}

async function answer({ method, args }: Call): Promise<Answer> {
  try {
    return { value: method === 'spent' ? spent() : await replica[method]?.(...args) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.on('message', async (call: Call) => process.send?.(await answer(call)))
process.send?.({ value: 'ready' } satisfies Answer)
