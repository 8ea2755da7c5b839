// Everything that the page shows is made of this, and drawn by render.js alone.
import { Entries } from "./entries.js";

/** @type {Page} */
export const page = {
  view: { q: "", since: 0, tab: "calls", status: "", call: 0, request: 0, person: "" },
  typed: "", problem: "", said: "",
  paused: false, live: false, loaded: false, cursor: 0,
  hello: undefined, state: undefined, requests: undefined, call: undefined, person: undefined,
  entries: new Entries(),
};

let frame = 0;
let draw = () => {};

/** What draws the page from now on. @param {() => void} drawing */
export const drawWith = (drawing) => { draw = drawing; };

/** Draws the page before the browser shows it again. */
export function changed() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    draw();
  });
}

/** The last call that can be seen, whatever comes meanwhile. */
export const lastSeen = () => page.paused ? page.entries.limit : page.cursor;

/** What is filtered and hidden, for the API. @param {number} [until] the last call that is meant; up to 0 there is none */
export function filterQuery(until) {
  const params = new URLSearchParams();
  if (page.view.q) params.set("q", page.view.q);
  if (page.view.since) params.set("since", String(page.view.since));
  if (until !== undefined) params.set("until", String(until));
  return params;
}

/** Whether the calls are those of an output, which can only be read. */
export const isOutput = () => page.hello?.of === "output";

/** Whether the filter asks for a type. @param {string} type */
export const asksFor = (type) => page.view.q.split(/\s+/).includes("type:" + type);
