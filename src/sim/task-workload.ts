/** What people ask simulated spores: new questions, those of others, old ones anew; some are withdrawn, and some askers never come back. */
import type { Result } from '../core/base/result.ts'
import type { TaskInput } from '../core/protocol/api.ts'
import type { Failure } from '../core/protocol/errors.ts'
import type { Spore } from '../core/spore.ts'
import { type SimNode, textOf } from './node.ts'
import { questionText, WORDS } from './task-minds.ts'
import type { TaskPlan } from './task-plan.ts'
import type { Workload } from './workload.ts'
import type { World } from './world.ts'

/** Questions of one run: each of them is dozens of entries at every spore. */
const QUESTIONS_MAX = 10
/** Milliseconds within which an asker that never comes back is lost, once it was told that its question stands. */
const LEAVE_MS = 8000
/** Failures that whoever asks may meet. */
const EXPECTED = ['STORE_WRITE_FAILED', 'TASK_DONE', 'TASK_FOREIGN', 'TASK_NOT_FOUND']
/** Seconds until the deadline, by effort; long enough for the slowest model, short enough for a run. */
const SECONDS = { quick: [4, 20], standard: [15, 40], deep: [20, 60] } as const

export function createTaskWorkload(world: World, { hasLeaver }: TaskPlan): Workload {
  const { scheduler, plan, report, note } = world
  const random = world.random.stream('questions')
  const underWay = new Map<string, number>()
  const asked: { readonly place: number; readonly input: TaskInput; id: string | null }[] = []
  let isOn = false
  let questions = 0
  let isLeft = !hasLeaver

  const upNodes = (): SimNode[] => world.nodes.filter(({ engine }) => engine?.spore)

  const follow = <T>(
    node: SimNode,
    work: (spore: Spore) => Promise<Result<T, Failure>>,
    then: (value: T) => void = () => {},
  ): void => {
    const { lives, engine } = node
    if (!engine?.spore) return
    const life = `${node.place} ${lives}`
    underWay.set(life, (underWay.get(life) ?? 0) + 1)
    work(engine.spore).then(
      (answer) => {
        underWay.set(life, (underWay.get(life) ?? 0) - 1)
        if (node.lives !== lives) return
        if (answer.ok) then(answer.value)
        else if (!EXPECTED.includes(answer.error.code))
          report('own-write', `${node.name}: ${answer.error.code} ${answer.error.detail}`)
      },
      (error: unknown) => report('broken', `${node.name}: an operation threw ${textOf(error)}`),
    )
  }

  const newInput = (): TaskInput => {
    const effort = random.pick(['quick', 'quick', 'standard', 'standard', 'deep'] as const)
    const [least, most] = SECONDS[effort]
    return {
      task: questionText(++questions),
      effort,
      deadline: random.integer(least, most),
      space: 'commons',
      ...(random.chance(0.5) && { choices: [...WORDS] }),
      ...(random.chance(0.2) && { answers: random.integer(1, 5) }),
    }
  }

  const ask = (node: SimNode, input: TaskInput): void => {
    const one = { place: node.place, input, id: null as string | null }
    asked.push(one)
    follow(
      node,
      (spore) => spore.submitTask(input),
      ({ task_id }) => {
        one.id = task_id
        const others = asked.filter(({ id, place }) => id === task_id && place !== node.place)
        if (others.length > 0) note('one question had two askers')
        if (!isLeft && random.chance(0.5)) leave(node)
      },
    )
  }

  /** An asker that is told that its question stands, and is never seen again. */
  const leave = (node: SimNode): void => {
    if (upNodes().length < 3) return
    isLeft = true
    scheduler.after(random.integer(50, LEAVE_MS), null, () => {
      if (!isOn) return
      note('an asker never came back')
      node.isGone = true
      node.crash()
    })
  }

  const operate = (): void => {
    const nodes = upNodes()
    if (nodes.length === 0) return
    const node = random.pick(nodes)
    const dice = random.float()
    const known = asked.filter(({ id }) => id !== null)
    if (asked.length === 0 || (dice < 0.45 && questions < QUESTIONS_MAX)) ask(node, newInput())
    else if (dice < 0.65) ask(node, random.pick(asked.slice(-3)).input)
    else if (dice < 0.72) ask(node, { ...random.pick(asked).input, fresh: true })
    else if (dice < 0.8 && known.length > 0) {
      const { id, place } = random.pick(known.slice(-3))
      const asker = world.nodes[place] as SimNode
      follow(asker, (spore) => spore.cancelTask(id as string))
    } else if (dice < 0.9)
      follow(node, (spore) =>
        spore.remember({
          text: `The word of question ${random.integer(1, QUESTIONS_MAX)} is ${random.pick(WORDS)}.`,
          space: 'commons',
        }),
      )
    else if (known.length > 0) follow(node, (spore) => spore.tasks({ limit: 10 }))
  }

  const next = (): void =>
    void scheduler.after(-Math.log(1 - random.float()) * plan.operationMs, null, () => {
      if (!isOn) return
      operate()
      next()
    })

  return {
    start() {
      isOn = true
      next()
    },
    stop() {
      isOn = false
    },
    isIdle: () =>
      world.nodes.every(({ place, lives, isGone }) => isGone || !underWay.get(`${place} ${lives}`)),
    // What was asked and not acknowledged is either there, or was never asked.
    resend() {},
  }
}
