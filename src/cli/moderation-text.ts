/** Rules, drafts and what they hit as lines on a terminal. Names, reasons and examples are words of others. */
import type { AuditPage, Impact, RuleView } from '../core/protocol/moderation-api.ts'
import { oneLine } from './terminal-text.ts'

const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`
const entry = (number: number): string => count(number, 'entry', 'entries')
const memory = (number: number): string => count(number, 'memory', 'memories')

export function describeRule({ id, kind, target, action, reason, until, source }: RuleView): string {
  const more = [
    until && `until ${until}`,
    source && `from ${oneLine(source, 40)}`,
    reason && `“${oneLine(reason, 80)}”`,
  ].filter(Boolean)
  return `${id}  ${action.padEnd(5)}  ${kind.padEnd(6)}  ${oneLine(target, 100)}${more.length > 0 ? `  ${more.join(', ')}` : ''}`
}

export function describeImpact(impact: Impact): string {
  const { authors, logs, entries, memories, isComplete, peers, links, examples } = impact
  const written = `${count(authors, 'author')}, ${count(logs, 'log')}, ${entry(entries)}, ${isComplete ? '' : 'at least '}${memory(memories)} that only they carry`
  const lines = [`  hits ${written}; ${count(peers, 'peer')}, ${count(links, 'link')}`]
  for (const peer of examples.peers) lines.push(`    peer    ${oneLine(peer, 100)}`)
  for (const author of examples.authors) lines.push(`    author  ${oneLine(author, 100)}`)
  for (const { text, author } of examples.memories)
    lines.push(`    memory  ${oneLine(text, 70)}  (${oneLine(author.slice(-8), 8)})`)
  return lines.join('\n')
}

export function describeRecord(record: AuditPage['records'][number]): string {
  const { number, at, by, event, kind, target, action, count: rules, note } = record
  const what = target === null ? count(rules, 'rule') : `${action ?? ''} ${kind ?? ''} ${oneLine(target, 80)}`
  return `${String(number).padStart(5)}  ${at}  ${oneLine(by, 20)}  ${event}  ${what}${note ? `  “${oneLine(note, 80)}”` : ''}`
}
