/** What is fetched from outside never comes from inside: an internal canary sees no connection. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { createSafeFetch } from '../../../src/adapters/safe-fetch.ts'
import {
  FETCH_BYTES_MAX,
  FETCH_REDIRECTS_MAX,
  FETCH_URL_CHARS_MAX,
  FETCHES_MAX,
} from '../../../src/core/protocol/limits.ts'
import { CANARY_SECRET, type FakeInternet, startFakeInternet } from '../../support/fake-internet.ts'
import { internalHosts, trickyUrls } from '../../support/internal-hosts.ts'

const strictly = (internet: FakeInternet) => createSafeFetch({ allowPrivateAddresses: false }, internet.parts)
const leniently = (internet: FakeInternet) => createSafeFetch({ allowPrivateAddresses: true }, internet.parts)

/** The code of what a fetch failed with; its status where it did not. */
async function outcome(fetching: ReturnType<ReturnType<typeof createSafeFetch>['fetch']>) {
  const fetched = await fetching
  return fetched.ok ? fetched.value.status : fetched.error.code
}

test('the canary can be reached: where private addresses are allowed it answers', async () => {
  await using internet = await startFakeInternet()
  await using safe = leniently(internet)
  const fetched = await safe.fetch('http://127.0.0.1:8080/')
  assert.equal(fetched.ok && Buffer.from(fetched.value.body).toString(), CANARY_SECRET)
  assert.equal(internet.connections(), 1)
})

test(`none of ${internalHosts.length + trickyUrls.length} spellings of an internal address is connected to`, async () => {
  assert.ok(internalHosts.length >= 40)
  await using internet = await startFakeInternet()
  await using safe = strictly(internet)
  for (const url of [...internalHosts.map((host) => `https://${host}/`), ...trickyUrls])
    assert.equal(await outcome(safe.fetch(url)), 'URL_REFUSED', url)
  assert.deepEqual([internet.connections(), internet.lookups], [0, []])
})

/** What a public name may resolve to that is not public. */
const insides = ['127.0.0.1', '10.0.0.7', '169.254.169.254', '::1', '::ffff:192.168.0.1', '64:ff9b::7f00:1']
insides.push(
  '2002:7f00:1::',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  'fd00:ec2::254',
  '0.0.0.0',
  '100.64.0.1',
)

test('a public name that resolves to internal addresses is not connected to', async () => {
  await using internet = await startFakeInternet()
  await using safe = strictly(internet)
  for (const address of insides) {
    const name = `${address.replaceAll(/[.:]/g, '-')}.nip.example`
    internet.names.set(name, [[address]])
    assert.equal(await outcome(safe.fetch(`https://${name}/`)), 'URL_REFUSED', address)
  }
  assert.deepEqual([internet.connections(), internet.lookups.length], [0, insides.length])
})

test('of a name that resolves inside and outside, only the outside is connected to', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (_, reply) => reply.end('public')
  internet.names.set('both.example', [['127.0.0.1', '93.184.216.34']])
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch('https://both.example/')), 200)
  assert.equal(internet.connections(), 0)
})

test('a name that was public and now resolves inside is not connected to', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (_, reply) => reply.end('public')
  internet.names.set('rebound.example', [['93.184.216.34'], ['127.0.0.1']])
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch('https://rebound.example/')), 200)
  assert.equal(await outcome(safe.fetch('https://rebound.example/')), 'URL_REFUSED')
  assert.deepEqual([internet.connections(), internet.lookups.length], [0, 2])
})

test('a name that changes sides between two hops is not connected to', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (_, reply) => reply.writeHead(302, { location: '/again' }).end()
  internet.names.set('rebound.example', [['93.184.216.34'], ['127.0.0.1']])
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch('https://rebound.example/')), 'URL_REFUSED')
  assert.equal(internet.connections(), 0)
})

/** Redirects by path: `/<status>/<index of the target>`. */
const redirecting = (targets: readonly string[]) => (asked: IncomingMessage) => {
  const [, status, index] = (asked.url ?? '').split('/')
  return { status: Number(status), location: targets[Number(index)] ?? '' }
}

test('no redirect leads inside, whatever its status and target', async () => {
  await using internet = await startFakeInternet()
  internet.names.set('inside.example', [['10.0.0.7']])
  const targets = [
    ...internalHosts.map((host) => `https://${host}/`),
    ...trickyUrls.filter((url) => url !== 'https://'),
    'https://inside.example/',
    '//127.0.0.1/',
    '\\\\127.0.0.1\\',
    'http://a.example/',
    'https://a.example:8443/',
  ]
  const toReply = redirecting(targets)
  internet.onRequest = (asked, reply) => {
    const { status, location } = toReply(asked)
    // To a browser's parser `https:127.0.0.1` is a path of this very host.
    if (!status || !location) return void reply.writeHead(404).end()
    reply.writeHead(status, {
      location: Buffer.from(location)
        .toString('latin1')
        .replace(/[\n\t]/g, '%09'),
    })
    reply.end()
  }
  await using safe = strictly(internet)
  for (const status of [301, 302, 303, 307, 308])
    for (const [index, target] of targets.entries()) {
      const fetched = await outcome(safe.fetch(`https://a.example/${status}/${index}`))
      assert.ok(fetched === 'URL_REFUSED' || fetched === 404, `${status} ${target}: ${fetched}`)
    }
  assert.equal(internet.connections(), 0)
})

