import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseConfigFile } from '../../../src/config/file.ts'
import { configSchema, FIELDS, sectionKeys } from '../../../src/config/schema.ts'

const template = readFileSync(new URL('../../../config.template.yaml', import.meta.url), 'utf8')
/** The template with every default taken as if the operator had set it. */
const active = template.replace(/^#(?=\S| {2,})/gm, '')

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((part, key) => (part as Record<string, unknown>)[key], value)
}

describe('config.template.yaml', () => {
  const parsed = parseConfigFile(active, 'config.template.yaml')
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error)

  it('names every field with its default, and no other', () => {
    const defaults = configSchema.parse({})
    assert.deepEqual(
      [...parsed.value.values.keys()],
      FIELDS.map((field) => field.path),
    )
    for (const { path } of FIELDS)
      assert.deepEqual(parsed.value.values.get(path), valueAt(defaults, path), path)
  })

  it('says unit, variable and reason right above each field', () => {
    for (const { path, unit, variables } of FIELDS) {
      const key = path.split('.').at(-1)
      const block = template.split('\n\n').find((part) => new RegExp(`^# *${key}:`, 'm').test(part)) ?? ''
      assert.ok(block.replaceAll(/\s+/g, ' ').includes(`# ${unit};`), `${path}: unit "${unit}"`)
      for (const variable of variables) assert.ok(block.includes(variable), `${path}: ${variable}`)
      assert.match(block, /\. [A-Z"].*/, `${path}: reason`)
    }
  })

  it('sets nothing as it stands', () => {
    const untouched = parseConfigFile(template, 'config.template.yaml')
    assert.ok(untouched.ok)
    assert.equal(untouched.value.values.size, 0)
  })
})

describe('the table of fields', () => {
  it('has every field of the schema', () => {
    const paths = (prefix: string): string[] =>
      (sectionKeys(prefix) ?? []).flatMap((key) => {
        const path = prefix === '' ? key : `${prefix}.${key}`
        return sectionKeys(path) === null ? [path] : paths(path)
      })
    assert.deepEqual(FIELDS.map((field) => field.path).sort(), paths('').sort())
  })
})
