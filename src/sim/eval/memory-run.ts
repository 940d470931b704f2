/** One spore of `eval memory` through all tasks of a world; what it came to, task by task. */
import type { TaskView } from '../../core/protocol/api.ts'
import { estimateTokens } from '../../core/retrieval/context-pack.ts'
import { createRandom } from '../random.ts'
import { createLoneSpore, type LoneSpore, must } from './lone-spore.ts'
import { createMemoryMinds } from './memory-minds.ts'
import {
  createMemoryWorld,
  type MemoryTask,
  type MemoryWorld,
  type MemoryWorldOptions,
} from './memory-world.ts'

/** Who answers, and what it remembers. */
export const MEMORY_ARMS = {
  judged: 'memory and verdicts',
  doubting: 'the same, unchecked answers not believed',
  unjudged: 'memory',
  fresh: 'fresh',
  quoting: 'no model, memory',
  'quoting-fresh': 'no model, fresh',
} as const
export type MemoryArm = keyof typeof MEMORY_ARMS
export const MEMORY_ARM_NAMES = Object.keys(MEMORY_ARMS) as readonly MemoryArm[]

export interface MemoryOptions extends MemoryWorldOptions {
  /** Models of the spore, each of a family of its own. */
  readonly models: number
}

/** How one task went. */
export interface MemoryStep {
  readonly isRight: boolean
  readonly calls: number
  /** Of memories and past questions, in all prompts of the task; without models of what was read to quote from. */
  readonly recalledTokens: number
  /** Whether a model was told a wrong answer by what was recalled, and said it. */
  readonly isMisled: boolean
}

/** Hits that the reasoner without a model reads. */
const PASSAGES = 12

/** All tasks of one seed in one arm; null where `goesOn` says no. */
export async function runMemoryArm(
  arm: MemoryArm,
  seed: number,
  options: MemoryOptions,
  goesOn: () => Promise<boolean>,
): Promise<MemoryStep[] | null> {
  const world = createMemoryWorld(options, createRandom(`eval memory ${seed}`))
  const meter = { calls: 0, tokens: 0, isMisled: false }
  const models = arm === 'quoting' || arm === 'quoting-fresh' ? 0 : options.models
  const minds = { models, believesUnchecked: arm !== 'doubting' }
  const open = (name: string): Promise<LoneSpore> =>
    createLoneSpore(`eval memory ${seed} ${name}`, (clock) =>
      createMemoryMinds(world, minds, `eval memory ${seed}`, clock, (tokens, isMisled) => {
        meter.calls++
        meter.tokens += tokens
        meter.isMisled ||= isMisled
      }),
    )
  const steps: MemoryStep[] = []
  let lasting = arm === 'fresh' ? null : await open('spore')
  try {
    for (const [at, task] of world.tasks.entries()) {
      Object.assign(meter, { calls: 0, tokens: 0, isMisled: false })
      const lone = lasting ?? (await open(`fresh ${at}`))
      try {
        if (task.document !== null && !arm.endsWith('fresh'))
          must(await lone.settled(lone.spore.remember({ text: task.document })))
        const view = await askOf(lone, task)
        const tokens = models > 0 ? meter.tokens : await readTokens(lone, task)
        const isRight = models > 0 ? view.answer === task.right : namesFirst(view, task, world)
        steps.push({ isRight, calls: meter.calls, recalledTokens: tokens, isMisled: meter.isMisled })
        if (isJudged(arm) && task.isJudged && view.answer !== null) await judge(lone, view, task)
      } finally {
        if (lone !== lasting) await lone[Symbol.asyncDispose]()
      }
      if (!(await goesOn())) return null
    }
    return steps
  } finally {
    await lasting?.[Symbol.asyncDispose]()
    lasting = null
  }
}

const isJudged = (arm: MemoryArm): boolean => arm === 'judged' || arm === 'doubting'

async function askOf(lone: LoneSpore, { text }: MemoryTask): Promise<TaskView> {
  const { spore, settled, pass } = lone
  const { task_id } = must(await settled(spore.submitTask({ task: text, effort: 'quick', fresh: true })))
  for (;;) {
    const view = must(await settled(spore.task(task_id)))
    if (view.status !== 'open') return view
    await pass(1)
  }
}

/** The operator's word, as `spore resolve` gives it. */
async function judge({ spore, settled }: LoneSpore, view: TaskView, { right }: MemoryTask): Promise<void> {
  const input =
    view.answer === right
      ? ({ verdict: 'right' } as const)
      : ({ verdict: 'corrected', correction: right } as const)
  must(await settled(spore.resolveTask(view.task_id, input)))
}

/** Whether the right name is the first of its kind that the quotes have. */
function namesFirst({ answer }: TaskView, { relation, right }: MemoryTask, world: MemoryWorld): boolean {
  const kind = relation === 'harbour' ? world.harbours : world.keepers
  const names = new Set(kind)
  return answer?.match(/[A-Z][a-z]+/g)?.find((word) => names.has(word)) === right
}

async function readTokens({ spore, settled }: LoneSpore, { text }: MemoryTask): Promise<number> {
  const { hits } = must(await settled(spore.search({ q: text, limit: PASSAGES })))
  return hits.reduce((sum, hit) => sum + estimateTokens(hit.text), 0)
}
