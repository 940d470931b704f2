/** Keeps the quarantine in the store, so that what is set aside stays so after a restart. */
import type { Quarantine } from './quarantine.ts'
import type { MemoryStore } from './store.ts'
import type { Writer } from './writer.ts'

const QUARANTINE_VALUE = 'memory/quarantine'

export interface KeptQuarantineDeps {
  readonly quarantine: Quarantine
  readonly store: Pick<MemoryStore, 'value'>
  readonly writer: Writer
}

/** Reads what an earlier process kept, and keeps every change from then on; a write that fails is made up for by the next. */
export async function keepQuarantine({ quarantine, store, writer }: KeptQuarantineDeps): Promise<void> {
  const kept = await store.value(QUARANTINE_VALUE)
  if (kept) quarantine.load(kept)
  let isWaiting = false
  quarantine.onChanged(() => {
    if (isWaiting) return
    isWaiting = true
    void writer.write((draft) => {
      isWaiting = false
      draft.setValue(QUARANTINE_VALUE, quarantine.encode())
    })
  })
}
