import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { assertBindAllowed, isLoopbackHost, loadConfig } from '../../../src/config/load.ts'
import { CONFIG_BYTES_MAX, PULL_INTERVAL_MS_MIN } from '../../../src/config/schema.ts'
import { SporeError } from '../../../src/core/protocol/errors.ts'
import {
  BOOTSTRAP_KEYS_MAX,
  LABEL_CHARS_MAX,
  LABELS_MAX,
  PEERS_MAX,
} from '../../../src/core/protocol/limits.ts'

const KEY = 'did:key:z6Mkmz9VsKF7do4FT3P3YKshWmJB8oXqP2JLjqg9sDAXyfHC'
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'spore-config-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
/** A new home with this config.yaml. */
function homeWith(yaml: string): string {
  const home = join(folder, `home-${count++}`)
  mkdirSync(home)
  writeFileSync(join(home, 'config.yaml'), yaml)
  return home
}

const refused = (run: () => unknown, ...patterns: RegExp[]) => {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof SporeError)
    assert.equal(error.code, 'CONFIG_INVALID')
    for (const pattern of patterns) assert.match(error.message, pattern)
    return true
  })
}

describe('precedence of the configuration', () => {
  it('gives the documented defaults when nothing is set', () => {
    const { config, origins, file, sporeUrl } = loadConfig({}, { SPORE_HOME: join(folder, 'none') })
    assert.equal(config.port, 7860)
    assert.equal(config.host, '127.0.0.1')
    assert.equal(config.defaultSpace, 'private')
    assert.equal(config.bootstrap, true)
    assert.equal(config.name, null)
    assert.deepEqual(
      [config.federation.allowPrivateAddresses, config.federation.pullIntervalMs, config.federation.mdns],
      [false, 10_000, false],
    )
    assert.deepEqual([config.bootstrapUrl, config.bootstrapKeys, config.roles], [null, [], []])
    assert.equal(origins.get('port'), 'default')
    assert.equal(file, null)
    assert.equal(sporeUrl, null)
  })

  it('takes flags over variables over the file over defaults', () => {
    const home = homeWith('port: 1111\nhost: 127.0.0.2\nname: from-file\nlogLevel: warn\n')
    const environment = { SPORE_HOME: home, PORT: '2222', HOST: '127.0.0.3' }
    const { config, origins } = loadConfig({ values: { port: 3333 } }, environment)
    assert.equal(config.port, 3333)
    assert.equal(config.host, '127.0.0.3')
    assert.equal(config.name, 'from-file')
    assert.equal(config.network, 'spore-main')
    assert.deepEqual(
      ['port', 'host', 'name', 'network'].map((path) => origins.get(path)),
      ['flag', 'environment', 'file', 'default'],
    )
  })

  it('reads the file that --config names instead of the one in the data folder', () => {
    const home = homeWith('port: 1111\n')
    const other = homeWith('port: 4444\n')
    assert.equal(loadConfig({ config: join(other, 'config.yaml') }, { SPORE_HOME: home }).config.port, 4444)
    assert.equal(loadConfig({}, { SPORE_HOME: home }).config.port, 1111)
  })

  it('resolves a relative data folder of a file beside that file', () => {
    const other = homeWith('home: data\n')
    const { config } = loadConfig({ config: join(other, 'config.yaml') }, {})
    assert.equal(config.home, join(other, 'data'))
  })

  it('refuses a file in a data folder that names another data folder', () => {
    refused(() => loadConfig({}, { SPORE_HOME: homeWith('home: /elsewhere\n') }), /another folder/)
  })

  it('reads every kind of variable', () => {
    const { config } = loadConfig(
      {},
      {
        SPORE_HOME: join(folder, 'none'),
        SPORE_PEERS: 'http://127.0.0.1:1, https://example.org/spore',
        SPORE_BOOTSTRAP: 'off',
        SPORE_ALLOW_PRIVATE_ADDRESSES: 'true',
        SPORE_PULL_INTERVAL_MS: '250',
        SPORE_DEFAULT_SPACE: 'commons',
        SPORE_LOG_LEVEL: 'error',
      },
    )
    assert.deepEqual(config.peers, ['http://127.0.0.1:1', 'https://example.org/spore'])
    assert.equal(config.bootstrap, false)
    assert.deepEqual([config.federation.allowPrivateAddresses, config.federation.pullIntervalMs], [true, 250])
    assert.equal(config.defaultSpace, 'commons')
    assert.equal(config.logLevel, 'error')
  })

  it('counts empty variables as not set', () => {
    assert.equal(loadConfig({}, { SPORE_HOME: join(folder, 'none'), PORT: '', HOST: ' ' }).config.port, 7860)
  })

  it('is frozen to its leaves', () => {
    const { config } = loadConfig({}, { SPORE_HOME: join(folder, 'none') })
    assert.throws(() => Object.assign(config, { port: 1 }), TypeError)
    assert.throws(() => Object.assign(config.federation, { pullIntervalMs: 1 }), TypeError)
    assert.throws(() => (config.peers as string[]).push('x'), TypeError)
  })

  for (const [variable, value, url] of [
    ['SPACE_HOST', 'me-spore.example', 'https://me-spore.example'],
    ['RENDER_EXTERNAL_URL', 'https://r.example', 'https://r.example'],
    ['RAILWAY_PUBLIC_DOMAIN', 'rail.example', 'https://rail.example'],
    ['FLY_APP_NAME', 'my-spore', 'https://my-spore.fly.dev'],
  ] as const) {
    it(`finds the public URL in ${variable}, and SPORE_PUBLIC_URL wins`, () => {
      const environment = { SPORE_HOME: join(folder, 'none'), [variable]: value }
      assert.equal(loadConfig({}, environment).config.publicUrl, url)
      const own = { ...environment, SPORE_PUBLIC_URL: 'https://own.example' }
      assert.equal(loadConfig({}, own).config.publicUrl, 'https://own.example')
    })
  }
})

