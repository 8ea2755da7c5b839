// The list of requests, newest first: what was sent, what was answered, and why.
import { go } from "./actions.js";
import { ask, why } from "./api.js";
import { button, bytes, clock, count, factList, h, headerTable, millis, say, some } from "./dom.js";

const columns = ["#", "Time", "Answer", "Calls", "Attempt", "Wait", "Why"];
const classes = ["2xx", "3xx", "4xx", "5xx", "cut"];

/** What became of the calls of a request. @param {RequestRow} r */
function fate(r) {
  const said = [
    r.discarded && `${count(r.discarded)} discarded`, r.duplicates && `${count(r.duplicates)} duplicate`,
    r.calls > r.accepted + r.discarded && (r.calls > 1 ? "none accepted" : "not accepted"),
  ].filter(Boolean);
  return count(r.calls) + (said.length ? ` (${said.join(", ")})` : "");
}

/** @param {RequestRow} r */
function makeRow(r) {
  const good = r.status >= 200 && r.status < 300;
  const texts = { seq: r.seq, time: clock(r.at), status: r.status || "cut", calls: fate(r), attempt: r.attempt, wait: r.before ? millis(r.wait_ms ?? 0) : "", why: r.why ?? "" };
  const titles = { wait: r.before && `after request ${r.before}` };
  const row = h("button.rq", { "data-seq": r.seq, onclick: () => toggle(r.seq) },
    ...Object.entries(texts).map(([name, text]) => h("span", { class: name, title: titles[name] }, String(text))));
  row.classList.toggle("bad", !good);
  row.querySelector(".attempt")?.classList.toggle("first", !(r.attempt > 1));
  if (r.discarded) row.querySelector(".calls")?.classList.add("bad");
  return h("li", row);
}

/** @param {number} seq */
const toggle = (seq) => {
  const open = document.querySelector("#requests .opened")?.getAttribute("data-of");
  go({ request: open === String(seq) ? 0 : seq }, open ? "replace" : "push");
};

async function showRequest(seq) {
  /** @type {ReceivedRequest} */
  const request = await ask(`requests/${seq}`);
  const ids = (request.message_ids ?? []).filter(Boolean);
  return [
    h("div.bar", h("strong", `Request ${seq}`), h("span.grow"),
      request.first_call && button(`Show its ${some(request.accepted + request.discarded, "call")}`, () => go({ tab: "calls", q: "request:" + seq, since: 0, call: 0, request: 0 })),
      button("×", () => go({ request: 0 }), { class: "icon", "aria-label": "Close" })),
    ...(request.violations ?? []).slice(0, 20).map((v) => h("p", h("code", v.code), ` call ${v.call + 1} of ${count(request.calls)}: `, v.message)),
    factList([
      ["Sent to", `${request.method} ${request.path}`], ["Refusal", request.refusal], ["Fault", request.fault && `${request.fault.id}: ${request.fault.effect}`],
      ["Write key", request.write_key], ["Size", `${bytes(request.bytes_on_wire)} on the wire, ${bytes(request.bytes)} of JSON`],
      ["Message ids", ids.slice(0, 20).join(" ") + (ids.length > 20 ? ` and ${count(ids.length - 20)} more` : "")],
    ]),
    h("details", h("summary", "Headers"), headerTable(request)),
  ];
}

export class RequestList {
  #rows = h("ol.rqs");
  #note = h("p.quiet");
  #opened = h("li.opened");
  #of = 0;
  /** @type {Map<number, HTMLElement>} */
  #made = new Map();
  /** @type {Requests | undefined} */
  #shown;

  /** @param {HTMLElement} panel */
  constructor(panel) {
    panel.append(h("div.rq.head", ...columns.map((name) => h("span", name))), this.#rows, this.#note);
  }

  /** @param {HTMLElement} bar @param {Page} page */
  chips(bar, page) {
    bar.hidden = page.view.tab !== "requests";
    const counts = page.state?.summary.requests_by_status ?? {};
    if (bar.childElementCount === 0) {
      bar.append(...["", ...classes].map((status) =>
        h("button", { "data-status": status, onclick: () => go({ status, request: 0 }) }, status || "All", h("b"))));
    }
    for (const chip of /** @type {any} */ (bar.children)) {
      const { status } = chip.dataset;
      const n = Object.entries(counts).reduce((sum, [s, k]) => sum + (status === "" || s[0] === status[0] ? k : 0), 0);
      say(chip.lastChild, count(n));
      chip.hidden = status === "3xx" && n === 0;
      chip.ariaPressed = String(page.view.status === status);
    }
  }

  /** @param {Page} page */
  draw(page) {
    const { requests, view } = page;
    if (requests !== this.#shown) this.#fill(requests);
    this.#open(view.request);
    if (!requests) return say(this.#note, "");
    const { rows, total } = requests;
    say(this.#note, total === 0 ? (view.status ? "No request was answered so." : "No request came yet.")
      : total > rows.length ? `The newest ${count(rows.length)} of ${count(total)}.` : "");
  }

  // Rows do not change, so those that are there stay.
  #fill(requests) {
    if (!requests || this.#shown?.run !== requests.run) {
      this.#made.clear();
      this.#rows.replaceChildren();
    }
    this.#shown = requests;
    const made = new Map();
    let place = this.#rows.firstChild;
    for (const row of requests?.rows ?? []) {
      if (place === this.#opened) place = place.nextSibling;
      const element = this.#made.get(row.seq) ?? makeRow(row);
      made.set(row.seq, element);
      if (element === place) place = place.nextSibling;
      else this.#rows.insertBefore(element, place);
    }
    for (const [seq, element] of this.#made) if (!made.has(seq)) element.remove();
    this.#made = made;
  }

  #open(seq) {
    const row = this.#made.get(seq);
    if (!row) {
      this.#of = 0;
      return this.#opened.remove();
    }
    if (this.#of === seq) return;
    this.#of = seq;
    this.#opened.dataset.of = String(seq);
    this.#opened.replaceChildren();
    row.after(this.#opened);
    showRequest(seq).catch((problem) => [h("p", why(problem))]).then((content) => {
      if (this.#of === seq) this.#opened.replaceChildren(...content);
    });
  }
}
