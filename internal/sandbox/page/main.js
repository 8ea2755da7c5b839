// The page: what is filtered, open and paused, and who is told of it.
import { ask, filterQuery, tell } from "./api.js";
import { byID, count, h, quoted, say, some, types, badge } from "./dom.js";
import { showCall } from "./detail.js";
import { cleared, noMatch, welcome } from "./empty.js";
import { describe, faultPanel } from "./faults.js";
import { helpPanel, listen } from "./keys.js";
import { CallList } from "./list.js";
import { showPerson } from "./person.js";
import { Stats } from "./stats.js";
import { Stream } from "./stream.js";
import { startTheme } from "./theme.js";

/** @typedef {import("./row.js").Entry} Entry */

const list = new CallList(byID("scroller"), byID("spacer"));
const stats = new Stats(byID("stats"));
const query = /** @type {HTMLInputElement} */ (byID("q"));
const dialog = /** @type {HTMLDialogElement} */ (byID("dialog"));

const here = new URLSearchParams(location.search);
let q = here.get("q") ?? "";
let since = Number(here.get("since")) || 0;
let wanted = Number(here.get("call")) || 0; // to be opened as soon as it is there
let person = here.get("person") ?? "";

/** @type {Stream | null} */
let stream = null;
/** @type {import("./api.js").Hello | null} */
let hello = null;
/** @type {import("./api.js").State | null} */
let state = null;
let link = "lost";
let paused = false;
/** What came while paused, at most as much as the list holds. @type {Entry[]} */
let waiting = [];
let missed = 0;
let unsaid = 0;

// The address says what is seen, so that it can be kept and passed on.
function keepAddress() {
  const params = filterQuery(q, since);
  if (list.opened) params.set("call", String(list.opened));
  if (person) params.set("person", person);
  const text = params.toString();
  history.replaceState(null, "", text ? "/?" + text : "/");
}

/** Follows the calls from the beginning, or from where the view was cleared. */
function restart() {
  stream?.close();
  list.shut();
  list.clear();
  waiting = [];
  missed = 0;
  keepAddress();
  stream = new Stream(filterQuery(q, since), {
    hello(greeting) {
      const anew = hello !== null && hello.run !== greeting.run;
      hello = greeting;
      list.bound(Math.min(greeting.max_calls, 50_000));
      if (!anew) return;
      // The numbers begin anew, so the old ones would mean other calls.
      since = 0;
      forget();
      announce("The sandbox was started anew.");
    },
    calls: take,
    gap: ({ from, to }) => take([{ seq: to, gap: `${some(to - from + 1, "call")} made room before this page could show them: ${from} to ${to}` }]),
    reset: forget,
    state(now) {
      state = now;
      stats.show(now);
      showTypes(now.summary.by_type);
      showStrip();
    },
    link(is) { link = is; showStrip(); },
  });
}

function forget() {
  waiting = [];
  missed = 0;
  list.shut();
  list.clear();
  keepAddress();
}

/** @param {Entry[]} entries */
function take(entries) {
  if (paused) {
    missed += entries.length;
    waiting.push(...entries);
    const most = hello?.max_calls ?? 10_000;
    if (waiting.length > most * 1.1) waiting = waiting.slice(-most);
    showStrip();
    return;
  }
  list.add(entries);
  unsaid += entries.length;
  if (wanted && list.has(wanted)) {
    const seq = wanted;
    wanted = 0;
    open(seq);
  }
}

function pause() {
  paused = !paused;
  const button = byID("pause");
  button.setAttribute("aria-pressed", String(paused));
  if (!paused) {
    list.add(waiting);
    waiting = [];
    missed = 0;
  }
  showStrip();
}

/** Hides what is there, or shows it again. */
function clear() {
  since = since && list.length === 0 ? 0 : Math.max(state?.summary.last_seq ?? 0, list.newest);
  restart();
}

/** @param {number} seq */
async function open(seq) {
  if (list.opened === seq) return shut();
  list.choose(seq);
  try {
    const content = await showCall(seq, {
      replayTo: hello?.replay_to ?? "", onclose: shut, onperson: visit,
      onfault: (said) => said ? announce(said) : refreshFaults(),
    });
    if (list.chosen === seq) list.open(seq, content);
  } catch (e) {
    list.open(seq, h("p", { class: "quiet" }, e instanceof Error ? e.message : String(e)));
  }
  keepAddress();
}

