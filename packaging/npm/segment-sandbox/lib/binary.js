'use strict'

// Where the program is: in a package of its own for each platform, of which npm
// installs the one that fits.

const name = process.platform === 'win32' ? 'segment-sandbox.exe' : 'segment-sandbox'

function binary() {
  if (process.env.SEGMENT_SANDBOX_BINARY) return process.env.SEGMENT_SANDBOX_BINARY
  const platform = `${process.platform}-${process.arch}`
  const wanted = `@segment-sandbox/${platform}`
  const { optionalDependencies = {} } = require('../package.json')
  if (!(wanted in optionalDependencies)) {
    const others = Object.keys(optionalDependencies).map((name) => name.replace('@segment-sandbox/', ''))
    throw new Error(`segment-sandbox has no program for ${platform}, only for ${others.join(', ')}. ` +
      'Build one with "make sandbox", and name it in SEGMENT_SANDBOX_BINARY.')
  }
  try {
    return require.resolve(`${wanted}/${name}`)
  } catch (cause) {
    throw new Error(`The package ${wanted} is missing, which has the program. ` +
      'npm leaves it out with --omit=optional or --no-optional, and where node_modules come from another ' +
      'kind of machine: install again, here and without these flags. A package-lock.json from there can lack it ' +
      'too (npm/cli issue 4828): if it is still missing, delete package-lock.json and node_modules, and run ' +
      'npm install.', { cause })
  }
}

module.exports = { binary }
