/** The import rule and the purity of the core (STYLE.md §2), on every file of `src/` and on planted violations. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, test } from 'node:test'
import { checkSource, FILE_LINES_MAX } from './support/architecture-rules.ts'
import { blankText, sourceToImports, sourceToTokens } from './support/source-scan.ts'

const root = join(import.meta.dirname, '..')
const { dependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as { dependencies: object; optionalDependencies: object }
const runtimePackages = Object.keys({ ...dependencies, ...optionalDependencies })
const check = (path: string, source: string) => checkSource(path, source, runtimePackages)

describe('src', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map((entry) => relative(join(root, 'src'), join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()

  test('is there', () => assert.ok(files.includes('core/spore.ts')))
  for (const path of files)
    test(path, () => {
      const violations = check(path, readFileSync(join(root, 'src', path), 'utf8'))
      assert.deepEqual(
        violations.map(({ line, what }) => `src/${path}:${line} ${what}`),
        [],
      )
    })
})

describe('imports', () => {
  const forbidden: readonly [path: string, source: string][] = [
    ['core/base/x.ts', `import { a } from '../protocol/x.ts'`],
    ['core/base/x.ts', `import type { A } from '../protocol/x.ts'`],
    ['core/memory/x.ts', `import { a } from '../trust/x.ts'`],
    ['core/gossip/x.ts', `import { a } from '../retrieval/x.ts'`],
    ['core/knowledge/x.ts', `import { a } from '../skills/x.ts'`],
    ['core/economy/x.ts', `export * from '../spore.ts'`],
    ['core/spore.ts', `import { a } from '../adapters/x.ts'`],
    ['core/spore.ts', `import type { A } from '../config/x.ts'`],
    ['core/spore.ts', `import { a } from './unheard/x.ts'`],
    ['core/unheard/x.ts', `import { a } from '../base/x.ts'`],
    ['core/memory/x.ts', `import '../../http/server.ts'`],
    ['core/memory/x.ts', `const a = await import('../../http/server.ts')`],
    ['core/memory/x.ts', `type A = import('../../http/server.ts').A`],
    ['core/memory/x.ts', `const a = await import(name)`],
    ['core/memory/x.ts', `import\n  fs,\n  { readFile }\nfrom\n  'node:fs'`],
    ['core/memory/x.ts', `import { createHash } from 'node:crypto'`],
    ['core/memory/x.ts', `import type { KeyObject } from 'node:crypto'`],
    ['core/base/hash.ts', `import { readFile } from 'node:fs/promises'`],
    ['core/memory/x.ts', `import { request } from 'undici'`],
    ['core/memory/x.ts', `import natural from 'natural'`],
    ['core/memory/x.ts', `export { readFile } from "fs"`],
    ['http/x.ts', `import { a } from '../adapters/x.ts'`],
    ['http/x.ts', `import { type A } from '../adapters/x.ts'`],
    ['adapters/x.ts', `import { a } from '../cli/x.ts'`],
    ['sim/x.ts', `import { a } from '../main.ts'`],
    ['cli/x.ts', `import { a } from '../main.ts'`],
    ['cli/x.ts', `import { a } from '../../scripts/x.ts'`],
    ['elsewhere/x.ts', `import { a } from '../core/spore.ts'`],
    ['cli/x.ts', `import natural from 'natural'`],
    ['cli/x.ts', `import { ORSet } from 'crdts'`],
    ['cli/x.ts', `import x from '@unheard/of/x.js'`],
    ['http/x.ts', `import { env } from 'node:process'`],
    ['main.ts', `import { stdout, exit as leave } from 'node:process'`],
  ]
  for (const [path, source] of forbidden)
    test(`refused: ${path}: ${source.replaceAll('\n', ' ')}`, () =>
      assert.equal(check(path, source).length, 1, JSON.stringify(check(path, source))))

  const allowed: readonly [path: string, source: string][] = [
    ['main.ts', `import { run } from './cli/run.ts'`],
    ['main.ts', `import type { Spore } from './core/spore.ts'`],
    ['cli/start.ts', `import { createServer } from '../http/server.ts'`],
    ['cli/start.ts', `import { createSpore } from '../core/spore.ts'`],
    ['http/server.ts', `import type { Config } from '../config/schema.ts'`],
    ['http/api/memory.ts', `import { a } from '../plugins/errors.ts'`],
    ['http/server.ts', `import fastify from 'fastify'\nimport { join } from 'node:path'`],
    ['http/server.ts', `import swagger from '@fastify/swagger'`],
    ['core/spore.ts', `import { a } from './economy/x.ts'`],
    ['core/reasoning/x.ts', `import { a } from '../retrieval/x.ts'`],
    ['core/reasoning/synthesis/x.ts', `import { a } from '../../base/x.ts'\nimport { b } from '../task.ts'`],
    ['core/base/hash.ts', `import { hash } from 'node:crypto'`],
    ['core/identity/keys.ts', `import type { KeyObject } from 'node:crypto'`],
    ['core/protocol/x.ts', `import { z } from 'zod'\nimport { CID } from 'multiformats/cid'`],
    ['core/retrieval/x.ts', `import stemmer from 'natural/lib/natural/stemmers/porter_stemmer.js'`],
    ['core/retrieval/x.ts', `// import { a } from '../spore.ts'\nexport const from = "import './spore.ts'"`],
  ]
  for (const [path, source] of allowed)
    test(`allowed: ${path}: ${source.replaceAll('\n', ' ')}`, () => assert.deepEqual(check(path, source), []))
})

/** One line of code each; every one reaches for something that the core must not have. */
const impure = [
  'Date.now()',
  'new Date()',
  'new Date',
  'Date()',
  'const { now } = Date',
  'new Date(...parts)',
  'Math.random()',
  'const { random } = Math',
  "Math['random']()",
  'performance.now()',
  'setTimeout(f, 1)',
  'setInterval(f, 1)',
  'setImmediate(f)',
  'queueMicrotask(f)',
  'AbortSignal.timeout(5)',
  'process.env.HOME',
  'process.hrtime()',
  'process.nextTick(f)',
  "fetch('http://127.0.0.1')",
  'new WebSocket(url)',
  'crypto.getRandomValues(bytes)',
  'crypto.randomUUID()',
  "console.log('x')",
  'globalThis.setTimeout(f, 1)',
  'import.meta.dirname',
  'import.meta.env',
  "require('fs')",
  "eval('1')",
  "new Function('1')()",
  'a.localeCompare(b)',
  'a.toLocaleLowerCase()',
  'new Date(0).getHours()',
  'new Intl.Collator()',
  'f(...process.argv)',
]

