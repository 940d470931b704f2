/**
 * Dawid & Skene (1979): answers of several observers with unknown error rates, by expectation maximisation. Each has a
 * confusion matrix; truths are soft labels, begun with the plurality. It may look at all questions at once, and knows the
 * truth of the scored ones.
 */
import { CHOICES, type Question } from './reasoners.ts'

const ITERATIONS = 15
/** Imagined answers in each cell of a confusion matrix, so that none is impossible. */
const SMOOTHING = 0.5

/** Answers to `questions`; `scored` have labels that stay, and only those reasoners who `tookPart` in them answered them. */
export function dawidSkene(
  scored: readonly Question[],
  questions: readonly Question[],
  tookPart: readonly boolean[],
): number[] {
  const known = scored.map(({ truth }) => oneHot(truth))
  let soft = questions.map(({ answers }) => pluralityShares(answers))
  for (let round = 0; round < ITERATIONS; round++) {
    const logConfusions = tookPart.map((isOld, reasoner) => {
      const counts = Array.from({ length: CHOICES }, () => new Float64Array(CHOICES).fill(SMOOTHING))
      if (isOld) countInto(counts, scored, known, reasoner)
      countInto(counts, questions, soft, reasoner)
      return counts.map(toLogShares)
    })
    soft = questions.map(({ answers }) => posterior(answers, logConfusions))
  }
  return soft.map((shares) => shares.indexOf(Math.max(...shares)))
}

function countInto(
  counts: readonly Float64Array[],
  questions: readonly Question[],
  labels: readonly Float64Array[],
  reasoner: number,
): void {
  for (const [i, { answers }] of questions.entries()) {
    const label = labels[i] as Float64Array
    const answer = answers[reasoner] as number
    for (let truth = 0; truth < CHOICES; truth++) {
      const row = counts[truth] as Float64Array
      row[answer] = (row[answer] as number) + (label[truth] as number)
    }
  }
}

function toLogShares(row: Float64Array): Float64Array {
  const total = row.reduce((sum, count) => sum + count, 0)
  return row.map((count) => Math.log(count / total))
}

function posterior(answers: readonly number[], logConfusions: readonly Float64Array[][]): Float64Array {
  const logs = new Float64Array(CHOICES)
  for (let reasoner = 0; reasoner < answers.length; reasoner++) {
    const rows = logConfusions[reasoner] as Float64Array[]
    const answer = answers[reasoner] as number
    for (let truth = 0; truth < CHOICES; truth++)
      logs[truth] = (logs[truth] as number) + ((rows[truth] as Float64Array)[answer] as number)
  }
  const most = Math.max(...logs)
  const shares = logs.map((log) => Math.exp(log - most))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => share / total)
}

function pluralityShares(answers: readonly number[]): Float64Array {
  const shares = new Float64Array(CHOICES)
  for (const answer of answers) shares[answer] = (shares[answer] as number) + 1 / answers.length
  return shares
}

function oneHot(truth: number): Float64Array {
  const label = new Float64Array(CHOICES)
  label[truth] = 1
  return label
}
