// Counters, and the last minute. What needs a look comes first, and a click shows
// it.
import { go } from "./actions.js";
import { bytes, byID, count, h, millis, say, svg } from "./dom.js";

const ofClass = (s, first) =>
  Object.entries(s.requests_by_status).reduce((n, [status, k]) => n + (status[0] === first ? k : 0), 0);

const callsWith = (q) => () => go({ tab: "calls", q, since: 0, call: 0, person: "" });
const requestsWith = (status) => () => go({ tab: "requests", status, request: 0, person: "" });

/** Name, value, its class unless it is zero, and what it shows. @type {[string, (s: Summary) => number, string, () => void][]} */
const counters = [
  ["discarded", (s) => s.discarded, "bad", callsWith("status:discarded")],
  ["warned", (s) => s.warned, "warn", callsWith("warning:any")],
  ["duplicates", (s) => s.duplicates, "warn", callsWith("status:duplicate")],
  ["calls", (s) => s.calls, "", callsWith("")],
  ["requests", (s) => s.requests, "", requestsWith("")],
  ["2xx", (s) => ofClass(s, "2"), "", requestsWith("2xx")],
  ["4xx", (s) => ofClass(s, "4"), "warn", requestsWith("4xx")],
  ["5xx", (s) => ofClass(s, "5"), "bad", requestsWith("5xx")],
  ["cut", (s) => ofClass(s, "c"), "bad", requestsWith("cut")],
];

const values = new Map([...counters.map(([name]) => name), "bytes", "gap p50 / p99"].map((name) => [name, h("b", "0")]));
const rate = h("b", "0");
const [area, line, ticks] = ["area", "line", "ticks"].map((name) => svg("path", { class: name }));
const spark = svg("svg", { viewBox: "0 0 180 34", preserveAspectRatio: "none", role: "img" }, area, line, ticks);

const boxes = new Map(counters.map(([name, , , show]) =>
  [name, h("button", { "data-counter": name, onclick: show }, values.get(name), h("small", name))]));
byID("stats").append(h("figure", spark, h("figcaption", rate, "calls/s")),
  h("div.counters", ...boxes.values(),
    h("div.wide", { "data-counter": "bytes" }, values.get("bytes"), h("small", "bytes")),
    h("div.wide", { "data-counter": "gap p50 / p99", title: "The time between one request and the next: the median, and the 99th percentile" },
      values.get("gap p50 / p99"), h("small", "gap p50 / p99"))));

/** @type {State | undefined} */
let shown;

/** @param {State} state */
export function showStats(state) {
  if (state === shown) return;
  shown = state;
  const { summary, pulse } = state;
  const show = (name, text) => say(/** @type {Element} */ (values.get(name)), text);
  for (const [name, of, warning] of counters) {
    show(name, count(of(summary)));
    if (warning) boxes.get(name)?.classList.toggle(warning, of(summary) > 0);
  }
  show("bytes", bytes(summary.bytes));
  const { gap_p50_ms: p50, gap_p99_ms: p99 } = pulse;
  show("gap p50 / p99", p99 ? `${millis(p50)} / ${millis(p99)}` : "–");

  // The current second is not complete.
  const calls = pulse.calls.slice(0, -1);
  const most = Math.max(...calls, 1);
  const x = (i) => (i * 180 / (calls.length - 1)).toFixed(1);
  const path = "M" + calls.map((n, i) => `${x(i)} ${(32 - 29 * n / most).toFixed(1)}`).join("L");
  line.setAttribute("d", path);
  area.setAttribute("d", `${path}V34H0Z`);
  ticks.setAttribute("d", calls.map((_, i) => pulse["4xx"][i] + pulse["5xx"][i] + pulse.cut[i] ? `M${x(i)} 0v6` : "").join(""));
  const now = calls[calls.length - 1];
  say(rate, count(now));
  spark.ariaLabel = `Calls per second in the last minute: now ${now}, at most ${Math.max(...calls)}`;
}
