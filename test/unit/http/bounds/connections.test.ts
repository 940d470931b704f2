import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import {
  CONNECTIONS_MAX,
  CONNECTIONS_NEAR_MAX,
  CONNECTIONS_PER_ADDRESS_MAX,
} from '../../../../src/core/protocol/limits.ts'
import { CONNECTION_BOUNDS, createConnectionTable } from '../../../../src/http/bounds/connections.ts'
import { toOrigin } from '../../../../src/http/bounds/origin.ts'
import { listen } from '../support.ts'

const FAR = toOrigin('93.184.216.34')
const NEAR = toOrigin('127.0.0.1')

test('of one address more than may be closes the one that has waited longest', () => {
  for (const [origin, bound] of [
    [FAR, CONNECTIONS_PER_ADDRESS_MAX],
    [NEAR, CONNECTIONS_NEAR_MAX],
  ] as const) {
    const table = createConnectionTable<number>(CONNECTION_BOUNDS)
    table.add(-1, toOrigin('198.41.0.4'))
    for (let i = 0; i < bound; i++) assert.equal(table.add(i, origin), null)
    table.serve(0)
    table.wait(1)
    assert.deepEqual([table.add(bound, origin), table.add(bound + 1, origin)], [1, 2])
    assert.equal(table.size, bound + 1)
  }
})

test('where every connection of an address is being answered, the new one is closed', () => {
  const table = createConnectionTable<number>(CONNECTION_BOUNDS)
  for (let i = 0; i < CONNECTIONS_PER_ADDRESS_MAX; i++) {
    table.add(i, FAR)
    table.serve(i)
  }
  assert.equal(table.add(-1, FAR), -1)
  assert.equal(table.add(-2, NEAR), null)
  table.remove(0)
  assert.equal(table.add(-1, FAR), null)
})

test('in all more than may be closes the one that has waited longest, of whatever address', () => {
  const table = createConnectionTable<number>(CONNECTION_BOUNDS)
  for (let i = 0; i < CONNECTIONS_MAX; i++)
    assert.equal(table.add(i, toOrigin(`93.${i >> 8}.${i & 255}.1`)), null)
  table.serve(0)
  table.wait(0)
  assert.equal(table.add(CONNECTIONS_MAX, FAR), 1)
  assert.equal(table.size, CONNECTIONS_MAX)
})

test('a wait that is told of a closed connection brings nothing back', () => {
  const table = createConnectionTable<number>(CONNECTION_BOUNDS)
  table.add(1, FAR)
  table.remove(1)
  table.wait(1)
  table.remove(1)
  assert.equal(table.size, 0)
})

test('slow heads and bodies crowd out one another, and no honest request', async () => {
  await using served = await listen({ connections: { total: 8, perAddress: 8, near: 8 } })
  const port = Number(new URL(served.url).port)
  const slow: Socket[] = []
  let closed = 0
  const add = async (text: string) => {
    const socket = connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume()
    socket.once('close', () => closed++)
    slow.push(socket)
    await once(socket, 'connect')
    await new Promise((written) => socket.write(text, written))
  }
  for (let i = 0; i < 40; i++) {
    await add('GET /api/health HTTP/1.1\r\nhost: ')
    await add('POST /api/memory HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{')
    const reply = await fetch(`${served.url}/livez`)
    assert.equal(reply.status, 200)
    await reply.text()
  }
  assert.ok(closed >= 70, `${closed} closed`)
  for (const socket of slow) socket.destroy()
})
