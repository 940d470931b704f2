/**
 * An author that lies about tasks: its spore replicates as every other does, and says what suits it. It makes answers up, seals what
 * it never shows, shows what it never sealed, copies, forges sums, speaks out of turn, floods, withdraws, and writes in two places at once.
 */
import type { Digest, SpaceId } from '../core/base/brand.ts'
import { bytesToDigest, sha256 } from '../core/base/hash.ts'
import type { Appended } from '../core/memory/draft-values.ts'
import { KINDS } from '../core/protocol/kinds.ts'
import { CLOCK_HOLD_MS } from '../core/protocol/limits.ts'
import { encodeRetract } from '../core/protocol/payloads.ts'
import {
  type ContributionPayload,
  decodeContribution,
  encodeContribution,
  encodeReview,
  encodeSeal,
  encodeSynthesis,
  encodeTask,
  type SynthesisPayload,
} from '../core/protocol/task-payloads.ts'
import type { SimNode } from './node.ts'
import { WORDS } from './task-minds.ts'
import { follows, type OracleTask, tasksOf, wasSealed } from './task-oracle.ts'
import type { World } from './world.ts'

export interface Liar {
  start(): void
  /** Ends its lies; it may take back one or two of them at the last. */
  stop(): void
}

/** Mean time between two lies, in milliseconds. */
const LIE_MS = 1500
const COMMONS = 'commons' as SpaceId
/** A liar's clock, now and then: what it says looks older than it is, as far as it still hears the others. */
const BACK_MS = -CLOCK_HOLD_MS / 2
/** More than a task keeps of one author. */
const FLOOD = 70
const FLOOD_REASON_CHARS = 3000

type Task = OracleTask & { readonly task: NonNullable<OracleTask['task']> }

