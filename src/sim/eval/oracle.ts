/**
 * The best that anybody could do: Bayes' rule with the true parameters of the world, stated confidence included. What it
 * misses, chance decides.
 */
import {
  CHOICES,
  copyAccuracy,
  type Question,
  type Reasoner,
  STATED_NOISE,
  STATED_SHIFT,
  SURENESS,
  type World,
} from './reasoners.ts'

export function oracleAnswer(world: World, question: Question): number {
  let best = 0
  let bestLikelihood = -1
  for (let truth = 0; truth < CHOICES; truth++) {
    const likelihood = likelihoodOf(world, question, truth)
    if (likelihood > bestLikelihood) [best, bestLikelihood] = [truth, likelihood]
  }
  return best
}

/** P(answers | truth, confidences); the prior of each truth is the same. */
function likelihoodOf(world: World, { answers, stated }: Question, truth: number): number {
  let likelihood = 1
  // Over what the copies share, each possible answer on its own.
  const copies = Array.from({ length: CHOICES }, (_, shared) => chanceOf(shared, truth, copyAccuracy(world)))
  for (const [i, reasoner] of world.reasoners.entries()) {
    const answer = answers[i] as number
    if (reasoner.kind === 'hostile') likelihood *= answer === truth ? 0 : 1
    else if (reasoner.kind === 'copy') {
      const alone = (1 - world.copying) * chanceOf(answer, truth, reasoner.accuracy)
      for (let shared = 0; shared < CHOICES; shared++)
        copies[shared] = (copies[shared] as number) * (alone + (answer === shared ? world.copying : 0))
    } else likelihood *= chanceOf(answer, truth, accuracyWith(reasoner, stated[i] as number))
  }
  return likelihood * copies.reduce((sum, part) => sum + part, 0)
}

const chanceOf = (answer: number, truth: number, accuracy: number): number =>
  answer === truth ? accuracy : (1 - accuracy) / (CHOICES - 1)

/** Accuracy given the stated confidence: where only one kind of it can have been stated, that one's. */
function accuracyWith({ accuracy, boast }: Reasoner, stated: number): number {
  const overlap = STATED_NOISE - STATED_SHIFT
  const distance = stated - boast
  return distance > overlap ? accuracy + SURENESS : distance < -overlap ? accuracy - SURENESS : accuracy
}
