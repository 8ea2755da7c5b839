// Draws the state. Nothing else changes what the page shows.
import { clear, endFaults, filter, go, openCall, pause, toggleType } from "./actions.js";
import { badge, byID, count, h, say, some, types } from "./dom.js";
import { cleared, noMatch, held as heldBack, quiet, welcome } from "./empty.js";
import { describe } from "./faults.js";
import { CallList } from "./list.js";
import { RequestList } from "./requests.js";
import { asksFor, isOutput, page } from "./state.js";
import { showStats } from "./stats.js";

export const list = new CallList(byID("scroller"), byID("spacer"), page.entries);
list.onopen = openCall;
const requests = new RequestList(byID("requests"));

for (const type of types) byID("types").append(h("button", { "data-type": type, onclick: () => toggleType(type) }, badge(type), h("b", 0)));
for (const tab of /** @type {const} */ (["calls", "requests"])) {
  byID("tabs").append(h("button", { "data-tab": tab, onclick: () => go({ tab, person: "" }) }, tab === "calls" ? "Calls" : "Requests"));
}
byID("end-faults").addEventListener("click", endFaults);

export function render() {
  title();
  if (page.state) showStats(page.state);
  search();
  faults();
  strip();
  tabs();
  panels();
  say(byID("said"), page.said);
}

// Whose calls these are. An output's can only be read.
function title() {
  const name = isOutput() ? "Segment output" : "Segment sandbox";
  if (document.title !== name) document.title = name;
  say(byID("title"), name);
  byID("faults").hidden = isOutput();
}

function search() {
  const query = byID("q");
  if (query.value !== page.typed) query.value = page.typed;
  query.toggleAttribute("aria-invalid", page.problem !== "");
  say(byID("q-error"), page.problem);
  byID("q-error").hidden = !page.problem;
}

function faults() {
  const active = (page.state?.faults ?? []).filter((f) => f.active);
  byID("fault").hidden = active.length === 0;
  say(byID("fault-note"), (active.length > 1 ? `${active.length} faults: ` : "Fault: ") + active.map(describe).join("; "));
}

function strip() {
  const { paused, live, entries } = page;
  byID("link").className = "link " + (!live ? "lost" : paused ? "paused" : "");
  say(byID("link"), !live ? "Reconnecting" : paused ? `Paused, ${count(entries.waiting)} new` : "Live");
  say(byID("pause"), paused ? "Resume" : "Pause");
  byID("pause").ariaPressed = String(paused);
  say(byID("held"), held());
  say(byID("note"), refusal());
  byID("delete").hidden = page.view.tab === "requests" || page.view.person !== "" || entries.calls === 0 || isOutput();
}

// How many calls are seen, and of how many.
function held() {
  if (!page.state || !page.loaded) return "";
  const { calls_held: kept, calls_dropped: dropped, first_seq: first } = page.state.summary;
  const { entries, view } = page;
  const gone = page.paused ? entries.evicted(first) : 0;
  const shown = view.q ? "match" : "shown";
  if (entries.trimmed > 0 && entries.trimmed >= first) return `the newest ${count(entries.calls)} that ${view.q ? "match" : "came"}, of ${some(kept, "call")}`;
  return (view.q || entries.calls !== kept ? `${count(entries.calls)} of ${some(kept, "call")} ${shown}` : some(kept, "call") + " held") +
    (gone ? `, ${count(gone)} evicted meanwhile` : dropped ? `, ${count(dropped)} older ones evicted` : "");
}

// A request whose calls are not in the list is shown for a while.
function refusal() {
  const last = page.state?.refusal;
  if (!last || Date.now() - last.at > 10_000) return "";
  return `Request ${last.request} was ${last.status ? "answered " + last.status : "cut"}, its ${some(last.calls, "call")} may be sent again: ${last.why}`;
}

function tabs() {
  for (const tab of byID("tabs").children) tab.ariaPressed = String(tab.dataset.tab === page.view.tab && !page.view.person);
  byID("types").hidden = page.view.tab !== "calls";
  for (const chip of byID("types").children) {
    const n = page.state?.summary.held_by_type[chip.dataset.type] ?? 0;
    say(chip.lastChild, count(n));
    chip.hidden = chip.dataset.type === "unknown" && n === 0;
    chip.ariaPressed = String(asksFor(chip.dataset.type));
  }
  requests.chips(byID("statuses"), page);
}

function panels() {
  const { view, person } = page;
  const panel = view.person ? "person" : view.tab;
  for (const name of ["calls", "requests", "person"]) byID(name).hidden = name !== panel;
  byID("tabbar").hidden = panel === "person";
  if (panel !== "person") shownPerson = "";
  if (panel === "requests") return requests.draw(page);
  if (panel === "calls") return calls();
  showPerson(person);
}

/** Who is shown in the panel of persons. */
let shownPerson = "";

// Goes to a person, or renews what is said of one whom somebody reads about.
/** @param {ShownPerson | undefined} person */
function showPerson(person) {
  const panel = byID("person");
  const content = person?.content ?? [];
  if (panel.firstChild === (content[0] ?? null)) return;
  const isSame = person?.id === shownPerson;
  shownPerson = person?.id ?? "";
  const top = isSame ? panel.scrollTop : 0;
  const opened = new Set([...panel.querySelectorAll("details[open]")].map((e) => e.dataset.of));
  const focused = panel.contains(document.activeElement) ? document.activeElement?.textContent : undefined;
  panel.replaceChildren(...content);
  if (isSame) for (const e of panel.querySelectorAll("details")) e.open = opened.has(e.dataset.of);
  panel.scrollTop = top;
  const buttons = [...panel.querySelectorAll("button, summary")];
  if (!isSame) buttons[0]?.focus();
  else if (focused !== undefined) (buttons.find((e) => e.textContent === focused) ?? panel).focus({ preventScroll: true });
}

function calls() {
  const { call, entries } = page;
  list.draw(call && entries.has(call.seq) ? call : undefined);
  byID("newer").hidden = list.above === 0;
  say(byID("newer"), `↑ ${count(list.above)} new`);
  const kind = emptiness();
  const empty = byID("empty");
  empty.hidden = kind === "";
  if (empty.dataset.kind === kind) return;
  empty.dataset.kind = kind;
  empty.replaceChildren(...(kind ? [empties[kind]()] : []));
}

const empties = {
  paused: () => heldBack(pause), cleared: () => cleared(page.view.since, clear),
  none: () => noMatch(() => filter("")), welcome, quiet,
};

// Why there is nothing to see. Nothing is said before it is known.
function emptiness() {
  const { entries, view } = page;
  if (entries.length > 0 || !page.loaded) return "";
  return entries.waiting > 0 ? "paused" : view.since ? "cleared" : view.q ? "none" : isOutput() ? "quiet" : "welcome";
}

/** To the newest call. */
export function follow() {
  if (page.view.call) go({ call: 0 });
  list.follow();
}

/** Puts the keyboard on what is shown. */
export const focusPanel = () => byID(page.view.person ? "person" : page.view.tab === "requests" ? "requests" : "scroller").focus({ preventScroll: true });

