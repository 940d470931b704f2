/** What trust says, and why, in small cases whose answer is known. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SpaceId } from '../../../../src/core/base/brand.ts'
import { PERIOD_MS } from '../../../../src/core/protocol/evidence-payload.ts'
import { KINDS } from '../../../../src/core/protocol/kinds.ts'
import { REREAD_MS } from '../../../../src/core/trust/trust.ts'
import { createTrustParams } from '../../../../src/core/trust/trust-params.ts'
import { COMMONS, change, did, NOW_PERIOD, row, SELF, spread, type TrustWorld, world } from './fixtures.ts'

const params = createTrustParams()
const own = SELF
const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`)

describe('own outcomes', () => {
  test('nobody is known before anything was judged: a stranger, at chance, shown as nothing', () => {
    const { trust } = world()
    assert.equal(trust.shownOf(did('a')), null)
    assert.equal(trust.chanceOf('did:key:a', 'general', false), null)
    assert.equal(trust.tierOf(did('a')), 'stranger')
    assert.equal(trust.scoreOf('did:key:a').mean, params.unknownChance)
    assert.ok(trust.isQuarantined(did('a')))
    assert.deepEqual(trust.authors(), [])
  })

  test('this spore itself is trusted, and its models by their outcomes', () => {
    const { trust, note } = world()
    note(own, row(`${SELF} qwen`, '----'))
    assert.equal(trust.shownOf(SELF), 1)
    assert.equal(trust.tierOf(SELF), 'commander')
    assert.equal(trust.relevanceOf(SELF), 1)
    near(trust.chanceOf(`${SELF} qwen`, 'general', true) as number, (4 * params.startTrust) / 8)
  })

  test('a record moves from chance towards what was right; a configured one from the start value', () => {
    const { trust, note } = world()
    note(own, row('a', spread(9, 12)))
    near(trust.chanceOf('did:key:a', 'general', false) as number, (9 + 4 * 0.25) / 16)
    near(trust.chanceOf('did:key:a', 'general', true) as number, (9 + 4 * 0.6) / 16)
    near(trust.chanceOf('did:key:b', 'general', true) as number, 0.6)
  })

  test('what is taken back counts no more', () => {
    const { trust, note } = world()
    const judged = row('a', '+++')
    note(own, judged)
    const corrected = {
      ...judged,
      counters: { ...judged.counters, wrong: 1, rightBack: 1, chance: 1000, chanceBack: 250 },
      recent: { outcomes: 4, bits: 0b1110 },
    }
    note(own, corrected)
    const score = trust.scoreOf('did:key:a')
    assert.deepEqual(score.own, { right: 2, wrong: 1 })
  })

  test('half of it is forgotten in 90 days, all in three years, and the future does not count', () => {
    const { trust, note } = world()
    note(
      own,
      row('old', spread(6, 8), { period: NOW_PERIOD - 3 }),
      row('older', '++++', { period: NOW_PERIOD - 36 }),
      row('next', '++++', { period: NOW_PERIOD + 1 }),
    )
    near(trust.scoreOf('did:key:old').own.right, 3)
    near(trust.scoreOf('did:key:old').own.wrong, 1)
    assert.equal(trust.shownOf(did('older')), null)
    assert.equal(trust.shownOf(did('next')), null)
  })

  test('with the clock the periods pass, and the future comes', () => {
    const setting = world()
    const { trust, note } = setting
    note(own, row('a', spread(6, 8)), row('next', '++++', { period: NOW_PERIOD + 1 }))
    near(trust.scoreOf('did:key:a').own.right, 6)
    setting.nowMs += 3 * PERIOD_MS
    near(trust.scoreOf('did:key:a').own.right, 3)
    assert.notEqual(trust.shownOf(did('next')), null)
    setting.nowMs -= 3 * PERIOD_MS
    near(trust.scoreOf('did:key:a').own.right, 6)
  })

  test('other domains and other models of an author count a quarter, and a few answers at most', () => {
    const { trust, note } = world()
    note(own, row('a big', spread(8, 8), { domain: 'math' }))
    near(trust.chanceOf('did:key:a big', 'poems', false) as number, (2 + 4 * 0.25) / 6)
    near(trust.chanceOf('did:key:a small', 'math', false) as number, (2 + 4 * 0.25) / 6)
    note(own, row('a big', spread(400, 400), { domain: 'math', period: NOW_PERIOD - 1 }))
    near(trust.chanceOf('did:key:a big', 'poems', false) as number, (4 + 4 * 0.25) / 8)
  })

  test('a citation weighs less than a review, a review less than a receipt, a receipt less than an answer', () => {
    const means = (['citation', 'review', 'receipt', 'answer'] as const).map((kind) => {
      const { trust, note } = world()
      note(own, row('a', '++++', { kind }))
      return trust.scoreOf('did:key:a').mean
    })
    assert.deepEqual([...means].sort(), means)
    assert.equal(new Set(means).size, 4)
  })
})

describe('change', () => {
  test('a sleeper that lies is below chance after four lies, however long it was right', () => {
    for (const before of [20, 50, 500]) {
      const { trust, note } = world()
      note(own, row('sleeper', `${'+'.repeat(before)}----`), row('honest', spread(30, 50)))
      assert.ok(
        trust.scoreOf('did:key:sleeper').mean < 0.25 + 0.1,
        `${trust.scoreOf('did:key:sleeper').mean}`,
      )
      assert.ok(trust.scoreOf('did:key:sleeper').mean < trust.scoreOf('did:key:honest').mean)
    }
  })

  test('an honest one that errs as often as ever has not fallen', () => {
    const { trust, note } = world()
    note(own, row('honest', spread(38, 50)))
    near(trust.scoreOf('did:key:honest').mean, (38 + 1) / 54)
  })

  test('a liar does not buy his way back with as many truths as lies that found him out', () => {
    const { trust, note } = world()
    note(own, row('liar', `${'-'.repeat(20)}++++`), row('back', `${'-'.repeat(20)}${'+'.repeat(24)}`))
    assert.ok(trust.scoreOf('did:key:liar').mean < 0.25)
    assert.ok(trust.scoreOf('did:key:back').mean > 0.6, 'there is a way back')
  })
})

describe('hearsay', () => {
  /** Raters whom this spore has seen to be good. */
  const good = (note: TrustWorld['note'], ...names: string[]): void => {
    for (const name of names) note(own, row(name, spread(38, 40)))
  }

  test('is believed of those who are trusted, and of nobody else', () => {
    const { trust, note } = world()
    note('stranger', row('x', '++++++++'))
    assert.equal(trust.shownOf(did('x')), null)
    good(note, 'friend')
    note('friend', row('x', '++++++++'))
    const { mean, others } = trust.scoreOf('did:key:x')
    assert.ok(others.right > 2 && others.right <= params.raterAnswersMax)
    assert.ok(mean > 0.4)
  })

  test('nobody praises himself', () => {
    const { trust, note } = world()
    good(note, 'friend')
    const before = trust.scoreOf('did:key:friend')
    note('friend', row('friend', '+'.repeat(100)), row('friend model', '+'.repeat(100)))
    assert.deepEqual(trust.scoreOf('did:key:friend'), before)
    assert.equal(trust.chanceOf('did:key:friend model', 'general', false) === null, false)
    assert.deepEqual(trust.scoreOf('did:key:friend model').others, { right: 0, wrong: 0 })
  })

  test('goes to depth 4 and no further', () => {
    // Words are given more weight than they have, that they carry so far.
    const { trust, note } = world({ raterAnswersMax: 1000, hearsayAnswersMax: 1000 })
    good(note, 'one')
    for (const [rater, about] of [
      ['one', 'two'],
      ['two', 'three'],
      ['three', 'four'],
      ['four', 'five'],
    ] as const)
      note(rater, row(about, '+'.repeat(40)))
    for (const heard of ['two', 'three', 'four'])
      assert.ok((trust.shownOf(did(heard)) as number) > 0.25, heard)
    assert.equal(trust.shownOf(did('five')), null)
  })

  test('a circle of praise adds nothing', () => {
    const praise = '+'.repeat(40)
    const alone = world()
    good(alone.note, 'a')
    alone.note('a', row('b', praise))
    const [a, b] = [alone.trust.scoreOf('did:key:a'), alone.trust.scoreOf('did:key:b')]
    alone.note('b', row('a', praise))
    for (let i = 0; i < 50; i++) {
      alone.note('a', row(`puppet${i}`, praise))
      alone.note(`puppet${i}`, row('a', praise), row('b', praise))
    }
    assert.deepEqual(alone.trust.scoreOf('did:key:a'), a)
    const after = alone.trust.scoreOf('did:key:b')
    assert.ok(after.others.right <= b.others.right, 'who is believed on a’s word speaks within a’s share')
  })

  test('two who were both seen to be good raise one another once, not again and again', () => {
    const { trust, note } = world()
    good(note, 'a', 'b')
    const before = trust.scoreOf('did:key:a').others.right
    assert.equal(before, 0)
    note('b', row('a', '+'.repeat(40)))
    const once = trust.scoreOf('did:key:a')
    note('a', row('b', '+'.repeat(40)))
    assert.deepEqual(trust.scoreOf('did:key:a'), once)
  })

  test('a thousand identities of one place weigh no more than one honest peer', () => {
    const voices = (count: number, placeOf: (i: number) => string): number => {
      const setting = world()
      for (let i = 0; i < count; i++) {
        setting.places.set(did(`r${i}`), [`r${i}.example`, placeOf(i)])
        good(setting.note, `r${i}`)
        setting.note(`r${i}`, row('x', '++++++++'))
      }
      return setting.trust.scoreOf('did:key:x').others.right
    }
    const one = voices(1, () => '10.0.0')
    assert.ok(voices(1000, () => '10.0.0') <= one)
    assert.ok(voices(3, (i) => `10.0.${i}`) > 1.5 * one, 'three places weigh more than one')
  })

  test('all whose place is not known are one place, but for those whom the operator chose', () => {
    const heard = (isChosen: boolean): number => {
      const setting = world({}, { placeOf: () => [] })
      for (const name of ['r', 's', 't']) {
        if (isChosen) setting.chosen.add(did(name))
        good(setting.note, name)
        setting.note(name, row('x', '++++++++'))
      }
      return setting.trust.scoreOf('did:key:x').others.right
    }
    assert.ok(heard(true) > 1.5 * heard(false))
  })

  test('never outweighs a handful of own outcomes', () => {
    const { trust, note } = world()
    for (let i = 0; i < 30; i++) {
      good(note, `r${i}`)
      note(`r${i}`, row('x', '+'.repeat(50)))
    }
    const { others } = trust.scoreOf('did:key:x')
    assert.ok(others.right <= params.hearsayAnswersMax && others.right > params.hearsayAnswersMax - 0.1)
    note(own, row('x', '--------'))
    const { mean } = trust.scoreOf('did:key:x')
    assert.ok(mean < 0.4, `${mean}`)
  })

  test('who contradicts what this spore has seen is no rater, however well he answers', () => {
    const { trust, note } = world()
    good(note, 'slanderer', 'witness')
    note(own, row('a', spread(36, 40)), row('b', spread(35, 40)), row('c', spread(4, 40)))
    const slander = '-'.repeat(40)
    note('slanderer', row('a', slander), row('b', slander), row('c', '+'.repeat(40)), row('x', slander))
    note('witness', row('a', spread(9, 10)), row('b', spread(8, 10)), row('c', spread(1, 10)))
    assert.equal(trust.shownOf(did('x')), null)
    note('witness', row('x', '++++++++'))
    assert.ok((trust.shownOf(did('x')) as number) > 0.4)
    assert.ok(trust.scoreOf('did:key:slanderer').mean > 0.8, 'as an answerer he is what he is')
  })
})

