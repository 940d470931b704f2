/** Seed lists (PROTOCOL.md §8 "Bootstrap"). */
import { cbor } from './cbor.ts'
import { encodePoint, IDENTITY, sign } from './ed25519.ts'
import { author, type Case, did, NETWORK, NOW_MS } from './protocol.ts'

interface Seed {
  readonly url: string
  readonly key: string
}

const DAY_MS = 24 * 3600 * 1000
const MINUTE_MS = 60_000
const KIB = 1024
const keyOf = (name: string): string => did(author(name).publicKey)
const instant = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

const ONE: Seed = { url: 'https://one.example', key: keyOf('seed one') }
const TWO: Seed = { url: 'http://192.168.1.20:7860/spore', key: keyOf('seed two') }
const VALID_MS = 90 * DAY_MS

/** Signs any seeds, also those that no list may have: each refusal must be for its form, not for a bad signature. */
function signed(seeds: readonly Seed[], { by = 'operator', validMs = VALID_MS } = {}) {
  const [issued, expires, key] = [instant(NOW_MS), instant(NOW_MS + validMs), keyOf(by)]
  const rows = seeds.map(({ url, key: ofSeed }) => [url, ofSeed])
  const bytes = cbor(['spore/bootstrap/1', key, NETWORK, issued, expires, rows])
  const signature = Buffer.from(sign(author(by), bytes)).toString('base64url')
  return { version: 1, network: NETWORK, seeds, issued, expires, key, signature }
}

const many = (count: number): Seed[] =>
  Array.from({ length: count }, (_, i) => ({ url: `https://s${i}.example`, key: keyOf(`seed ${i}`) }))

export function seedLists(): Case[] {
  const taken = (name: string, comment: string, list: unknown, more: object = {}): Case => ({
    name,
    comment: `§8: ${comment}`,
    list: typeof list === 'string' ? list : JSON.stringify(list),
    network: NETWORK,
    pinnedKeys: [keyOf('operator')],
    nowMs: NOW_MS,
    ...more,
  })
  const refused = (name: string, comment: string, list: unknown, more: object = {}): Case =>
    taken(name, comment, list, { error: 'BOOTSTRAP_REFUSED', ...more })
  const url = (name: string, text: string): Case =>
    refused(`a URL with ${name}`, 'a URL in its plain form', signed([{ ...ONE, url: text }]))
  const good = signed([ONE, TWO])
  const text = JSON.stringify(good)

  return [
    taken('a list', 'two seeds, signed by the key that is pinned', good),
    taken('indented', 'white space between tokens is free', `${JSON.stringify(good, null, 2)}\n`),
    taken('no seeds', 'a list may name nobody', signed([])),
    taken('a slash at the end', 'it counts for nothing', signed([{ ...ONE, url: `${ONE.url}/` }])),
    taken('one of two keys', 'while a key is replaced', good, {
      pinnedKeys: [keyOf('successor'), keyOf('operator')],
    }),
    taken('the last moment', 'until it expires', good, { nowMs: NOW_MS + VALID_MS - 1 }),
    refused('expired', 'no longer', good, { nowMs: NOW_MS + VALID_MS }),
    taken('ten minutes ahead', 'clocks differ', good, { nowMs: NOW_MS - 10 * MINUTE_MS }),
    refused('further ahead', 'by a millisecond', good, { nowMs: NOW_MS - 10 * MINUTE_MS - 1 }),
    refused('another key', 'well signed, by a key that is not pinned', signed([ONE], { by: 'thief' })),
    refused('another key under its name', 'the key is who signed', {
      ...signed([ONE], { by: 'thief' }),
      key: keyOf('operator'),
    }),
    refused('a seed left out', 'all seeds are signed', { ...good, seeds: [ONE] }),
    refused('another order', 'and their order', { ...good, seeds: [TWO, ONE] }),
    taken('another network', 'with both values in the error', good, {
      network: 'spore-main',
      error: 'NETWORK_MISMATCH',
    }),
    refused('another version', 'there is one', { ...good, version: 2 }),
    refused('a draft', 'it is for signing', { version: 1, network: NETWORK, seeds: [ONE] }),
    refused('a field more', 'it would not be signed', { ...good, note: 'hello' }),
    refused('a field more in a seed', 'likewise', { ...good, seeds: [{ ...ONE, name: 'one' }, TWO] }),
    refused('a name twice', 'readers differ in which they take', text.replace('{', '{"network":"x",')),
    refused(
      'an escape without need',
      'one text for one value',
      text.replace('spore-test', 'spore\\u002dtest'),
    ),
    refused('a key twice', 'under two URLs', signed([ONE, { ...TWO, key: ONE.key }])),
    refused('a URL twice', 'a slash makes no other', signed([ONE, { ...TWO, url: `${ONE.url}/` }])),
    url('a host in capitals', 'https://One.example'),
    url('a default port', 'https://one.example:443'),
    url('a query', 'https://one.example/?a'),
    url('a fragment', 'https://one.example/#a'),
    url('credentials', 'https://a:b@one.example'),
    url('another scheme', 'ftp://one.example'),
    refused(
      'a key that is none',
      'a point of small order',
      signed([{ ...ONE, key: did(encodePoint(IDENTITY)) }]),
    ),
    taken('64 seeds', 'the most', signed(many(64))),
    refused('65 seeds', 'one more', signed(many(65))),
    taken('366 days', 'the longest', signed([ONE], { validMs: 366 * DAY_MS })),
    refused('366 days and a second', 'one more', signed([ONE], { validMs: 366 * DAY_MS + 1000 })),
    taken('64 KiB', 'the longest', good, { padTo: 64 * KIB }),
    refused('64 KiB and a byte', 'one more', good, { padTo: 64 * KIB + 1 }),
    refused('a day that there is not', '30 February', { ...good, issued: '2026-02-30T00:00:00Z' }),
    refused('not JSON', 'what a server says that has no list', '<html>404</html>'),
  ]
}
