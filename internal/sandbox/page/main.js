// The page: what is filtered, open and paused.
import { ask, filterQuery, tell } from "./api.js";
import { badge, button, byID, count, h, quoted, say, some, types, why } from "./dom.js";
import { showCall } from "./detail.js";
import { exportPanel, show } from "./dialogs.js";
import { cleared, noMatch, welcome } from "./empty.js";
import { describe, faultPanel } from "./faults.js";
import { helpPanel, listen } from "./keys.js";
import { CallList } from "./list.js";
import { showPerson } from "./person.js";
import { showStats } from "./stats.js";
import { Stream } from "./stream.js";
import { startTheme } from "./theme.js";

const list = new CallList(byID("scroller"), byID("spacer"));
const query = byID("q");
const here = new URLSearchParams(location.search);
let q = "";
let since = Number(here.get("since"));
let wanted = Number(here.get("call")); // to be opened when it arrives
let person = here.get("person") ?? "";

/** @type {Stream | undefined} */
let stream;
/** @type {Hello | undefined} */
let hello;
/** @type {State | undefined} */
let state;
let live = false;
let paused = false;
/** What came while paused. @type {Entry[]} */
let waiting = [];
let missed = 0;
let unsaid = 0;

const announce = (text) => say(byID("said"), text);

// The address says what is shown, so that it can be shared.
function keepAddress() {
  const params = filterQuery(q, since);
  if (list.opened) params.set("call", String(list.opened));
  if (person) params.set("person", person);
  history.replaceState(null, "", "/" + (params.size ? "?" + params : ""));
}

function forget() {
  waiting = [];
  missed = 0;
  list.clear();
  keepAddress();
}

// Follows the calls after those that were cleared.
function restart() {
  stream?.close();
  forget();
  stream = new Stream(filterQuery(q, since), {
    hello(greeting) {
      const anew = hello && hello.run !== greeting.run;
      hello = greeting;
      list.bound(Math.min(Math.max(greeting.max_calls, 1000), 50_000));
      if (!anew) return;
      // The numbers start again and mean other calls.
      announce("The sandbox was restarted.");
      if (since === 0) return forget();
      since = 0;
      restart();
    },
    calls: take,
    gap: ({ from, to }) => take([{ seq: to, gap: `${some(to - from + 1, "call")} evicted before this page could show them: ${from} to ${to}` }]),
    reset: forget,
    state(now) {
      state = now;
      showStats(now);
      showTypes();
      showStrip();
    },
    link(is) {
      live = is;
      showStrip();
    },
  });
}

/** @param {Entry[]} entries */
function take(entries) {
  if (paused) {
    missed += entries.length;
    waiting = waiting.concat(entries).slice(-(hello?.max_calls ?? 10_000));
    return showStrip();
  }
  list.add(entries);
  unsaid += entries.length;
  if (wanted && list.has(wanted)) open(wanted);
}

function pause() {
  paused = !paused;
  byID("pause").ariaPressed = String(paused);
  if (!paused) list.add(waiting);
  waiting = [];
  missed = 0;
  showStrip();
}

// Hides the calls, or shows them again.
function clear() {
  since = since && list.length === 0 ? 0 : Math.max(state?.summary.last_seq ?? 0, list.newest);
  restart();
}

async function open(seq) {
  wanted = 0;
  if (list.opened === seq) return shut();
  list.choose(seq);
  const means = { replayTo: hello?.replay_to ?? "", onclose: shut, onperson: visit, onfault: refreshFaults };
  const content = await showCall(seq, means).catch((problem) => h("p.call", why(problem)));
  if (list.chosen === seq) list.open(seq, content);
  keepAddress();
}

function shut() {
  list.shut();
  byID("scroller").focus({ preventScroll: true });
  keepAddress();
}

