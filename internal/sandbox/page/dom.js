// Elements and texts. Calls become text, never markup.
import { why } from "./api.js";

/** @param {string} id @returns {any} an element that index.html has */
export const byID = (id) => document.getElementById(id);

// Gives an element classes ("div.row"), attributes, listeners (names that begin
// with "on") and children.
function make(create, name, parts) {
  const [tag, ...classes] = name.split(".");
  const element = create(tag);
  if (classes.length) element.classList.add(...classes);
  for (const part of parts) {
    if (part?.constructor !== Object) {
      if (part || part === 0) element.append(part);
      continue;
    }
    for (const [name, value] of Object.entries(part)) {
      if (typeof value === "function") element.addEventListener(name.slice(2), value);
      else if (value != null) element.setAttribute(name, value);
    }
  }
  return element;
}

/** @returns {HTMLElement} */
export const h = (tag, ...parts) => make((name) => document.createElement(name), tag, parts);

/** @returns {SVGElement} */
export const svg = (tag, ...parts) => make((name) => document.createElementNS("http://www.w3.org/2000/svg", name), tag, parts);

/** Sets a text if it changed. @param {Element} element @param {string | number} text */
export function say(element, text) {
  if (element.textContent !== String(text)) element.textContent = String(text);
}

// Shapes tell the types apart without colours.
const shapes = new Map([
  ["identify", "M6 1a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5zM1 11.5a5 4.5 0 0 1 10 0z"],
  ["track", "M2 1l9 5l-9 5z"],
  ["page", "M1 1h10v10h-10zM3 4v1h6v-1zM3 7v1h4v-1z"],
  ["screen", "M3 0h6v12h-6zM4.2 2v7h3.6v-7z"],
  ["group", "M6 0l5.5 3v6l-5.5 3l-5.5-3v-6z"],
  ["alias", "M0 3h7v-3l5 4.2h-12zM12 9h-7v3l-5-4.2h12z"],
  ["unknown", "M5 1h2v6h-2zM5 9h2v2h-2z"],
]);

export const types = [...shapes.keys()];

/** The colour of a type is that of a class. @param {string} type */
export const classOf = (type) => "t-" + (shapes.has(type) ? type : "unknown");

/** @param {string} type @returns {any} */
export const shapeOf = (type) => shapes.get(type) ?? shapes.get("unknown");
export const icon = (path) => svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, path);
export const badge = (type) =>
  h("span", { class: "badge " + classOf(type) }, icon(svg("path", { d: shapeOf(type), "fill-rule": "evenodd" })), type);
export const count = (n) => n.toLocaleString("en-US");
export const some = (n, thing) => `${count(n)} ${thing}${n === 1 ? "" : "s"}`;
export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  while (n >= 999.5 && units.length > 1) {
    n /= 1000;
    units.shift();
  }
  return `${n < 10 && units[0] !== "B" ? n.toFixed(1) : n.toFixed(0)} ${units[0]}`;
}
export function clock(at) {
  const d = new Date(at);
  return d.toTimeString().slice(0, 8) + "." + String(d.getMilliseconds()).padStart(3, "0");
}

export const millis = (ms) => ms < 10 ? ms.toFixed(1) + " ms" : ms < 1000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(ms < 10_000 ? 1 : 0) + " s";

/** Names and values, without those that have none. @param {[string, any][]} list */
export const factList = (list) => h("dl.facts", ...list.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", name), h("dd", value)]));

/** @param {ReceivedRequest | null} request */
export const headerTable = (request) => h("table", ...Object.entries(request?.headers ?? { "": ["Newer requests have evicted this one."] })
  .map(([name, values]) => h("tr", h("th", { scope: "row" }, name), h("td", h("code", values.join(", "))))));

/** A button. @param {string} label @param {(e: any) => void} onclick @param {object} [props] */
export const button = (label, onclick, props) => h("button", { onclick, ...props }, label);

/** A button that says whether its action succeeded. */
export const doer = (label, done, act, props) => button(label, async (e) => {
  try {
    await act();
    say(e.target, done);
  } catch (problem) {
    say(e.target, "Failed");
    e.target.title = why(problem);
  }
  setTimeout(() => say(e.target, label), 2000);
}, props);

/** @param {string} label @param {() => string | Promise<string>} text */
export const copier = (label, text) => doer(label, "Copied", async () => navigator.clipboard.writeText(await text()));

/** A value for a filter, in quotes if it needs them. @param {string} value */
export const quoted = (value) =>
  /^[^\s":-][^\s":]*$/.test(value) ? value : '"' + value.replace(/[\\"]/g, "\\$&") + '"';
