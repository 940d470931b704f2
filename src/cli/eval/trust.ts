/** `spore eval trust`: whether trust follows what is so, and what those gain who want it not to. */
import { InvalidArgumentError } from 'commander'
import { type TrustSeed, trustReport, trustSeed } from '../../sim/eval/trust-report.ts'
import { wholeNumber } from '../command.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const SIZES_DEFAULT = [10, 100, 1000]
const SIZE_MAX = 3000
const HOST_DEFAULT = 1000
/** Worlds of a thousand spores take seconds each. */
const LARGE_SEEDS_DEFAULT = 3

export const evaluation: Evaluation = {
  name: 'trust',
  summary: 'Trust: planted quality, liars, noise, swaps, sybils, slander, new names',
  description:
    'Worlds of spores that answer tasks, judge some and publish what they counted, seen by one of them, whose trust is the code\n' +
    'that a spore runs: is the better one preferred, how soon is a liar found out, is an honest one ever shut out, what do\n' +
    'sybils, slander, stuffed ballots and new names gain. It calls no model and needs no spore.',
  examples: ['spore eval trust', 'spore eval trust --json', 'spore eval trust --sizes 10,100 --seeds 5'],
  seedsDefault: 40,
  configure: (command) =>
    void command
      .option(
        '--sizes <list>',
        `spores of the worlds with dishonest ones, in commas (default ${SIZES_DEFAULT.join(',')})`,
        toSizes,
      )
      .option('--host <n>', 'identities of one host', wholeNumber(1, SIZE_MAX), HOST_DEFAULT)
      .option(
        '--large-seeds <n>',
        'seeds that have worlds of more than 100 spores',
        wholeNumber(0, 1000),
        LARGE_SEEDS_DEFAULT,
      ),
  async run({ seeds, options, command, note, goesOn }: EvalContext) {
    const sizes = {
      sizes: (options.sizes as readonly number[] | undefined) ?? SIZES_DEFAULT,
      host: options.host as number,
      largeSeeds: options.largeSeeds as number,
    }
    const results: TrustSeed[] = []
    for (const [i, seed] of seeds.entries()) {
      results.push(trustSeed(seed, sizes, i < sizes.largeSeeds))
      if (!(await goesOn())) return null
      if ((i + 1) % 10 === 0) note(`${i + 1} of ${seeds.length} seeds are done`)
    }
    return trustReport({ command, sizes }, results)
  },
}

/** Ascending, each once. Below ten there would be no two dishonest ones. */
function toSizes(text: string): number[] {
  const sizes = text.split(',').map((part) => Number(part.trim() || Number.NaN))
  if (!sizes.every((size) => Number.isInteger(size) && size >= 10 && size <= SIZE_MAX))
    throw new InvalidArgumentError(`They are whole numbers from 10 to ${SIZE_MAX}, in commas.`)
  return [...new Set(sizes)].sort((a, b) => a - b)
}
