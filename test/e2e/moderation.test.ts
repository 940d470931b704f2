/** `spore block`, `unblock` and `spore moderation` against a running spore and against its folder; hostile lists do nothing to a terminal. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type TemporaryFolder, temporaryFolder } from '../support/folder.ts'
import { runSpore, startSpore } from '../support/spore-process.ts'
import { didOf } from '../unit/core/moderation/support.ts'

let folder: TemporaryFolder
before(() => {
  folder = temporaryFolder()
})
after(() => folder[Symbol.dispose]())

test('a rule is made on a running spore, survives it, and is lifted in its folder', async () => {
  const home = join(folder.path, 'home')
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runSpore(args, { home })
    assert.equal(code, 0, stderr)
    return stdout
  }
  const spore = await startSpore({ home })
  const preview = await run('block', 'spam.example', '--reason', 'sells pills', '--for', '7d', '--preview')
  assert.match(preview, /^would make {2}[0-9a-f]{16} {2}block {2}domain {2}spam\.example/)
  assert.equal(await run('moderation', 'list'), 'no rules\n')
  await run('block', 'spam.example', '--reason', 'sells pills', '--for', '7d')
  const self = await runSpore(['mute', spore.did], { home })
  assert.equal(self.code, 1)
  assert.match(self.stderr, /RULE_PROTECTED/)
  const bad = await runSpore(['limit', 'spam.example', '--for', 'soon'], { home })
  assert.equal(bad.code, 2)

  const file = join(folder.path, 'list.txt')
  writeFileSync(file, 'evil.example # \u001b[2J\u202eturned\u0007 around\n\u001b]0;x\u0007.example\n')
  const imported = await run('moderation', 'import', file)
  assert.match(
    imported,
    /^1 drafts wait now; 0 are rules already, 0 ask for nothing that a spore does, 1 were not/,
  )
  const shown = `${imported}${await run('moderation', 'drafts')}${await run('moderation', 'apply', '--all')}${await run('moderation', 'list')}${await run('moderation', 'export')}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  await spore.stop()

  assert.match(
    await run('moderation', 'list'),
    /block {2}domain {2}evil\.example[\s\S]*block {2}domain {2}spam\.example/,
  )
  const stranger = didOf('a stranger')
  const purged = await runSpore(['purge', '--author', stranger, '--block', '--yes'], { home })
  assert.match(purged.stderr, /AUTHOR_UNKNOWN/)
  assert.match(await run('moderation', 'list'), new RegExp(`block {2}author {2}${stranger}`))
  await run('unblock', 'evil.example')
  assert.match(await run('moderation', 'audit'), /command {2}lifted {2}block domain evil\.example/)
})
