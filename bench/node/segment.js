'use strict';

// node segment.js <file> <endpoint> [flushAt]
//
// Sends a file of events by Segment's SDK. A limit of calls on their way keeps
// it from reading the whole file into memory; the SDK has none itself.

const { Analytics } = require('@segment/analytics-node');
const each = require('./read');

const [file, host, flushAt] = process.argv.slice(2);
const most = 10000;

async function main() {
  const settings = { writeKey: 'bench-write-key', host };
  if (flushAt) settings.flushAt = Number(flushAt);
  const analytics = new Analytics(settings);
  analytics.on('error', (error) => {
    console.error(error);
    process.exitCode = 1;
  });
  let pending = 0;
  let goOn = null;
  const done = () => {
    pending--;
    if (goOn && pending < most / 2) {
      goOn();
      goOn = null;
    }
  };
  await each(file, (event) => {
    const call = {
      messageId: event.messageId,
      userId: event.userId || undefined,
      anonymousId: event.anonymousId,
      timestamp: event.timestamp || event.originalTimestamp,
      context: event.context,
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
  await analytics.closeAndFlush();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
