/** Ours as it runs: a whole spore over its store on disk, each text a signed entry, through its own remember and search. */
import { ITEMS_MAX } from '../../../../src/core/protocol/limits.ts'
import { openLocalSpore } from '../../support/local-spore.ts'
import type { Engine } from '../engine.ts'

export async function create(): Promise<Engine> {
  const { spore, [Symbol.asyncDispose]: dispose } = await openLocalSpore()
  /** Equal texts are one memory. */
  const idsByMemory = new Map<string, string[]>()
  return {
    async add(docs) {
      for (let from = 0; from < docs.length; from += ITEMS_MAX) {
        const batch = docs.slice(from, from + ITEMS_MAX)
        const results = await spore.rememberMany(batch.map(({ id: _, ...memory }) => memory))
        for (const [i, result] of results.entries()) {
          // An empty document cannot be remembered, and no query can find it.
          if (!result.ok && result.error.code === 'TEXT_EMPTY') continue
          if (!result.ok) throw new Error(result.error.detail)
          const { id } = result.value
          idsByMemory.set(id, [...(idsByMemory.get(id) ?? []), batch[i]!.id])
        }
      }
    },
    async search(q, limit) {
      const reply = await spore.search({ q, limit })
      if (!reply.ok) throw new Error(reply.error.detail)
      return reply.value.hits.flatMap(({ id }) => idsByMemory.get(id) ?? [])
    },
    [Symbol.asyncDispose]: dispose,
  }
}
