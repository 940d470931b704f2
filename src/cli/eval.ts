/** `spore eval`: how good answers, trust and memory are, against rivals and against the best possible. */
import type { CommandSpec } from './command.ts'
import { EVALUATIONS } from './eval/registry.ts'
import { UsageError } from './exit.ts'

const NAMES = Object.keys(EVALUATIONS)

export const spec: CommandSpec = {
  name: 'eval',
  summary: 'Measure answers, trust and memory against their rivals and the best possible',
  description:
    'Each evaluation is a world whose truth is known, run from seeds, and gives tables, bars and plots: on the terminal,\n' +
    'as Markdown, as JSON and as one page of HTML. Exit code 1 where a bar is not met. docs/evaluation.md has our figures.',
  examples: [
    'spore eval aggregate',
    'spore eval aggregate --seeds 5 --json',
    'spore eval aggregate --out reports',
  ],
  configure: (command) => command.argument('[what]', NAMES.join(', ')),
  subcommands: EVALUATIONS,
  run: async () => {
    const list = Object.entries(EVALUATIONS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
    throw new UsageError(`spore eval measures:\n${list.join('\n')}`)
  },
}
