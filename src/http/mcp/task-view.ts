/** Tasks as tools show them: the answer, how it came about and what it quotes, cut to the budget; contributions on demand. */
import { z } from 'zod'
import { phaseSchema, type TaskView, taskStatusSchema } from '../../core/protocol/api.ts'
import { MCP_REPLY_BYTES_MAX } from '../../core/protocol/limits.ts'
import { RULES, VERDICTS } from '../../core/protocol/task-payloads.ts'
import { authorSchema, fitReply, type Show, textSchema } from './excerpt.ts'

/** Rows of one reply: sources and contributions; answers that lost, with who is for them and why; who is missing. */
const SOURCES_SHOWN = 8
const CONTRIBUTIONS_SHOWN = 6
const MASSES_SHOWN = 4
const DISSENT_SHOWN = 3
const DISSENTERS_SHOWN = 2
const MISSING_SHOWN = 4
/** Bytes of the question and of its choices, of the answer (half as much again without contributions), and of what is short; the rest shares what is left. */
const QUESTION_BYTES = MCP_REPLY_BYTES_MAX / 20
const ANSWER_BYTES = MCP_REPLY_BYTES_MAX / 5
const SHORT_BYTES = MCP_REPLY_BYTES_MAX / 64
/** Characters of a name that others chose: of a model, a role, a reason why somebody is missing. */
const LABEL_CHARS = 48

const sourceSchema = z.object({
  id: z.string().describe('Id of the memory, for get_memory'),
  quote: textSchema,
  author: authorSchema.nullable(),
})
const contributionSchema = z.object({
  author: authorSchema,
  model: z.string(),
  role: z.string().nullable(),
  round: z.number().int(),
  confidence: z.number().nullable().describe('As stated by the contributor, 0 … 1'),
  text: textSchema.nullable(),
  failure: textSchema.nullable().describe('Why there is no answer, where there is none'),
})
const settlementSchema = z.object({
  conclusion: textSchema.describe('The answer in as few words as it was given in'),
  rule: z
    .enum(RULES)
    .describe('weighted by evidence; best-single: one contributor overruled; unweighted: a plain vote'),
  margin: z.number().describe('Share of all mass above the next answer'),
  masses: z.array(z.object({ answer: textSchema, share: z.number(), authors: z.number().int() })),
  dissent: z
    .array(
      z.object({
        answer: textSchema,
        share: z.number(),
        reasons: z.array(z.object({ author: authorSchema, reason: textSchema })),
      }),
    )
    .describe('Answers that lost, and why they were given'),
  participants: z.number().int(),
  synthesizer: authorSchema,
  writer: z.string().nullable(),
  ownView: z
    .object({ conclusion: textSchema, margin: z.number() })
    .nullable()
    .describe('What this spore’s own trust makes of the same answers, where that is something else'),
})

export const taskViewSchema = z.object({
  task_id: z.string(),
  task: textSchema,
  choices: textSchema.nullable().describe('One a line; null where the question is open'),
  space: z.string(),
  status: taskStatusSchema,
  phase: phaseSchema,
  round: z.number().int(),
  agreement: z.array(z.number()).describe('Of each round, 0 … 1'),
  answer: textSchema.nullable().describe('Null while open, and where nothing relevant is remembered'),
  reason: textSchema.nullable().describe('Of a failed task: why there is no answer'),
  settlement: settlementSchema.nullable().describe('How the answer came about'),
  degraded: z.boolean(),
  degradedBecause: textSchema.nullable(),
  missing: z
    .array(z.object({ author: authorSchema, why: z.string() }))
    .describe('Who was asked and has not answered'),
  resolution: z
    .object({ verdict: z.enum(VERDICTS), correction: textSchema.nullable() })
    .nullable()
    .describe('What the operator said of the answer'),
  sources: z.array(sourceSchema).describe('What the answer quotes'),
  contributions: z.array(contributionSchema),
  contributionsTotal: z.number().int(),
  nextOffset: z
    .number()
    .int()
    .nullable()
    .describe('Offset of the contributions that follow; null at the end'),
  seals: z.number().int().describe('Answers that are fixed, shown or not'),
  reviewsTotal: z.number().int(),
  createdAt: z.string(),
  deadlineAt: z.string(),
  answeredAt: z.string().nullable(),
})
export type ShownTask = z.infer<typeof taskViewSchema>

