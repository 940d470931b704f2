/** A task as people read it: the answer with numbered citations, how it came about, and what everybody said. */
import type { Contribution, Review, TaskView } from '../core/protocol/api.ts'
import { placeOf } from './hit-text.ts'
import { indent, oneLine, printable } from './terminal-text.ts'

/** Reasons of one answer that lost, and characters of one. */
const REASONS_SHOWN = 3
const REASON_CHARS = 300
/** Characters of a contribution that the view of a task shows. */
const CONTRIBUTION_CHARS = 1200

/** The outcome of a task: what was answered, from what, how sure, who disagreed; or why there is no answer. */
export function describeAnswer(task: TaskView): string {
  const lines = [
    ...(task.answer === null ? [noAnswer(task)] : [indent(printable(task.answer), '  '), '']),
    ...sourcesOf(task),
    ...settlementOf(task),
    ...missingOf(task),
  ]
  if (task.degraded) lines.push(`note: degraded answer (${oneLine(task.degradedBecause.join('; '), 300)})`)
  return lines.join('\n')
}

function noAnswer({ status, reason }: TaskView): string {
  if (status === 'open') return 'No answer yet.'
  if (status === 'cancelled') return `Cancelled${reason === null ? '.' : `: ${printable(reason)}`}`
  return `No answer: ${printable(reason ?? 'nothing relevant is remembered')}`
}

function sourcesOf({ sources }: TaskView): readonly string[] {
  if (sources.length === 0) return []
  const rows = sources.map(
    (source, index) =>
      `  [${index + 1}] ${placeOf(source)}  by ${authorOf(source.author)}\n      ${source.id}`,
  )
  return ['Sources', ...rows]
}

/** The rule by which the answers were weighed, in words. */
const RULE_WORDS = {
  weighted: 'weighed by what each was right about before',
  'best-single': 'one contributor is better than the rest together',
  unweighted: 'not weighed: one vote each',
} as const

function settlementOf({ settlement, answer }: TaskView): readonly string[] {
  if (!settlement) return []
  const { conclusion, rule, margin, dissent, participants, synthesizer, writer, ownView } = settlement
  const by = `${plural(participants.length, 'answer')}, ${RULE_WORDS[rule]}`
  const put = `put together by ${authorOf(synthesizer)}${writer === null ? '' : ` with ${oneLine(writer, 64)}`}`
  // One answer alone has no margin, and an answer that is its own conclusion is not said twice.
  return [
    ...(conclusion === answer ? [] : [`Conclusion  ${oneLine(conclusion, 300)}`]),
    ...(participants.length < 2 ? [] : [`Margin      ${percent(margin)}  (${by}; ${put})`]),
    ...dissent.flatMap(({ answer, share, authors, reasons }) => [
      `Dissent     ${percent(share)} ${oneLine(answer, 200)}  by ${authors.slice(0, REASONS_SHOWN).map(authorOf).join(', ')}${more(authors.length)}`,
      ...reasons
        .slice(0, REASONS_SHOWN)
        .map(({ author, reason }) => `            ${authorOf(author)}: ${oneLine(reason, REASON_CHARS)}`),
    ]),
    ...(ownView
      ? [
          `Own view    ${oneLine(ownView.conclusion, 200)}  (margin ${percent(ownView.margin)}): what this spore’s own trust makes of the same answers`,
        ]
      : []),
  ]
}

function missingOf({ missing }: TaskView): readonly string[] {
  if (missing.length === 0) return []
  const rows = missing
    .slice(0, REASONS_SHOWN)
    .map(({ author, why }) => `${authorOf(author)} (${oneLine(why, 80)})`)
  return [`Missing     ${rows.join(', ')}${more(missing.length)}`]
}

