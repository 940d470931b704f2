/**
 * The ports that every engine may need. The real world implements them in `src/adapters`, the simulator in
 * `src/sim`; the core never reaches for a clock, chance or a console of its own.
 */

/** Wall clock and timers. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump in both directions; engines must survive that. */
  now(): number
  /**
   * Milliseconds since some instant, with fractions, and never backwards: for measuring what takes less than one. Who has
   * no such clock leaves it out, and `now` is taken instead.
   */
  fineMs?(): number
  /**
   * Resolves after `delayMs`, or early (without an error) when `signal` aborts. `sleep(0)` resolves after every
   * event that has already arrived was handled, which is what lets one commit carry many writes.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** Milliseconds for measuring how long something took. */
export const fineMs = (clock: Pick<Clock, 'now' | 'fineMs'>): number => clock.fineMs?.() ?? clock.now()

/** Source of chance: cryptographic in the real world, seeded in the simulator. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
  /** A float in [0, 1). */
  float(): number
}

/** Structured log: a fixed message with its fields beside it. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, unknown>>

/** A log that says nothing, for tests and tools. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
