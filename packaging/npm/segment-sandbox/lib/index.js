'use strict'

const { spawn } = require('node:child_process')
const { binary } = require('./binary.js')

// The line by which the program says that it listens.
const listening = /The sandbox listens on (http:\/\/\S+?)\. /

// start runs a sandbox on a free port, and resolves when it listens.
async function start({ args = [], port = 0 } = {}) {
  const child = spawn(binary(), ['--listen', `127.0.0.1:${port}`, '--until-eof', ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let said = ''
  const ended = new Promise((resolve) => child.once('close', resolve))
  const url = await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`Cannot start ${child.spawnfile}: ${cause.message}`, { cause })))
    child.once('close', (code) => reject(new Error(`The sandbox ended with ${code}: ${said.trim()}`)))
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text
      const found = listening.exec(said)
      if (found) resolve(found[1])
    })
  })
  // A test that does not stop the sandbox ends all the same, and the sandbox with
  // it, because its standard input does.
  child.unref()
  child.stdin.unref()
  child.stderr.unref()
  return new Sandbox(url, child, ended)
}

class Sandbox {
  #child
  #ended

  constructor(url, child, ended) {
    this.url = url
    this.#child = child
    this.#ended = ended
  }

  // What arrived, in order, each with its JSON as raw. The filter has the
  // parameters of GET /api/v1/calls.
  async calls(filter = {}) {
    return (await this.#ask('GET', '/api/v1/calls', { raw: true, limit: 1000, ...filter })).calls
  }

  // Waits for as many calls, and returns them. Fails where they do not come.
  async wait(count = 1, { timeout = '10s', ...filter } = {}) {
    const { reached, matched } = await this.#ask('GET', '/api/v1/wait', { count, timeout, ...filter })
    if (!reached) throw new Error(`${matched} of ${count} calls arrived within ${timeout}`)
    return this.calls(filter)
  }

  // Counters, as of GET /api/v1/summary.
  summary() {
    return this.#ask('GET', '/api/v1/summary')
  }

  // Injects a fault, as POST /api/v1/faults does: {status: 503, times: 2}.
  fail(fault) {
    return this.#ask('POST', '/api/v1/faults', {}, fault)
  }

  // Says whether calls came in order and once, and whether ids are missing.
  assert(expected = {}) {
    return this.#ask('POST', '/api/v1/assert', {}, expected, 409)
  }

  // Forgets what arrived, and all faults.
  async reset() {
    await this.#ask('POST', '/api/v1/reset')
  }

  // Stops the program, and resolves when it has ended.
  async stop() {
    this.#child.stdin.end()
    this.#child.ref()
    await this.#ended
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.stop()
  }

  async #ask(method, path, query = {}, body = undefined, alsoFine = 200) {
    const url = new URL(path, this.url)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const answer = await fetch(url, { method, body: body && JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok && answer.status !== alsoFine) throw new Error(`The sandbox answers ${method} ${path} with ${answer.status}: ${text.trim()}`)
    return text ? JSON.parse(text) : undefined
  }
}

module.exports = { start, binary }
