/** What came of runs that a peer sent: what it has, what of it was new here, and how much was not. */
import type { LogNext, LogStart } from '../protocol/messages.ts'
import type { ReceivedRun } from './replica.ts'

export interface Tally {
  /** Logs that the sender has, up to where. */
  readonly rows: readonly LogNext[]
  /** Logs that grew here, from where. */
  readonly stored: readonly LogStart[]
  /** Entries. */
  readonly fresh: number
  readonly duplicate: number
  add(received: ReceivedRun): void
}

export function createTally(): Tally {
  const rows: LogNext[] = []
  const stored: LogStart[] = []
  let fresh = 0
  let duplicate = 0
  return {
    rows,
    stored,
    get fresh() {
      return fresh
    },
    get duplicate() {
      return duplicate
    },
    add({ logId, end, result }) {
      if (!result.ok) return
      rows.push({ logId, next: end })
      if (result.value.fresh > 0) stored.push({ logId, from: end - result.value.fresh })
      fresh += result.value.fresh
      duplicate += result.value.duplicate
    },
  }
}