/** Everything that is known of a task. */
export function describeTask(task: TaskView): string {
  const { status, phase, round, effort, agreement, seals, attempt, resolution, choices } = task
  const state = status === 'open' ? `open, phase ${phase}, round ${round}` : status
  const facts = [
    `status ${state}`,
    `effort ${effort}`,
    `space ${oneLine(task.space, 64)}`,
    `asked by ${task.askers.map(authorOf).join(', ')} ${task.createdAt}`,
    ...(status === 'open' ? [`deadline ${task.deadlineAt}`] : []),
    ...(task.answeredAt ? [`answered ${task.answeredAt}`] : []),
    ...(attempt > 0 ? [`asked anew ${attempt === 1 ? 'once' : `${attempt} times`}`] : []),
    ...(agreement.length > 0 ? [`agreement ${agreement.map(percent).join(' → ')}`] : []),
  ]
  return [
    indent(printable(task.task), '? '),
    ...choices.map((choice) => `  · ${oneLine(choice, 200)}`),
    task.task_id,
    facts.join('; '),
    '',
    describeAnswer(task),
    ...(resolution ? [`Resolved    ${resolved(resolution)}`] : []),
    '',
    `Contributions (${task.contributions.length}${seals > 0 ? `, ${seals} sealed` : ''})`,
    ...task.contributions.map(describeContribution),
    ...(task.reviews.length > 0
      ? [
          '',
          `Reviews (${task.reviews.length})`,
          ...task.reviews.map((review) => describeReview(review, task)),
        ]
      : []),
  ].join('\n')
}

function resolved({ verdict, correction, author, createdAt }: NonNullable<TaskView['resolution']>): string {
  const said = correction === null ? verdict : `${verdict}: ${oneLine(correction, 300)}`
  return `${said}  (by ${authorOf(author)}, ${createdAt})`
}

function describeContribution(contribution: Contribution): string {
  const { text, failure, reason, confidence, round, wasSealed, others, sources } = contribution
  const facts = [
    ...(confidence === null ? [] : [`sure ${percent(confidence)}`]),
    ...(round > 0 ? [`round ${round}`] : []),
    ...(wasSealed ? ['sealed first'] : []),
    ...(sources.length > 0 ? [plural(sources.length, 'source')] : []),
  ]
  const said = text === null ? `no answer: ${oneLine(failure ?? 'it says nothing', 200)}` : clip(text)
  return [
    `  ${contributorOf(contribution)}${facts.length > 0 ? `  (${facts.join(', ')})` : ''}`,
    indent(said, '      '),
    ...others.map((other) => `      or, at ${percent(other.share)}: ${oneLine(other.text, 200)}`),
    ...(reason === null ? [] : [`      because: ${oneLine(reason, REASON_CHARS)}`]),
  ].join('\n')
}

function describeReview(review: Review, { contributions }: TaskView): string {
  const byId = new Map(contributions.map((one) => [one.id, one]))
  const rows = review.ranking.map(({ contribution, flaw }, index) => {
    const ranked = byId.get(contribution)
    const who = ranked
      ? `${reviewerOf(ranked)} ${oneLine(ranked.text ?? '', 60)}`
      : 'an answer that is not shown'
    return `      ${index + 1}. ${who}${flaw === null ? '' : `: ${oneLine(flaw, REASON_CHARS)}`}`
  })
  return [`  ${reviewerOf(review)}, round ${review.round}`, ...rows].join('\n')
}

/** The end of an author, and the model. */
export const reviewerOf = ({ author, model }: Pick<Review, 'author' | 'model'>): string =>
  `${authorOf(author)} (${oneLine(model, 64)})`

/** Who contributes: the end of the author, the model, and the lens. */
export const contributorOf = ({ role, ...by }: Contribution): string =>
  `${reviewerOf(by)}${role === null ? '' : ` as ${oneLine(role, 32)}`}`

/** The end of a did:key, by which people tell authors apart. */
export const authorOf = (author: string | null): string => oneLine(author?.slice(-8) ?? 'unknown', 8)

const clip = (text: string): string =>
  text.length <= CONTRIBUTION_CHARS
    ? printable(text)
    : `${printable(text.slice(0, CONTRIBUTION_CHARS).toWellFormed())}…`

const percent = (share: number): string => `${Math.round(share * 100)} %`
const more = (count: number): string => (count > REASONS_SHOWN ? ` and ${count - REASONS_SHOWN} more` : '')
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
