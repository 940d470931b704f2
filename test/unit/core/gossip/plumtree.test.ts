/** Plumtree alone: every transition, and networks of state machines under loss and churn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBoundedMap } from '../../../../src/core/base/bounded.ts'
import type { LogId } from '../../../../src/core/base/brand.ts'
import {
  ANNOUNCE_DELAY_MS,
  CROSSED_DELAY_MS,
  createPlumtree,
  EXPECT_MS,
  type PlumtreeEffect,
  PROBE_DELAY_MS,
  PUSH_COALESCE_MS,
  QUEUE_LOGS_MAX,
  RUMOURS_MAX,
} from '../../../../src/core/gossip/plumtree.ts'
import type { StoredBy } from '../../../../src/core/gossip/plumtree-events.ts'
import { SHORTCUT_MS, SHORTCUT_PAUSE_MS } from '../../../../src/core/gossip/shortcuts.ts'
import { CROSSED_MS, MEASURE_MS } from '../../../../src/core/gossip/tree-measure.ts'
import { IHAVE_ROWS_MAX, PULL_RANGES_MAX } from '../../../../src/core/protocol/limits.ts'
import { seededRandom, testSeed } from '../../../support/seeded.ts'
import { createPlumtreeNetwork, linkRandomly } from './plumtree-network.ts'

const log = (name: string | number): LogId => `log ${name}` as LogId
const A = log('a')

/** A machine with links to `names`, and what it holds. */
function machine(...names: readonly string[]) {
  const held = new Map<LogId, number>()
  const forks = new Map<LogId, number>()
  const known = new Map(names.map((name) => [name, createBoundedMap<LogId, number>(100_000)]))
  const plumtree = createPlumtree({
    random: { float: () => 0, bytes: () => new Uint8Array() },
    replica: {
      next: (logId) => held.get(logId) ?? 0,
      validEnd: (logId) => held.get(logId) ?? 0,
      forkPoint: (logId) => forks.get(logId) ?? Number.POSITIVE_INFINITY,
      validPoint: (logId) => forks.get(logId) ?? Number.POSITIVE_INFINITY,
      isHidden: () => false,
    },
  })
  const handle = (event: Parameters<typeof plumtree.handle>[0], nowMs = 0): PlumtreeEffect[] =>
    plumtree.handle(event, nowMs)
  for (const [link, map] of known)
    handle({ type: 'up', link, known: map, knownForks: createBoundedMap<LogId, number>(1000) })
  return {
    held,
    forks,
    known: (name: string) => known.get(name)!,
    plumtree,
    handle,
    /** Holds a log up to `next`, and says so. */
    store(logId: LogId, next: number, by: StoredBy = 'here'): PlumtreeEffect[] {
      const from = held.get(logId) ?? 0
      held.set(logId, next)
      return handle({ type: 'stored', logs: [{ logId, from }], by })
    },
    due: (link: string, message: 'push' | 'announce' | 'probe') =>
      handle({ type: 'due', link, message }, message === 'announce' ? ANNOUNCE_DELAY_MS : 0),
    pushed: (link: string, fresh: number, duplicate: number, rows = [{ logId: A, next: 1 }]) =>
      handle({ type: 'pushed', link, rows, fresh, duplicate }),
    delivered: (
      link: string,
      logId: LogId,
      next: number,
      want: readonly { logId: LogId; from: number }[] = [],
    ) => {
      const rows = [{ logId, next }]
      return handle({
        type: 'delivered',
        link,
        offered: rows,
        taken: want.length > 0 ? [] : rows,
        rest: [],
        want,
      })
    },
  }
}

test('what is written is pushed to every eager neighbour after a moment, and only once', () => {
  const m = machine('x', 'y')
  assert.deepEqual(m.store(A, 1), [
    { type: 'wake', link: 'x', message: 'push', delayMs: PUSH_COALESCE_MS },
    { type: 'wake', link: 'y', message: 'push', delayMs: PUSH_COALESCE_MS },
  ])
  // What comes meanwhile goes along.
  assert.deepEqual(m.store(A, 3), [])
  assert.deepEqual(m.due('x', 'push'), [{ type: 'push', link: 'x', logs: [{ logId: A, from: 0 }] }])
  assert.deepEqual(m.delivered('x', A, 3), [])
  assert.deepEqual(m.due('x', 'push'), [])
})

