/** How an answer came about, for people: what each weighed, who holds another answer and why, and what own trust makes of it. */
import type { Did, Digest } from '../base/brand.ts'
import { digestToCid } from '../base/hash.ts'
import type * as api from '../protocol/api.ts'
import type { TaskPayload } from '../protocol/task-payloads.ts'
import { type Accepted, type Collapse, statedAnswer } from './acceptance.ts'
import { aggregate } from './aggregate.ts'
import type { AggregationParams } from './aggregation-params.ts'
import { type AnswerClass, createClassifier } from './answer-classes.ts'
import { type Contribution, type Share, sharesOf } from './contribution.ts'
import type { EvidenceBook } from './evidence-book.ts'
import { domainOf } from './task-domain.ts'

export interface SettlementDeps {
  readonly self: Did
  readonly evidence: Pick<EvidenceBook, 'of'>
  readonly params: AggregationParams
}

/** Null where there is no answer. */
export function settlementOf(
  accepted: Accepted,
  task: TaskPayload,
  deps: SettlementDeps,
): api.Settlement | null {
  const { noted, collapse } = accepted
  if (!collapse) return null
  const { payload, author } = noted
  const classOf = createClassifier(task.choices)
  const held = collapse.contributions.map((contribution, i) => ({
    contribution,
    likeliest: sharesOf(contribution, classOf)[0],
    mass: collapse.votes[i] ?? 0,
  }))
  const total = collapse.masses.reduce((sum, { mass }) => sum + mass, 0)
  const rows = collapse.masses.map(({ class: key, text, mass, authors }) => ({
    key,
    row: { answer: text, share: total === 0 ? 0 : mass / total, authors: authors.map(ownerIn) },
  }))
  const won = rows.find(({ key }) => key === collapse.class)
  const others = rows.filter((one) => one !== won)
  return {
    conclusion: statedAnswer(accepted) ?? payload.outcome.text ?? '',
    rule: payload.rule,
    margin: (won?.row.share ?? 0) - (others[0]?.row.share ?? 0),
    masses: rows.map(({ row }) => row),
    dissent: others.map(({ key, row }) => ({ ...row, reasons: reasonsFor(key, held) })),
    participants: held.map(({ contribution: { id, owner, modelFamily }, likeliest, mass }) => ({
      contribution: digestToCid(id as Digest),
      author: owner,
      model: modelFamily ?? '',
      answer: likeliest?.text ?? '',
      mass,
    })),
    synthesizer: author,
    writer: payload.model,
    ownView: author === deps.self ? null : ownView(task, collapse, deps),
  }
}

/** Why those say it whose likeliest answer is of this class. */
function reasonsFor(
  key: AnswerClass,
  held: readonly { readonly contribution: Contribution; readonly likeliest: Share | undefined }[],
): { author: string; reason: string }[] {
  return held.flatMap(({ contribution: { owner, outcome }, likeliest }) =>
    likeliest?.class === key && !('failure' in outcome) && outcome.reason !== undefined
      ? [{ author: owner, reason: outcome.reason }]
      : [],
  )
}

/** What this spore's trust makes of the same contributions, where that is another class. */
function ownView(
  task: TaskPayload,
  { contributions, class: key }: Collapse,
  { evidence, params }: SettlementDeps,
): api.Settlement['ownView'] {
  const { space, choices } = task
  const domain = domainOf(task)
  const { evidenceIn, bestSingle } = evidence.of(space, domain)
  const input = { domain, choices, contributions, evidence: evidenceIn, bestSingle }
  const { answer, rule, margin } = aggregate(input, params)
  return answer && answer.class !== key && rule !== 'none' ? { conclusion: answer.text, rule, margin } : null
}

/** The spore of a contributor. */
const ownerIn = (contributor: string): string => contributor.split(' ', 1)[0] as string
