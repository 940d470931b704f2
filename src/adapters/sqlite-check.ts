/** What is checked of a whole store file, in time linear in it. */
import type { DatabaseSync } from 'node:sqlite'
import { errorText } from './sqlite-error.ts'

/** What `PRAGMA integrity_check` does not know: positions without a gap, and logs that say what they hold. */
const RULES: readonly { readonly finding: string; readonly query: string }[] = [
  {
    finding: 'arrival numbers with a gap',
    query:
      'SELECT 1 FROM (SELECT count(*) AS held, coalesce(max(arrival), 0) AS last FROM entries) WHERE held <> last',
  },
  {
    finding: 'entries of a log that is not there',
    query: 'SELECT 1 FROM entries WHERE log NOT IN (SELECT log FROM logs) LIMIT 1',
  },
  {
    finding: 'a log that does not hold the entries it counts',
    query: `SELECT 1 FROM logs LEFT JOIN partials USING (log)
            LEFT JOIN (SELECT log, count(*) AS held, max(seq) + 1 AS next FROM entries GROUP BY log) AS found USING (log)
            WHERE logs.next + coalesce(partials.next - base, 0) <> coalesce(held, 0)
            OR coalesce(partials.next, logs.next) <> coalesce(found.next, 0) LIMIT 1`,
  },
  {
    finding: 'a log held above a gap that is not there',
    query: `SELECT 1 FROM partials LEFT JOIN logs USING (log)
            WHERE logs.log IS NULL OR base < logs.next OR partials.next <= base LIMIT 1`,
  },
  {
    finding: 'entries in the gap of a log',
    query: `SELECT 1 FROM partials JOIN logs USING (log) JOIN entries ON entries.log = partials.log
            AND entries.seq >= logs.next AND entries.seq < base LIMIT 1`,
  },
]

/** One sentence for each finding. */
export function checkIntegrity(database: DatabaseSync): string[] {
  const findings: string[] = []
  try {
    const pages = database
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => String(row.integrity_check))
    findings.push(...pages.filter((finding) => finding !== 'ok'))
    for (const { finding, query } of RULES) if (database.prepare(query).get()) findings.push(finding)
  } catch (error) {
    findings.push(errorText(error))
  }
  return findings
}
