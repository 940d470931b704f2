/** Every evaluation of `spore eval`, in the order of the help. */
import type { CommandEntry } from '../command.ts'
import type { Evaluation } from './evaluation.ts'
import { toSpec } from './run.ts'

const entry = (summary: string, load: () => Promise<{ readonly evaluation: Evaluation }>): CommandEntry => ({
  summary,
  load: async () => ({ spec: toSpec((await load()).evaluation) }),
})

export const EVALUATIONS: Readonly<Record<string, CommandEntry>> = {
  aggregate: entry(
    'One answer of several: against plurality, the best single and the best possible',
    () => import('./aggregate.ts'),
  ),
}
