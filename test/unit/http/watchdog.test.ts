/** What hangs is shown to operators, and to supervisors where the spore is of no use meanwhile. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { listen, serve } from './support.ts'

test('while something vital does not end the spore is not ready, and ready again behind it', async () => {
  await using served = await serve()
  const ready = async () => (await served.app.inject('/readyz')).statusCode
  const { activities } = served.spore
  const end = activities.begin('commit of 3 writes', { limitMs: 0, isVital: true })
  const endOther = activities.begin('sync', { limitMs: 0 })
  activities.check()
  assert.equal(await ready(), 503)
  assert.match((await served.app.inject('/readyz')).json().detail, /commit of 3 writes/)
  // It is not dead: nobody should end it for that.
  assert.equal((await served.app.inject('/livez')).statusCode, 200)
  end()
  assert.equal(await ready(), 200)
  endOther()
})

test('health shows what the watchdog sees', async () => {
  const view = { stalls: 2, longestMs: 3000, lastMs: 1000, overdue: [] }
  await using served = await serve({ watchdog: () => view })
  assert.deepEqual((await served.app.inject('/api/health')).json().watchdog, view)
})

test('a request is under way from its head to the end of its reply', async () => {
  await using served = await listen()
  const port = Number(new URL(served.url).port)
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const { activities } = served.spore
  const hasBegun = async () => {
    while (activities.during(Number.POSITIVE_INFINITY).length === 0)
      await new Promise((resolve) => setImmediate(resolve))
  }
  socket.write('POST /api/task HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n')
  socket.write('content-length: 100\r\n\r\n{')
  await hasBegun()
  assert.deepEqual(activities.during(Number.POSITIVE_INFINITY), ['POST /api/task'])
  socket.destroy()
  while (activities.during(Number.POSITIVE_INFINITY).length > 0)
    await new Promise((resolve) => setImmediate(resolve))
})
