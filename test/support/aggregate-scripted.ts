/** The pure aggregation of what scripted models answered, as a spore has it that trusts all alike and has scored nobody. */
import { type Aggregate, aggregate } from '../../src/core/reasoning/aggregate.ts'
import { createAggregationParams } from '../../src/core/reasoning/aggregation-params.ts'
import { learnTrackRecord } from '../../src/core/reasoning/track-record.ts'

const params = createAggregationParams()

/** Letter of a choice, and the stated chance in percent. */
export type ScriptedAnswer = readonly [letter: string, percent: number]

/** `answers`: one an owner and family. */
export function aggregateScripted(choices: readonly string[], answers: readonly ScriptedAnswer[]): Aggregate {
  const contributions = answers.map(([letter, percent], i) => ({
    id: `contribution ${i}`,
    author: `author ${i}`,
    owner: `owner ${i}`,
    modelFamily: `family ${i}`,
    outcome: {
      hypotheses: [{ text: choices[letter.charCodeAt(0) - 'A'.charCodeAt(0)] as string, weight: 1 }],
      confidence: percent / 100,
    },
  }))
  const evidence = learnTrackRecord([], params, () => true)
  return aggregate({ domain: 'general', choices, contributions, evidence }, params)
}
