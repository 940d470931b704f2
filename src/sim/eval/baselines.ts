/** What aggregation is compared with, each from the answers to one question; what they know comes from scored questions. */
import { CHOICES, type Question } from './reasoners.ts'

/** The commonest answer; ties go to the lower one, which is as likely right as any. */
export const plurality = ({ answers }: Question): number => heaviest(answers, () => 1)

/** Each answer weighs what its author's share of right answers is; of a newcomer `newcomer` is assumed. */
export const linear =
  (records: readonly Tally[], newcomer: number) =>
  ({ answers }: Question): number =>
    heaviest(answers, (i) => {
      const { right, answered } = records[i] as Tally
      return answered === 0 ? newcomer : right / answered
    })

/** Answers scored, and those of them that were right. */
export interface Tally {
  readonly right: number
  readonly answered: number
}

/** Who was right most often, the first of equals. */
export const bestOf = (records: readonly Tally[]): number =>
  records.reduce((best, { right }, i) => (right > (records[best] as Tally).right ? i : best), 0)

function heaviest(answers: readonly number[], weightOf: (i: number) => number): number {
  const masses = new Array<number>(CHOICES).fill(0)
  for (const [i, answer] of answers.entries()) masses[answer] = (masses[answer] as number) + weightOf(i)
  return masses.indexOf(Math.max(...masses))
}
