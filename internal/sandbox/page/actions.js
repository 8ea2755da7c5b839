// What a reader can do, and what the sandbox says: all that changes the state.
import { ask, tell, why } from "./api.js";
import { readAddress, writeAddress } from "./address.js";
import { showCall } from "./detail.js";
import { showPerson } from "./person.js";
import { asksFor, changed, filterQuery, page } from "./state.js";
import { Stream } from "./stream.js";
import { quoted, some } from "./dom.js";

/** @type {Stream | undefined} */
let stream;
let unsaid = 0;
/** Filters that the sandbox understood. */
const understood = new Set([""]);

/** Tells screen readers. @param {string} text */
export function announce(text) {
  page.said = text;
  changed();
}

/**
 * Goes to another view. Back comes back, unless it takes the place of this one.
 * @param {Partial<View>} change @param {"push" | "replace"} [how]
 */
export function go(change, how = "push") {
  const next = { ...page.view, ...change };
  page.typed = next.q;
  page.problem = "";
  understood.add(next.q);
  writeAddress(next, how);
  show(next);
}

/** Shows what the address says, at the start and after Back and Forward. */
export async function arrive() {
  const search = location.search;
  const next = readAddress();
  page.typed = next.q;
  const problem = await problemOf(next.q);
  if (location.search !== search) return;
  page.problem = problem;
  show(problem ? { ...next, q: "" } : next);
}

/** @param {View} next */
function show(next) {
  const before = page.view;
  page.view = next;
  if (!stream || before.q !== next.q || before.since !== next.since) follow();
  if (next.call !== page.call?.seq) loadCall();
  if (next.person !== page.person?.id) loadPerson();
  if (next.tab === "requests") loadRequests();
  changed();
}

/** What is wrong with a filter, by the sandbox. */
async function problemOf(q) {
  if (understood.has(q)) return "";
  const problem = await ask("calls?" + new URLSearchParams({ limit: "1", q })).then(() => "", why);
  if (!problem) understood.add(q);
  return problem.replace("parameter q: ", "");
}

/** Applies what was typed, if the sandbox understands it. @param {string} typed @param {"push" | "replace"} [how] */
export async function filter(typed, how = "push") {
  page.typed = typed;
  const problem = await problemOf(typed.trim());
  if (page.typed !== typed) return false;
  page.problem = problem;
  changed();
  if (problem || page.view.q === typed.trim()) return false;
  const next = { ...page.view, q: typed.trim(), call: 0, person: "", tab: /** @type {const} */ ("calls") };
  writeAddress(next, how);
  show(next);
  return true;
}

/** Asks for a type, or no longer. @param {string} type */
export function toggleType(type) {
  const others = page.view.q.replace(/(^|\s)type:\w+/, "").trim();
  return filter(asksFor(type) ? others : `type:${type} ${others}`.trim());
}

// Follows the calls that are wanted from now on.
function follow() {
  stream?.close();
  page.entries.clear();
  page.loaded = false;
  let here = 0;
  stream = new Stream(filterQuery(), {
    hello: greet,
    calls: take,
    gap: ({ from, to }) => take([{ seq: to, gap: `${some(to - from + 1, "call")} evicted before this page could show them: ${from} to ${to}` }]),
    reset() {
      page.entries.clear();
      page.loaded = false;
    },
    state(now) {
      page.state = now;
      page.loaded = here >= (page.hello?.last ?? 0);
      page.entries.evict(now.summary.first_seq);
      if (page.view.tab === "requests") loadRequests();
      renewLater();
    },
    link(is) {
      page.live = is;
      changed();
    },
    at(seq) {
      here = seq;
      page.cursor = Math.max(page.cursor, seq);
      changed();
    },
  });
}

/** @param {Hello} greeting */
function greet(greeting) {
  const isOther = page.hello && page.hello.run !== greeting.run;
  page.hello = greeting;
  page.loaded = false;
  page.entries.bound(Math.min(Math.max(greeting.max_calls, 1000), 50_000));
  if (!isOther) return;
  // The numbers start again and mean other calls and requests.
  announce(`The ${greeting.of} was restarted.`);
  page.entries.clear();
  page.cursor = 0;
  if (page.paused) page.entries.pause(0);
  page.requests = undefined;
  go({ since: 0, call: 0, request: 0 }, "replace");
}