function shut() {
  list.shut();
  byID("scroller").focus({ preventScroll: true });
  keepAddress();
}

/** @param {string} id */
async function visit(id) {
  const place = byID("person");
  person = id;
  try {
    place.replaceChildren(...await showPerson(id, {
      onclose: leave,
      oncall: (seq) => { leave(); if (!list.has(seq)) { wanted = seq; filter(""); } else if (list.opened !== seq) open(seq); },
      onfilter: (of) => { leave(); filter("user:" + quoted(of)); },
    }));
  } catch (e) {
    place.replaceChildren(h("div", { class: "bar" }, h("button", { type: "button", onclick: leave }, "← All calls"), h("p", null, e instanceof Error ? e.message : String(e))));
  }
  byID("calls").hidden = true;
  place.hidden = false;
  place.querySelector("button")?.focus();
  keepAddress();
}

function leave() {
  person = "";
  byID("person").hidden = true;
  byID("calls").hidden = false;
  list.draw();
  byID("scroller").focus({ preventScroll: true });
  keepAddress();
}

/** Asks the sandbox whether it understands the filter before it is applied. @param {string} typed */
async function filter(typed) {
  const error = byID("q-error");
  if (query.value !== typed) query.value = typed;
  try {
    await ask("/api/v1/calls?limit=1&" + filterQuery(typed, 0));
    error.hidden = true;
    query.removeAttribute("aria-invalid");
  } catch (e) {
    say(error, (e instanceof Error ? e.message : String(e)).replace(/^parameter q: /, ""));
    error.hidden = false;
    query.setAttribute("aria-invalid", "true");
    return;
  }
  if (query.value !== typed || q === typed.trim() && !wanted) return;
  q = typed.trim();
  restart();
}

/** @param {{[type: string]: number}} byType */
function showTypes(byType) {
  const place = byID("types");
  if (!place.childElementCount) {
    for (const type of types) {
      place.append(h("button", { type: "button", "data-type": type, onclick: () => filter(toggled("type:" + type)) }, badge(type), h("b", null, "0")));
    }
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("button"))) {
    const type = button.dataset.type ?? "";
    const n = byType[type] ?? 0;
    say(/** @type {Element} */ (button.querySelector("b")), count(n));
    button.hidden = type === "unknown" && n === 0;
    button.setAttribute("aria-pressed", String(q.split(/\s+/).includes("type:" + type)));
  }
}

/** The filter with the term, or without it where it has it. @param {string} term */
function toggled(term) {
  const others = q.split(/(?<!:"[^"]*)\s+/).filter((t) => t && !t.startsWith("type:"));
  return q.split(/\s+/).includes(term) ? others.join(" ") : [term, ...others].join(" ");
}

async function refreshFaults() {
  if (state) state.faults = (await ask("/api/v1/faults")).faults;
  showStrip();
}

function showStrip() {
  const active = (state?.faults ?? []).filter((f) => f.active);
  const strip = byID("strip");
  strip.classList.toggle("fault", active.length > 0);
  byID("end-faults").hidden = active.length === 0;
  const at = byID("link");
  const mode = link === "lost" ? "lost" : paused ? "paused" : "live";
  at.className = "link " + mode;
  say(at, mode === "lost" ? "Reconnecting" : mode === "paused" ? `Paused, ${count(missed)} new` : "Live");
  say(byID("pause"), paused ? "Resume" : "Pause");
  say(byID("note"), active.length > 0
    ? (active.length > 1 ? `${active.length} faults: ` : "Fault: ") + active.map(describe).join("; ")
    : refusal() || held());
}

/** A request whose calls are not in the list is worth saying for a while. */
function refusal() {
  const last = state?.refusal;
  if (!last || Date.now() - last.at > 10_000) return "";
  return `Request ${last.request} was ${last.status ? "answered " + last.status : "cut"}, its ${some(last.calls, "call")} may come again: ${last.why}`;
}

