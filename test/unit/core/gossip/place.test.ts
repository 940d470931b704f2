/** Where a URL belongs: who shares a domain or a block of addresses, and who does not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { placeOf } from '../../../../src/core/gossip/place.ts'

const places = (cases: Readonly<Record<string, string | null>>): void => {
  for (const [host, place] of Object.entries(cases)) assert.equal(placeOf(`https://${host}`), place, host)
}

describe('the place of a URL', () => {
  test('is the registrable domain of a name', () =>
    places({
      'example.org': 'example.org',
      'a.example.org': 'example.org',
      'b.a.example.org': 'example.org',
      'EXAMPLE.org.': 'example.org',
      'a.example.co.uk': 'example.co.uk',
      'a.b.example.com.br': 'example.com.br',
      'a.example.de': 'example.de',
      'xn--bcher-kva.example': 'xn--bcher-kva.example',
    }))

  test('is the name that a platform gives its customer', () =>
    places({
      'alice-spore.hf.space': 'alice-spore.hf.space',
      'bob-spore.hf.space': 'bob-spore.hf.space',
      'x.bob-spore.hf.space': 'bob-spore.hf.space',
      'a.up.railway.app': 'a.up.railway.app',
      'a.onrender.com': 'a.onrender.com',
      'hf.space': 'hf.space',
    }))

  test('is the /24 or the /48 of an address, however it is written', () =>
    places({
      '93.184.216.34': '93.184.216/24',
      '93.184.216.200': '93.184.216/24',
      '93.184.217.34': '93.184.217/24',
      '[::ffff:93.184.216.34]': '93.184.216/24',
      '[2606:4700:10:1::1]': '38.6.71.0.0.16/48',
      '[2606:4700:10:ffff::2]': '38.6.71.0.0.16/48',
      '[2606:4700:11::1]': '38.6.71.0.0.17/48',
      '1572395042': '93.184.216/24',
    }))

  test('is none for what is private: no cap must keep a home network or a test from meeting', () =>
    places({
      '127.0.0.1:7860': null,
      localhost: null,
      'localhost:1': null,
      'a.localhost': null,
      'nas.local': null,
      'spore.home.arpa': null,
      intranet: null,
      '10.1.2.3': null,
      '192.168.1.20': null,
      '172.16.0.1': null,
      '100.64.0.1': null,
      '169.254.1.1': null,
      '[::1]': null,
      '[fd00::1]': null,
      '[fe80::1]': null,
    }))

  test('does not depend on the port or the path', () => {
    assert.equal(placeOf('https://a.example.org:8443/x/y'), 'example.org')
    assert.equal(placeOf('http://93.184.216.34:1/x'), '93.184.216/24')
  })
})
