/** What a stream of questions says about who is preferred, and how fast that follows what happens. */
import type { Streamed } from './task-stream.ts'

/** When something happened, in milliseconds of the stream. */
export interface Moment {
  readonly atMs: number
  readonly periodMs: number
}

/** Questions in a row with the same preferred one that make a preference. */
const STEADY = 5
/** What is not seen any more. */
const NEVER = -1

const ofRole = (streamed: readonly Streamed[], role: string): Streamed[] =>
  streamed.filter((one) => one.role === role).sort((a, b) => a.askedMs - b.askedMs)

/** Who is called first most often in the newest questions of a role. */
export function preferredIn(streamed: readonly Streamed[], role: string, newest: number): string | null {
  const firsts = ofRole(streamed, role)
    .slice(-newest)
    .map(({ called }) => called[0] ?? '')
  return countsOf(firsts)[0]?.[0] ?? null
}

/** In words: who was called first how often. */
export const askedShares = (streamed: readonly Streamed[], role: string): string => {
  const firsts = ofRole(streamed, role).map(({ called }) => called[0] ?? 'nobody')
  return countsOf(firsts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function countsOf(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])
}

/** How the backup took over: its share of the questions asked later than so many periods, and how long the killed one was still preferred. */
export function afterKill(
  streamed: readonly Streamed[],
  { atMs, periodMs, killed, backup }: Moment & { readonly killed: string; readonly backup: string },
  { role, periods }: { readonly role: string; readonly periods: number },
) {
  const behind = ofRole(streamed, role).filter(({ askedMs }) => askedMs >= atMs)
  const has = ({ called, answered }: Streamed): boolean => called[0] === backup && answered.includes(backup)
  const later = behind.filter(({ askedMs }) => askedMs >= atMs + periods * periodMs)
  const lost = behind.filter(({ called }) => called[0] === killed)
  const last = lost.at(-1)
  return {
    share: later.length === 0 ? 0 : (100 * later.filter(has).length) / later.length,
    periodsLost: last ? (last.askedMs - atMs) / periodMs : 0,
    lost: lost.length,
  }
}

/** Questions until who fell is preferred no more, and until who rose is: each for a while. */
export function afterSwap(
  streamed: readonly Streamed[],
  { atMs, fell, rose }: Moment & { readonly fell: string; readonly rose: string },
  role: string,
) {
  const behind = ofRole(streamed, role).filter(({ askedMs }) => askedMs >= atMs)
  const firsts = behind.map(({ called }) => called[0] ?? '')
  return {
    untilFallen: steadyFrom(firsts, (name) => name !== fell),
    untilRisen: steadyFrom(firsts, (name) => name === rose),
  }
}

export function afterNewcomer(
  streamed: readonly Streamed[],
  { atMs }: Moment,
  { role, name }: { readonly role: string; readonly name: string },
) {
  const behind = ofRole(streamed, role).filter(({ askedMs }) => askedMs >= atMs)
  return {
    untilTried: behind.findIndex(({ called }) => called.includes(name)),
    untilPreferred: steadyFrom(
      behind.map(({ called }) => called[0] ?? ''),
      (first) => first === name,
    ),
  }
}

/** Place from which on it holds so many times in a row; −1 where it never does. */
function steadyFrom(names: readonly string[], holds: (name: string) => boolean): number {
  for (let i = 0; i + STEADY <= names.length; i++) if (names.slice(i, i + STEADY).every(holds)) return i
  return NEVER
}
