/** What happens at a task as progress of the call that waits for it: one line a step, without a word of what others say. */
import type { Contribution, Review, TaskEvent } from '../../core/protocol/api.ts'
import { label } from './task-view.ts'
import type { Progress } from './tool.ts'

/** Steps that one call tells: beyond that a client learns nothing from more. */
export const STEPS_MAX = 200

/** Tells each step once, also where a stream tells it again. Null tells nothing: the caller did not ask for it. */
export function createTeller(progress: Progress | null): (event: TaskEvent) => Promise<void> {
  const told = new Set<string>()
  const tell = async (key: string, line: string): Promise<void> => {
    if (!progress || told.has(key) || told.size >= STEPS_MAX) return
    told.add(key)
    await progress(told.size, line)
  }
  return async (event) => {
    if (event.type === 'task') {
      const { phase, round, contributions, reviews } = event.task
      await tell(`phase ${phase} ${round}`, phaseLine(phase, round))
      for (const contribution of contributions) await tell(contribution.id, contributionLine(contribution))
      for (const review of reviews) await tell(review.id, reviewLine(review))
    } else if (event.type === 'phase') {
      await tell(`phase ${event.phase} ${event.round}`, phaseLine(event.phase, event.round))
    } else if (event.type === 'seal') {
      await tell(`seal ${event.author} ${event.round}`, `${short(event.author)} has fixed an answer`)
    } else if (event.type === 'contribution') {
      await tell(event.contribution.id, contributionLine(event.contribution))
    } else if (event.type === 'review') {
      await tell(event.review.id, reviewLine(event.review))
    }
  }
}

const phaseLine = (phase: string, round: number): string => `phase ${phase}, round ${round}`
const contributionLine = ({ author, model, text }: Contribution): string =>
  `${short(author)} ${text === null ? 'has no answer' : 'has answered'} (${label(model)})`
const reviewLine = ({ author, model }: Review): string => `${short(author)} has reviewed (${label(model)})`

/** The end of a did:key, by which people tell authors apart. */
const short = (author: string): string => author.slice(-8)
