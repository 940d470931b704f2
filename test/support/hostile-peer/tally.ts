/** What a hostile peer did and what came of it, by the second: the parent process reads it as JSON when it ends. */

/** One mode's account. Arrays have an element for each second since it began. */
export interface Account {
  /** Requests that were sent to spores, connections that were opened without one included. */
  readonly sent: number[]
  /** Replies below 400: work was done for it. */
  readonly served: number[]
  /** Replies of 4xx and 503, and connections that the other side ended without a reply. */
  readonly refused: number[]
  /** Requests that spores made to it. */
  readonly asked: number[]
  /** Replies by status; `closed` where there was none. */
  readonly statuses: Record<string, number>
  /** What cannot be: replies of 500, with what was asked. */
  readonly broken: string[]
  /** What a mode tells of itself. */
  readonly notes: Record<string, number>
}

export type Accounts = Record<string, Account>

export interface Tally {
  sent(): void
  /** A reply by its status; null where the connection ended without one. */
  replied(status: number | null, what: string): void
  /** A spore asked for a route. */
  asked(route: string): void
  note(what: string, count?: number): void
  readonly account: Account
}

/** Descriptions of broken replies that are kept: the first ones tell enough. */
const BROKEN_MAX = 20

export function createTally(): Tally {
  const startedAt = performance.now()
  const account: Account = {
    sent: [],
    served: [],
    refused: [],
    asked: [],
    statuses: {},
    broken: [],
    notes: {},
  }
  const count = (row: number[]): void => {
    const second = Math.floor((performance.now() - startedAt) / 1000)
    while (row.length <= second) row.push(0)
    row[second] = (row[second] as number) + 1
  }
  const note = (what: string, times = 1): void => {
    account.notes[what] = (account.notes[what] ?? 0) + times
  }
  return {
    account,
    sent: () => count(account.sent),
    replied(status, what) {
      const name = status === null ? 'closed' : String(status)
      account.statuses[name] = (account.statuses[name] ?? 0) + 1
      if (status !== null && status < 400) count(account.served)
      else if (status !== 500) count(account.refused)
      else if (account.broken.length < BROKEN_MAX) account.broken.push(what)
    },
    asked(route) {
      count(account.asked)
      note(`asked for ${route.slice(0, 20)}`)
    },
    note,
  }
}