async function visit(id) {
  person = id;
  const means = {
    onclose: leave,
    oncall(seq) {
      leave();
      if (list.has(seq)) return list.opened === seq || open(seq);
      wanted = seq;
      since = 0;
      filter("");
    },
    onfilter() {
      leave();
      filter("user:" + quoted(id));
    },
  };
  const content = await showPerson(id, means).catch((problem) => [button("← All calls", leave), h("p", why(problem))]);
  byID("person").replaceChildren(...content);
  byID("person").hidden = false;
  byID("calls").hidden = true;
  byID("person").querySelector("button").focus();
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

// Asks the sandbox to check the filter before it is applied.
async function filter(typed) {
  if (query.value !== typed) query.value = typed;
  const problem = await ask("calls?limit=1&" + filterQuery(typed, 0)).then(() => "", why);
  if (query.value !== typed) return;
  say(byID("q-error"), problem.replace("parameter q: ", ""));
  byID("q-error").hidden = !problem;
  query.toggleAttribute("aria-invalid", problem !== "");
  if (problem || q === typed.trim() && !wanted) return;
  q = typed.trim();
  list.shut();
  restart();
}

const asksFor = (type) => q.split(/\s+/).includes("type:" + type);

for (const type of types) {
  const toggle = () => {
    const others = q.replace(/(^|\s)type:\w+/, "").trim();
    filter(asksFor(type) ? others : `type:${type} ${others}`.trim());
  };
  byID("types").append(h("button", { "data-type": type, onclick: toggle }, badge(type), h("b", 0)));
}

function showTypes() {
  for (const chip of byID("types").children) {
    const n = state?.summary.by_type[chip.dataset.type] ?? 0;
    say(chip.lastChild, count(n));
    chip.hidden = chip.dataset.type === "unknown" && n === 0;
    chip.ariaPressed = String(asksFor(chip.dataset.type));
  }
}

async function refreshFaults() {
  const { faults } = await ask("faults");
  if (state) state.faults = faults;
  showStrip();
}

function showStrip() {
  const active = (state?.faults ?? []).filter((f) => f.active);
  byID("strip").classList.toggle("fault", active.length > 0);
  byID("end-faults").hidden = active.length === 0;
  byID("link").className = "link " + (!live ? "lost" : paused ? "paused" : "");
  say(byID("link"), !live ? "Reconnecting" : paused ? `Paused, ${count(missed)} new` : "Live");
  say(byID("pause"), paused ? "Resume" : "Pause");
  const faults = (active.length > 1 ? `${active.length} faults: ` : "Fault: ") + active.map(describe).join("; ");
  say(byID("note"), active.length > 0 ? faults : refusal() || held());
}

// A request whose calls are not in the list is shown for a while.
function refusal() {
  const last = state?.refusal;
  if (!last || Date.now() - last.at > 10_000) return "";
  return `Request ${last.request} was ${last.status ? "answered " + last.status : "cut"}, its ${some(last.calls, "call")} may be sent again: ${last.why}`;
}

function held() {
  if (!state) return "";
  const { calls_held: kept, calls_dropped: dropped } = state.summary;
  return some(kept, "call") + " held" + (dropped ? `, ${count(dropped)} older ones evicted` : "") + (q ? `, ${count(list.length)} match` : "");
}

list.onopen = open;
list.onchange = () => {
  byID("newer").hidden = list.above === 0;
  say(byID("newer"), `↑ ${count(list.above)} new`);
  const empty = byID("empty");
  const kind = list.length > 0 || !hello ? "" : since ? "cleared" : q ? "none" : "welcome";
  if (empty.dataset.kind === kind) return;
  empty.dataset.kind = kind;
  empty.hidden = kind === "";
  if (kind) empty.replaceChildren(since ? cleared(since, clear) : q ? noMatch(() => filter("")) : welcome());
};

const follow = () => {
  shut();
  list.follow();
};
const endFaults = () => tell("faults", "DELETE").then(refreshFaults, (problem) => announce(why(problem)));
const showFaults = () => faultPanel(refreshFaults).then(show, (problem) => announce(why(problem)));
const showExport = () => show(exportPanel(q, hello?.replay_to ?? ""));
const showHelp = () => show(helpPanel());
const older = () => list.move(1);
const newer = () => list.move(-1);

let typing = 0;
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => filter(query.value), 150);
});
for (const [id, act] of Object.entries({
  pause, clear, faults: showFaults, export: showExport, help: showHelp, newer: follow, "end-faults": endFaults,
})) byID(id).addEventListener("click", act);

listen(new Map(Object.entries({
  j: older, ArrowDown: older, k: newer, ArrowUp: newer, "/": () => query.focus(), p: pause, c: clear, g: follow,
  f: showFaults, e: showExport, "?": showHelp,
  Enter: () => list.chosen && open(list.chosen),
  Escape() {
    if (document.activeElement === query) byID("scroller").focus();
    else if (person) leave();
    else if (list.opened) shut();
  },
})));

// For screen readers.
setInterval(() => {
  if (unsaid > 0) announce(some(unsaid, "new call"));
  unsaid = 0;
}, 4000);

// A link may hold an invalid one.
filter(here.get("q") ?? "").then(() => stream ?? restart());
if (person) visit(person);
startTheme(byID("theme"));
