/** Trust has one source, and everything that depends on it follows: ranks, labels, quotas, spaces with a tier, and faults. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMemoryStore } from '../../../../src/core/memory/memory-store.ts'
import type { Hit, TrustView } from '../../../../src/core/protocol/api.ts'
import { createMind } from '../../../../src/sim/model.ts'
import type { Member } from '../../../support/loopback.ts'
import type { VirtualClock } from '../../../support/virtual-clock.ts'
import { life, tell } from '../gossip/equivocator.ts'
import { join, memoriesOf, remember, rememberMany, testLoopback } from '../gossip/support.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

async function set({ spore }: Member, author: string, trust: number | null): Promise<TrustView> {
  const made = await spore.setTrust(author, trust === null ? null : { trust })
  assert.ok(made.ok, JSON.stringify(made))
  return made.value
}
async function search({ spore }: Member, q: string, more: object = {}): Promise<Hit[]> {
  await spore.indexed()
  const reply = await spore.search({ q, explain: true, fold: false, ...more })
  assert.ok(reply.ok, JSON.stringify(reply))
  return reply.value.hits
}
function view({ spore }: Member, author: string): TrustView {
  const found = spore.trust(author)
  assert.ok(found.ok, JSON.stringify(found))
  return found.value
}

describe('a search', () => {
  test('ranks as without trust while nothing is known, and by trust then; nobody is lost', async (context) => {
    await using net = testLoopback(context)
    const [ada, bob, cy] = [await net.open('ada'), await net.open('bob'), await net.open('cy')]
    const texts = [
      'the heron nests at the old mill',
      'a heron hunts at the old bridge',
      'herons sleep at noon',
    ]
    for (const [i, text] of texts.entries()) {
      await remember(ada, `${text}, says ada`)
      await remember(bob, `${text}, says bob ${i}`)
      await remember(cy, `${text}, says cy ${i}`)
    }
    for (const other of [bob, cy]) await join(ada, other.url)
    await net.clock.advance(MINUTE_MS)
    const before = await search(ada, 'where does the heron nest at the old mill?')
    assert.equal(before.length, 9)
    const without = await search(ada, 'where does the heron nest at the old mill?', { without: ['trust'] })
    const foreign = before.filter(({ author }) => author !== ada.did)
    assert.deepEqual(
      foreign.map(({ id }) => id),
      without.filter(({ author }) => author !== ada.did).map(({ id }) => id),
    )
    assert.equal(new Set(foreign.map(({ parts }) => parts?.trust)).size, 1)

    const first = foreign[0] as Hit
    await set(ada, first.author, 0)
    const after = await search(ada, 'where does the heron nest at the old mill?')
    const fallen = after.find(({ id }) => id === first.id) as Hit
    assert.ok((fallen.parts?.trust ?? 0) > 0 && fallen.score < first.score)
    assert.ok(after.indexOf(fallen) > before.indexOf(first))
    assert.deepEqual(after.map(({ id }) => id).sort(), before.map(({ id }) => id).sort())
  })

  test('shows whose word it is: trust and tier of others, in hits, memories and packs', async (context) => {
    await using net = testLoopback(context)
    const [ada, bob] = [await net.open('ada'), await net.open('bob')]
    await remember(ada, 'the heron nests at the mill')
    await remember(bob, 'the owl hunts at the bridge')
    await join(ada, bob.url)
    await net.clock.advance(MINUTE_MS)
    await set(ada, bob.did, 0.7)
    const [hit] = await search(ada, 'owl')
    assert.deepEqual([hit?.trust, hit?.tier], [0.7, view(ada, bob.did).tier])
    const [own] = await search(ada, 'heron')
    assert.deepEqual([own?.trust, own?.tier], [1, undefined])
    const memory = await ada.spore.memory(hit?.id ?? '')
    assert.equal(memory.ok && memory.value.trust, 0.7)
    const pack = await ada.spore.contextPack({ q: 'owl at the bridge', budget: 500 })
    assert.ok(pack.ok && /author=\S+ age=\S+ trust=0\.70/.test(pack.value.text), JSON.stringify(pack))
  })
})

test('what is kept of an author follows what he is trusted with, and no more', async (context) => {
  await using net = testLoopback(context)
  const author = await net.open('author')
  await rememberMany(author, 300)
  const full = author.spore.health().kept.bytes
  // Half as much as he wrote: a contributor has twice that.
  const small = await net.open('small', { quotas: { authorBytes: Math.ceil(full / 2) + 100 } })
  // Nobody here has chosen the author.
  await join(author, small.url)
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(small), 0)
  // What was declined comes with the author's next entry, or with the daily look at everything.
  await set(small, author.did, 0.5)
  await net.clock.advance(HOUR_MS)
  await remember(author, 'one more')
  await net.clock.advance(MINUTE_MS)
  assert.equal(memoriesOf(small), 301)
  await rememberMany(author, 900)
  await net.clock.advance(HOUR_MS)
  assert.equal(memoriesOf(small), 301, 'more than twice as much is refused')
})

describe('a space that asks its writers for a tier', () => {
  test('holds and passes on what others write, and shows it once they are trusted', async (context) => {
    await using net = testLoopback(context)
    const [ada, bob, cy] = [await net.open('ada'), await net.open('bob'), await net.open('cy')]
    const made = await ada.spore.createSpace({ name: 'garden', type: 'open', writers: 'contributor' })
    assert.ok(made.ok, JSON.stringify(made))
    const invitation = await ada.spore.invite('garden', {})
    assert.ok(invitation.ok)
    for (const other of [bob, cy]) {
      const joined = await other.spore.joinSpace({ invitation: invitation.value.invitation })
      assert.ok(joined.ok, JSON.stringify(joined))
    }
    // Who invites is chosen by that; here he is nobody.
    for (const other of [bob, cy]) await set(other, ada.did, 0.1)
    await remember(ada, 'peas by ada', 'garden')
    await remember(bob, 'beans by bob', 'garden')
    // From bob to cy by way of ada, who shows it to nobody.
    await net.clock.advance(MINUTE_MS)
    const textsOf = async ({ spore }: Member): Promise<string[]> => {
      const page = await spore.memories({ limit: 10, space: 'garden' })
      assert.ok(page.ok)
      return page.value.recent.map(({ text }) => text).sort()
    }
    const entriesIn = ({ spore }: Member): number => spore.health().entries
    assert.deepEqual([ada, bob, cy].map(entriesIn), [3, 3, 3])
    assert.deepEqual(await textsOf(ada), ['peas by ada'])
    assert.deepEqual(await textsOf(bob), ['beans by bob'])
    assert.deepEqual(await textsOf(cy), [])
    for (const q of ['', 'beans', 'by bob'])
      assert.ok(!(await search(ada, q)).some(({ author }) => author === bob.did))
    const [hidden] = await search(bob, 'beans')
    assert.ok(hidden)
    const named = await ada.spore.memory(hidden.id)
    assert.equal(named.ok ? 'shown' : named.error.code, 'MEMORY_NOT_FOUND')

    await set(ada, bob.did, 0.9)
    assert.deepEqual(await textsOf(ada), ['beans by bob', 'peas by ada'])
    assert.equal((await search(ada, 'beans')).length, 1)
    await set(ada, bob.did, 0.1)
    assert.deepEqual(await textsOf(ada), ['peas by ada'])
    // The same author in a space that asks for nothing.
    await remember(bob, 'weeds by bob')
    await join(ada, bob.url)
    await net.clock.advance(MINUTE_MS)
    assert.equal((await search(ada, 'weeds')).length, 1)
  })

  test('works on the tasks of nobody below it', async (context) => {
    await using net = testLoopback(context)
    const models = (clock: VirtualClock) => [
      createMind(
        { name: 'test/ann', family: 'ann', delayMs: 100, think: () => ({ answer: 'beans' }) },
        { clock },
      ),
    ]
    const [ada, bob] = [await net.open('ada', { models, serve: 'all' }), await net.open('bob')]
    const made = await ada.spore.createSpace({ name: 'garden', type: 'open', writers: 'contributor' })
    assert.ok(made.ok, JSON.stringify(made))
    const invitation = await ada.spore.invite('garden', {})
    assert.ok(invitation.ok)
    assert.ok((await bob.spore.joinSpace({ invitation: invitation.value.invitation })).ok)
    await net.clock.advance(MINUTE_MS)
    const answersTo = async (task: string): Promise<number> => {
      const asked = await bob.spore.submitTask({ task, space: 'garden', effort: 'quick', deadline: 30 })
      assert.ok(asked.ok, JSON.stringify(asked))
      await net.clock.advance(MINUTE_MS)
      const found = await bob.spore.task(asked.value.task_id)
      assert.ok(found.ok)
      return found.value.contributions.filter(({ author }) => author === ada.did).length
    }
    assert.equal(await answersTo('what grows here?'), 0)
    await set(ada, bob.did, 0.9)
    assert.ok((await answersTo('what else grows here?')) > 0)
  })

  test('is named by a word that is a tier, and is of type open', async (context) => {
    await using net = testLoopback(context)
    const ada = await net.open('ada')
    for (const writers of ['trusted', 'Peer', ''])
      assert.equal((await ada.spore.createSpace({ name: 'x', type: 'open', writers })).ok, false, writers)
    const members = await ada.spore.createSpace({ name: 'x', type: 'members', writers: 'peer' })
    assert.equal(members.ok ? 'made' : members.error.code, 'SPACE_TYPE_UNFIT')
  })
})

test('what an author counted about others goes with him when he is purged', async (context) => {
  await using net = testLoopback(context)
  const mind = (name: string) => (clock: VirtualClock) => [
    createMind(
      { name: `test/${name}`, family: name, delayMs: 100, think: () => ({ answer: 'A' }) },
      { clock },
    ),
  ]
  const ada = await net.open('ada', { models: mind('ann') })
  const bob = await net.open('bob', { models: mind('ben'), seeds: [ada.url] })
  await join(ada, bob.url)
  await net.clock.advance(MINUTE_MS)
  const input = { task: 'where?', choices: ['Oslo', 'Bergen'], space: 'commons', answers: 2 }
  const asked = await ada.spore.submitTask({ ...input, effort: 'quick' as const })
  assert.ok(asked.ok, JSON.stringify(asked))
  await net.clock.advance(MINUTE_MS)
  const resolved = await ada.spore.resolveTask(asked.value.task_id, { verdict: 'right' })
  assert.ok(resolved.ok, JSON.stringify(resolved))
  assert.equal(view(ada, bob.did).domains[0]?.own.right, 1)
  const preview = await ada.spore.purgeAuthor({ author: ada.did, preview: true })
  assert.ok(preview.ok)
  assert.equal(view(ada, bob.did).standing, 'judged')
  assert.ok((await ada.spore.purgeAuthor({ author: ada.did })).ok)
  assert.deepEqual([view(ada, bob.did).standing, view(ada, bob.did).domains], ['chosen', []])
})

describe('a fault', () => {
  test('that a fork proves is known to whoever holds the proof, and again after a restart', async (context) => {
    await using net = testLoopback(context)
    const store = createMemoryStore({
      publicKey: (await net.open('ada')).signer.publicKey,
      network: 'spore-test',
      epoch: new Uint8Array(8).fill(1),
    })
    const ada = await net.open('ada', { store })
    const bob = await net.open('bob')
    await join(ada, bob.url)
    const [left, right] = [await life('mallory', ['one', 'left']), await life('mallory', ['one', 'right'])]
    await tell(ada, left)
    await net.clock.advance(MINUTE_MS)
    const { did } = left.signer
    assert.deepEqual(view(bob, did).faults, [])
    await tell(ada, right)
    await net.clock.advance(MINUTE_MS)
    for (const member of [ada, bob]) {
      const found = view(member, did)
      assert.deepEqual([found.faults.length, found.standing], [1, 'fault'], member.name)
      assert.match(found.faults[0] as string, /fork/)
      const page = member.spore.trustPage({})
      assert.ok(page.ok && page.value.authors.some(({ author }) => author === did))
    }
    assert.deepEqual(view(ada, ada.did).faults, [])
    await ada.close()
    const again = await net.open('ada', { store })
    assert.equal(view(again, did).standing, 'fault')
    await set(again, did, 0.8)
    assert.equal(view(again, did).standing, 'override')
  })

  test('that somebody signed over and over is his; what stood in answers or was lost is nobody’s', async (context) => {
    await using net = testLoopback(context)
    const ada = await net.open('ada')
    const mallory = (await life('mallory', ['one'])).signer.did
    const forged = new Uint8Array(64).fill(7)
    for (let i = 0; i < 3; i++) await ada.spore.federation.push(forged, mallory)
    const early = ada.spore.trust(mallory)
    assert.equal(early.ok ? early.value.faults.length : 0, 0)
    for (let i = 0; i < 20; i++) await ada.spore.federation.push(forged, mallory)
    assert.equal(view(ada, mallory).faults.length, 1)
    assert.equal(view(ada, mallory).entries, 0)

    const bob = await net.open('bob')
    await remember(bob, 'news')
    await join(ada, bob.url)
    let lost = 0
    net.lose = () => lost++ % 2 === 0
    await rememberMany(bob, 50)
    await net.clock.advance(10 * MINUTE_MS)
    net.lose = null
    await net.clock.advance(MINUTE_MS)
    assert.deepEqual(view(ada, bob.did).faults, [])
    assert.ok(lost > 30, `${lost} requests were lost`)
  })
})