describe('faults and the operator', () => {
  test('a fork or a forged receipt has no way back, an invalid run has', () => {
    for (const fault of ['fork', 'forged-receipt'] as const) {
      const { trust, note } = world()
      note(own, row('a', '+'.repeat(100)))
      trust.noteFault(did('a'), fault)
      assert.equal(trust.scoreOf('did:key:a').mean, 0)
      assert.equal(trust.chanceOf('did:key:a', 'general', true), 0)
      assert.equal(trust.tierOf(did('a')), 'stranger')
    }
    const setting = world()
    setting.note(own, row('a', spread(18, 20)))
    const before = setting.trust.scoreOf('did:key:a').mean
    setting.trust.noteFault(did('a'), 'invalid-run')
    const after = setting.trust.scoreOf('did:key:a').mean
    assert.ok(after < 0.6 && after > 0)
    setting.trust.noteFault(did('a'), 'invalid-run')
    assert.equal(setting.trust.scoreOf('did:key:a').mean, after, 'the same fault in the same period is one')
    setting.nowMs += 40 * PERIOD_MS
    setting.note(own, row('a', spread(18, 20), { period: NOW_PERIOD + 40 }))
    near(setting.trust.scoreOf('did:key:a').mean, before)
  })

  test('an override wins, is shown, and can be taken away', () => {
    const { trust, note } = world()
    note(own, row('a', '--------'))
    const before = trust.scoreOf('did:key:a')
    trust.override(did('a'), { trust: 0.85, reason: 'an old friend', atMs: 0 })
    assert.equal(trust.scoreOf('did:key:a').mean, 0.85)
    assert.equal(trust.tierOf(did('a')), 'commander')
    assert.equal(trust.chanceOf('did:key:a m', 'general', false), 0.85)
    const view = trust.explain(did('a'), 3)
    assert.equal(view.standing, 'override')
    assert.match(view.reasons.join('\n'), /an old friend/)
    trust.override(did('a'), null)
    assert.deepEqual(trust.scoreOf('did:key:a'), before)
  })

  test('who was chosen is at least contributor, until what he does puts him below chance', () => {
    const setting = world()
    const { trust, note, chosen } = setting
    chosen.add(did('a'))
    assert.equal(trust.tierOf(did('a')), 'contributor')
    assert.ok(!trust.isQuarantined(did('a')))
    assert.equal(trust.explain(did('a'), 0).standing, 'chosen')
    note(own, row('a', spread(3, 10)))
    assert.equal(trust.tierOf(did('a')), 'contributor')
    note(own, row('a', '-'.repeat(20)))
    assert.equal(trust.tierOf(did('a')), 'stranger')
  })

  test('choosing somebody later is noticed', () => {
    const setting = world()
    setting.note(own, row('a', spread(3, 10)))
    setting.note('a', row('x', '++++'))
    assert.notEqual(setting.trust.tierOf(did('a')), 'contributor')
    setting.chosen.add(did('a'))
    setting.nowMs += REREAD_MS
    assert.equal(setting.trust.tierOf(did('a')), 'contributor')
  })
})

