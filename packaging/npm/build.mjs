// Builds the npm packages: segment-sandbox, and one for each platform with its
// program.
//
//   node build.mjs --version 1.2.3 --out DIR --licence FILE --notice FILE linux-x64=PROGRAM win32-x64=PROGRAM …

import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { version: { type: 'string' }, out: { type: 'string' }, licence: { type: 'string' }, notice: { type: 'string' } },
})
const programs = positionals.map((pair) => pair.split('='))
if (!values.version || !values.out || !values.licence || !values.notice || programs.length === 0 || programs.some((pair) => pair.length !== 2)) {
  console.error('usage: node build.mjs --version VERSION --out DIR --licence FILE --notice FILE PLATFORM=PROGRAM…')
  process.exit(2)
}
const version = values.version.replace(/^v/, '')
const common = JSON.parse(readFileSync(join(here, 'segment-sandbox/package.json'), 'utf8'))

function write(dir, manifest) {
  writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest, null, 2) + '\n')
  cpSync(values.licence, join(dir, 'LICENSE'))
  cpSync(values.notice, join(dir, 'NOTICE'))
}

for (const [platform, program] of programs) {
  const [os, cpu] = platform.split('-')
  const name = os === 'win32' ? 'segment-sandbox.exe' : 'segment-sandbox'
  const dir = join(values.out, platform)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  cpSync(program, join(dir, name))
  chmodSync(join(dir, name), 0o755)
  write(dir, {
    name: `@segment-sandbox/${platform}`,
    version,
    description: `The program of segment-sandbox for ${platform}`,
    license: common.license,
    os: [os],
    cpu: [cpu],
    preferUnplugged: true,
    files: [name, 'LICENSE', 'NOTICE'],
  })
}

const dir = join(values.out, 'segment-sandbox')
rmSync(dir, { recursive: true, force: true })
cpSync(join(here, 'segment-sandbox'), dir, { recursive: true })
write(dir, {
  ...common,
  version,
  optionalDependencies: Object.fromEntries(programs.map(([platform]) => [`@segment-sandbox/${platform}`, version])),
})
