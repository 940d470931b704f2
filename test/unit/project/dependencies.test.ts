import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { packageJson, projectFile } from '../../support/project.ts'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const locked = (
  JSON.parse(readFileSync(projectFile('package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
).packages

/** Rows of one section's table: package → version. */
function documented(section: string): Record<string, string> {
  const text = readFileSync(projectFile('docs/dependencies.md'), 'utf8')
  const body = new RegExp(`^## ${section}$([^#]*)`, 'm').exec(text)?.[1] ?? ''
  return Object.fromEntries(
    [...body.matchAll(/^\| `([^`]+)`\s*\| ([^ |]+)\s*\|/gm)].map(([, name, version]) => [name, version]),
  )
}

test('docs/dependencies.md has one row a dependency, with its version, in order', () => {
  const { dependencies, devDependencies, optionalDependencies } = packageJson()
  assert.deepEqual(Object.entries(documented('Runtime')), Object.entries(dependencies))
  assert.deepEqual(Object.entries(documented('Optional')), Object.entries(optionalDependencies))
  assert.deepEqual(Object.entries(documented('Development')), Object.entries(devDependencies))
})

test('every dependency is pinned to one version, and the lockfile holds that one', () => {
  const { dependencies, devDependencies, optionalDependencies } = packageJson()
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies }
  for (const [name, version] of Object.entries(all)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name)
    assert.equal(locked[`node_modules/${name}`]?.version, version, name)
  }
})

test('the lockfile names no registry host and knows the hash of every package', () => {
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue
    assert.equal(entry.resolved, undefined, path)
    assert.match(entry.integrity ?? '', /^sha512-/, path)
  }
})

test('the lockfile holds the builds for every platform: npm ci refuses one that does not', () => {
  for (const [path, { optionalDependencies = {} }] of Object.entries(locked))
    for (const name of Object.keys(optionalDependencies))
      assert.ok(locked[`${path}/node_modules/${name}`] ?? locked[`node_modules/${name}`], `${path} → ${name}`)
})