test('the same redirects reach the canary where a spore at home follows them', async () => {
  await using internet = await startFakeInternet()
  internet.names.set('router.home.arpa', [['192.168.1.1']])
  internet.onRequest = (_, reply) => reply.writeHead(302, { location: 'http://10.0.0.7/' }).end()
  await using safe = leniently(internet)
  // A public host has no say in what is asked of the own network.
  assert.equal(await outcome(safe.fetch('https://a.example/')), 'URL_REFUSED')
  assert.equal(internet.connections(), 0)
  assert.equal(await outcome(safe.fetch('http://router.home.arpa/')), 200)
  assert.equal(internet.connections(), 1)
})

test('a redirect from https to http is refused, private addresses allowed or not', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (_, reply) => reply.writeHead(302, { location: 'http://a.example/' }).end()
  await using safe = leniently(internet)
  assert.equal(await outcome(safe.fetch('https://93.184.216.34/')), 'URL_REFUSED')
})

test('as many redirects as are followed are followed, one more is not', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (asked, reply) => {
    const left = Number(asked.url?.slice(1))
    if (left === 0) return reply.end('here')
    return reply.writeHead(307, { location: `https://host-${left}.example/${left - 1}` }).end()
  }
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch(`https://a.example/${FETCH_REDIRECTS_MAX}`)), 200)
  assert.equal(await outcome(safe.fetch(`https://a.example/${FETCH_REDIRECTS_MAX + 1}`)), 'FETCH_FAILED')
})

test('a reply of as many bytes as are taken is taken, one more is not', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (asked, reply) => reply.end(Buffer.alloc(Number(asked.url?.slice(1))))
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch(`https://a.example/${FETCH_BYTES_MAX}`)), 200)
  assert.equal(await outcome(safe.fetch(`https://a.example/${FETCH_BYTES_MAX + 1}`)), 'FETCH_FAILED')
  assert.equal(await outcome(safe.fetch('https://a.example/11', { maxBytes: 10 })), 'FETCH_FAILED')
  // Nobody raises the bound.
  const more = safe.fetch(`https://a.example/${FETCH_BYTES_MAX + 1}`, { maxBytes: 1e9 })
  assert.equal(await outcome(more), 'FETCH_FAILED')
})

test('a reply that is compressed unasked is not unpacked', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (_, reply) => reply.writeHead(200, { 'content-encoding': 'gzip' }).end('bomb')
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch('https://a.example/')), 'FETCH_FAILED')
})

test('a URL of as many characters as are taken is taken, one more is not', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (_, reply) => reply.end()
  await using safe = strictly(internet)
  const longest = `https://a.example/${'x'.repeat(FETCH_URL_CHARS_MAX)}`.slice(0, FETCH_URL_CHARS_MAX)
  assert.equal(await outcome(safe.fetch(longest)), 200)
  assert.equal(await outcome(safe.fetch(`${longest}x`)), 'URL_REFUSED')
})

test('a reply that drips, a silent server and a name without an answer end in time', async () => {
  await using internet = await startFakeInternet()
  internet.onRequest = (asked, reply) => {
    if (asked.url === '/silent') return
    const drip = setInterval(() => reply.write('.'), 5)
    reply.once('close', () => clearInterval(drip))
  }
  await using safe = strictly(internet)
  assert.equal(await outcome(safe.fetch('https://a.example/drip', { timeoutMs: 50 })), 'FETCH_FAILED')
  assert.equal(await outcome(safe.fetch('https://a.example/silent', { timeoutMs: 50 })), 'FETCH_FAILED')
  await using deaf = createSafeFetch(
    { allowPrivateAddresses: false },
    { ...internet.parts, lookup: () => {} },
  )
  assert.equal(await outcome(deaf.fetch('https://a.example/', { timeoutMs: 50 })), 'FETCH_FAILED')
})

test('who waits can stop waiting', async () => {
  await using internet = await startFakeInternet()
  const stopping = new AbortController()
  internet.onRequest = () => stopping.abort()
  await using safe = strictly(internet)
  const { signal } = stopping
  assert.equal(await outcome(safe.fetch('https://a.example/', { signal })), 'FETCH_FAILED')
  assert.equal(await outcome(safe.fetch('https://a.example/', { signal })), 'FETCH_FAILED')
})

test('as many fetches as may be under way are, one more is refused', async () => {
  await using internet = await startFakeInternet()
  const stopping = new AbortController()
  await using safe = strictly(internet)
  const { signal } = stopping
  internet.onRequest = () => {}
  const held = Array.from({ length: FETCHES_MAX }, () =>
    outcome(safe.fetch('https://a.example/', { signal })),
  )
  assert.equal(await outcome(safe.fetch('https://a.example/')), 'OVERLOADED')
  stopping.abort()
  assert.deepEqual(new Set(await Promise.all(held)), new Set(['FETCH_FAILED']))
  internet.onRequest = (_, reply) => reply.end()
  assert.equal(await outcome(safe.fetch('https://a.example/')), 200)
})

test('nothing of this spore is sent along, at no hop', async () => {
  await using internet = await startFakeInternet()
  const sent: string[] = []
  internet.onRequest = (asked, reply) => {
    sent.push(...Object.keys(asked.headers))
    if (asked.url === '/there') return reply.end()
    return reply
      .writeHead(302, { location: 'https://b.example/there', 'set-cookie': 'session=1; Path=/' })
      .end()
  }
  await using safe = strictly(internet)
  const fetched = await safe.fetch('https://a.example/?query=1#fragment')
  assert.equal(fetched.ok && fetched.value.url, 'https://b.example/there')
  assert.deepEqual(new Set(sent), new Set(['host', 'connection', 'accept', 'accept-encoding', 'user-agent']))
})
