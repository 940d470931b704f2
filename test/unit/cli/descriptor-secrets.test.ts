/** What a spore says of itself to strangers has nothing in it that its operator did not mean for them. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSpore } from '../../../src/cli/open.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { silentLog } from '../../../src/core/base/ports.ts'
import { temporaryFolder } from '../../support/folder.ts'

test('no secret, path or setting of the operator is in a descriptor, however it is asked for', async () => {
  using folder = temporaryFolder()
  const seed = randomBytes(32)
  const canary = `canary-${randomBytes(8).toString('hex')}`
  const home = join(folder.path, canary)
  mkdirSync(home)
  writeFileSync(
    join(home, 'config.yaml'),
    `hf_token: ${canary}\nhf_owner: ${canary}\napi_keys: {a: ${canary}}\n`,
  )
  const loaded = loadConfig(
    {},
    {
      SPORE_HOME: home,
      SPORE_TOKEN: canary,
      SPORE_IDENTITY: seed.toString('base64url'),
      SPORE_DURABILITY: 'memory',
      SPORE_NAME: 'ada',
      SPORE_ROLES: 'archive',
      SPORE_TAGS: 'physics,lang-de',
      SPORE_DEFAULT_SPACE: canary,
      SPORE_ALLOWED_HOSTS: `${canary}.example`,
      SPORE_ALLOWED_ORIGINS: `https://${canary}.example`,
      SPORE_PEERS: `https://${canary}.example`,
      SPORE_BOOTSTRAP_URL: `https://lists.example/?token=${canary}`,
      SPORE_BOOTSTRAP_KEYS: 'did:key:z6Mkmz9VsKF7do4FT3P3YKshWmJB8oXqP2JLjqg9sDAXyfHC',
    },
  )
  await using opened = await openSpore(loaded, silentLog)
  const { self } = opened.spore.federation.nodes()
  assert.deepEqual(
    [self.name, self.roles, self.tags, self.families],
    ['ada', ['archive'], ['lang-de', 'physics'], []],
  )
  const told = JSON.stringify(self)
  for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const)
    for (const secret of [Buffer.from(canary), seed]) assert.ok(!told.includes(secret.toString(form)), form)
  assert.deepEqual(
    Object.keys(self).sort(),
    'capabilities dna epoch families issued key name network roles signature tags url version'.split(' '),
  )
  // The health, which anyone with a token reads, does not show where the list is fetched from either.
  assert.ok(!JSON.stringify(opened.spore.health().bootstrap).includes(canary))
})
