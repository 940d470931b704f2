/** Rules, and a moderation over a store of its own on a clock that the test sets. */
import { hash } from 'node:crypto'
import type { Did } from '../../../../src/core/base/brand.ts'
import { silentLog } from '../../../../src/core/base/ports.ts'
import { ok } from '../../../../src/core/base/result.ts'
import { createSigner } from '../../../../src/core/identity/keys.ts'
import { createModeration, type Moderation } from '../../../../src/core/moderation/moderation.ts'
import type { Action, Rule } from '../../../../src/core/moderation/rule.ts'
import type { Target } from '../../../../src/core/moderation/target.ts'

export const didOf = (name: string): Did => createSigner(new Uint8Array(hash('sha256', name, 'buffer'))).did
export const SELF = didOf('self')

export const ruleOf = (action: Action, target: Target, more: Partial<Rule> = {}): Rule => ({
  target,
  action,
  reason: '',
  atMs: 0,
  untilMs: null,
  source: '',
  ...more,
})

export interface Bench {
  nowMs: number
  readonly values: Map<string, Uint8Array>
  open(): Promise<Moderation>
}

export function createBench(): Bench {
  const values = new Map<string, Uint8Array>()
  const bench: Bench = {
    nowMs: 1000,
    values,
    async open() {
      const moderation = createModeration(SELF, {
        store: { value: async (name) => values.get(name) ?? null },
        writer: {
          async write(prepare) {
            const draft = {
              setValue: (name: string, value: Uint8Array | null) =>
                value ? void values.set(name, value) : void values.delete(name),
            }
            return ok(prepare(draft as never))
          },
        },
        clock: { now: () => bench.nowMs, sleep: async () => {} },
        log: silentLog,
      })
      await moderation.load()
      return moderation
    },
  }
  return bench
}
