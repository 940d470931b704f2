/** Retracting and remembering at once: what was acknowledged holds, whichever commit they meet in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLoopback } from '../../../support/loopback.ts'

test('what is remembered while it is being retracted is there afterwards', async () => {
  await using net = createLoopback('retract')
  const { spore } = await net.open('a')
  const input = { text: 'twice', space: 'commons' }
  const first = await spore.remember(input)
  assert.ok(first.ok)
  const [retracted, again] = await Promise.all([spore.retract(first.value.id), spore.remember(input)])
  assert.deepEqual(
    [retracted.ok && retracted.value.visible, again.ok && again.value.duplicate],
    [false, false],
  )
  assert.ok((await spore.memory(first.value.id)).ok)
})

test('what is retracted twice around it is there too, and the second finds nothing', async () => {
  await using net = createLoopback('retract twice')
  const { spore } = await net.open('a')
  const input = { text: 'twice', space: 'commons' }
  const first = await spore.remember(input)
  assert.ok(first.ok)
  const { id } = first.value
  const [, again, second] = await Promise.all([spore.retract(id), spore.remember(input), spore.retract(id)])
  assert.ok(again.ok)
  const isThere = (await spore.memory(id)).ok
  assert.equal(isThere, !second.ok)
  if (!second.ok) assert.equal(second.error.code, 'MEMORY_NOT_FOUND')
})
