/** Why an author is trusted as far as it is, in sentences with their numbers. */
import type { Did } from '../base/brand.ts'
import { compareText } from '../base/bytes.ts'
import type * as api from '../protocol/api-trust.ts'
import { ALL, type Listener, type Query, type Voice } from './hearsay.ts'
import { isTierAtLeast, outcomesOf } from './posterior.ts'
import { credibilityOf, WEIGHT_STEPS } from './rater-weight.ts'
import { type Counted, MILLIONTHS } from './testimony.ts'
import type { Opinion } from './trust.ts'
import type { Fault, TrustOverride, TrustScore } from './trust-contract.ts'
import type { Author } from './trust-graph.ts'
import { DEPTH } from './trust-levels.ts'
import type { TrustParams } from './trust-params.ts'

/** Domains that are shown, those with the most outcomes. */
export const DOMAINS_SHOWN_MAX = 32
/** Raters that are named. */
export const RATERS_NAMED_MAX = 8

export interface Explained {
  readonly params: TrustParams
  readonly listener: Listener
  readonly opinionOf: (author: Did, query?: Query) => Opinion
  /** Null where no evidence is held. */
  readonly author: Author | null
  readonly faults: readonly Fault[]
  readonly override: TrustOverride | null
}

export function explainTrust(did: Did, entries: number, from: Explained): api.TrustView {
  const { opinionOf, author, faults, override } = from
  const { standing, score, assessment } = opinionOf(did)
  const tier = score?.tier ?? 'stranger'
  return {
    author: did,
    trust: score?.mean ?? null,
    uncertainty: score?.uncertainty ?? null,
    lower: score?.lower ?? null,
    tier,
    standing,
    isQuarantined: !isTierAtLeast(tier, 'contributor'),
    domains: author && standing !== 'self' ? domainsOf(author, opinionOf) : [],
    override: override && {
      trust: override.trust,
      reason: override.reason,
      setAt: isoTime(override.atMs),
    },
    faults: [...faults],
    reasons: reasonsOf(did, { standing, score, assessment }, from),
    entries,
  }
}

function domainsOf(author: Author, opinionOf: Explained['opinionOf']): api.TrustView['domains'] {
  const outcomes = new Map<string, number>()
  for (const pair of author.raters.values())
    for (const { topic, testimony } of pair.cells)
      outcomes.set(topic.domain, (outcomes.get(topic.domain) ?? 0) + outcomesOf(testimony))
  return [...outcomes]
    .sort(([a, n], [b, m]) => m - n || compareText(a, b))
    .flatMap(([domain]) => {
      const { score } = opinionOf(author.did, { subject: null, domain })
      return score && hasGrounds(score) ? [{ domain, ...scoreView(score) }] : []
    })
    .slice(0, DOMAINS_SHOWN_MAX)
}

const hasGrounds = ({ own, others }: TrustScore): boolean =>
  own.right + own.wrong + others.right + others.wrong > 0

const scoreView = ({ mean, uncertainty, lower, own, others }: TrustScore) => ({
  trust: mean,
  ...{ uncertainty, lower, own, others },
})

function reasonsOf(did: Did, { standing, score, assessment }: Opinion, from: Explained): string[] {
  if (standing === 'self') return ['this spore’s own author']
  const reasons: string[] = []
  const { params, author, faults, override } = from
  if (override)
    reasons.push(
      `the operator set its trust to ${share(override.trust)}${override.reason === null ? '' : `: ${override.reason}`}`,
    )
  for (const fault of faults) reasons.push(FAULT_REASONS[fault])
  const grounds = assessment?.grounds
  if (grounds?.isChosen)
    reasons.push(
      `the operator chose it: it starts at ${share(params.startTrust)} instead of at chance, and is at least contributor unless what it does puts it below chance`,
    )
  if (grounds && outcomesOf(grounds.own) > 0)
    reasons.push(
      `of what this spore judged itself, ${counted(grounds.own)}, newer ones counting in full and older ones less; chance would have had ${amount(grounds.own.chance)} right`,
    )
  if (assessment?.hasFallen)
    reasons.push(
      'its newest outcomes are worse than luck explains: only they count, and what others say counts nothing',
    )
  if (author && standing !== 'override') reasons.push(...hearsayReasons(author, from))
  if (grounds && outcomesOf(grounds.others) > 0)
    reasons.push(
      `all others together count as ${amount(outcomesOf(grounds.others))} outcomes: ${counted(grounds.others)}`,
    )
  if (score && standing !== 'override')
    reasons.push(
      `mean ${share(score.mean)} ± ${share(score.uncertainty)}: by its lower bound of ${share(score.lower)} it is ${score.tier}`,
    )
  if (reasons.length === 0) reasons.push(`nothing is known about ${did.slice(-8)}: at chance`)
  return reasons
}

const FAULT_REASONS: Readonly<Record<Fault, string>> = {
  fork: 'it signed two continuations of one log: there is no way back from that',
  'forged-receipt': 'it forged a receipt: there is no way back from that',
  'invalid-run': 'it sent runs that are invalid; they count as wrong outcomes and are forgotten with time',
  flood: 'it flooded this spore; that counts as wrong outcomes and is forgotten with time',
}

function hearsayReasons(author: Author, { params, listener }: Explained): string[] {
  const voices = listener.voices(author, DEPTH - 2, ALL)
  const loudest = [...voices].sort(
    (a, b) => weightOf(b) - weightOf(a) || compareText(a.rater.did, b.rater.did),
  )
  const reasons = loudest.slice(0, RATERS_NAMED_MAX).map((voice) => voiceReason(voice, author, params))
  if (voices.length > reasons.length)
    reasons.push(`${voices.length - reasons.length} more others count as well`)
  const unheard = author.raters.size - voices.length - (author.own ? 1 : 0)
  if (unheard > 0)
    reasons.push(
      `${unheard} others say something and are not believed: nothing is known of them, they are at chance, they contradict what this spore has seen, or they are believed on its own word alone`,
    )
  const capped = voices.filter((voice) => voice.share < 1).length
  if (capped > 0)
    reasons.push(
      `${capped} of those who are believed share an operator, a domain, a block of addresses or who vouches for them: together they weigh as the heaviest of them`,
    )
  return reasons
}

const weightOf = (voice: Voice): number => outcomesOf(voice) * voice.share

function voiceReason(
  { rater, standing, share: part, ...said }: Voice,
  author: Author,
  params: TrustParams,
): string {
  const all = author.raters.get(rater)?.said ?? said
  const believed = `believed to ${standing.steps} of ${WEIGHT_STEPS}`
  const by = standing.root === rater ? '' : `, on the word of ${name(standing.root)}`
  const credibility = credibilityOf(rater, params)
  const doubt = credibility < 0.95 ? `, it contradicts what this spore has seen elsewhere` : ''
  return `${name(rater)} judged ${counted(all)}; it is ${believed}${by}${doubt}, so that counts as ${amount(outcomesOf(said) * part)} outcomes`
}

const name = ({ did }: Author): string => `…${did.slice(-8)}`
const counted = ({ right, wrong }: Pick<Counted, 'right' | 'wrong'>): string =>
  `${amount(right)} were right and ${amount(wrong)} wrong`
const amount = (millionths: number): string => String(Math.round(millionths / (MILLIONTHS / 10)) / 10)
const share = (value: number): string => (Math.round(value * 100) / 100).toFixed(2)

const isoTime = (ms: number): string => new Date(ms).toISOString()