describe('purity of the core', () => {
  for (const code of impure) {
    test(`found: ${code}`, () => {
      assert.equal(check('core/base/x.ts', `export const f = () => {\n  ${code}\n}\n`)[0]?.line, 2)
      assert.notDeepEqual(check('core/base/x.ts', `const a = \`b \${(() => { ${code} })()} c\``), [])
    })
    test(`not mistaken: ${code} in a comment, a string, a template, a regular expression`, () => {
      const quoted = JSON.stringify(code)
      const pattern = code.replace(/[/()[\]{}.?*+$^|\\]/g, '\\$&')
      const source = [
        `// ${code}`,
        `/* ${code}\n   ${code} */`,
        `export const a = ${quoted}`,
        `export const b = \`${code} \${a} ${code}\``,
        `export const c = /${pattern}/g.test(a) ? 1 / 2 : /[/'"]${pattern}/.source`,
      ].join('\n')
      assert.deepEqual(check('core/base/x.ts', source), [])
    })
  }

  for (const code of [
    'let count = 0',
    'export let count = 0',
    'var count = 0',
    'const seen = new Map()',
    'const seen = new Set<string>()',
    'export const cache: Record<string, string> = {}',
    'const all: string[] = []',
  ])
    test(`found: module state: ${code}`, () => assert.equal(check('core/base/x.ts', code).length, 1))

  for (const code of [
    'new Date(ms).toISOString()',
    'new Date(0).getUTCHours()',
    'Date.UTC(2026, 1)',
    'Math.exp(1) + Math.log(2) + Math.pow(2, 3)',
    'clock.now() + random.float() + log.debug("x") + ports.fetch(a) + this.process()',
    'x instanceof Date',
    '({ process: 1, console: 2, crypto: 3 })',
    'signal instanceof AbortSignal',
    'new Intl.Segmenter("ja", { granularity: "word" })',
    'let inside = 0; const seen = new Map()',
  ])
    test(`allowed: ${code}`, () =>
      assert.deepEqual(check('core/base/x.ts', `export const f = () => {\n${code}\n}`), []))

  test('types are not values: an interface may have a member named fetch and a type named Date', () =>
    assert.deepEqual(
      check('core/base/x.ts', 'export interface A { fetch(): Date; process: Console; s: typeof fetch }\n'),
      [],
    ))
  test('constant tables at the top are no state', () =>
    assert.deepEqual(
      check('core/base/x.ts', `const a = new Set(['x'])\nconst b = [1]\nconst c = { x: 1 }\n`),
      [],
    ))
})