export function createLiar(liar: SimNode, world: World): Liar {
  const { scheduler, note } = world
  const random = world.random.stream(`lies of ${liar.name}`)
  /** It, and its double once there is one. */
  const bodies: SimNode[] = [liar]
  const written: Appended[] = []
  const sealedAnswers: Uint8Array[] = []
  let isOn = false
  let flooded = false

  const say = (kind: number, payload: Uint8Array, body = random.pick(bodies)): void =>
    void body.engine?.append?.(COMMONS, kind, payload).then((answer) => {
      if (answer.ok) written.push(answer.value)
    })

  // --- What it says ---

  const answerOf = (task: Task, more: Partial<ContributionPayload> = {}): Uint8Array =>
    encodeContribution({
      task: task.id,
      round: random.pick([0, 0, 0, 1]),
      model: 'liar',
      family: random.pick(['liar', 'ant']),
      salt: random.bytes(16),
      by: liar.did,
      outcome: { text: random.pick(WORDS), quotes: [], failure: null },
      confidence: 1000,
      ...more,
    })
  const sealFor = (task: Task, payload: Uint8Array, round = 0): Uint8Array =>
    encodeSeal({ task: task.id, round, seal: bytesToDigest(sha256(payload)) })

  const synthesisOf = (task: Task, more: Partial<SynthesisPayload>): Uint8Array =>
    encodeSynthesis({
      task: task.id,
      contributions: [],
      outcome: { text: random.pick(WORDS), quotes: [], failure: null },
      ...more,
    })
  const shownOf = (task: Task): Digest[] =>
    task.contributions
      .filter((one) => one.payload.reason?.length !== FLOOD_REASON_CHARS && wasSealed(task, one))
      .map(({ element }) => element)

  /** Says what the answer is; as one who asks, that it may count. */
  const conclude = (task: Task, more: Partial<SynthesisPayload>): void => {
    note('a liar put an answer together')
    const body = random.pick(bodies)
    if (random.chance(0.7)) say(KINDS.task, encodeTask(task.task), body)
    say(KINDS.synthesis, synthesisOf(task, more), body)
  }

  const lies: { readonly [name: string]: (task: Task) => void } = {
    answer(task) {
      const round = random.pick([0, 0, 1])
      const payload = answerOf(task, { round })
      say(KINDS.contribution, sealFor(task, payload, round))
      scheduler.after(random.integer(500, 6000), null, () => say(KINDS.contribution, payload))
    },
    neverShow: (task) => say(KINDS.contribution, sealFor(task, answerOf(task))),
    neverSeal: (task) => say(KINDS.contribution, answerOf(task)),
    sealLate(task) {
      const payload = answerOf(task, { round: 0 })
      say(KINDS.contribution, payload)
      sealedAnswers.push(sealFor(task, payload))
      scheduler.after(random.integer(500, 6000), null, () =>
        say(KINDS.contribution, sealedAnswers.shift() as Uint8Array),
      )
    },
    copySeal(task) {
      const [theirs] = random.shuffle(task.seals)
      if (theirs) say(KINDS.contribution, encodeSeal({ ...theirs.payload }))
    },
    copyAnswer(task) {
      const [theirs] = random.shuffle(task.contributions)
      if (!theirs) return
      const payload = encodeContribution(theirs.payload)
      // With a seal of its own now and then, which comes too late to be believed.
      if (random.chance(0.5)) say(KINDS.contribution, sealFor(task, payload, theirs.payload.round))
      say(KINDS.contribution, payload)
    },
    forge(task) {
      const contributions = shownOf(task)
      if (contributions.length === 0) return
      const masses = contributions.map(() => random.integer(0, 50_000_000))
      const payload = random.pick([
        { contributions, masses, rule: 'weighted' as const },
        {
          contributions: contributions.slice(0, 1),
          rule: 'best-single' as const,
          masses: masses.slice(0, 1),
        },
        { contributions, rule: 'unweighted' as const },
        { contributions: [...contributions, ...contributions].slice(0, 64) },
      ])
      conclude(task, payload)
    },
    /** What it never sealed, as if it counted. */
    forgeUnsealed(task) {
      const payload = answerOf(task, { round: 0 })
      say(KINDS.contribution, payload)
      const { outcome } = decodeContribution(payload) as ContributionPayload
      conclude(task, { contributions: [bytesToDigest(sha256(payload))], outcome })
    },
    phantom(task) {
      const contributions = [...shownOf(task), bytesToDigest(random.bytes(32))]
      conclude(task, { contributions })
    },
    /** One that holds, before it is its turn. */
    early(task) {
      const contributions = shownOf(task)
      for (const text of WORDS) {
        const payload = {
          task: task.id,
          contributions,
          masses: [],
          rule: 'unweighted',
          answer: null,
        } as const
        const outcome = { text, quotes: [], failure: null } as const
        const said = { ...payload, outcome, model: null, agreement: [], degraded: [] }
        const base = { author: liar.did, space: COMMONS, element: task.id, clock: 0 as never }
        if (follows(task, task.task, { ...base, payload: said }))
          return say(KINDS.synthesis, encodeSynthesis(said))
      }
    },
    giveUp: (task) =>
      say(
        KINDS.synthesis,
        synthesisOf(task, { outcome: { text: null, quotes: [], failure: 'there is no answer' } }),
      ),
    ask: (task) => say(KINDS.task, encodeTask(task.task)),
    review: (task) =>
      say(
        KINDS.review,
        encodeReview({
          task: task.id,
          round: 0,
          model: 'liar',
          ranking: shownOf(task)
            .slice(0, 8)
            .map((contribution) => ({ contribution, flaw: 'it is wrong' })),
        }),
      ),
    withdraw,
    flood(task) {
      if (flooded || !random.chance(0.3)) return
      flooded = true
      note('a liar flooded a task')
      const reason = 'x'.repeat(FLOOD_REASON_CHARS)
      for (let i = 0; i < FLOOD; i++) {
        const payload = answerOf(task, { round: 0, reason })
        say(KINDS.contribution, sealFor(task, payload))
        say(KINDS.contribution, payload)
      }
    },
    equivocate() {
      if (bodies.length > 1 || !random.chance(0.5) || !liar.engine) return
      note('a liar wrote in two places')
      const seeds = random.shuffle(world.nodes.filter(({ isHonest }) => isHonest)).slice(0, 2)
      const twin = world.addNode({ copyOf: liar, seeds: seeds.map(({ url }) => url) })
      twin.isHonest = false
      twin.start()
      bodies.push(twin)
    },
  }

  /** Takes back one of its own entries, rather one that an answer rests on. */
  function withdraw(): void {
    const listed = new Set(
      tasksOf(liar.audit).flatMap(({ accepted }) => accepted?.payload.contributions ?? []),
    )
    const missed = written.filter(({ element }) => listed.has(element))
    const [dot] = random.shuffle(missed.length > 0 ? missed : written)
    const row = dot && liar.audit.log(dot.logId)?.row
    if (!row) return
    note('a liar took something back')
    say(KINDS.retract, encodeRetract({ dots: [{ epoch: row.epoch, seqs: [dot.seq] }] }))
  }

  const lie = (): void => {
    const tasks = tasksOf(liar.audit).filter((one): one is Task => one.task !== null)
    if (tasks.length === 0) return
    // What is asked now, rather than what is long over.
    const task = random.pick(tasks.slice(-3))
    const name = random.pick([
      ...Object.keys(lies),
      'answer',
      'answer',
      'answer',
      'forge',
      'forge',
      'withdraw',
    ])
    lies[name]?.(task)
  }

  const next = (): void =>
    void scheduler.after(-Math.log(1 - random.float()) * LIE_MS, null, () => {
      if (!isOn) return
      lie()
      next()
    })

  liar.isHonest = false
  if (random.chance(0.4)) liar.wall.jump(BACK_MS)
  return {
    start() {
      isOn = true
      next()
    },
    stop() {
      isOn = false
      for (let i = random.integer(0, 4); i > 0; i--) withdraw()
    },
  }
}