function held() {
  if (!state) return "";
  const { calls_held: held, calls_dropped: dropped } = state.summary;
  return `${some(held, "call")} held` + (dropped ? `, the oldest ${count(dropped)} made room` : "") + (q ? `, ${count(list.length)} match` : "");
}

/** @param {string} text */
function announce(text) { say(byID("said"), text); }

/** @param {HTMLElement} content */
function show(content) {
  dialog.replaceChildren(h("button", { type: "button", class: "icon close", "aria-label": "Close", onclick: () => dialog.close() }, "×"), content);
  dialog.showModal();
}

async function showFaults() {
  try {
    show(await faultPanel(refreshFaults));
  } catch (e) {
    announce(String(e));
  }
}

function showExport() {
  const file = (/** @type {string} */ format, /** @type {string} */ name) => {
    const params = filterQuery(q, since);
    params.set("format", format);
    return h("li", null, h("a", { href: "/api/v1/export?" + params, download: "" }, name));
  };
  const said = h("p", { role: "status", class: "quiet" });
  const replay = async () => {
    try {
      const done = await tell("/api/v1/replay?" + filterQuery(q, since), "POST");
      say(said, `${some(done.calls, "call")} in ${some(done.requests, "request")}.`);
    } catch (e) {
      say(said, e instanceof Error ? e.message : String(e));
    }
  };
  show(h("div", { class: "panel" }, h("h2", null, "Export"),
    h("p", null, q ? h("span", null, "The calls that match ", h("code", null, q)) : "All calls that are held"),
    h("ul", { class: "files" }, file("ndjson", "NDJSON, one call a line"), file("curl", "Shell script with curl"), file("go", "Go test fixture")),
    hello?.replay_to && h("button", { type: "button", onclick: replay }, `Replay them to ${hello.replay_to}`), said));
}

list.onopen = open;
list.onchange = () => {
  const newer = byID("newer");
  newer.hidden = list.above === 0;
  say(newer, `↑ ${count(list.above)} new`);
  const empty = byID("empty");
  const kind = list.length > 0 || !hello ? "" : since ? "cleared" : q ? "none" : "welcome";
  if (empty.dataset.kind === kind) return;
  empty.dataset.kind = kind;
  empty.hidden = kind === "";
  if (kind === "welcome") empty.replaceChildren(welcome());
  if (kind === "none") empty.replaceChildren(noMatch(() => filter("")));
  if (kind === "cleared") empty.replaceChildren(cleared(since, clear));
};

let typing = 0;
query.value = q;
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = window.setTimeout(() => filter(query.value), 150);
});
query.addEventListener("keydown", (e) => { if (e.key === "Enter") byID("scroller").focus(); });
byID("pause").addEventListener("click", pause);
byID("clear").addEventListener("click", clear);
byID("faults").addEventListener("click", showFaults);
byID("export").addEventListener("click", showExport);
byID("help").addEventListener("click", () => show(helpPanel()));
byID("newer").addEventListener("click", () => { shut(); list.follow(); });
byID("end-faults").addEventListener("click", async () => {
  try {
    await tell("/api/v1/faults", "DELETE");
    await refreshFaults();
  } catch (e) {
    announce(String(e));
  }
});
startTheme(byID("theme"));

const older = () => list.move(1);
const newer = () => list.move(-1);
listen(new Map([
  ["j", older], ["ArrowDown", older], ["k", newer], ["ArrowUp", newer],
  ["Enter", () => { if (list.chosen) open(list.chosen); }],
  ["Escape", () => {
    if (document.activeElement === query) byID("scroller").focus();
    else if (person) leave();
    else if (list.opened) shut();
  }],
  ["/", () => query.focus()], ["p", pause], ["c", clear], ["g", () => { shut(); list.follow(); }],
  ["f", showFaults], ["e", showExport], ["?", () => show(helpPanel())],
]));

// Whoever cannot see the rows is told of them now and then.
setInterval(() => {
  if (unsaid > 0) announce(some(unsaid, "new call"));
  unsaid = 0;
}, 4000);

restart();
if (q) filter(q);
if (person) visit(person);
