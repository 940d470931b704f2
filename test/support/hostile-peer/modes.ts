/** Every mode of the hostile peer by its short name. */
import type { Mode } from './mode.ts'
import { bombs, replyBombs } from './modes/bombs.ts'
import { drip, endlessHeads, endlessPull, endlessStream, hang } from './modes/endless.ts'
import { flood, garbage, sybils, unsigned, worthless } from './modes/floods.ts'
import { forks } from './modes/forks.ts'
import { claims, cursor, digest, lyingHeads } from './modes/lies.ts'
import { replays } from './modes/replays.ts'
import { slowBodies, slowHeads } from './modes/slow.ts'
import { fakeJoins, fakeNodes, redirects } from './modes/strangers.ts'

export const MODES = {
  digest,
  heads: lyingHeads,
  cursor,
  claims,
  'endless-heads': endlessHeads,
  'endless-pull': endlessPull,
  'endless-stream': endlessStream,
  drip,
  hang,
  forks,
  flood,
  unsigned,
  garbage,
  worthless,
  sybils,
  replays,
  bombs,
  'reply-bombs': replyBombs,
  'slow-heads': slowHeads,
  'slow-bodies': slowBodies,
  'fake-nodes': fakeNodes,
  'fake-joins': fakeJoins,
  redirects,
} as const satisfies Readonly<Record<string, Mode>>

export type ModeName = keyof typeof MODES
export const MODE_NAMES = Object.keys(MODES) as readonly ModeName[]
