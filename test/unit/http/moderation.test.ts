/** /api/moderation: rules with previews, drafts out of lists, and the audit. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MODERATION_REASON_CHARS_MAX, MODERATION_TARGETS_MAX } from '../../../src/core/protocol/limits.ts'
import { didOf } from '../core/moderation/support.ts'
import { JSON_TYPE, type Served, serve } from './support.ts'

const ADA = didOf('ada')

async function post(served: Served, path: string, body: unknown, headers: Record<string, string> = {}) {
  const payload = JSON.stringify(body)
  const url = `/api/moderation${path}`
  const reply = await served.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { ...JSON_TYPE, ...headers },
  })
  return { status: reply.statusCode, body: reply.json() as Record<string, never> & { code?: string } }
}
async function get(served: Served, path: string) {
  const reply = await served.app.inject(`/api/moderation${path}`)
  return { status: reply.statusCode, body: reply.json() as Record<string, never> }
}
interface Rows {
  readonly rules: readonly { readonly kind: string; readonly target: string; readonly action: string }[]
}
const rulesOf = async (served: Served): Promise<string[]> =>
  ((await get(served, '')).body as unknown as Rows).rules.map(
    ({ action, kind, target }) => `${action} ${kind} ${target}`,
  )

describe('rules', () => {
  test('are previewed, made, listed and lifted, and each change stands in the audit with who made it', async () => {
    await using served = await serve()
    const block = { action: 'block', targets: [{ value: ADA }], reason: 'spam', lastsSeconds: 3600 }
    const preview = await post(served, '', { ...block, preview: true })
    assert.deepEqual([preview.status, preview.body.applied], [200, false])
    assert.deepEqual(await rulesOf(served), [])
    const made = await post(served, '', block, { authorization: 'Bearer abc' })
    assert.deepEqual([made.status, made.body.applied], [200, true])
    assert.deepEqual(await rulesOf(served), [`block author ${ADA}`, `block peer ${ADA}`])
    const again = await post(served, '', { action: 'limit', targets: [{ kind: 'author', value: ADA }] })
    assert.equal(again.status, 200)
    const lifted = await post(served, '/lift', { targets: [{ value: ADA }], reason: 'sorry' })
    assert.equal(lifted.status, 200)
    assert.deepEqual(await rulesOf(served), [])
    const { records } = (await get(served, '/audit')).body as unknown as {
      records: { number: number; by: string; event: string; action: string; note: string }[]
    }
    assert.deepEqual(
      records.map(({ number, event, action, note }) => `${number} ${event} ${action} ${note}`),
      [
        '5 lifted limit sorry',
        '4 lifted block sorry',
        '3 set limit ',
        '2 set block spam',
        '1 set block spam',
      ],
    )
    assert.match(records.at(-1)?.by ?? '', /^token [0-9a-f]{8}$/)
    assert.equal(records[0]?.by, 'local')
  })

  test('about this spore itself, or a whole top-level domain, are refused', async () => {
    await using served = await serve()
    for (const [target, force, code] of [
      [served.spore.did, true, 'RULE_PROTECTED'],
      ['org', false, 'RULE_PROTECTED'],
      ['not a domain', false, 'TARGET_INVALID'],
    ] as const) {
      const refused = await post(served, '', { action: 'block', targets: [{ value: target }], force })
      assert.equal(refused.body.code, code, target)
    }
    assert.equal(
      (await post(served, '', { action: 'block', targets: [{ value: 'org' }], force: true })).status,
      200,
    )
    assert.equal((await post(served, '/lift', { targets: [{ value: 'net' }] })).body.code, 'RULE_UNKNOWN')
  })

  test('have bounds in a request: one target or character more is refused', async () => {
    await using served = await serve()
    const targets = (count: number) => Array.from({ length: count }, (_, i) => ({ value: `d${i}.example` }))
    const reason = 'r'.repeat(MODERATION_REASON_CHARS_MAX)
    const most = { action: 'block', targets: targets(MODERATION_TARGETS_MAX), reason }
    assert.equal((await post(served, '', most)).status, 200)
    for (const more of [
      { targets: targets(MODERATION_TARGETS_MAX + 1) },
      { reason: `${reason}r` },
      { x: 1 },
      { lastsSeconds: 0 },
    ])
      assert.equal((await post(served, '', { ...most, ...more })).body.code, 'REQUEST_INVALID')
    const page = await get(served, '?limit=60')
    const next = await get(served, `?limit=60&cursor=${String(page.body.cursor)}`)
    assert.deepEqual(
      [page, next].map(({ body }) => (body as unknown as Rows).rules.length),
      [60, 40],
    )
    assert.equal((await get(served, '?cursor=x')).status, 400)
  })

  test('hide an author, and show him again when they are lifted', async () => {
    await using served = await serve()
    // Of its own author nothing is ever hidden, not even where only those come in who are allowed.
    await served.spore.remember({ text: 'my own words' })
    const only = await post(served, '/allow-only', { peers: true, authors: true })
    assert.deepEqual(only.body.allowOnly, { peers: true, authors: true })
    const found = await served.spore.search({ q: 'own words' })
    assert.equal(found.ok && found.value.hits.length, 1)
    assert.deepEqual((await get(served, '')).body.allowOnly, { peers: true, authors: true })
    const trust = await served.app.inject(`/api/trust/${served.spore.did}`)
    assert.equal(trust.statusCode, 200)
  })
})

describe('lists', () => {
  const csv =
    '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\nspam.example,suspend,False,False,pills,False\nnoisy.example,silence,False,False,,False\nshown.example,noop,False,False,,False\norg,suspend,False,False,,False\n'

  test('become drafts, which hold one by one or all, but for those that hit too much', async () => {
    await using served = await serve()
    const imported = await post(served, '/import', { text: csv, source: 'example.social' })
    assert.deepEqual(imported.body, { drafts: 3, known: 0, skipped: 1, unreadable: 0, problems: [] })
    assert.deepEqual(await rulesOf(served), [])
    const { drafts } = (await get(served, '/drafts')).body as unknown as {
      drafts: { id: string; target: string }[]
    }
    const id = drafts.find(({ target }) => target === 'noisy.example')?.id
    const one = await post(served, '/drafts/apply', { ids: [id] })
    assert.deepEqual([one.body.applied, one.body.count], [true, 1])
    assert.deepEqual(await rulesOf(served), ['limit domain noisy.example'])
    const preview = await post(served, '/drafts/apply', { source: 'example.social', preview: true })
    assert.deepEqual([preview.body.applied, preview.body.count], [false, 1])
    const rest = await post(served, '/drafts/apply', {})
    assert.equal(rest.body.count, 1)
    assert.deepEqual(
      (rest.body.left as unknown as { target: string }[]).map(({ target }) => target),
      ['org'],
    )
    assert.equal((await post(served, '/drafts/discard', {})).body.discarded, 1)
    assert.equal((await post(served, '/drafts/apply', {})).body.code, 'RULE_UNKNOWN')
    const again = await post(served, '/import', { text: csv, source: 'example.social' })
    assert.deepEqual([again.body.drafts, again.body.known], [1, 2])
    const out = await get(served, '/export?form=csv')
    assert.match(String(out.body.text), /\nspam\.example,suspend,false,false,pills,false\n/)
    assert.ok(JSON.parse(String((await get(served, '/export')).body.text)))
  })

  test('that nobody can read, or that are too long, are refused', async () => {
    await using served = await serve()
    assert.equal((await post(served, '/import', { text: '{', source: 'x' })).body.code, 'IMPORT_MALFORMED')
    const lines = 'a.example\n'.repeat(10_001)
    assert.equal((await post(served, '/import', { text: lines, source: 'x' })).body.code, 'BODY_TOO_LARGE')
  })
})
