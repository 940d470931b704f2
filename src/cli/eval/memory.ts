/** `spore eval memory`: what remembering is worth, over many tasks of one spore. */

import { memoryReport } from '../../sim/eval/memory-report.ts'
import {
  MEMORY_ARM_NAMES,
  MEMORY_ARMS,
  type MemoryArm,
  type MemoryStep,
  runMemoryArm,
} from '../../sim/eval/memory-run.ts'
import { wholeNumber } from '../command.ts'
import type { EvalContext, Evaluation } from './evaluation.ts'

const TASKS_DEFAULT = 1000
/** A spore keeps this many past questions beside its memories; beyond a hundred times as many it is hours. */
const TASKS_MAX = 100_000
const MODELS_MAX = 3
/** Tasks between two looks whether to go on. */
const LOOK_EVERY = 20

export const evaluation: Evaluation = {
  name: 'memory',
  summary: 'Compounding: many tasks with what was remembered, and without',
  description:
    'One spore answers tasks that need facts which documents, its own answers and verdicts told before, or did not tell. The\n' +
    'same tasks with memory and verdicts, with memory alone, and each at a spore that has nothing; by scripted models and\n' +
    'without a model. The spore is the production core on a virtual clock; the world, the documents and the models are made up.',
  examples: [
    'spore eval memory',
    'spore eval memory --tasks 200 --seeds 2 --json',
    'spore eval memory --told 0 --html memory.html',
  ],
  seedsDefault: 3,
  configure: (command) =>
    void command
      .option('--tasks <n>', 'tasks, a seed', wholeNumber(1, TASKS_MAX), TASKS_DEFAULT)
      .option('--models <n>', 'models of the spore', wholeNumber(1, MODELS_MAX), 1)
      .option('--told <percent>', 'facts that documents tell', wholeNumber(0, 100), 100)
      .option('--wrong <percent>', 'documents that are wrong', wholeNumber(0, 100), 10)
      .option('--judged <percent>', 'answers that are judged', wholeNumber(0, 100), 20),
  async run({ seeds, options: given, command, note, goesOn }: EvalContext) {
    const { tasks, models, told, wrong, judged } = given as Readonly<Record<string, number>> & MemoryNumbers
    const options = { tasks, models, told, wrong, judged }
    const arms = new Map<MemoryArm, MemoryStep[][]>(MEMORY_ARM_NAMES.map((arm) => [arm, []]))
    let step = 0
    const look = async (): Promise<boolean> => step++ % LOOK_EVERY > 0 || goesOn()
    for (const seed of seeds) {
      for (const [arm, runs] of arms) {
        const steps = await runMemoryArm(arm, seed, options, look)
        if (!steps) return null
        runs.push(steps)
        note(`seed ${seed}: ${MEMORY_ARMS[arm]} is done`)
      }
    }
    return memoryReport({ command, seeds, options, arms })
  },
}

interface MemoryNumbers {
  readonly tasks: number
  readonly models: number
  readonly told: number
  readonly wrong: number
  readonly judged: number
}