describe('what only some files may do', () => {
  for (const code of [
    'process.env.HOME',
    "process['env']",
    'process?.["env"]',
    'const { argv, env } = process',
  ])
    test(`refused outside src/config: ${code}`, () => {
      assert.equal(check('http/x.ts', code).length, 1)
      assert.deepEqual(check('config/load.ts', code), [])
    })
  test('process.exit is refused everywhere', () => {
    for (const path of ['main.ts', 'config/load.ts', 'cli/start.ts'])
      assert.equal(check(path, 'process.exit(1)').length, 1)
  })
  test('process.exitCode, argv and on are allowed outside the core', () =>
    assert.deepEqual(
      check('main.ts', `process.exitCode = 1\nprocess.on('SIGINT', f)\nrun(process.argv)`),
      [],
    ))
  test('a file of one line more than allowed is refused', () => {
    assert.deepEqual(check('cli/x.ts', 'f()\n'.repeat(FILE_LINES_MAX)), [])
    assert.equal(check('cli/x.ts', 'f()\n'.repeat(FILE_LINES_MAX + 1)).length, 1)
  })
})

describe('the scanner', () => {
  test('tells a division from a regular expression', () => {
    assert.equal(blankText(`a / b / 'x'`), `a / b / ' '`)
    assert.equal(blankText(`x! / 2 / '1'`), `x! / 2 / ' '`)
    assert.equal(blankText(`(a) / 'b' / 2`), `(a) / ' ' / 2`)
    assert.equal(blankText(`f(/'/, "a")`), `f(/ /, " ")`)
    assert.equal(blankText(`return /[/"]/.test(a)`), `return /    /.test(a)`)
    assert.equal(blankText(`a => /'/`), `a => / /`)
  })
  test('reads templates in templates', () =>
    assert.equal(blankText(`\`a\${ \`b\${c}d\` }e\${ {x: "y"} }\``), `\` \${ \` \${c} \` } \${ {x: " "} }\``))
  test('keeps lines and columns', () => {
    const source = `const a = 'b\\'c' // d\n/* e\n f */ const g = 1\n`
    const blank = blankText(source)
    assert.equal(blank.length, source.length)
    assert.equal(blank.indexOf('const g'), source.indexOf('const g'))
  })
  test('throws on what it cannot read', () => {
    for (const source of [`'a`, '`a', '/* a', '`${a', 'a = /b\n'])
      assert.throws(() => blankText(source), /does not end/, source)
  })
  test('lists every form of import with its names', () => {
    const source = [
      `import a from 'a'`,
      `import * as b from 'b'`,
      `import c, { type d, e as f } from 'c'`,
      `import type { g } from 'g'`,
      `import 'h'`,
      `export * from 'i'`,
      `export * as j from 'j'`,
      `export { k } from 'k'`,
      `export type { l } from 'l'`,
      `const m = await import('m')`,
      `import type from 'n'`,
      `type O = import('o').O`,
      `export const from = 1`,
    ].join('\n')
    assert.deepEqual(
      sourceToImports(source).map(({ specifier, isType, names }) => [specifier, isType, ...names]),
      [
        ['a', false],
        ['b', false],
        ['c', false, 'd', 'e'],
        ['g', true, 'g'],
        ['h', false],
        ['i', false],
        ['j', false],
        ['k', false, 'k'],
        ['l', true, 'l'],
        ['n', false],
        ['m', false],
        ['o', true],
      ],
    )
  })
  test('a token knows its line and how deep it stands', () =>
    assert.deepEqual(
      sourceToTokens('a({\n  b: c as string,\n})').map(({ text, line, depth }) => `${text} ${line} ${depth}`),
      ['a 1 0', '( 1 0', '{ 1 1', 'b 2 2', ': 2 2', 'c 2 2', ', 2 2', '} 3 1', ') 3 0'],
    ))
})
