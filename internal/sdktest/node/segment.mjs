// Segment's SDK for Node. For each number on stdin it makes every call it has,
// and waits until they were delivered.
import { createInterface } from "node:readline";
import { Analytics } from "@segment/analytics-node";

const [url, writeKey, userId] = process.argv.slice(2);

// A path in host is dropped.
const { origin, pathname } = new URL(url);
const path = `${pathname.replace(/\/$/, "")}/v1/batch`;
const analytics = new Analytics({ writeKey, host: origin, path, flushInterval: 100 });

const deliver = (call, message) =>
  new Promise((done, fail) => {
    analytics[call]({ userId, ...message }, (error) => (error ? fail(error) : done()));
  });

for await (const line of createInterface({ input: process.stdin })) {
  const n = Number(line);
  await Promise.all([
    deliver("identify", { traits: { plan: "pro", n } }),
    deliver("track", { event: "Order Completed", properties: { total: 9.5, n } }),
    deliver("page", { category: "Shop", name: "Cart", properties: { n } }),
    deliver("screen", { category: "Shop", name: "Cart", properties: { n } }),
    deliver("group", { groupId: `team-${n}`, traits: { n } }),
    deliver("alias", { previousId: `${userId}-${n}` }),
  ]);
}
await analytics.closeAndFlush();