/** @param {Entry[]} entries */
function take(entries) {
  page.entries.add(entries);
  if (!page.paused) unsaid += entries.length;
}

// For screen readers.
setInterval(() => {
  if (unsaid > 0) announce(some(unsaid, "new call"));
  unsaid = 0;
}, 4000);

/** Holds the view as it is, or lets it go on. */
export function pause() {
  page.paused = !page.paused;
  if (page.paused) page.entries.pause(page.cursor);
  else page.entries.resume();
  if (page.view.tab === "requests") loadRequests();
  renewLater();
  changed();
}

/** Hides the calls that can be seen, or shows them again. */
export function clear() {
  const { entries, view } = page;
  const seen = page.paused ? entries.limit : Math.max(page.cursor, entries.newest);
  go({ since: view.since && entries.calls === 0 ? 0 : seen, call: 0, person: "", tab: "calls" });
}

/** Opens a call, or closes it if it is open. @param {number} seq */
export function openCall(seq) {
  go({ call: page.view.call === seq ? 0 : seq }, page.view.call ? "replace" : "push");
}

/** Shows a call from elsewhere, without the filter if that hides it. @param {number} seq */
export function visitCall(seq) {
  if (page.paused && seq > page.entries.limit) pause();
  const there = page.entries.has(seq);
  go({ call: seq, person: "", tab: "calls", ...(there ? {} : { q: "", since: 0 }) });
}

export const visitPerson = (id) => go({ person: id });
export const filterPerson = (id) => go({ q: "user:" + quoted(id), person: "", call: 0, tab: "calls" });

async function loadCall() {
  const seq = page.view.call;
  page.call = undefined;
  if (!seq) return;
  const call = await showCall(seq);
  if (page.view.call !== seq) return;
  page.call = { seq, ...call };
  changed();
  renewLater();
}

async function loadPerson() {
  const id = page.view.person;
  page.person = undefined;
  if (!id) return;
  await takePerson(id);
  renewLater();
}

/** @param {string} id */
async function takePerson(id) {
  const shown = page.person;
  const person = await showPerson(id, shown);
  if (page.view.person !== id || page.person !== shown) return;
  page.person = person;
  changed();
}

/** What the sandbox held when the open call and the person were asked for. */
let renewed = "";
let renewing = false;

// What is open goes on with what arrives, but not for every call of many.
function renewLater() {
  const { call, person } = page;
  const { last_seq, last_request, first_seq, calls_held } = page.state?.summary ?? {};
  const now = [page.view.call, page.view.person, last_seq, last_request, first_seq, calls_held].join();
  if (renewing || page.paused || now === renewed || !call && !person) return;
  renewing = true;
  setTimeout(async () => {
    if (!page.paused) {
      renewed = now;
      await Promise.all([call?.renew(), person && person === page.person && takePerson(person.id)]);
    }
    renewing = false;
    changed();
    renewLater(); // More may have come meanwhile.
  }, 300);
}

let loading = false;

// Asks for the newest requests if there are others than those shown.
async function loadRequests() {
  const { status } = page.view;
  const last = page.state?.summary.last_request ?? 0;
  const run = page.hello?.run;
  const { requests: shown } = page;
  const isShown = shown && shown.status === status && shown.run === run && (shown.last === last || page.paused);
  if (loading || isShown) return;
  loading = true;
  /** @type {{requests: RequestRow[], total: number} | undefined} */
  const answer = await ask(`requests?brief=true&order=newest&limit=200${status && "&status=" + status}`).catch(() => undefined);
  loading = false;
  if (answer) page.requests = { status, run, last, rows: answer.requests, total: answer.total };
  changed();
  // Others may have come meanwhile, or others be wanted.
  if (answer && page.view.tab === "requests" && (page.view.status !== status || page.state?.summary.last_request !== last)) loadRequests();
}

export async function refreshFaults() {
  const { faults } = await ask("faults");
  if (page.state) page.state.faults = faults;
  changed();
}

export const endFaults = () => tell("faults", "DELETE").then(refreshFaults, (problem) => announce(why(problem)));
