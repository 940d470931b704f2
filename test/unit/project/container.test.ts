/** No container engine is needed: what can be told from the text of the Dockerfile. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { packageJson, projectFile } from '../../support/project.ts'

const dockerfile = readFileSync(projectFile('Dockerfile'), 'utf8')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
const instructions = dockerfile.split('\n').filter((line) => line.trim() !== '')
const of = (name: string) => instructions.filter((line) => line.startsWith(`${name} `))
const copied = of('COPY')
  .filter((line) => !line.includes('--from='))
  .flatMap((line) => line.split(/\s+/).slice(1, -1))

test('everything it copies is there, and let through by .dockerignore', () => {
  const allowed: readonly string[] = readFileSync(projectFile('.dockerignore'), 'utf8').match(/^!.*$/gm) ?? []
  assert.ok(copied.length > 0)
  for (const path of copied) {
    assert.ok(existsSync(projectFile(path)), path)
    assert.ok(allowed.includes(`!${path}`), `${path} in .dockerignore`)
  }
  assert.deepEqual(allowed.map((line) => line.slice(1)).sort(), [...new Set(copied)].sort())
})

test('it does not run as root, keeps its data in the volume, and stops on a signal of its own', () => {
  assert.deepEqual(of('USER'), ['USER 1000:1000'])
  assert.ok(
    instructions.indexOf('USER 1000:1000') < instructions.findIndex((line) => line.startsWith('ENTRYPOINT')),
  )
  assert.deepEqual(of('VOLUME'), ['VOLUME /data'])
  assert.match(of('ENV').join(' '), /\bSPORE_HOME=\/data\b/)
  assert.deepEqual(of('ENTRYPOINT'), [`ENTRYPOINT ["node", "${packageJson().bin.spore}"]`])
})

test('the base image is the Node that the project is developed on', () => {
  const major = packageJson().devDependencies.node?.split('.')[0]
  for (const line of of('FROM')) assert.match(line, new RegExp(`^FROM node:${major}-slim\\b`))
})

test('the health check asks /livez at the port that the image sets', () => {
  const command = JSON.parse(/CMD (\[.*\])$/.exec(of('HEALTHCHECK')[0] ?? '')?.[1] ?? '[]') as string[]
  assert.deepEqual(command.slice(0, 2), ['node', '-e'])
  assert.match(command[2] ?? '', /127\.0\.0\.1:\$\{process\.env\.PORT\}\/livez/)
  assert.match(of('ENV').join(' '), /\bPORT=\d+\b/)
})

test('the document index links to files that exist', () => {
  const index = readFileSync(projectFile('docs/README.md'), 'utf8')
  for (const [, path] of index.matchAll(/\]\(([^)]+)\)/g))
    if (path !== '../README.md') assert.ok(existsSync(projectFile(`docs/${path}`)), path)
})