test('what a neighbour pushed goes on at once, and what comes soon after it waits for more', () => {
  const m = machine('x')
  const passOn = (next: number, nowMs: number): PlumtreeEffect[] => {
    m.held.set(A, next)
    return m.handle({ type: 'stored', logs: [{ logId: A, from: next - 1 }], by: 'push' }, nowMs)
  }
  const wake = (delayMs: number) => [{ type: 'wake', link: 'x', message: 'push', delayMs }]
  assert.deepEqual(passOn(1, 0), wake(0))
  m.due('x', 'push')
  m.delivered('x', A, 1)
  assert.deepEqual(passOn(2, 20), wake(PUSH_COALESCE_MS - 20))
  m.due('x', 'push')
  m.delivered('x', A, 2)
  assert.deepEqual(passOn(3, PUSH_COALESCE_MS), wake(0))
})

test('one push is under way on a link; what comes meanwhile follows it', () => {
  const m = machine('x')
  m.store(A, 1)
  m.due('x', 'push')
  assert.deepEqual(m.store(A, 2), [])
  assert.deepEqual(m.due('x', 'push'), [])
  assert.deepEqual(m.delivered('x', A, 1), [{ type: 'wake', link: 'x', message: 'push', delayMs: 0 }])
  assert.deepEqual(m.due('x', 'push'), [{ type: 'push', link: 'x', logs: [{ logId: A, from: 1 }] }])
})

test('what did not fit into a push follows it', () => {
  const m = machine('x')
  m.store(A, 9)
  m.due('x', 'push')
  const rows = [{ logId: A, next: 4 }]
  const rest = [{ logId: A, from: 4 }]
  const goOn = m.handle({ type: 'delivered', link: 'x', offered: rows, taken: rows, rest, want: [] })
  assert.deepEqual(goOn, [{ type: 'wake', link: 'x', message: 'push', delayMs: 0 }])
  assert.deepEqual(m.due('x', 'push'), [{ type: 'push', link: 'x', logs: rest }])
})

test('what a neighbour has is not sent to it', () => {
  const m = machine('x')
  m.pushed('x', 1, 0)
  assert.deepEqual(m.store(A, 1), [])
  m.store(A, 2)
  m.handle({ type: 'announced', link: 'x', rows: [{ logId: A, next: 2 }] })
  assert.deepEqual(m.due('x', 'push'), [])
})

test('a push of nothing but known entries prunes the link, one that brings a new one does not', () => {
  const m = machine('x')
  assert.deepEqual(m.pushed('x', 1, 2), [])
  assert.ok(m.plumtree.isEager('x'))
  m.pushed('y', 1, 0)
  assert.deepEqual(m.pushed('x', 0, 2), [{ type: 'prune', link: 'x' }])
  assert.ok(!m.plumtree.isEager('x'))
  // An empty one says nothing, nor does one of somebody who is no neighbour.
  assert.deepEqual(m.pushed('x', 0, 0), [])
  assert.deepEqual(m.pushed('nobody', 0, 9), [])
})

test('where several write at a time, only the news of the least log prune, until it has been silent for long', () => {
  const m = machine('x', 'y', 'z')
  const rowsOf = (name: string) => [{ logId: log(name), next: 1 }]
  const pushed = (link: string, of: string, fresh: number, nowMs: number) =>
    m.handle({ type: 'pushed', link, rows: rowsOf(of), fresh, duplicate: 1 - fresh }, nowMs)
  pushed('x', 'a', 1, 0)
  pushed('x', 'b', 1, 0)
  assert.deepEqual(pushed('y', 'b', 0, 10), [], 'a second way for b, but a tells where the circles are')
  assert.deepEqual(pushed('y', 'a', 0, 10), [{ type: 'prune', link: 'y' }])
  assert.deepEqual(pushed('z', 'b', 0, 10 + MEASURE_MS - 1), [])
  assert.deepEqual(pushed('z', 'b', 0, 10 + MEASURE_MS), [{ type: 'prune', link: 'z' }])
})

test('the log of this spore itself may be the least, too', () => {
  const m = machine('x', 'y')
  m.store(log('a'), 1)
  m.pushed('x', 1, 0, [{ logId: log('b'), next: 1 }])
  assert.deepEqual(m.pushed('y', 0, 1, [{ logId: log('b'), next: 1 }]), [])
})