export interface ShowOptions {
  /** This spore's did:key: everything else is foreign. */
  readonly own: string
  /** The first contribution that is shown; null shows none, where the answer is what matters. */
  readonly offset: number | null
}

/** A task within the budget of one reply. */
export const showTask = (task: TaskView, options: ShowOptions): ShownTask =>
  fitReply(options.own, MCP_REPLY_BYTES_MAX, (show) => build(task, options, show))

function build(task: TaskView, { own, offset }: ShowOptions, show: Show): ShownTask {
  const { settlement, choices, degradedBecause, resolution } = task
  const author = answerAuthor(task, own)
  const rows = offset === null ? [] : task.contributions.slice(offset, offset + CONTRIBUTIONS_SHOWN)
  const next = (offset ?? 0) + CONTRIBUTIONS_SHOWN
  return {
    task_id: task.task_id,
    task: show(task.task, task.author, QUESTION_BYTES),
    choices: choices.length === 0 ? null : show(choices.join('\n'), task.author, QUESTION_BYTES),
    space: task.space,
    status: task.status,
    phase: task.phase,
    round: task.round,
    agreement: task.agreement,
    answer:
      task.answer === null
        ? null
        : show(task.answer, author, offset === null ? 1.5 * ANSWER_BYTES : ANSWER_BYTES),
    reason: task.reason === null ? null : show(task.reason, author, SHORT_BYTES),
    settlement: settlement && showSettlement(settlement, author, show),
    degraded: task.degraded,
    degradedBecause:
      degradedBecause.length === 0 ? null : show(degradedBecause.join('; '), author, SHORT_BYTES),
    missing: task.missing
      .slice(0, MISSING_SHOWN)
      .map(({ author: did, why }) => ({ author: did, why: label(why) })),
    resolution: resolution && {
      verdict: resolution.verdict,
      correction: resolution.correction === null ? null : show(resolution.correction, resolution.author),
    },
    sources: task.sources
      .slice(0, SOURCES_SHOWN)
      .map(({ id, quote, author: by }) => ({ id, author: by, quote: show(quote, by) })),
    contributions: rows.map(({ author: by, model, role, round, confidence, text, failure }) => ({
      author: by,
      model: label(model),
      role: role && label(role),
      round,
      confidence,
      text: text === null ? null : show(text, by),
      failure: failure === null ? null : show(failure, by),
    })),
    contributionsTotal: task.contributions.length,
    nextOffset: offset !== null && next < task.contributions.length ? next : null,
    seals: task.seals,
    reviewsTotal: task.reviews.length,
    createdAt: task.createdAt,
    deadlineAt: task.deadlineAt,
    answeredAt: task.answeredAt,
  }
}

function showSettlement(
  settlement: NonNullable<TaskView['settlement']>,
  author: string | null,
  show: Show,
): NonNullable<ShownTask['settlement']> {
  const { conclusion, rule, margin, masses, dissent, participants, synthesizer, writer, ownView } = settlement
  return {
    conclusion: show(conclusion, author, SHORT_BYTES),
    rule,
    margin,
    masses: masses.slice(0, MASSES_SHOWN).map(({ answer, share, authors }) => ({
      answer: show(answer, author),
      share,
      authors: authors.length,
    })),
    dissent: dissent.slice(0, DISSENT_SHOWN).map(({ answer, share, authors, reasons }) => ({
      answer: show(answer, authors[0] ?? null),
      share,
      reasons: reasons
        .slice(0, DISSENTERS_SHOWN)
        .map(({ author: by, reason }) => ({ author: by, reason: show(reason, by) })),
    })),
    participants: participants.length,
    synthesizer,
    writer: writer && label(writer),
    ownView: ownView && {
      conclusion: show(ownView.conclusion, author, SHORT_BYTES),
      margin: ownView.margin,
    },
  }
}

/** Whose words an answer is: this spore's own where nobody else had a part in it. */
export function answerAuthor({ settlement, contributions }: TaskView, own: string): string | null {
  const { synthesizer = null, participants = contributions } = settlement ?? {}
  const foreign = participants.find(({ author }) => author !== own)?.author
  return synthesizer === null || synthesizer === own ? (foreign ?? own) : synthesizer
}

/** A name that somebody else chose, with nothing in it that could be taken for more than a name. */
export const label = (text: string): string =>
  Array.from(text.replace(/[^\p{L}\p{N} _.,:/@+-]/gu, ''))
    .slice(0, LABEL_CHARS)
    .join('')
