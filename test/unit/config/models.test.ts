/** The settings of language models: what is taken, what is refused and where, and what is needed together. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Environment, loadConfig } from '../../../src/config/load.ts'
import {
  AUTO_MODEL,
  BUDGET_CALLS_MAX,
  BUDGET_USD_MAX,
  MODEL_CHARS_MAX,
  MODEL_NOTES_MAX,
  MODELS_MAX,
  modelNames,
  PRICE_USD_MAX,
} from '../../../src/config/models.ts'
import { SporeError } from '../../../src/core/protocol/errors.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** The configuration of these variables and of this text of a file. */
function load(environment: Environment, yaml = '') {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'config.yaml'), yaml)
  return loadConfig({}, { SPORE_HOME: folder.path, ...environment })
}
const modelsOf = (environment: Environment, yaml?: string) => load(environment, yaml).config.models
const inFile = (lines: string): string => `models:\n${lines}`

const refused = (environment: Environment, yaml: string, ...patterns: RegExp[]): void => {
  assert.throws(
    () => load(environment, yaml),
    (error: unknown) => {
      assert.ok(error instanceof SporeError && error.code === 'CONFIG_INVALID', String(error))
      for (const pattern of patterns) assert.match(error.message, pattern)
      return true
    },
  )
}

describe('which models are asked', () => {
  test('none unless one is named, whatever keys are there', () => {
    const models = modelsOf({
      OPENAI_API_KEY: 'sk-canary',
      GROQ_API_KEY: 'gsk-canary',
      HF_TOKEN: 'hf-canary',
    })
    assert.deepEqual(modelNames(models), [])
  })

  test('in the order of the operator, with those of the endpoint behind, each once', () => {
    const names = modelNames(
      modelsOf({
        SPORE_MODELS: 'local/b, groq/meta/llama:free,openai/gpt-5',
        LLM_ENDPOINT: 'http://127.0.0.1:11434/v1',
        LLM_MODEL: 'a,b',
      }),
    )
    assert.deepEqual(names, ['local/b', 'groq/meta/llama:free', 'openai/gpt-5', 'local/a'])
  })

  test('the first that an endpoint lists, where it is all that is said', () => {
    assert.deepEqual(modelNames(modelsOf({ LLM_ENDPOINT: 'http://127.0.0.1:11434/v1' })), [AUTO_MODEL])
    assert.deepEqual(
      modelNames(modelsOf({ LLM_ENDPOINT: 'http://127.0.0.1:1/v1', SPORE_MODELS: 'groq/a' })),
      ['groq/a', AUTO_MODEL],
    )
    assert.deepEqual(
      modelNames(modelsOf({ LLM_ENDPOINT: 'http://127.0.0.1:1/v1', SPORE_MODELS: 'local/a' })),
      ['local/a'],
    )
  })
})

