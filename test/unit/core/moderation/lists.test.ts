/** Block lists: every form that is read becomes the same drafts, and what is hostile in them does nothing. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { IMPORT_LINES_MAX, IMPORT_PROBLEMS_MAX } from '../../../../src/core/moderation/bounds.ts'
import { parseCsv, toCsvRow } from '../../../../src/core/moderation/csv.ts'
import { domainsOf, parseDomain } from '../../../../src/core/moderation/hosts.ts'
import { formatList, parseList } from '../../../../src/core/moderation/lists.ts'
import { guessTargets, parseTarget } from '../../../../src/core/moderation/target.ts'
import {
  MODERATION_IMPORT_CHARS_MAX,
  MODERATION_REASON_CHARS_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { didOf, ruleOf } from './support.ts'

const options = { source: 'a list', action: 'block' as const, nowMs: 5 }
function read(text: string) {
  const list = parseList(text, options)
  assert.ok(list.ok, JSON.stringify(list))
  return list.value
}
const short = (text: string) =>
  read(text).drafts.map(({ action, target }) => `${action} ${target.kind} ${target.value}`)

describe('a list', () => {
  test('of Mastodon becomes drafts by severity, with the public comment as the reason', () => {
    const csv = [
      '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate',
      'spam.example,suspend,False,False,"pills, and\nmore pills",False',
      'Noisy.Example,silence,True,False,,False',
      'watched.example,noop,True,True,only media,False',
      'ex*mple.net,suspend,False,False,obfuscated,True',
      'later.example,future-severity,False,False,,False',
      'spam.example,silence,False,False,second word counts,False',
    ].join('\r\n')
    const { drafts, skipped, problems, unreadable } = read(`\uFEFF${csv}`)
    assert.deepEqual(
      drafts.map(({ action, target, reason, source, atMs }) => [action, target.value, reason, source, atMs]),
      [
        ['limit', 'spam.example', 'second word counts', 'a list', 5],
        ['limit', 'noisy.example', '', 'a list', 5],
      ],
    )
    assert.deepEqual([skipped, unreadable], [1, 2])
    assert.deepEqual(
      problems.map(({ line }) => line),
      [5, 6],
    )
  })
  test('of lines takes domains, URLs and dids, and comments', () => {
    const did = didOf('ada')
    assert.deepEqual(
      short(`# head\nspam.example # sells pills\n\n*.wild.example\nhttps://Spore.example/x/\n${did}\n`),
      [
        'block domain spam.example',
        'block domain wild.example',
        'block peer https://spore.example/x',
        `block peer ${did}`,
        `block author ${did}`,
      ],
    )
    assert.equal(read('spam.example # sells pills').drafts[0]?.reason, 'sells pills')
  })
  test('of a spore comes back as it went out', () => {
    const rules = [
      ruleOf('block', { kind: 'domain', value: 'spam.example' }, { reason: 'say "pills"' }),
      ruleOf('mute', { kind: 'author', value: didOf('ada') }, { untilMs: 1_800_000_000_000 }),
      ruleOf('allow', { kind: 'peer', value: 'https://spore.example' }),
    ]
    const again = read(formatList(rules, 'json')).drafts
    assert.deepEqual(
      again.map(({ target, action, reason, untilMs }) => ({ target, action, reason, untilMs })),
      rules.map(({ target, action, reason, untilMs }) => ({ target, action, reason, untilMs })),
    )
    const csv = formatList(rules, 'csv')
    assert.match(csv, /^#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n/)
    assert.deepEqual(short(csv), ['block domain spam.example'])
    assert.equal(read(csv).drafts[0]?.reason, 'say "pills"')
  })
  test('of any text ends in drafts and problems, never in a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json().map((json) => `{"rules": [${json}]}`),
        ),
        (text) => {
          const list = parseList(text, options)
          if (!list.ok) return
          for (const { target, reason } of list.value.drafts) {
            assert.ok(parseTarget(target.kind, target.value).ok)
            assert.ok(!/[\p{Cc}\p{Bidi_Control}]/u.test(reason))
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
  test('has bounds: one line, byte, problem or character of a reason more is too much', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `d${i}.example`).join('\n')
    assert.equal(read(lines(IMPORT_LINES_MAX)).drafts.length, IMPORT_LINES_MAX)
    const long = parseList(lines(IMPORT_LINES_MAX + 1), options)
    assert.equal(!long.ok && long.error.code, 'BODY_TOO_LARGE')
    const big = parseList('x'.repeat(MODERATION_IMPORT_CHARS_MAX + 1), options)
    assert.equal(!big.ok && big.error.code, 'BODY_TOO_LARGE')
    const bad = read('not a domain\n'.repeat(IMPORT_PROBLEMS_MAX + 1))
    assert.deepEqual([bad.problems.length, bad.unreadable], [IMPORT_PROBLEMS_MAX, IMPORT_PROBLEMS_MAX + 1])
    const reason = read(`a.example # ${'r'.repeat(MODERATION_REASON_CHARS_MAX + 1)}`).drafts[0]?.reason
    assert.equal(reason?.length, MODERATION_REASON_CHARS_MAX)
  })
  test('that is JSON of something else is refused', () => {
    for (const text of ['{}', '{"rules": {}}', '{"rules": [', '{"blocked_instances": []}']) {
      const list = parseList(text, options)
      assert.equal(!list.ok && list.error.code, 'IMPORT_MALFORMED', text)
    }
  })
})

describe('a domain', () => {
  test('has one form, and what is none is refused', () => {
    const forms: readonly [string, string | null][] = [
      ['Example.ORG.', 'example.org'],
      ['*.example.org', 'example.org'],
      ['bücher.example', 'xn--bcher-kva.example'],
      ['203.0.113.7', '203.0.113.7'],
      ['[2001:DB8::1]', '[2001:db8::1]'],
      ['', null],
      ['*', null],
      ['a..b', null],
      ['ex*mple.org', null],
      ['example.org/path', null],
      ['user@example.org', null],
      ['example.org:443', null],
      ['exa mple.org', null],
      ['https://example.org', null],
      [`${'a'.repeat(64)}.org`, null],
      [`${'a.'.repeat(127)}org`, null],
    ]
    for (const [text, form] of forms) assert.equal(parseDomain(text), form, text)
  })
  test('lies in those behind each of its dots; an address in itself alone', () => {
    assert.deepEqual([...domainsOf('a.b.example')], ['a.b.example', 'b.example', 'example'])
    assert.deepEqual([...domainsOf('203.0.113.7')], ['203.0.113.7'])
    assert.deepEqual([...domainsOf('[2001:db8::1]')], ['[2001:db8::1]'])
  })
})

test('one text may mean a peer and an author, a peer, or a domain', () => {
  const kinds = (text: string) => {
    const targets = guessTargets(text)
    return targets.ok ? targets.value.map(({ kind }) => kind) : targets.error.code
  }
  assert.deepEqual(kinds(didOf('ada')), ['peer', 'author'])
  assert.deepEqual(kinds('https://spore.example'), ['peer'])
  assert.deepEqual(kinds('spore.example'), ['domain'])
  for (const text of ['did:key:z6Mknonsense', 'ftp://spore.example', 'https://u:p@spore.example', '', 'a b'])
    assert.equal(kinds(text), 'TARGET_INVALID', text)
})

test('CSV rows come back as they were written', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 4 }), { minLength: 1 }),
      (rows) => {
        const clean = rows.map((row) => row.map((field) => field.replaceAll('\r', '')))
        assert.deepEqual(parseCsv(clean.map(toCsvRow).join('\n')), clean)
      },
    ),
  )
})
