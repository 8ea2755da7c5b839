#!/usr/bin/env node
'use strict'

const { spawn } = require('node:child_process')
const { binary } = require('../lib/binary.js')

let path
try {
  path = binary()
} catch (error) {
  console.error(error.message)
  process.exit(2)
}
const child = spawn(path, process.argv.slice(2), { stdio: 'inherit' })
// A terminal sends Ctrl-C to both; others send it to this process alone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`Cannot start ${path}: ${error.message}`)
  process.exitCode = 2
})
child.on('close', (code, signal) => {
  process.exitCode = signal ? 2 : code
})
