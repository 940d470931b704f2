/** What the quantum-inspired layer did in a task, for people. */
import type { Quantum, QuantumTask } from '../core/protocol/api.ts'
import { authorOf } from './task-text.ts'
import { oneLine } from './terminal-text.ts'

const ANSWER_CHARS = 60

export function describeQuantum({ switches, tasks }: Quantum): string {
  const off = Object.entries(switches).flatMap(([name, isOn]) => (isOn ? [] : [name]))
  return [...tasks.map(describeOne), off.length === 0 ? '' : `off: ${off.join(', ')}`]
    .filter((part) => part !== '')
    .join('\n\n')
}

const describeOne = ({ rounds, hypotheses, contributors, entangled }: QuantumTask): string =>
  [
    'rounds',
    ...rounds.map(describeRound),
    'held possible',
    ...hypotheses.map(({ answer, share }) => `  ${percent(share)} ${oneLine(answer, ANSWER_CHARS)}`),
    'contributors',
    ...contributors.map(describeContributor),
    `entangled: ${entangled.length === 0 ? 'nobody' : entangled.map(({ because }) => because).join(', ')}`,
  ].join('\n')

function describeRound({
  round,
  kind,
  temperature,
  agreement,
  tunnelling,
}: QuantumTask['rounds'][number]): string {
  const warm = temperature === null ? 'as the provider has it' : `temperature ${temperature.toFixed(2)}`
  const draw = tunnelling
    ? `, tunnelling ${tunnelling.draw.toFixed(3)} of ${tunnelling.chance.toFixed(3)}: ${tunnelling.isFired ? 'opened once more' : 'left'} (seed ${tunnelling.seed})`
    : ''
  return `  ${round} ${kind}, ${warm}, agreement ${percent(agreement)}${draw}`
}

function describeContributor(one: QuantumTask['contributors'][number]): string {
  const { author, model, answer, weight, independence, confidence, interference } = one
  const factors = [independence, confidence, interference].map((factor) => factor.toFixed(2)).join(' × ')
  return `  ${authorOf(author)} (${oneLine(model, 64)}) ${(weight / 1e6).toFixed(3)} × ${factors}: ${oneLine(answer, ANSWER_CHARS)}`
}

const percent = (share: number): string => `${Math.round(share * 100)} %`
