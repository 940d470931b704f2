/** Tells on a terminal what happens at a task while a command waits for it; nothing where nobody watches. */
import type { TaskEvent } from '../core/protocol/api.ts'
import type { CommandContext } from './command.ts'
import { authorOf, contributorOf, reviewerOf } from './task-text.ts'
import { oneLine } from './terminal-text.ts'

/** Tells each step once, also where a broken stream tells it again. */
export function createTaskTeller({
  stderr,
  output,
}: Pick<CommandContext, 'stderr' | 'output'>): (event: TaskEvent) => void {
  if (!stderr.isTTY || output.json) return () => {}
  const told = new Set<string>()
  const tell = (key: string, line: string): void => {
    if (told.has(key)) return
    told.add(key)
    output.note(`· ${line}`)
  }
  const tellOne = (event: TaskEvent): void => {
    if (event.type === 'phase')
      tell(
        `${event.phase} ${event.round}`,
        `phase ${event.phase}${event.round > 0 ? `, round ${event.round}` : ''}`,
      )
    else if (event.type === 'seal')
      tell(`${event.author} ${event.round}`, `${authorOf(event.author)} has fixed an answer`)
    else if (event.type === 'contribution') {
      const { id, text, failure } = event.contribution
      const said =
        text === null ? `has no answer: ${oneLine(failure ?? '', 60)}` : `answers: ${oneLine(text, 60)}`
      tell(id, `${contributorOf(event.contribution)} ${said}`)
    } else if (event.type === 'review') {
      tell(event.review.id, `${reviewerOf(event.review)} reviews ${event.review.ranking.length} answers`)
    }
  }
  return (event) => {
    if (event.type !== 'task') return tellOne(event)
    const { phase, round, contributions, reviews, status } = event.task
    // A task that is over is shown as a whole in a moment.
    if (status !== 'open') return
    tellOne({ type: 'phase', phase, round })
    for (const contribution of contributions) tellOne({ type: 'contribution', contribution })
    for (const review of reviews) tellOne({ type: 'review', review })
  }
}
