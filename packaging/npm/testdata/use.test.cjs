'use strict'

// What a user of the package writes.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { start } = require('segment-sandbox')

function send(sandbox, path, body) {
  return fetch(sandbox.url + path, {
    method: 'POST',
    headers: { authorization: 'Basic ' + Buffer.from('a-key:').toString('base64') },
    body: JSON.stringify(body),
  })
}

test('calls arrive, with their JSON', async () => {
  const sandbox = await start()
  const arrived = sandbox.wait(2)
  await send(sandbox, '/v1/track', { event: 'Order Completed', userId: '42', messageId: 'm1', properties: { total: 9.5 } })
  await send(sandbox, '/v1/batch', { batch: [{ type: 'page', name: 'Home', userId: '42', messageId: 'm2' }] })
  const [track, page] = await arrived
  assert.equal(track.raw.event, 'Order Completed')
  assert.equal(track.raw.properties.total, 9.5)
  assert.equal(page.type, 'page')
  assert.equal((await sandbox.calls({ type: 'track' })).length, 1)
  assert.equal((await sandbox.summary()).unique, 2)
  assert.equal((await sandbox.assert({ message_ids: ['m1', 'm2'] })).ok, true)
  assert.equal((await sandbox.assert({ message_ids: ['m1', 'm3'] })).ok, false)
  await sandbox.reset()
  assert.deepEqual(await sandbox.calls(), [])
  await sandbox.stop()
  await assert.rejects(fetch(sandbox.url))
})

test('it fails on request', async () => {
  const sandbox = await start({ args: ['--strict', '--write-key', 'a-key'] })
  await sandbox.fail({ status: 503, times: 1 })
  assert.equal((await send(sandbox, '/v1/track', { event: 'e', userId: 'u' })).status, 503)
  assert.equal((await send(sandbox, '/v1/track', { event: 'e', userId: 'u' })).status, 200)
  assert.equal((await send(sandbox, '/v1/track', { userId: 'u' })).status, 400)
  await assert.rejects(sandbox.wait(5, { timeout: '10ms' }), /1 of 5 calls arrived within 10ms/)
  await assert.rejects(sandbox.calls({ tpye: 'track' }), /400.*tpye/)
  await sandbox.stop()
})

test('what is wrong is said', async () => {
  await assert.rejects(start({ args: ['--stric'] }), /did you mean --strict/)
  const one = await start()
  await assert.rejects(start({ port: new URL(one.url).port }), /another process listens/)
  await one.stop()
})

// It stops with the process.
test('a sandbox that nobody stops keeps no test from ending', async () => {
  await start()
})