describe('what they cost', () => {
  const expected = { 'groq/a': { input: 0.59, output: 0.79 }, 'groq/b=c': { input: 0, output: 0 } }

  test('is read in the same way from the file and from a variable', () => {
    const yaml = inFile('  prices:\n    groq/a: {input: 0.59, output: 0.79}\n    "groq/b=c": free\n')
    assert.deepEqual(modelsOf({}, yaml).prices, expected)
    assert.deepEqual(modelsOf({ SPORE_MODELS_PRICES: 'groq/a=0.59/0.79, groq/b=c=free' }).prices, expected)
    assert.deepEqual(modelsOf({ SPORE_MODELS_FAMILIES: 'groq/a=llama' }).families, { 'groq/a': 'llama' })
  })

  test('is refused where it is none, with the place of the model', () => {
    refused(
      {},
      inFile('  prices:\n    groq/a: {input: 1, output: 2}\n    groq/b: cheap\n'),
      /config\.yaml:4:5: "models\.prices\.groq\/b": must be \{input/,
    )
    refused(
      {},
      inFile('  prices:\n    grok/a: free\n'),
      /config\.yaml:3:5: "models\.prices\.grok\/a": must be provider\/model.*groq/,
    )
    for (const price of ['-1/2', '1', '1/2/3', `${PRICE_USD_MAX + 1}/0`, 'free?', 'NaN/1'])
      refused({ SPORE_MODELS_PRICES: `groq/a=${price}` }, '', /SPORE_MODELS_PRICES: "groq\/a" must be/)
    refused({ SPORE_MODELS_PRICES: 'groq/a' }, '', /SPORE_MODELS_PRICES/)
    refused({ SPORE_MODELS_FAMILIES: 'groq/a=Llama' }, '', /lower-case/)
    assert.ok(modelsOf({ SPORE_MODELS_PRICES: `groq/a=${PRICE_USD_MAX}/0` }))
  })

  test('may be capped in dollars with cents, not at all, or by no call', () => {
    const models = modelsOf(
      { SPORE_MODELS_DOLLARS_PER_DAY: '0.25', SPORE_MODELS_CALLS_PER_DAY: '0' },
      inFile('  dollarsPerTask: 0.05\n'),
    )
    assert.deepEqual([models.dollarsPerDay, models.callsPerDay, models.dollarsPerTask], [0.25, 0, 0.05])
    assert.equal(modelsOf({}, inFile('  dollarsPerDay: null\n')).dollarsPerDay, null)
    refused({ SPORE_MODELS_DOLLARS_PER_DAY: '-1' }, '', /DOLLARS_PER_DAY/)
    refused({ SPORE_MODELS_CALLS_PER_DAY: '1.5' }, '', /CALLS_PER_DAY/)
  })

  test('others spend nothing of it by default', () => {
    const { communityCallsPerDay, communityDollarsPerDay } = modelsOf({})
    assert.deepEqual([communityCallsPerDay, communityDollarsPerDay], [0, 0])
    assert.equal(load({}).config.reasoning.serve, 'trusted')
    assert.equal(load({ SPORE_SERVE: 'own' }).config.reasoning.serve, 'own')
  })
})

describe('a setting that can do nothing without another one is refused', () => {
  test('with its place where a file sets it', () => {
    refused({}, inFile('  use: [groq/a, local/b]\n'), /config\.yaml:2:8: "local\/b" needs models\.endpoint/)
    refused(
      {},
      inFile('  endpointModels: [a]\n'),
      /config\.yaml:2:19: .*needs models\.endpoint \(LLM_ENDPOINT\)/,
    )
    refused({ LLM_MODEL: 'a' }, '', /^models\.endpointModels \(LLM_MODEL\) needs/)
    refused({}, inFile('  communityCallsPerDay: 5\n'), /config\.yaml:2:25: .*need one another/)
    refused({ SPORE_MODELS_COMMUNITY_DOLLARS_PER_DAY: '1' }, '', /need one another/)
    const both = { SPORE_MODELS_COMMUNITY_DOLLARS_PER_DAY: '1', SPORE_MODELS_COMMUNITY_CALLS_PER_DAY: '9' }
    assert.equal(modelsOf(both).communityCallsPerDay, 9)
  })
})

describe('names and bounds', () => {
  const names = (count: number): string => Array.from({ length: count }, (_, i) => `groq/m${i}`).join(',')
  const notes = (count: number): string =>
    Array.from({ length: count }, (_, i) => `groq/m${i}=free`).join(',')

  test('a model is one of a known provider, and named once', () => {
    for (const name of ['llama', 'grok/a', '/a', 'groq/', 'groq/a b', 'constructor/a', 'groq/ü'])
      refused({ SPORE_MODELS: name }, '', /SPORE_MODELS: "?0?"?.*must be provider\/model/)
    refused({ SPORE_MODELS: 'groq/a,groq/a' }, '', /twice/)
    refused({ LLM_ENDPOINT: 'http://127.0.0.1/v1', LLM_MODEL: 'a b' }, '', /LLM_MODEL.*without spaces/)
  })

  test('an endpoint is a URL without anything secret', () => {
    for (const url of ['localhost:11434', 'http://u:p@127.0.0.1/v1', 'http://127.0.0.1/v1?key=x', 'ftp://a'])
      refused({ LLM_ENDPOINT: url }, '', /LLM_ENDPOINT/)
  })

  test('refuse one more than each bound', () => {
    assert.equal(modelsOf({ SPORE_MODELS: names(MODELS_MAX) }).use.length, MODELS_MAX)
    refused({ SPORE_MODELS: names(MODELS_MAX + 1) }, '', /SPORE_MODELS/)
    assert.ok(modelsOf({ SPORE_MODELS_PRICES: notes(MODEL_NOTES_MAX) }))
    refused({ SPORE_MODELS_PRICES: notes(MODEL_NOTES_MAX + 1) }, '', /more than 256 models/)
    const long = `groq/${'x'.repeat(MODEL_CHARS_MAX - 5)}`
    assert.ok(modelsOf({ SPORE_MODELS: long }))
    refused({ SPORE_MODELS: `${long}x` }, '', /SPORE_MODELS/)
    assert.ok(modelsOf({ SPORE_MODELS_CALLS_PER_DAY: String(BUDGET_CALLS_MAX) }))
    refused({ SPORE_MODELS_CALLS_PER_DAY: String(BUDGET_CALLS_MAX + 1) }, '', /CALLS_PER_DAY/)
    refused({ SPORE_MODELS_DOLLARS_PER_DAY: String(BUDGET_USD_MAX + 1) }, '', /DOLLARS_PER_DAY/)
  })
})

test('a list under "models" is what the first system had there, and is told to have no effect', () => {
  const { config, notices } = load({}, 'models: [gpt-4o, llama]\n')
  assert.deepEqual(config.models.use, [])
  assert.match(notices.join(), /first system.*models/)
  refused({}, 'models:\n  usee: [groq/a]\n', /config\.yaml:2:3: unknown key "models\.usee".*"models\.use"/)
})

test('no key of a provider can be printed', () => {
  const loaded = load({ GROQ_API_KEY: 'gsk-canary', LLM_API_KEY: 'canary-2', SPORE_MODELS: 'groq/a' })
  assert.equal(loaded.secrets.groqKey?.reveal(), 'gsk-canary')
  assert.equal(loaded.secrets.localKey?.reveal(), 'canary-2')
  assert.doesNotMatch(JSON.stringify(loaded), /canary/)
})
