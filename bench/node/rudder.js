'use strict';

// node rudder.js <file> <endpoint> [flushAt [no-gzip]]
//
// Sends a file of events by RudderStack's SDK. It drops events above 20,000 in
// its queue, so the program stays well below.

const Analytics = require('@rudderstack/rudder-sdk-node');
const each = require('./read');

const [file, dataPlaneUrl, flushAt, gzip] = process.argv.slice(2);

async function main() {
  const options = { dataPlaneUrl, logLevel: 'error', gzip: gzip !== 'no-gzip' };
  if (flushAt) options.flushAt = Number(flushAt);
  const most = 2 * (options.flushAt || 20);
  const analytics = new Analytics('bench-write-key', options);
  let pending = 0;
  let goOn = null;
  const done = (error) => {
    if (error) {
      console.error(error);
      process.exitCode = 1;
    }
    pending--;
    if (goOn && pending < most) {
      goOn();
      goOn = null;
    }
  };
  await each(file, (event) => {
    const call = {
      messageId: event.messageId,
      userId: event.userId || undefined,
      anonymousId: event.anonymousId,
      originalTimestamp: event.timestamp || event.originalTimestamp,
      context: event.context,
      integrations: event.integrations,
    };
    switch (event.type) {
      case 'identify':
        call.traits = event.traits || event.context.traits;
        break;
      case 'group':
        call.groupId = event.groupId;
        call.traits = event.traits;
        break;
      case 'alias':
        call.previousId = event.previousId;
        break;
      case 'track':
        call.event = event.event;
        call.properties = event.properties;
        break;
      default:
        call.name = event.name || event.event;
        call.properties = event.properties;
    }
    pending++;
    analytics[event.type](call, done);
    if (pending >= most) return new Promise((resolve) => (goOn = resolve));
  });
  // A flush that has nothing to do leaves no room for callbacks: they get a turn.
  while (pending > 0) {
    await analytics.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