describe('tiers, relevance, bookkeeping', () => {
  test('tiers go by the lower bound', () => {
    const { trust, note } = world()
    note(own, row('a', spread(95, 100)), row('b', '++++'), row('c', spread(30, 40)), row('d', spread(4, 40)))
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((name) => trust.tierOf(did(name))),
      ['commander', 'contributor', 'peer', 'stranger'],
    )
    assert.ok(trust.isAtLeast(did('a'), 'peer') && !trust.isAtLeast(did('d'), 'observer'))
  })

  test('relevance has a floor: an exact hit of a liar is still found, and a new name is no better than his', () => {
    const { trust, note } = world()
    note(own, row('good', spread(38, 40)), row('liar', '-'.repeat(40)))
    assert.equal(trust.relevanceOf(did('good')), 1)
    assert.equal(trust.relevanceOf(did('liar')), params.relevanceMin)
    assert.equal(trust.relevanceOf(did('nobody')), params.relevanceMin)
  })

  test('the own row is what the next evidence grows from', () => {
    const { trust, note } = world()
    assert.equal(trust.ownRow(COMMONS, 'did:key:a', 'general', 'answer', NOW_PERIOD), null)
    note(own, row('a', '++-'))
    note('b', row('a', '-----'))
    assert.deepEqual(trust.ownRow(COMMONS, 'did:key:a', 'general', 'answer', NOW_PERIOD), row('a', '++-'))
  })

  test('evidence that is held no more counts no more, in one space or in all', () => {
    const { trust, note } = world()
    note(own, row('friend', spread(38, 40)))
    note('friend', row('x', '++++'))
    trust.note(change('friend', [row('y', '++++')], 'other' as SpaceId))
    trust.forget(did('friend'), 'other' as SpaceId)
    assert.notEqual(trust.shownOf(did('x')), null)
    assert.equal(trust.shownOf(did('y')), null)
    trust.forget(did('friend'))
    assert.equal(trust.shownOf(did('x')), null)
    assert.deepEqual(trust.authors(), [did('friend')])
  })

  test('other entries, and what is no evidence, are left alone', () => {
    const { trust } = world()
    const said = change(own, [row('a', '++++')])
    trust.note({ ...said, kind: KINDS.memory })
    trust.note({ ...said, payload: null })
    trust.note({ ...said, payload: new Uint8Array([1, 2, 3]) })
    assert.deepEqual(trust.authors(), [])
  })

  test('reasons say what it rests on, with numbers', () => {
    const setting = world()
    const { trust, note } = setting
    for (const name of ['r', 's']) {
      setting.places.set(did(name), ['same.example'])
      note(own, row(name, spread(38, 40)))
      note(name, row('x', '++++++++'))
    }
    note('stranger', row('x', '--------'))
    note(own, row('x', `${'+'.repeat(30)}----`))
    trust.noteFault(did('x'), 'flood')
    const { reasons, domains, faults, tier } = trust.explain(did('x'), 7)
    const text = reasons.join('\n')
    for (const said of [
      /flooded/,
      /this spore judged itself, .* right and 4 wrong/,
      /worse than luck/,
      /believed to \d of 8/,
      /2 of those who are believed share/,
      /1 others say something and are not believed/,
      new RegExp(`it is ${tier}`),
    ])
      assert.match(text, said)
    assert.deepEqual(faults, ['flood'])
    assert.deepEqual(
      domains.map(({ domain }) => domain),
      ['general'],
    )
  })
})
