/** What aggregation has to reach: the bars of the design (05-reasoning §8), each with what was measured. */
import type { WorldResult } from './aggregate-eval.ts'
import type { EvalBar } from './report.ts'

/** Points that ours may be below the oracle where errors are independent, the best single, plurality. */
const BELOW_ORACLE_MAX = 1.5
const BELOW_SINGLE_MAX = 1
const BELOW_PLURALITY_MAX = 1
/** Percent that must be right among sybils. */
const SYBILS_LEAST = 90

export function barsOf(results: readonly WorldResult[]): EvalBar[] {
  return results.flatMap((result) => {
    const percent = (method: keyof WorldResult['mean']): number => result.mean[method] * 100
    const bar = (what: string, measured: number, least: number): EvalBar => ({
      ...{ about: result.world, what, measured, kind: 'least', bound: least, unit: '%' },
      isMet: measured >= least,
    })
    const { aggregate, unscored } = { aggregate: percent('aggregate'), unscored: percent('unscored') }
    const plural = percent('plurality') - BELOW_PLURALITY_MAX
    const bars = [
      bar('at most 1 below plurality', aggregate, plural),
      bar('at most 1 below plurality, nothing scored', unscored, plural),
    ]
    if (result.isIndependent)
      bars.push(bar('at most 1.5 below the oracle', aggregate, percent('oracle') - BELOW_ORACLE_MAX))
    if (result.world === 'correlated') {
      // Of the one who looked best and the one who is, whoever is right more often: nobody could have chosen better.
      const single = Math.max(percent('bestSingle'), percent('bestTrue'))
      bars.push(bar('at most 1 below the best single', aggregate, single - BELOW_SINGLE_MAX))
    }
    if (result.world === 'sybils') {
      bars.push(bar('at least 90 % right', aggregate, SYBILS_LEAST))
      bars.push(bar('at least 90 % right, nothing scored', unscored, SYBILS_LEAST))
    }
    return bars
  })
}