test('a link that was grafted in vain is pruned, whatever log it was grafted for', () => {
  const m = machine('x', 'y')
  const b = [{ logId: log('b'), next: 1 }]
  m.pushed('y', 1, 0)
  m.handle({ type: 'pruned', link: 'x' })
  assert.deepEqual(m.handle({ type: 'announced', link: 'x', rows: b }), [
    { type: 'want', link: 'x', want: [{ logId: log('b'), from: 0 }] },
  ])
  m.pushed('y', 1, 0, b)
  m.held.set(log('b'), 1)
  assert.deepEqual(m.pushed('x', 0, 1, b), [{ type: 'prune', link: 'x' }])
})

test('a link that may have been pruned too many announces soon, for a while', () => {
  const m = machine('x', 'y')
  const wakeAfter = (nowMs: number, name: string): number | undefined => {
    m.held.set(log(name), 1)
    const stored = { type: 'stored', logs: [{ logId: log(name), from: 0 }], by: 'here' } as const
    const wake = m.handle(stored, nowMs).find((one) => one.link === 'x' && one.type === 'wake')
    m.handle({ type: 'due', link: 'x', message: 'announce' }, nowMs + ANNOUNCE_DELAY_MS)
    m.handle({ type: 'heard', link: 'x' }, nowMs + ANNOUNCE_DELAY_MS)
    return wake?.type === 'wake' ? wake.delayMs : undefined
  }
  m.pushed('y', 1, 0, [{ logId: log('b'), next: 1 }])
  m.pushed('y', 1, 0, [{ logId: log('c'), next: 1 }])
  m.handle({ type: 'pruned', link: 'x' }, 100)
  assert.equal(wakeAfter(200, 'own 1'), CROSSED_DELAY_MS)
  assert.equal(wakeAfter(CROSSED_MS, 'own 2'), ANNOUNCE_DELAY_MS)
})

test('a push of what a pull brought first does not prune the link, and goes on along the others', () => {
  const m = machine('x', 'y', 'z')
  m.handle({ type: 'pruned', link: 'z' })
  m.store(A, 1, { fetchedFrom: 'somebody' })
  assert.deepEqual(m.due('y', 'probe'), [])
  assert.deepEqual(m.pushed('x', 0, 1), [
    { type: 'wake', link: 'y', message: 'probe', delayMs: PUSH_COALESCE_MS },
  ])
  assert.deepEqual(m.due('y', 'probe'), [{ type: 'announce', link: 'y', rows: [{ logId: A, next: 1 }] }])
  assert.ok(m.plumtree.isEager('x'))
  // Once: the next is a second way to it.
  assert.deepEqual(m.pushed('x', 0, 1), [{ type: 'prune', link: 'x' }])
})

test('a link that brings the same twice is no second way to it; another that brings it is', () => {
  const m = machine('x', 'y')
  const rows = [{ logId: A, next: 1 }]
  assert.deepEqual(m.pushed('x', 1, 0, rows), [])
  assert.deepEqual(m.pushed('x', 0, 1, rows), [])
  assert.ok(m.plumtree.isEager('x'))
  assert.deepEqual(m.pushed('y', 0, 1, rows), [{ type: 'prune', link: 'y' }])
})

test('a lazy neighbour is told, later', () => {
  const m = machine('x')
  m.handle({ type: 'pruned', link: 'x' })
  assert.deepEqual(m.store(A, 1), [
    { type: 'wake', link: 'x', message: 'announce', delayMs: ANNOUNCE_DELAY_MS },
  ])
  assert.deepEqual(m.due('x', 'announce'), [{ type: 'announce', link: 'x', rows: [{ logId: A, next: 1 }] }])
  assert.deepEqual(m.handle({ type: 'heard', link: 'x' }), [])
})