describe('a configuration that is wrong', () => {
  it('names file, line, column and the nearest key of an unknown one', () => {
    const home = homeWith('name: a\n  \nprot: 1\nfederation:\n  pullIntervallMs: 5\npullIntervalMs: 7\n')
    refused(
      () => loadConfig({}, { SPORE_HOME: home }),
      /config\.yaml:3:1: unknown key "prot"; the nearest known key is "port"/,
      /config\.yaml:5:3: unknown key "federation\.pullIntervallMs"; .*"federation\.pullIntervalMs"/,
      /config\.yaml:6:1: unknown key "pullIntervalMs"; .*"federation\.pullIntervalMs"/,
    )
  })

  it('names the place of a value that does not fit', () => {
    refused(() => loadConfig({}, { SPORE_HOME: homeWith('host: a\nport: "80"\n') }), /:2:7: "port": .*number/)
    refused(
      () => loadConfig({}, { SPORE_HOME: homeWith('federation: 3\n') }),
      /:1:1: "federation" is a section/,
    )
    refused(() => loadConfig({}, { SPORE_HOME: homeWith('- 1\n') }), /:1:1: the file must be a map/)
  })

  it('names the place of broken YAML and of a key given twice', () => {
    refused(() => loadConfig({}, { SPORE_HOME: homeWith('port: 1\nhost: "x\n') }), /config\.yaml:[23]:\d+: /)
    refused(() => loadConfig({}, { SPORE_HOME: homeWith('port: 1\nport: 2\n') }), /:2:1: .*unique/i)
  })

  it('names the variable or the flag that is wrong', () => {
    const home = join(folder, 'none')
    refused(() => loadConfig({}, { SPORE_HOME: home, PORT: 'http' }), /variable PORT/)
    refused(
      () => loadConfig({}, { SPORE_HOME: home, SPORE_BOOTSTRAP: 'maybe' }),
      /SPORE_BOOTSTRAP: must be on, off/,
    )
    refused(() => loadConfig({ values: { port: 65536 } }, { SPORE_HOME: home }), /--port/)
    refused(() => loadConfig({ url: 'ftp://x' }, { SPORE_HOME: home }), /--url/)
    refused(() => loadConfig({ config: join(folder, 'absent.yaml') }, {}), /cannot be read \(ENOENT\)/)
  })

  it('refuses one more than each bound', () => {
    const home = join(folder, 'none')
    const peers = Array.from({ length: PEERS_MAX + 1 }, (_, i) => `http://127.0.0.1:${i + 1}`)
    refused(() => loadConfig({ values: { peers } }, { SPORE_HOME: home }), /--peers/)
    assert.equal(
      loadConfig({ values: { peers: peers.slice(1) } }, { SPORE_HOME: home }).config.peers.length,
      PEERS_MAX,
    )
    refused(
      () => loadConfig({}, { SPORE_HOME: home, SPORE_PULL_INTERVAL_MS: String(PULL_INTERVAL_MS_MIN - 1) }),
      /INTERVAL/,
    )
    refused(() => loadConfig({}, { SPORE_HOME: homeWith('#'.repeat(CONFIG_BYTES_MAX + 1)) }), /larger than/)
  })

  it('refuses what has no effect without another field', () => {
    const home = join(folder, 'none')
    const url = 'https://seeds.example/bootstrap.json'
    refused(() => loadConfig({}, { SPORE_HOME: home, SPORE_BOOTSTRAP_URL: url }), /needs bootstrapKeys/)
    refused(() => loadConfig({}, { SPORE_HOME: home, SPORE_MDNS: 'on' }), /needs federation.allowPrivate/)
    const { config } = loadConfig(
      {},
      { SPORE_HOME: home, SPORE_BOOTSTRAP_URL: url, SPORE_BOOTSTRAP_KEYS: KEY, SPORE_TAGS: 'a, lang-de' },
    )
    assert.deepEqual([config.bootstrapUrl, config.bootstrapKeys, config.tags], [url, [KEY], ['a', 'lang-de']])
  })

  it('refuses keys, labels and list addresses that are none', () => {
    const set = (values: Record<string, unknown>) => () =>
      loadConfig({ values: values as never }, { SPORE_HOME: join(folder, 'none') })
    const keys = (count: number) => Array.from({ length: count }, () => KEY)
    const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`)
    set({ bootstrapKeys: keys(BOOTSTRAP_KEYS_MAX), tags: words(LABELS_MAX), roles: words(LABELS_MAX) })()
    refused(set({ bootstrapKeys: keys(BOOTSTRAP_KEYS_MAX + 1) }), /--bootstrap-keys/)
    refused(set({ bootstrapKeys: ['did:key:z6Mk'] }), /must be a did:key/)
    refused(set({ tags: words(LABELS_MAX + 1) }), /--tags/)
    refused(set({ roles: ['x'.repeat(LABEL_CHARS_MAX + 1)] }), /--roles/)
    refused(set({ tags: ['Big'] }), /lower-case/)
    for (const bootstrapUrl of ['https://u:p@a.example/b', 'https://a.example/#b', 'https://', ''])
      refused(set({ bootstrapUrl, bootstrapKeys: keys(1) }), /--bootstrap-url/)
  })

  it('takes a list file relative to the config file, and to the working folder elsewhere', () => {
    const home = homeWith(`bootstrapUrl: seeds/b.json\nbootstrapKeys: [${KEY}]\n`)
    assert.equal(loadConfig({}, { SPORE_HOME: home }).config.bootstrapUrl, join(home, 'seeds/b.json'))
    const set = { bootstrapUrl: 'b.json', bootstrapKeys: [KEY] }
    const { config } = loadConfig({ values: set }, { SPORE_HOME: join(folder, 'none') })
    assert.equal(config.bootstrapUrl, join(process.cwd(), 'b.json'))
  })

  it('refuses peers with credentials in the URL', () => {
    refused(() => loadConfig({}, { SPORE_HOME: folder, SPORE_PEERS: 'http://u:p@127.0.0.1' }), /credentials/)
  })
})

describe('what the operator is told', () => {
  it('accepts the fields of the first system and says which have no effect', () => {
    const home = homeWith(
      'hf_token: hf_x\nhf_owner: me\ncount: 3\nprivate: true\nsentinel: {a: 1}\nport: 99\n',
    )
    const { config, notices } = loadConfig({}, { SPORE_HOME: home })
    assert.equal(config.port, 99)
    assert.equal(notices.length, 1)
    assert.match(notices[0] ?? '', /hf_token, hf_owner, count, private, sentinel/)
    assert.doesNotMatch(notices.join(), /hf_x/)
  })

  it('asks about a misspelt variable and leaves foreign ones alone', () => {
    const { notices } = loadConfig({}, { SPORE_HOME: folder, SPORE_PERS: 'x', SPORE_QQ: '1', PROT: '5' })
    assert.equal(notices.length, 1)
    assert.match(notices[0] ?? '', /SPORE_PERS .*SPORE_PEERS/)
  })
})

describe('secrets', () => {
  it('cannot be printed', () => {
    const loaded = loadConfig({}, { SPORE_HOME: folder, SPORE_TOKEN: 'canary-1', SPORE_IDENTITY: 'canary-2' })
    assert.equal(loaded.secrets.token?.reveal(), 'canary-1')
    const printed = [
      inspect(loaded, { depth: 9, showHidden: true }),
      JSON.stringify(loaded),
      `${loaded.secrets.token}`,
    ]
    assert.doesNotMatch(printed.join('\n'), /canary/)
    assert.match(printed.join('\n'), /\[secret\]/)
  })
})

describe('binding beyond loopback', () => {
  it('is refused without a token', () => {
    const { config } = loadConfig({ values: { host: '0.0.0.0' } }, { SPORE_HOME: folder })
    assert.throws(() => assertBindAllowed(config, false), { code: 'BIND_REFUSED' })
    assertBindAllowed(config, true)
  })

  it('knows loopback hosts', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])
      assert.ok(isLoopbackHost(host), host)
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.org', 'example.org'])
      assert.ok(!isLoopbackHost(host), host)
  })
})
