/** Trust as people read it: an author in a line of a list, and one with all that speaks for and against it. */
import type { TrustView } from '../core/protocol/api.ts'
import { oneLine } from './terminal-text.ts'

/** Characters of a reason, and of a domain, on a terminal. */
const REASON_CHARS = 200
const DOMAIN_CHARS = 24

/** One author on one line. */
export function describeAuthor(view: TrustView): string {
  const { author, trust, uncertainty, tier, standing, isQuarantined, entries } = view
  const how = trust === null ? 'unknown'.padEnd(13) : `${share(trust)} ${spread(uncertainty)}`
  const labels = [standing, ...(isQuarantined ? ['quarantined'] : []), `${entries} entries`]
  return `${how}  ${tier.padEnd(11)}  ${oneLine(author, 64)}  ${labels.join(', ')}`
}

/** One author with what it rests on. */
export function describeTrust(view: TrustView): string {
  const { author, trust, uncertainty, lower, tier, standing, override, faults, domains, reasons } = view
  const figures =
    trust === null ? 'nothing is known' : `${share(trust)} ${spread(uncertainty)}, at least ${share(lower)}`
  const lines = [
    oneLine(author, 64),
    `  trust    ${figures}`,
    `  tier     ${tier}${view.isQuarantined ? ', quarantined: found and labelled, in no context pack' : ''}`,
    `  rests on ${standing}; ${view.entries} of its entries are held here`,
  ]
  if (override) {
    const why = override.reason === null ? '' : `: “${oneLine(override.reason, REASON_CHARS)}”`
    lines.push(`  set by hand to ${share(override.trust)} at ${oneLine(override.setAt, 40)}${why}`)
  }
  if (faults.length > 0) lines.push(`  faults   ${faults.map((fault) => oneLine(fault, 64)).join(', ')}`)
  if (domains.length > 0) lines.push('  by domain', ...domains.map(describeDomain))
  if (reasons.length > 0)
    lines.push('  why', ...reasons.map((reason) => `    ${oneLine(reason, REASON_CHARS)}`))
  return lines.join('\n')
}

function describeDomain({ domain, trust, uncertainty, own, others }: TrustView['domains'][number]): string {
  const heard = others.right + others.wrong > 0 ? `; of others ${outcomes(others)}` : ''
  return `    ${oneLine(domain, DOMAIN_CHARS).padEnd(DOMAIN_CHARS)}  ${share(trust)} ${spread(uncertainty)}  judged here ${outcomes(own)}${heard}`
}

const outcomes = ({ right, wrong }: { readonly right: number; readonly wrong: number }): string =>
  `${amount(right)} right, ${amount(wrong)} wrong`

/** Outcomes are weighed by their age: whole numbers stand without a fraction. */
const amount = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))
const share = (value: number | null): string => (value === null ? 'unknown' : value.toFixed(3))
const spread = (value: number | null): string => (value === null ? '' : `± ${value.toFixed(3)}`)
