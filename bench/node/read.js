'use strict';

const fs = require('fs');
const readline = require('readline');

// each reads a file of events and waits where `send` asks it to.
module.exports = async function each(path, send) {
  const lines = readline.createInterface({ input: fs.createReadStream(path, { highWaterMark: 1 << 20 }) });
  for await (const line of lines) {
    const event = JSON.parse(line);
    const wait = send(event);
    if (wait) await wait;
  }
};
