/** The packages that the benchmarks compare with: pinned, and no concern of who installs a spore. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { packageJson, projectFile } from '../../support/project.ts'

/** Folder → which of its packages the project has too, as a tool of its tests. */
const FOLDERS = { peers: ['crdts'], 'retrieval-peers': [] }

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
}

for (const [folder, sharedWithUs] of Object.entries(FOLDERS))
  describe(folder, () => {
    const read = (file: string) =>
      JSON.parse(readFileSync(projectFile(`scripts/bench/${folder}/${file}`), 'utf8'))
    const { dependencies } = read('package.json') as { dependencies: Record<string, string> }
    const { packages } = read('package-lock.json') as { packages: Record<string, Locked> }

    test('each peer is pinned to one version, and the lockfile of its own holds that one', () => {
      assert.ok(Object.keys(dependencies).length >= 3)
      for (const [name, version] of Object.entries(dependencies)) {
        assert.match(version, /^\d+\.\d+\.\d+$/, name)
        assert.equal(packages[`node_modules/${name}`]?.version, version, name)
      }
    })

    test('the lockfile names no registry host, knows the hash of every package, and none runs a script', () => {
      for (const [path, { resolved, integrity, hasInstallScript }] of Object.entries(packages)) {
        if (path === '') continue
        assert.equal(resolved, undefined, path)
        assert.match(integrity ?? '', /^sha512-/, path)
        assert.notEqual(hasInstallScript, true, `${path}: the bench installs without scripts`)
      }
    })

    test('the project depends on none of them but the oracle of its property tests', () => {
      const ours = packageJson()
      const shared = Object.keys(dependencies).filter(
        (name) => name in { ...ours.dependencies, ...ours.devDependencies },
      )
      assert.deepEqual(shared, sharedWithUs)
      for (const name of shared) {
        assert.equal(ours.dependencies[name], undefined)
        assert.equal(ours.devDependencies[name], dependencies[name])
      }
    })
  })