test('what comes while an announcement waits is not announced before its own time, and what is newer follows', () => {
  const m = machine('x')
  const row = (logId: LogId, next: number) => ({ logId, next })
  m.handle({ type: 'pruned', link: 'x' })
  m.store(A, 1)
  m.held.set(A, 2)
  m.held.set(log('b'), 1)
  const news = [A, log('b')].map((logId) => ({ logId, from: 0 }))
  m.handle({ type: 'stored', logs: news, by: 'here' }, 500)
  assert.deepEqual(m.due('x', 'announce'), [{ type: 'announce', link: 'x', rows: [row(A, 1)] }])
  assert.deepEqual(m.handle({ type: 'heard', link: 'x' }, ANNOUNCE_DELAY_MS), [
    { type: 'wake', link: 'x', message: 'announce', delayMs: 500 },
  ])
  const due = (nowMs: number) => m.handle({ type: 'due', link: 'x', message: 'announce' }, nowMs)
  assert.deepEqual(due(ANNOUNCE_DELAY_MS + 500), [{ type: 'announce', link: 'x', rows: [row(log('b'), 1)] }])
  m.handle({ type: 'heard', link: 'x' })
  assert.deepEqual(due(2 * ANNOUNCE_DELAY_MS), [{ type: 'announce', link: 'x', rows: [row(A, 2)] }])
})

test('what was fetched is told to every neighbour and pushed to none', () => {
  const m = machine('x')
  assert.deepEqual(
    m.store(A, 1, { fetchedFrom: 'somebody' }).map((effect) => effect.type === 'wake' && effect.message),
    ['announce'],
  )
})

test('what was fetched of an eager neighbour is told to the other ones at once: it will not push it any more', () => {
  const m = machine('x', 'y', 'z')
  m.handle({ type: 'pruned', link: 'z' })
  m.known('x').set(A, 1)
  assert.deepEqual(
    m
      .store(A, 1, { fetchedFrom: 'x' })
      .map((effect) => effect.type === 'wake' && [effect.link, effect.message, effect.delayMs]),
    [
      ['y', 'probe', PUSH_COALESCE_MS],
      ['y', 'announce', 0],
      ['z', 'announce', ANNOUNCE_DELAY_MS],
    ],
  )
  assert.deepEqual(m.due('y', 'probe'), [{ type: 'announce', link: 'y', rows: [{ logId: A, next: 1 }] }])
})

test('who announces soon after a push what it brought is tried as a shorter way, seldom', () => {
  const m = machine('x', 'y', 'z')
  for (const link of ['y', 'z']) m.handle({ type: 'pruned', link })
  const bring = (next: number, nowMs: number) => {
    m.held.set(A, next)
    m.handle({ type: 'pushed', link: 'x', rows: [{ logId: A, next }], fresh: 1, duplicate: 0 }, nowMs)
  }
  const announce = (link: string, next: number, nowMs: number) =>
    m.handle({ type: 'announced', link, rows: [{ logId: A, next }] }, nowMs)
  const early = ANNOUNCE_DELAY_MS - SHORTCUT_MS - 1
  bring(1, 0)
  assert.deepEqual(announce('y', 1, early + 1), [])
  assert.deepEqual(announce('x', 1, early), [])
  assert.deepEqual(announce('y', 1, early), [{ type: 'ask', link: 'y', want: [] }])
  assert.ok(m.plumtree.isEager('x') && m.plumtree.isEager('y'))
  bring(2, early)
  assert.deepEqual(announce('z', 2, early), [])
  bring(3, SHORTCUT_PAUSE_MS + early)
  assert.deepEqual(announce('z', 3, SHORTCUT_PAUSE_MS + early), [{ type: 'ask', link: 'z', want: [] }])
})

test('when the link that brought the news ends, another is asked to bring them', () => {
  const m = machine('x', 'y', 'z')
  m.handle({ type: 'pruned', link: 'z' })
  m.pushed('x', 1, 0)
  // News come from elsewhere, or nobody is left to ask.
  assert.deepEqual(m.handle({ type: 'down', link: 'y' }), [])
  assert.deepEqual(m.handle({ type: 'down', link: 'x' }), [{ type: 'ask', link: 'z', want: [] }])
  assert.ok(m.plumtree.isEager('z'))
  assert.deepEqual(m.handle({ type: 'down', link: 'z' }), [])
})

test('what waits to be pushed when a link is pruned is announced', () => {
  const m = machine('x')
  m.store(A, 1)
  assert.equal(m.handle({ type: 'pruned', link: 'x' })[0]?.type, 'wake')
  assert.deepEqual(m.due('x', 'push'), [])
  assert.equal(m.due('x', 'announce')[0]?.type, 'announce')
})

