import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toOrigin } from '../../../../src/http/bounds/origin.ts'

test('an IPv4 address is its own origin, in the /24 around it', () => {
  assert.deepEqual(toOrigin('93.184.216.34'), { own: '4:5db8d822', wide: '4:5db8d8', isNear: false })
  assert.notEqual(toOrigin('93.184.216.35').own, toOrigin('93.184.216.34').own)
  assert.equal(toOrigin('93.184.216.35').wide, toOrigin('93.184.216.34').wide)
})

test('an IPv6 address stands for its /64, in the /48 around it', () => {
  const [one, two] = [toOrigin('2606:4700:1:2::1'), toOrigin('2606:4700:1:2:ffff::2')]
  assert.deepEqual(one, two)
  assert.notEqual(toOrigin('2606:4700:1:3::1').own, one.own)
  assert.equal(toOrigin('2606:4700:1:3::1').wide, one.wide)
  assert.notEqual(toOrigin('2606:4700:2:2::1').wide, one.wide)
})

test('an IPv4 address is the same one in IPv6', () => {
  assert.deepEqual(toOrigin('::ffff:93.184.216.34'), toOrigin('93.184.216.34'))
  assert.deepEqual(toOrigin('::ffff:127.0.0.1'), toOrigin('127.0.0.1'))
})

test('this machine and the network at home are near', () => {
  for (const address of ['127.0.0.1', '::1', '192.168.1.7', '10.0.0.1', 'fe80::1%eth0', 'fd00::1'])
    assert.deepEqual([toOrigin(address).isNear, toOrigin(address).wide], [true, null], address)
  assert.notEqual(toOrigin('127.0.0.2').own, toOrigin('127.0.0.1').own)
})

test('what is no address is one origin, and no near one', () => {
  for (const address of [undefined, '', 'unknown', '1.2.3', '_hidden', 'x'.repeat(10_000)])
    assert.deepEqual(toOrigin(address), toOrigin(undefined))
  assert.equal(toOrigin(undefined).isNear, false)
})
