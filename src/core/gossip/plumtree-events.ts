/** What the Plumtree state machine (`plumtree.ts`) hears and decides. */
import type { BoundedMap } from '../base/bounded.ts'
import type { LogId } from '../base/brand.ts'
import type { LogNext, LogStart } from '../protocol/messages.ts'
import type { Offered } from './push.ts'

/** A neighbour as the shell names it. */
export type LinkName = string
/** Next sequence number that a neighbour has of a log, or the fork point that it knows of, as far as it was seen. */
export type Known = BoundedMap<LogId, number>

/** How entries came: written here, pushed by a neighbour, or pulled from a peer: then the others likely have them. */
export type StoredBy = 'here' | 'push' | { readonly fetchedFrom: LinkName }

export type PlumtreeEvent =
  /** A link was made. What is known of the neighbour may be shared with whoever else sees what it has. */
  | { readonly type: 'up'; readonly link: LinkName; readonly known: Known; readonly knownForks: Known }
  | { readonly type: 'down'; readonly link: LinkName }
  /** Entries were stored: of each log from a sequence number on. */
  | { readonly type: 'stored'; readonly logs: readonly LogStart[]; readonly by: StoredBy }
  /** A fork was proven here: its proof goes along every link at once. */
  | { readonly type: 'forked'; readonly logId: LogId }
  /** A neighbour pushed: so many entries that were new here, and so many that were not. Answered by `prune`, or not. */
  | {
      readonly type: 'pushed'
      readonly link: LinkName
      readonly rows: readonly LogNext[]
      readonly fresh: number
      readonly duplicate: number
    }
  /** A neighbour announced what it has. Answered by at most one `want`. */
  | { readonly type: 'announced'; readonly link: LinkName; readonly rows: readonly LogNext[] }
  /** A neighbour wants no more pushes, or wants them again, beginning with what it lacks. */
  | { readonly type: 'pruned'; readonly link: LinkName }
  | { readonly type: 'grafted'; readonly link: LinkName; readonly want: readonly LogStart[] }
  /** The time of a `wake` has come. */
  | { readonly type: 'due'; readonly link: LinkName; readonly message: Message }
  /** A push arrived: what it offered, what of it was taken, what was left for the next one, what is wanted behind a gap. */
  | {
      readonly type: 'delivered'
      readonly link: LinkName
      readonly offered: readonly Offered[]
      readonly taken: readonly Offered[]
      readonly rest: readonly LogStart[]
      readonly want: readonly LogStart[]
    }
  /** An announcement arrived; what is wanted of it comes as `grafted`. */
  | { readonly type: 'heard'; readonly link: LinkName }
  /** A push or announcement of these logs was lost or refused. */
  | {
      readonly type: 'failed'
      readonly link: LinkName
      readonly message: Message
      readonly logs: readonly LogId[]
    }

export type Message = 'push' | 'announce' | 'ask' | 'probe'

export type PlumtreeEffect =
  /** Come back with `due` after a time. */
  | { readonly type: 'wake'; readonly link: LinkName; readonly message: Message; readonly delayMs: number }
  /** Send the logs from these sequence numbers on; end with `delivered` or `failed`. */
  | { readonly type: 'push'; readonly link: LinkName; readonly logs: readonly LogStart[] }
  /** Send these rows; end with `heard` (and `grafted`) or `failed`. */
  | { readonly type: 'announce'; readonly link: LinkName; readonly rows: readonly LogNext[] }
  /** Ask a neighbour for what it announced, now that who was to bring it has not. Nothing comes back. */
  | { readonly type: 'ask'; readonly link: LinkName; readonly want: readonly LogStart[] }
  | { readonly type: 'prune'; readonly link: LinkName }
  | { readonly type: 'want'; readonly link: LinkName; readonly want: readonly LogStart[] }