test('what is wanted of an announcement is pushed at once, from where it is wanted, and the link is eager', () => {
  const m = machine('x')
  m.handle({ type: 'pruned', link: 'x' })
  m.store(A, 5)
  m.due('x', 'announce')
  m.known('x').set(A, 4)
  assert.deepEqual(m.handle({ type: 'grafted', link: 'x', want: [{ logId: A, from: 2 }] }), [
    { type: 'wake', link: 'x', message: 'push', delayMs: 0 },
  ])
  assert.ok(m.plumtree.isEager('x'))
  assert.deepEqual(m.due('x', 'push'), [{ type: 'push', link: 'x', logs: [{ logId: A, from: 2 }] }])
  // What is not here cannot be wanted.
  m.delivered('x', A, 5)
  assert.deepEqual(
    m.handle({
      type: 'grafted',
      link: 'x',
      want: [
        { logId: log('b'), from: 0 },
        { logId: A, from: 5 },
      ],
    }),
    [],
  )
})

test('what is lacking is asked of the first who announces it, and of another once that one is late', () => {
  const m = machine('x', 'y')
  m.handle({ type: 'pruned', link: 'x' })
  const rows = [{ logId: A, next: 3 }]
  const announce = (link: string, nowMs: number) => m.handle({ type: 'announced', link, rows }, nowMs)
  const want = [{ logId: A, from: 0 }]
  assert.deepEqual(announce('x', 0), [{ type: 'want', link: 'x', want }])
  assert.ok(m.plumtree.isEager('x'))
  assert.deepEqual(announce('y', 1), [{ type: 'wake', link: 'y', message: 'ask', delayMs: EXPECT_MS }])
  // Who was asked may be asked again: its push may have been lost.
  assert.deepEqual(announce('x', 2), [{ type: 'want', link: 'x', want }])
  assert.deepEqual(announce('y', 2 + EXPECT_MS), [{ type: 'want', link: 'y', want }])
  // Whoever left brings nothing.
  m.handle({ type: 'down', link: 'y' })
  assert.deepEqual(announce('x', 3 + EXPECT_MS), [{ type: 'want', link: 'x', want }])
  m.held.set(A, 3)
  assert.deepEqual(announce('x', 9 * EXPECT_MS), [])
})

test('who announced what another was to bring is asked for it when that has not come', () => {
  const m = machine('x', 'y')
  const rows = [{ logId: A, next: 3 }]
  m.handle({ type: 'announced', link: 'x', rows }, 0)
  m.handle({ type: 'announced', link: 'y', rows }, 1)
  m.handle({ type: 'pruned', link: 'y' })
  const due = (nowMs: number) => m.handle({ type: 'due', link: 'y', message: 'ask' }, nowMs)
  assert.deepEqual(due(1 + EXPECT_MS), [{ type: 'ask', link: 'y', want: [{ logId: A, from: 0 }] }])
  assert.ok(m.plumtree.isEager('y'))
  assert.deepEqual(due(2 + EXPECT_MS), [])
  // Where it has come meanwhile nothing is asked.
  m.handle({ type: 'announced', link: 'x', rows: [{ logId: A, next: 4 }] }, 2 + EXPECT_MS)
  m.held.set(A, 4)
  assert.deepEqual(due(9 * EXPECT_MS), [])
})

test('a reply lists so many wants and no more', () => {
  const m = machine('x')
  const rows = Array.from({ length: PULL_RANGES_MAX + 1 }, (_, i) => ({ logId: log(i), next: 1 }))
  const [effect] = m.handle({ type: 'announced', link: 'x', rows })
  assert.equal(effect?.type === 'want' && effect.want.length, PULL_RANGES_MAX)
})

test('a push that is lost makes the link lazy, and the neighbour is asked what it lacks before anything is sent again', () => {
  const m = machine('x')
  m.store(A, 1)
  m.due('x', 'push')
  m.store(log('b'), 1)
  assert.deepEqual(m.handle({ type: 'failed', link: 'x', message: 'push', logs: [A] }), [
    { type: 'wake', link: 'x', message: 'probe', delayMs: PROBE_DELAY_MS },
  ])
  assert.ok(!m.plumtree.isEager('x'))
  const [announced] = m.due('x', 'probe')
  assert.deepEqual(announced?.type === 'announce' && announced.rows.map(({ logId }) => logId), [A, log('b')])
  assert.deepEqual(m.handle({ type: 'failed', link: 'x', message: 'announce', logs: [A, log('b')] }), [
    { type: 'wake', link: 'x', message: 'probe', delayMs: PROBE_DELAY_MS },
  ])
})

