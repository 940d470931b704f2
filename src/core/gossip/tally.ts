/** What came of runs that a peer sent: what it has, what of it was new here, and how much was not. */
import type { LogNext, LogStart } from '../protocol/messages.ts'
import type { ReceivedRun } from './replica.ts'

export interface Tally {
  /** Logs that the sender has, up to where. */
  readonly rows: readonly LogNext[]
  /** Logs that grew here, from where. */
  readonly stored: readonly LogStart[]
  /** Entries and fork proofs. */
  readonly fresh: number
  readonly duplicate: number
  /** Proofs among them that were known: these go along every link, so a second one says nothing of the link. */
  readonly knownProofs: number
  add(received: ReceivedRun): void
}

export function createTally(): Tally {
  const rows: LogNext[] = []
  const stored: LogStart[] = []
  let fresh = 0
  let duplicate = 0
  let knownProofs = 0
  return {
    rows,
    stored,
    get fresh() {
      return fresh
    },
    get duplicate() {
      return duplicate
    },
    get knownProofs() {
      return knownProofs
    },
    add({ logId, end, result }) {
      if (!result.ok) return
      fresh += result.value.fresh
      duplicate += result.value.duplicate
      if (end === null) knownProofs += result.value.duplicate
      else rows.push({ logId, next: end })
      if (end !== null && result.value.fresh > 0) stored.push({ logId, from: end - result.value.fresh })
    },
  }
}
