/**
 * A world of spores that answer tasks, judge some of them and publish what they counted, seen by one of them: the observer, whose trust
 * is the real one. Every other spore's operator judges tasks as the observer's does; what is published arrives late, out of order and
 * sometimes twice.
 */
import type { Did } from '../../core/base/brand.ts'
import type { Change } from '../../core/memory/change.ts'
import { type EvidenceRow, PERIOD_MS } from '../../core/protocol/evidence-payload.ts'
import { emptyRow } from '../../core/trust/tally.ts'
import type { TrustDeps } from '../../core/trust/trust.ts'
import type { Trust } from '../../core/trust/trust-contract.ts'
import type { SimRandom } from '../random.ts'
import { createWriter, grow, toEvidence, WORLD_DOMAIN, WORLD_SPACE } from './trust-writer.ts'

export interface Citizen {
  readonly did: Did
  /** Chance of being right in the n-th task. */
  readonly quality: (task: number) => number
  /** What it says of an outcome that it has judged; the truth where it is left out. */
  readonly tell?: (about: Did, isRight: boolean) => boolean
  /** It takes part from this task on. */
  readonly since?: number
}

/** Trust as the evaluation uses it: the real one, or one with a planted bug that has to be noticed. */
export type TrustMaker = (deps: TrustDeps) => Trust

export interface WorldOptions {
  readonly citizens: readonly Citizen[]
  readonly random: SimRandom
  readonly makeTrust: TrustMaker
  /** How often a judge takes a right answer for wrong, or a wrong one for right. */
  readonly noise?: number
  /** Share of tasks that the observer judges. */
  readonly observed: number
  /** Contributors of a task. */
  readonly panel?: number
  /** Time from one task to the next. */
  readonly taskMs?: number
  readonly placeOf?: (author: Did) => readonly string[]
}

export interface TrustWorld {
  readonly trust: Trust
  /** One task: who answered it, and whether the observer was its judge. */
  step(): Judged
  /** One that the observer judges, answered by these. */
  ask(panel: readonly Citizen[]): Judged
  /** Rows that somebody makes up. */
  invent(rater: Did, about: readonly Did[], right: number, wrong: number): void
  /** Everything that is on its way arrives. */
  deliver(): void
  meanOf(author: Did): number
}

export interface Judged {
  readonly isObserved: boolean
  readonly panel: readonly Citizen[]
  /** As they were judged, in the order of the panel. */
  readonly outcomes: readonly boolean[]
}

export const OBSERVER = 'did:key:observer' as Did
/** Choices of every task: chance is a quarter. */
export const CHOICES = 4
const PANEL = 5
const START_MS = 700 * PERIOD_MS
/** A task every two hours: 360 of them are 30 days, so that worlds see periods pass. */
export const TASK_MS = 2 * 3_600_000
/** Chance that an entry on its way arrives after a task, and that it comes once more. */
const ARRIVES = 0.3
const TWICE = 0.05

export function createTrustWorld(options: WorldOptions): TrustWorld {
  const {
    citizens,
    random,
    makeTrust,
    observed,
    noise = 0,
    panel: panelSize = PANEL,
    taskMs = TASK_MS,
  } = options
  const writer = createWriter(CHOICES)
  let task = 0
  const nowMs = (): number => START_MS + task * taskMs
  const period = (): number => Math.floor(nowMs() / PERIOD_MS)
  const trust = makeTrust({
    self: OBSERVER,
    clock: { now: nowMs },
    isChosen: () => false,
    // Everybody has a place of his own where nothing else is said.
    placeOf: options.placeOf ?? ((author) => [author]),
  })
  let onTheirWay: Change[] = []

  const arrive = (): void => {
    const late: Change[] = []
    for (const entry of onTheirWay) {
      if (random.chance(ARRIVES)) {
        trust.note(entry)
        if (random.chance(TWICE)) late.push(entry)
      } else late.push(entry)
    }
    onTheirWay = random.shuffle(late)
  }
  const draw = (count: number, without: Did | null): Citizen[] => {
    const drawn = new Set<Citizen>()
    for (let tries = 0; drawn.size < count && tries < 50 * count; tries++) {
      const one = random.pick(citizens)
      if (one.did !== without && (one.since ?? 0) <= task) drawn.add(one)
    }
    return [...drawn]
  }
  const answer = (panel: readonly Citizen[]): boolean[] =>
    panel.map(({ quality }) => random.chance(quality(task)) !== random.chance(noise))
  const judgeOwn = (panel: readonly Citizen[]): boolean[] => {
    const outcomes = answer(panel)
    // As a spore does: its own row, one outcome further.
    const rows = panel.map(({ did }, i) => {
      const known = trust.ownRow(WORLD_SPACE, did, WORLD_DOMAIN, 'answer', period())
      return grow(known, did, period(), outcomes[i] as boolean, CHOICES)
    })
    trust.note(toEvidence(OBSERVER, rows))
    return outcomes
  }

  return {
    trust,
    step() {
      task++
      arrive()
      if (random.chance(observed)) {
        const panel = draw(panelSize, null)
        return { isObserved: true, panel, outcomes: judgeOwn(panel) }
      }
      const judge = draw(1, null)[0] as Citizen
      const panel = draw(panelSize, judge.did)
      const outcomes = answer(panel)
      const told = panel.map(({ did }, i) => ({
        about: did,
        isRight: judge.tell ? judge.tell(did, outcomes[i] as boolean) : (outcomes[i] as boolean),
      }))
      if (told.length > 0) onTheirWay.push(writer.write(judge.did, told, period()))
      return { isObserved: false, panel, outcomes }
    },
    ask(panel) {
      task++
      arrive()
      return { isObserved: true, panel, outcomes: judgeOwn(panel) }
    },
    invent(rater, about, right, wrong) {
      for (let from = 0; from < about.length; from += ROWS_AT_ONCE)
        onTheirWay.push(
          toEvidence(
            rater,
            about.slice(from, from + ROWS_AT_ONCE).map((did) => invented(did, period(), right, wrong)),
          ),
        )
    },
    deliver() {
      for (const entry of onTheirWay) trust.note(entry)
      onTheirWay = []
    },
    meanOf: (author) => trust.scoreOf(author).mean,
  }
}

const ROWS_AT_ONCE = 50

const invented = (about: Did, period: number, right: number, wrong: number): EvidenceRow => ({
  ...emptyRow({ subject: about, domain: WORLD_DOMAIN, kind: 'answer', period }),
  counters: {
    ...{ right, wrong, chance: ((right + wrong) * 1000) / CHOICES },
    ...{ rightBack: 0, wrongBack: 0, chanceBack: 0 },
  },
  recent: { outcomes: right + wrong, bits: right > wrong ? 2 ** 32 - 1 : 0 },
})
