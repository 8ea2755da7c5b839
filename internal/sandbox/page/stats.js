// Counters, and the last minute.
import { bytes, count, h, say, svg } from "./dom.js";

/** @typedef {import("./api.js").State} State */

/** @type {[string, (s: State) => number, string][]} name, value, class where it is not zero */
const counters = [
  ["calls", (s) => s.summary.calls, ""],
  ["requests", (s) => s.summary.requests, ""],
  ["2xx", (s) => ofClass(s, "2"), ""],
  ["4xx", (s) => ofClass(s, "4"), "warn"],
  ["5xx", (s) => ofClass(s, "5"), "bad"],
  ["cut", (s) => s.summary.requests_by_status.cut ?? 0, "bad"],
  ["duplicates", (s) => s.summary.duplicates, "warn"],
  ["discarded", (s) => s.summary.discarded, "bad"],
];

/** @param {State} s @param {string} first */
const ofClass = (s, first) =>
  Object.entries(s.summary.requests_by_status).reduce((n, [status, k]) => n + (status[0] === first ? k : 0), 0);

export class Stats {
  #values = /** @type {HTMLElement[]} */ ([]);
  #bytes = h("dd", null, "0 B");
  #gap = h("dd", null, "–");
  #rate = h("b", null, "0");
  #line = svg("path", { class: "line" });
  #area = svg("path", { class: "area" });
  #faults = svg("path", { class: "ticks" });
  #spark;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#spark = svg("svg", { viewBox: "0 0 180 34", preserveAspectRatio: "none", role: "img" }, this.#area, this.#line, this.#faults);
    const list = h("dl");
    const add = (/** @type {string} */ name, /** @type {HTMLElement} */ value, /** @type {string} */ kind) =>
      list.append(h("div", { class: kind }, h("dt", null, name), value));
    for (const [name] of counters) {
      const value = h("dd", null, "0");
      this.#values.push(value);
      add(name, value, "");
    }
    add("bytes", this.#bytes, "wide");
    add("gap p50 / p99", this.#gap, "wide");
    place.append(h("figure", null, this.#spark, h("figcaption", null, this.#rate, " calls/s")), list);
  }

  /** @param {State} state */
  show(state) {
    counters.forEach(([, value, warning], i) => {
      const n = value(state);
      say(this.#values[i], count(n));
      this.#values[i].className = n > 0 ? warning : "";
    });
    say(this.#bytes, bytes(state.summary.bytes));
    const { gap_p50_ms: p50, gap_p99_ms: p99 } = state.pulse;
    say(this.#gap, p99 ? `${millis(p50)} / ${millis(p99)}` : "–");
    this.#draw(state.pulse);
  }

  /** @param {import("./api.js").Pulse} pulse */
  #draw(pulse) {
    // The second under way would always look like a slump.
    const calls = pulse.calls.slice(0, -1);
    const most = Math.max(...calls, 1);
    const x = (/** @type {number} */ i) => (i * 180 / (calls.length - 1)).toFixed(1);
    const y = (/** @type {number} */ n) => (32 - 29 * n / most).toFixed(1);
    const line = "M" + calls.map((n, i) => `${x(i)} ${y(n)}`).join("L");
    this.#line.setAttribute("d", line);
    this.#area.setAttribute("d", `${line}V34H0Z`);
    this.#faults.setAttribute("d", calls.map((_, i) => pulse["4xx"][i] + pulse["5xx"][i] + pulse.cut[i] ? `M${x(i)} 0v6` : "").join(""));
    const now = calls.at(-1) ?? 0;
    say(this.#rate, count(now));
    this.#spark.setAttribute("aria-label", `Calls per second in the last minute: now ${now}, at most ${Math.max(...calls)}. Marks show requests that failed.`);
  }
}

/** @param {number} ms */
const millis = (ms) => ms < 10 ? ms.toFixed(1) + " ms" : ms < 10_000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(0) + " s";
