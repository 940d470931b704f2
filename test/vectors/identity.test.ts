/** V:ed25519, did, http-signature, bootstrap: who said it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { zlibCompression } from '../../src/adapters/compression.ts'
import { utf8ToBytes } from '../../src/core/base/bytes.ts'
import { sha256 } from '../../src/core/base/hash.ts'
import { silentLog } from '../../src/core/base/ports.ts'
import { ok } from '../../src/core/base/result.ts'
import { verifyRequest } from '../../src/core/identity/http-signature.ts'
import {
  createSigner,
  createVerifier,
  didToPublicKey,
  isAdmissibleKey,
  publicKeyToDid,
} from '../../src/core/identity/keys.ts'
import { parseSeedList, verifySeedList } from '../../src/core/identity/seed-list.ts'
import { createMemoryStore } from '../../src/core/memory/memory-store.ts'
import { createSpore } from '../../src/core/spore.ts'
import { hex, load, unhex } from './load.ts'

describe('ed25519', () => {
  type Signature = Record<'publicKey' | 'message' | 'signature', string> & { seed?: string }
  for (const one of load<Signature>('ed25519'))
    test(one.name, () => {
      const [publicKey, message, signature] = [unhex(one.publicKey), unhex(one.message), unhex(one.signature)]
      assert.equal(isAdmissibleKey(publicKey), one.error !== 'KEY_REFUSED')
      assert.equal(createVerifier().verify(publicKey, message, signature), one.error === undefined)
      if (one.seed === undefined) return
      const signer = createSigner(unhex(one.seed))
      assert.equal(hex(signer.publicKey), one.publicKey)
      assert.equal(hex(signer.sign(message)), one.signature)
    })
})

describe('did', () => {
  for (const { name, did, publicKey } of load<{ did: string; publicKey?: string }>('did'))
    test(name, () => {
      const read = didToPublicKey(did)
      assert.equal(read && hex(read), publicKey ?? null)
      if (read) assert.equal(publicKeyToDid(read), did)
    })
})

describe('http-signature', () => {
  type Signed = {
    nowMs: number
    request: Record<'method' | 'authority' | 'path' | 'query' | 'body', string>
    headers: Record<string, string>
    caller?: string
    nonce?: string
    earlier?: number
  }
  for (const one of load<Signed>('http-signature'))
    test(one.name, async () => {
      const { nowMs, headers, earlier = 0 } = one
      const parts = { ...one.request, body: unhex(one.request.body) }
      const verified = verifyRequest(parts, headers, { nowMs, verifier: createVerifier() })
      // A replay verifies; who has seen its nonce refuses it.
      if (one.caller !== undefined)
        assert.deepEqual(verified, { ok: true, value: { caller: one.caller, nonce: one.nonce } })
      await using spore = await sporeAt(nowMs)
      for (let i = 0; i < earlier; i++) assert.ok(spore.federation.admit(parts, headers).ok)
      const admitted = spore.federation.admit(parts, headers)
      assert.equal(admitted.ok ? undefined : admitted.error.code, one.error)
    })

  /** A spore whose clock stands still. */
  function sporeAt(nowMs: number) {
    const seed = sha256(new Uint8Array())
    const origin = {
      publicKey: createSigner(seed).publicKey,
      network: 'spore-test',
      epoch: new Uint8Array(8),
    }
    return createSpore(
      { defaultSpace: 'private', pullIntervalMs: 1000 },
      {
        clock: { now: () => nowMs, sleep: async () => {} },
        random: { bytes: (length) => new Uint8Array(length), float: () => 0 },
        log: silentLog,
        store: createMemoryStore(origin),
        transport: { admit: ok, send: unasked, stream: unasked },
        compression: zlibCompression,
        seed,
      },
    )
  }
})

const unasked = () => Promise.reject(new Error('no request is sent here'))

describe('bootstrap', () => {
  type Listed = {
    list: string
    network: string
    pinnedKeys: readonly string[]
    nowMs: number
    padTo?: number
  }
  for (const { name, list, network, pinnedKeys, nowMs, padTo = 0, error } of load<Listed>('bootstrap'))
    test(name, () => {
      const parsed = parseSeedList(utf8ToBytes(list.padEnd(padTo)))
      const terms = { network, pinnedKeys, nowMs, verifier: createVerifier() }
      const taken = parsed.ok ? verifySeedList(parsed.value, terms) : parsed
      assert.equal(taken.ok ? undefined : taken.error.code, error)
    })
})
