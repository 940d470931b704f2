/** Kinds of entries (PROTOCOL.md §5). Numbers are for ever; a kind that is not here is carried, never interpreted. */
export const KINDS = {
  memory: 1,
  retract: 2,
  checkpoint: 3,
  profile: 4,
  task: 5,
  contribution: 6,
  review: 7,
  synthesis: 8,
  resolution: 9,
  receipt: 10,
  offer: 11,
  bid: 12,
  award: 13,
  result: 14,
  transfer: 15,
  skill: 16,
  spawn: 17,
  retire: 18,
  proposal: 19,
  vote: 20,
  stop: 21,
  epoch: 22,
  space: 23,
  member: 24,
  evidence: 25,
  call: 26,
} as const

/** Kinds whose payloads are never forgotten: what they say decides what else counts. */
export const isKept = (kind: number): boolean =>
  kind === KINDS.retract || kind === KINDS.checkpoint || kind === KINDS.space || kind === KINDS.member

export type KindName = keyof typeof KINDS
export const KIND_NAMES = Object.keys(KINDS) as KindName[]
