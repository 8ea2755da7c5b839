// What an empty list shows.
import { button, copier, h } from "./dom.js";

const snippet = (title, text) => h("section",
  h("div.bar", h("h3", title), h("span.grow"), copier("Copy", () => text)), h("pre", { tabindex: 0 }, text));

const note = (title, text, ...more) => h("div.welcome", h("h2", title), h("p", text), ...more);

/** An output has sent nothing yet. */
export const quiet = () => note("Waiting for the first call", "What this output sends appears here, with what became of it.");

/** Nothing came yet. */
export const welcome = (here = location.origin) => note("Waiting for the first call",
  "Every call appears here in exact order and stays on this machine.",
  snippet("Send one by hand", `curl -u my-key: ${here}/v1/track -d '{"event":"Tea Ordered","userId":"42","properties":{"price":19.90}}'`),
  snippet("Or a file of events", `SEGMENT_WRITE_KEY=my-key benthos-segment send --endpoint ${here} events.ndjson`),
  snippet("Or point a pipeline here", `output:\n  segment:\n    write_key: my-key\n    endpoint: ${here}\n`));

/** @param {() => void} onshow */
export const noMatch = (onshow) => note("No call matches", "Matching calls will appear here as they arrive.", button("Show all calls", onshow));

/** @param {number} last @param {() => void} onshow */
export const cleared = (last, onshow) =>
  note("Cleared", `Calls up to ${last} are hidden here, and still held.`, button("Show them again", onshow));

/** @param {() => void} onresume */
export const held = (onresume) => note("Paused", "Calls came since then.", button("Show them", onresume));
