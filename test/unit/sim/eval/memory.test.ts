/** `eval memory`: its world can be read back, models believe what they are said to, and the same seed gives the same report. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPrompt, statedIn } from '../../../../src/sim/eval/memory-minds.ts'
import { memoryReport } from '../../../../src/sim/eval/memory-report.ts'
import { MEMORY_ARM_NAMES, type MemoryOptions, runMemoryArm } from '../../../../src/sim/eval/memory-run.ts'
import { createMemoryWorld, documentToFact, questionToNeed } from '../../../../src/sim/eval/memory-world.ts'
import { createRandom } from '../../../../src/sim/random.ts'

const OPTIONS: MemoryOptions = { tasks: 16, models: 1, told: 100, wrong: 10, judged: 30 }
const goesOn = async (): Promise<boolean> => true
const worldOf = (options: Partial<MemoryOptions> = {}) =>
  createMemoryWorld({ ...OPTIONS, ...options }, createRandom('a world to remember'))

async function reportOf(seeds: readonly number[], options: MemoryOptions) {
  const arms = new Map()
  for (const arm of MEMORY_ARM_NAMES) {
    const runs = []
    for (const seed of seeds) runs.push(await runMemoryArm(arm, seed, options, goesOn))
    arms.set(arm, runs)
  }
  return memoryReport({ command: 'spore eval memory', seeds, options, arms })
}

test('every question and document of a world can be read back, and documents are wrong as often as is said', () => {
  const world = worldOf({ tasks: 2000, wrong: 25 })
  let [documents, wrong] = [0, 0]
  for (const { text, relation, of, right, document } of world.tasks) {
    assert.deepEqual(questionToNeed(text), { relation, of })
    assert.equal(world.truth({ relation, of }), right)
    if (document === null) continue
    const fact = documentToFact(document)
    assert.ok(fact, document)
    documents++
    if (world.truth(fact) !== fact.value) wrong++
  }
  assert.equal(documents, 160)
  assert.ok(wrong >= 20 && wrong <= 60, String(wrong))
  assert.equal(questionToNeed('Who keeps the light on?'), null)
  assert.equal(documentToFact('The home harbour of the ship x is y.'), null)
})

test('without documents a world has none, and the same draws else', () => {
  const [told, untold] = [worldOf(), worldOf({ told: 0 })]
  assert.ok(untold.tasks.every(({ document }) => document === null))
  assert.deepEqual(
    untold.tasks.map(({ text }) => text),
    told.tasks.map(({ text }) => text),
  )
})

test('a model takes what is stated most often, checked answers before all, and nothing that was found wrong', () => {
  const asked = 'Which harbour is home to the ship Velora?'
  const key = 'harbour Velora'
  const memory = (answer: string): string => `> Question: ${asked}\n> Answer: ${answer}\n`
  const past = (verdict: string, answer: string): string =>
    `past question 1\n> ${asked}\nits answer, ${verdict}\n> ${answer}\n`
  const document = '> The home harbour of the ship Velora is Marn.\n'
  assert.equal(statedIn(document).get(key), 'Marn')
  assert.equal(statedIn(document + memory('Tarn')).get(key), 'Marn')
  assert.equal(statedIn(document + memory('Tarn') + memory('Tarn')).get(key), 'Tarn')
  assert.equal(statedIn(document + memory('Tarn') + memory('Tarn'), false).get(key), 'Marn')
  assert.equal(statedIn(document + past('found to be corrected', 'Lorn')).get(key), 'Lorn')
  assert.equal(statedIn(memory('Tarn') + past('found to be WRONG', 'Tarn')).get(key), undefined)
  assert.equal(statedIn(past('not checked by anybody', 'Tarn')).get(key), 'Tarn')
  assert.equal(statedIn(past('not checked by anybody', 'Tarn'), false).get(key), undefined)
})

test('a prompt is read as it is built, and one of another world has no need in it', () => {
  const prompt =
    'rules\n<<<question ab-c\n> Who keeps the light at Marn?\n>>>question ab-c\n\nrecalled\nAnswer the question.'
  assert.deepEqual(readPrompt(prompt), { need: { relation: 'keeper', of: 'Marn' }, recalled: 'recalled' })
  assert.equal(readPrompt('What is the time?').need, null)
})

test('the same seeds give the same report twice, another seed another one', async (t) => {
  t.diagnostic('seeds 1 and 3')
  const first = JSON.stringify(await reportOf([1], OPTIONS))
  assert.equal(JSON.stringify(await reportOf([1], OPTIONS)), first)
  assert.notEqual(JSON.stringify(await reportOf([3], OPTIONS)), first)
})

test('memory tells: with true documents a spore is right more often than fresh, and nothing is recalled without', async () => {
  const options = { ...OPTIONS, tasks: 160, told: 100, wrong: 0 }
  const right = async (arm: (typeof MEMORY_ARM_NAMES)[number]) => {
    const steps = (await runMemoryArm(arm, 5, options, goesOn)) ?? []
    const late = steps.slice(-50)
    return { share: late.filter(({ isRight }) => isRight).length / late.length, steps }
  }
  const [doubting, fresh, quoting] = [await right('doubting'), await right('fresh'), await right('quoting')]
  assert.ok(doubting.share > fresh.share + 0.2, `${doubting.share}, fresh ${fresh.share}`)
  assert.ok(quoting.share > 0.1, String(quoting.share))
  assert.ok(fresh.steps.every(({ recalledTokens, isMisled }) => recalledTokens === 0 && !isMisled))
  assert.ok(quoting.steps.every(({ calls }) => calls === 0))
})

test('it ends between two tasks once it is told to', async () => {
  let looks = 0
  assert.equal(await runMemoryArm('unjudged', 1, OPTIONS, async () => ++looks < 3), null)
  assert.equal(looks, 3)
})
