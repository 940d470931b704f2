/**
 * Answers to requests for heads (PROTOCOL.md §8): how far the logs of a caller's view are, or no more than the stamp of the view
 * where the caller has it, or has read it to the end. Nothing is kept about callers: cursors say where each of them is.
 */
import type { Did, SpaceId } from '../base/brand.ts'
import { concatBytes, utf8ToBytes } from '../base/bytes.ts'
import type { Signer } from '../identity/keys.ts'
import type { LogTable } from '../memory/log-table.ts'
import type { View } from '../memory/spaces.ts'
import type { LogRow } from '../memory/store.ts'
import { HEADS_ROWS_MAX, RECONCILE_LOGS_MIN } from '../protocol/limits.ts'
import { CURSOR_HEADER, CURSOR_UNKNOWN, encodeHeads } from '../protocol/messages.ts'
import { VIEW_HEADER } from '../protocol/view-stamp.ts'
import { createCursors, type Position } from './cursor.ts'
import type { Replica } from './replica.ts'

export interface HeadsAnswer {
  readonly stamp: string
  /** Null for 204: the asker has this view, or nothing of it stands behind its cursor. */
  readonly body: Uint8Array | null
  /** What the reply says beside its body. */
  readonly headers: Readonly<Record<string, string>>
  /** The cursor is not known here, and the view is too large to be sent whole for that: it is to be reconciled. */
  readonly isLost: boolean
}

/** What advanced behind a cursor in the view of a caller, who has the view `own` by its stamp; null is everybody. */
export type Heads = (since: string | null, own: string | null, caller: Did | null) => HeadsAnswer

export interface HeadsDeps {
  readonly replica: Replica
  readonly logs: LogTable
  readonly signer: Signer
  /** Epoch of the store at the time (`cursor.ts`). */
  readonly epoch: () => Uint8Array
  readonly startedAtMs: number
  /** The last arrival number given: a cursor behind it is of a disk that was rolled back since. */
  readonly arrival: () => number
  /** Hears of a caller that asked from the very view that is here. */
  readonly onInStep: (caller: Did, stamp: string) => void
}

/** Rows of forked logs in one reply: what advanced has the other half. */
const FORKED_ROWS_MAX = HEADS_ROWS_MAX / 2
const BEGINNING: Position = { arrival: 0, forks: 0 }

export function createHeads({ replica, logs, signer, startedAtMs, ...deps }: HeadsDeps): Heads {
  const cursors = createCursors({
    signer,
    // What comes back into the view stands before cursors that were given meanwhile.
    epoch: () =>
      logs.returns === 0 ? deps.epoch() : concatBytes(deps.epoch(), utf8ToBytes(`/${logs.returns}`)),
    startedAtMs,
  })

  const open = (since: string | null, view: View): Position => {
    const known = cursors.open(since, view)
    return known.arrival <= deps.arrival() ? known : BEGINNING
  }

  /** The position behind everything that is here. */
  const endOf = (rows: readonly LogRow[]): Position => ({
    arrival: rows.at(-1)?.arrival ?? 0,
    forks: logs.forkedBehind(0).at(-1)?.taken ?? 0,
  })

  const rowsBehind = (arrival: number, view: View): LogRow[] => {
    const rows: LogRow[] = []
    for (const { row } of logs.behind(arrival)) {
      if (view.sees(row.space) && !logs.isWithheld(row.logId)) rows.push(row)
      // One more than a page tells that there are more.
      if (rows.length > HEADS_ROWS_MAX) break
    }
    return rows
  }

  return (since, own, caller) => {
    const here = replica.seenBy(caller)
    const { view } = here
    const stamp = here.stamp()
    if (stamp === own) {
      if (caller) deps.onInStep(caller, stamp)
      return { stamp, body: null, headers: {}, isLost: false }
    }
    const headers = { [VIEW_HEADER]: stamp }
    const from = open(since, view)
    const forked = logs
      .forkedBehind(from.forks)
      .filter(({ row }) => view.sees(row.space) && !logs.isWithheld(row.logId))
    const forkedPage = forked.slice(0, FORKED_ROWS_MAX)
    const rows = rowsBehind(from.arrival, view)
    // Who gives no cursor begins; who gives another one has most of it already.
    const isLost = since !== null && isBeginning(from) && rows.length > RECONCILE_LOGS_MIN
    if (isLost) {
      const cursor = cursors.seal(endOf(rows), view)
      const body = encodeHeads({ cursor, more: false, spaces: [] })
      return { stamp, body, headers: { ...headers, [CURSOR_HEADER]: CURSOR_UNKNOWN }, isLost }
    }
    const isRead = !isBeginning(from) && rows.length + forked.length === 0
    if (isRead) return { stamp, body: null, headers, isLost }
    const page = rows.slice(0, HEADS_ROWS_MAX - forkedPage.length)
    const bySpace = Map.groupBy([...forkedPage.map(({ row }) => row), ...page], (row): SpaceId => row.space)
    const end = {
      arrival: page.at(-1)?.arrival ?? from.arrival,
      forks: forkedPage.at(-1)?.taken ?? from.forks,
    }
    const reply = {
      cursor: cursors.seal(end, view),
      more: rows.length > page.length || forked.length > forkedPage.length,
      spaces: [...bySpace].map(([space, ofSpace]) => ({ space, rows: ofSpace.map(logs.viewOf) })),
    }
    return { stamp, body: encodeHeads(reply), headers, isLost }
  }
}

const isBeginning = ({ arrival, forks }: Position): boolean => arrival === 0 && forks === 0
