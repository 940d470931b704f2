/** What one evaluation is to `spore eval`: options of its own, and a run from seeds to a report. */
import type { Command } from 'commander'
import type { EvalReport } from '../../sim/eval/report.ts'
import type { CommandContext } from '../command.ts'

export interface Evaluation {
  readonly name: string
  readonly summary: string
  /** A paragraph for `--help`: what is simulated, what is compared. */
  readonly description: string
  /** Example lines for `--help`, without the prompt. */
  readonly examples: readonly string[]
  /** Seeds of a run that names none, from 1 on. */
  readonly seedsDefault: number
  /** Adds arguments and options beside the common ones (`--seeds`, `--seed`, `--json`, `--markdown`, `--html`, `--out`). */
  readonly configure?: (command: Command) => void
  /** The report; null once `signal` has aborted. The same seeds and options give the same report, where it calls no real model. */
  run(context: EvalContext): Promise<EvalReport | null>
}

export interface EvalContext {
  readonly seeds: readonly number[]
  readonly options: Readonly<Record<string, unknown>>
  /** Arguments behind the name of the evaluation. */
  readonly args: readonly unknown[]
  readonly signal: AbortSignal
  /** The command that gives this report again, without where it is written to. */
  readonly command: string
  /** Says how far it is, on stderr, to people. */
  note(text: string): void
  /** Lets a Ctrl-C arrive, between two seeds; false once it came. */
  goesOn(): Promise<boolean>
  /** The configuration, for evaluations that call what the operator configured. Throws CONFIG_INVALID. */
  readonly load: CommandContext['load']
}
