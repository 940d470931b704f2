/** `spore eval worm`: a text that wants to be repeated, spores with models that obey, and what holds it back. */
import { WORM_ARMS, type WormArm, wormReport } from '../../sim/eval/worm-report.ts'
import { runWorm, type WormResult } from '../../sim/eval/worm-run.ts'
import { wholeNumber } from '../command.ts'
import { UsageError } from '../exit.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const SPORES_DEFAULT = 50
const ROUNDS_DEFAULT = 100
const ASKS_DEFAULT = 5
const CHOSEN_DEFAULT = 6
/** All hold all entries in one process: more would be hours. */
const SPORES_MAX = 1_000
const ROUNDS_MAX = 10_000

export const evaluation: Evaluation = {
  name: 'worm',
  summary: 'A poisoned memory and models that obey it: how far it gets with each rule, and without',
  description:
    'Spores with models that obey every text they are shown ask one another for some rounds. One author has written a memory that\n' +
    'wants to be repeated: a stranger, or one whom some operators had chosen. Counts the spores that write it themselves, with all\n' +
    'rules and without some of them. Exit code 1 where it spreads under the rules, or would not spread without.',
  examples: [
    'spore eval worm',
    'spore eval worm --seeds 10 --json',
    'spore eval worm --spores 200 --rounds 50',
  ],
  seedsDefault: 3,
  configure: (command) =>
    void command
      .option('--spores <n>', 'spores of a world', wholeNumber(2, SPORES_MAX), SPORES_DEFAULT)
      .option('--rounds <n>', 'rounds', wholeNumber(1, ROUNDS_MAX), ROUNDS_DEFAULT)
      .option('--asks <n>', 'questions a round', wholeNumber(1, SPORES_MAX), ASKS_DEFAULT)
      .option(
        '--chosen <n>',
        'authors whom each operator has chosen',
        wholeNumber(1, SPORES_MAX),
        CHOSEN_DEFAULT,
      )
      .option('--world <name>', 'this world alone'),
  async run({ seeds, options, command, note, goesOn }: EvalContext) {
    const sizes = {
      spores: options.spores as number,
      rounds: options.rounds as number,
      asksPerRound: options.asks as number,
      chosen: options.chosen as number,
    }
    const arms = new Map<WormArm, WormResult[]>()
    for (const arm of armsOf(options.world as string | undefined)) {
      const results: WormResult[] = []
      for (const seed of seeds) {
        const result = await runWorm(sizes, arm.author, arm.rules, String(seed), goesOn)
        if (!result) return null
        results.push(result)
      }
      note(`${arm.name} is done`)
      arms.set(arm, results)
    }
    return wormReport({ command, seeds, sizes, arms })
  },
}

function armsOf(name: string | undefined): readonly WormArm[] {
  const chosen = name === undefined ? WORM_ARMS : WORM_ARMS.filter((arm) => arm.name === name)
  if (chosen.length === 0)
    throw new UsageError(`--world is one of: ${WORM_ARMS.map((arm) => arm.name).join('; ')}`)
  return chosen
}
