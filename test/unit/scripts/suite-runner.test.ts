import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { findSuites, runSuite } from '../../support/suite-runner.ts'

const testFile = (body: string) => `import { test, describe, it } from 'node:test'\n${body}\n`
const failing = testFile(`test('breaks', () => { throw new Error('planted') })`)

async function plant(files: Record<string, string>): Promise<{ root: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), 'spore-runner-test-'))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
}

async function runOnly(path: string, text: string) {
  await using folder = await plant({ [path]: text })
  const [suite] = await findSuites(folder.root)
  assert.ok(suite)
  return await runSuite(suite, folder.root)
}

test('suites are named after their folder, ranks of the core apart, and ordered cheap to dear', async () => {
  await using folder = await plant({
    'e2e/deep/start.test.ts': '',
    'unit/http/api/memory.test.ts': '',
    'unit/core/base/bytes.test.ts': '',
    'unit/core/base/hash.test.ts': '',
    'unit/core/memory/or-set.test.ts': '',
    'architecture.test.ts': '',
    'support/helper.ts': '',
  })
  const suites = await findSuites(folder.root)
  assert.deepEqual(
    suites.map(({ name, files }) => [name, files.length]),
    [
      ['architecture', 1],
      ['unit/core/base', 2],
      ['unit/core/memory', 1],
      ['unit/http', 1],
      ['e2e', 1],
    ],
  )
})

test('a filter is a folder or a file below test, with or without the word test', async () => {
  await using folder = await plant({
    'unit/core/base/bytes.test.ts': '',
    'unit/core/memory/or-set.test.ts': '',
    'unit/corex/a.test.ts': '',
  })
  const names = async (...filters: string[]) =>
    (await findSuites(folder.root, filters)).map(({ name }) => name)
  assert.deepEqual(await names('unit/core'), ['unit/core/base', 'unit/core/memory'])
  assert.deepEqual(await names('test/unit/core/memory/or-set.test.ts'), ['unit/core/memory'])
  assert.deepEqual(await names('unit/corex/'), ['unit/corex'])
  assert.deepEqual(await names('nothing'), [])
})

for (const isolation of ['unit/core/base', 'contract']) {
  test(`passed, failed and skipped tests are counted, describes are not (${isolation})`, async () => {
    const result = await runOnly(
      `${isolation}/a.test.ts`,
      testFile(`
        describe('group', () => { it('a', () => {}); it('b', () => { throw new Error('planted') }); it.skip('c') })
        test('d', async (t) => { await t.test('inner', () => {}) })
        test('e', { todo: true }, () => { throw new Error('not yet') })`),
    )
    assert.deepEqual([result.passed, result.failed, result.skipped], [3, 1, 2])
    assert.match(result.output, /planted/)
  })

  test(`a file that cannot be imported fails its suite (${isolation})`, async () => {
    const result = await runOnly(`${isolation}/a.test.ts`, `import './missing.ts'\n`)
    assert.equal(result.passed, 0)
    assert.ok(result.failed > 0)
  })

  test(`a process that ends early fails its suite (${isolation})`, async () => {
    const result = await runOnly(
      `${isolation}/a.test.ts`,
      testFile(`test('a', () => {}); test('b', () => process.exit(0)); test('c', () => {})`),
    )
    assert.ok(result.failed > 0)
  })

  test(`a suite without a test fails (${isolation})`, async () => {
    const result = await runOnly(`${isolation}/a.test.ts`, 'export {}\n')
    assert.deepEqual([result.passed, result.failed], [0, 1])
  })
}

test('a file without a test fails its suite beside one that has some, and tests defined elsewhere count', async () => {
  await using folder = await plant({
    'contract/a.test.ts': `import { suite } from './suite.ts'\nsuite()\n`,
    'contract/suite.ts': testFile(`export const suite = () => test('a', () => {})`),
    'contract/empty.test.ts': 'export {}\n',
  })
  const [suite] = await findSuites(folder.root)
  assert.ok(suite)
  const result = await runSuite(suite, folder.root)
  assert.deepEqual([result.passed, result.failed], [1, 1])
})

test('a hook that fails is a failure even where every test passed', async () => {
  const result = await runOnly(
    'contract/a.test.ts',
    testFile(`import { after } from 'node:test'
      describe('group', () => { after(() => { throw new Error('leak') }); it('a', () => {}) })`),
  )
  assert.ok(result.failed > 0)
})

test('what a test prints is not taken for a result', async () => {
  const result = await runOnly(
    'contract/a.test.ts',
    `${failing}console.log('{"name":"x","outcome":"passed"}\\n9 passed, 0 failed')\n`,
  )
  assert.deepEqual([result.passed, result.failed], [0, 1])
})