test('a gap is filled once for each log, however often it is wanted', () => {
  const m = machine('x')
  m.known('x').set(A, 4)
  m.store(A, 5)
  m.due('x', 'push')
  const want = [
    { logId: A, from: 1 },
    { logId: log('never offered'), from: 0 },
  ]
  m.delivered('x', A, 5, want)
  assert.deepEqual(m.due('x', 'push'), [{ type: 'push', link: 'x', logs: [{ logId: A, from: 1 }] }])
  assert.deepEqual(m.delivered('x', A, 5, want), [])
  assert.deepEqual(m.due('x', 'push'), [])
})

test('a fork proof goes along every link at once, to whoever does not know it', () => {
  const m = machine('x', 'y')
  m.handle({ type: 'pruned', link: 'y' })
  m.held.set(A, 3)
  for (const name of ['x', 'y']) m.known(name).set(A, 3)
  m.forks.set(A, 2)
  assert.equal(m.handle({ type: 'forked', logId: A }).length, 2)
  for (const link of ['x', 'y']) {
    assert.deepEqual(m.due(link, 'push'), [{ type: 'push', link, logs: [{ logId: A, from: 3 }] }])
    const proof = [{ logId: A, next: 3, forkPoint: 2 }]
    m.handle({ type: 'delivered', link, offered: proof, taken: proof, rest: [], want: [] })
  }
  assert.deepEqual(m.handle({ type: 'forked', logId: A }), [])
})

test('a queue holds so many logs, and for one more the oldest is left to pull', () => {
  const m = machine('x')
  const logs = Array.from({ length: QUEUE_LOGS_MAX + 1 }, (_, i) => ({ logId: log(i), from: 0 }))
  for (const { logId } of logs) m.held.set(logId, 1)
  m.handle({ type: 'stored', logs, by: 'here' })
  const [push] = m.due('x', 'push')
  assert.deepEqual(push?.type === 'push' && push.logs, logs.slice(1))
  m.handle({ type: 'pruned', link: 'x' })
  m.handle({ type: 'stored', logs, by: 'here' })
  const [announced] = m.due('x', 'announce')
  const rows = announced?.type === 'announce' ? announced.rows : []
  assert.ok(rows.length <= IHAVE_ROWS_MAX)
  assert.deepEqual(
    rows.map(({ logId }) => logId),
    logs.slice(1).map(({ logId }) => logId),
  )
})

test('a neighbour may name logs that are not held here without end: so many are remembered', () => {
  const m = machine('x')
  const rows = Array.from({ length: RUMOURS_MAX + 1 }, (_, i) => ({ logId: log(i), next: 5 }))
  m.handle({ type: 'announced', link: 'x', rows })
  assert.equal(m.known('x').size, 0)
  // What it said of a log counts once that is here; the one heard of longest ago is forgotten.
  for (const { logId } of rows) m.held.set(logId, 5)
  m.handle({ type: 'stored', logs: rows.map(({ logId }) => ({ logId, from: 0 })), by: 'here' })
  const [push] = m.due('x', 'push')
  assert.deepEqual(push?.type === 'push' && push.logs, [{ logId: log(0), from: 0 }])
})

test('a link that is gone is told nothing, and its late answers change nothing', () => {
  const m = machine('x')
  m.store(A, 1)
  m.due('x', 'push')
  m.handle({ type: 'down', link: 'x' })
  assert.deepEqual(m.delivered('x', A, 1), [])
  assert.deepEqual(m.handle({ type: 'failed', link: 'x', message: 'push', logs: [A] }), [])
  assert.deepEqual(m.handle({ type: 'grafted', link: 'x', want: [{ logId: A, from: 0 }] }), [])
  assert.deepEqual(m.store(A, 2), [])
  assert.deepEqual(m.plumtree.links(), [])
})

// --- Networks ---

