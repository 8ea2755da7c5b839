// Counters, and the last minute.
import { bytes, byID, count, h, say, svg } from "./dom.js";

const ofClass = (s, first) =>
  Object.entries(s.requests_by_status).reduce((n, [status, k]) => n + (status[0] === first ? k : 0), 0);

/** Name, value, and its class unless it is zero. @type {[string, (s: Summary) => number, string][]} */
const counters = [
  ["calls", (s) => s.calls, ""], ["requests", (s) => s.requests, ""],
  ["2xx", (s) => ofClass(s, "2"), ""], ["4xx", (s) => ofClass(s, "4"), "warn"], ["5xx", (s) => ofClass(s, "5"), "bad"],
  ["cut", (s) => ofClass(s, "c"), "bad"], ["duplicates", (s) => s.duplicates, "warn"], ["discarded", (s) => s.discarded, "bad"],
];

const values = new Map([...counters.map(([name]) => name), "bytes", "gap p50 / p99"].map((name) => [name, h("dd", "0")]));
const rate = h("b", "0");
const [area, line, ticks] = ["area", "line", "ticks"].map((name) => svg("path", { class: name }));
const spark = svg("svg", { viewBox: "0 0 180 34", preserveAspectRatio: "none", role: "img" }, area, line, ticks);

byID("stats").append(h("figure", spark, h("figcaption", rate, "calls/s")),
  h("dl", ...[...values].map(([name, value], i) => h("div", { class: i < counters.length ? "" : "wide" }, h("dt", name), value))));

const millis = (ms) => ms < 10 ? ms.toFixed(1) + " ms" : ms < 10_000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(0) + " s";

/** @param {State} state */
export function showStats({ summary, pulse }) {
  const show = (name, text, kind = "") => {
    const value = /** @type {HTMLElement} */ (values.get(name));
    say(value, text);
    value.className = kind;
  };
  for (const [name, of, warning] of counters) show(name, count(of(summary)), of(summary) > 0 ? warning : "");
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
