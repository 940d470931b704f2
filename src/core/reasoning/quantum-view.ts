/** What the quantum-inspired layer did in a task, for people: computed from its entries by the functions that did it. */
import type { Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type * as api from '../protocol/api-quantum.ts'
import { ROUND_MAX } from '../protocol/task-limits.ts'
import { type Aggregate, aggregate } from './aggregate.ts'
import type { Contribution } from './contribution.ts'
import { EFFORT_BOUNDS } from './efforts.ts'
import type { EvidenceBook } from './evidence-book.ts'
import { latestAnswers, toContribution } from './first-answers.ts'
import { historyOf, type RoundHistory } from './round-history.ts'
import { samplingTemperature } from './synthesis/annealing.ts'
import { isOneHouse, overlapOf } from './synthesis/entanglement.ts'
import { domainOf } from './task-domain.ts'
import type { ProgressDeps } from './task-progress.ts'
import type { Standing } from './task-view.ts'
import type { Work } from './work.ts'

export interface QuantumViewDeps extends ProgressDeps {
  readonly evidence: EvidenceBook
}

/** Pairs that are shown: of 256 contributors of one house there would be thousands. */
export const ENTANGLED_SHOWN_MAX = 64

/** `work`: what is known here of how its rounds came about, where it is worked on. */
export function quantumOf(
  { attempt, task, status, counts }: Standing,
  work: Work | null,
  all: QuantumViewDeps,
): api.QuantumTask {
  const deps = { ...all, counts }
  const { self, quantum, params, evidence } = deps
  const said = latestAnswers(attempt, work?.round ?? ROUND_MAX, self, counts)
  const round = work?.round ?? Math.max(0, ...said.map(({ payload }) => payload.round))
  const contributions = said.map(toContribution)
  const domain = domainOf(task)
  const { evidenceIn, bestSingle } = evidence.of(task.space, domain)
  const input = { domain, choices: task.choices, contributions }
  const found = aggregate({ ...input, evidence: evidenceIn, bestSingle }, params, quantum)
  const { rounds: roundsMax } = EFFORT_BOUNDS[task.effort]
  const { phase = 'done', challenges, tunnels } = work ?? {}
  const known = { phase, round, ...(challenges && { challenges }), ...(tunnels && { tunnels }) }
  const entanglement = quantum.isOn.entanglement ? evidenceIn.entanglement : () => 0
  return {
    task_id: digestToCid(attempt.question),
    status,
    effort: task.effort,
    round,
    roundsMax,
    rounds: historyOf(attempt, known, deps).map((one) => toRound(one, roundsMax, deps)),
    hypotheses: hypothesesOf(found),
    contributors: contributorsOf(found, contributions),
    entangled: entangledAmong(contributions, entanglement),
  }
}

function toRound(
  { round, kind, agreement, tunnelling }: RoundHistory,
  rounds: number,
  { quantum }: QuantumViewDeps,
): api.QuantumTask['rounds'][number] {
  const isReopened = kind === 'reopened'
  return {
    round,
    kind,
    temperature: samplingTemperature({ round, rounds, isReopened }, quantum),
    agreement,
    tunnelling: tunnelling && {
      chance: tunnelling.chance,
      confidence: tunnelling.state.confidence,
      dissent: tunnelling.state.dissent,
      seed: tunnelling.seed,
      draw: tunnelling.draw,
      premise: tunnelling.premise,
      isFired: tunnelling.isFired,
    },
  }
}

function hypothesesOf({ masses }: Aggregate): api.QuantumTask['hypotheses'] {
  const total = masses.reduce((sum, { mass }) => sum + mass, 0)
  return masses.map(({ text, mass, authors }) => ({
    answer: text,
    share: total === 0 ? 0 : mass / total,
    authors: authors.map(sporeOf),
  }))
}

function contributorsOf(
  { participants, masses }: Aggregate,
  contributions: readonly Contribution[],
): api.QuantumTask['contributors'] {
  const byId = new Map(contributions.map((one) => [one.id, one]))
  const texts = new Map(masses.map((one) => [one.class, one.text]))
  return participants.map(({ id, class: key, weight, independence, confidence, interference, mass }) => {
    const { owner = '', modelFamily = null } = byId.get(id) ?? {}
    return {
      ...{ contribution: digestToCid(id as Digest), author: owner, model: modelFamily ?? '' },
      ...{ answer: texts.get(key) ?? '', weight, independence, confidence, interference, mass },
    }
  })
}

function entangledAmong(
  contributions: readonly Contribution[],
  entanglement: (a: string, b: string) => number,
): api.QuantumTask['entangled'] {
  const pairs: api.QuantumTask['entangled'] = []
  for (const [i, a] of contributions.entries())
    for (const b of contributions.slice(0, i)) {
      const overlap = overlapOf(a, b, entanglement)
      if (overlap === 0) continue
      const because = !isOneHouse(a, b) ? 'errors' : a.owner === b.owner ? 'owner' : 'family'
      pairs.push({
        contributions: [digestToCid(b.id as Digest), digestToCid(a.id as Digest)],
        overlap,
        because,
      })
    }
  return pairs.sort((a, b) => b.overlap - a.overlap).slice(0, ENTANGLED_SHOWN_MAX)
}

/** The spore of a contributor. */
const sporeOf = (contributor: string): string => contributor.split(' ', 1)[0] as string