function swarm(context: { diagnostic(message: string): void }, count: number, degree: number) {
  const seed = testSeed()
  context.diagnostic(`seed ${seed}`)
  const { float } = seededRandom(seed)
  const net = createPlumtreeNetwork({ count, float, latencyMs: () => 20 + 100 * float() })
  linkRandomly(net, degree, float)
  return { net, float, someone: () => Math.floor(float() * count) }
}

test('once the tree has formed, an entry comes to each of 300 spores once, whoever writes it', (context) => {
  const { net, someone } = swarm(context, 300, 8)
  net.write(someone())
  net.run()
  const before = net.counts.pushes
  for (let i = 0; i < 10; i++) {
    const writer = someone()
    net.write(writer)
    net.run()
    assert.equal(net.reach(writer), 300)
  }
  const copies = (net.counts.pushes - before) / (10 * 299)
  context.diagnostic(`${copies} copies`)
  assert.ok(copies <= 1.1)
})

test('where four of eleven spores write at a time, again and again, a tree lasts that brings news within a second', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed}`)
  const { float } = seededRandom(seed)
  const net = createPlumtreeNetwork({ count: 11, float, latencyMs: () => 3 + 60 * float() })
  linkRandomly(net, 8, float)
  const arrivals = { late: 0, all: 0 }
  const written: { logId: LogId; next: number; dueMs: number }[] = []
  const write = (): void => {
    const writer = Math.floor(11 * float())
    net.write(writer)
    const logId = `log-${writer}` as LogId
    const next = net.nodes[writer]?.held.get(logId) as number
    written.push({ logId, next, dueMs: net.nowMs + 1000 })
  }
  const lookAtDue = (): void => {
    while (written[0] && written[0].dueMs <= net.nowMs) {
      const { logId, next } = written.shift() as (typeof written)[0]
      for (const { held } of net.nodes) {
        arrivals.all++
        if ((held.get(logId) ?? 0) < next) arrivals.late++
      }
    }
  }
  let prunes = 0
  for (let round = 0; round < 300; round++) {
    for (let i = 0; i < 4; i++) {
      write()
      net.run(20 * float())
    }
    for (let i = 0; i < 10; i++) {
      net.run(30 * float())
      lookAtDue()
    }
    if (round === 150) prunes = net.counts.prunes
  }
  prunes = net.counts.prunes - prunes
  context.diagnostic(`${arrivals.late} of ${arrivals.all} late; ${prunes} links pruned in the second half`)
  assert.ok(arrivals.late <= 0.01 * arrivals.all)
  assert.ok(prunes <= 20)
})

test('with one request and one answer of 20 lost, every entry still reaches all, at few copies more', (context) => {
  const { net, someone } = swarm(context, 300, 8)
  net.write(someone())
  net.run()
  net.loss = 0.05
  const before = net.counts.pushes
  for (let i = 0; i < 10; i++) {
    const writer = someone()
    net.write(writer)
    net.run()
    assert.equal(net.reach(writer), 300)
  }
  const copies = (net.counts.pushes - before) / (10 * 299)
  context.diagnostic(`${copies} copies`)
  assert.ok(copies <= 1.6)
})

test('in any connected graph, under loss, with many writers and deaths, all that are still connected hold everything', (context) => {
  const seed = testSeed()
  context.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  for (let round = 0; round < 15; round++) {
    const count = random.integer(2, 40)
    const net = createPlumtreeNetwork({
      count,
      float: random.float,
      latencyMs: () => 1 + 300 * random.float(),
    })
    linkRandomly(net, random.integer(1, 4) * 2, random.float)
    net.loss = random.float() * 0.3
    for (let i = 0; i < 20; i++) {
      const writer = random.integer(0, count - 1)
      if (net.nodes[writer]!.isAlive) net.write(writer)
      if (random.float() < 0.5) net.run(random.integer(0, 1000))
      if (random.float() < 0.1) net.kill(random.integer(0, count - 1))
    }
    // Links to the dead are ended, as whoever watches failures would; what is left has all the time it needs.
    net.unlinkDead()
    net.loss = 0
    net.run()
    for (const part of net.components())
      for (const node of part)
        for (const [logId, next] of net.nodes[node]!.held)
          for (const other of part)
            assert.equal(net.nodes[other]!.held.get(logId), next, `round ${round}: ${logId}`)
  }
})
