// The ids of a person and what joins them, as a picture.
import { h, svg } from "./dom.js";

/**
 * @typedef {import("./api.js").Person} Person
 * @typedef {import("./api.js").PersonID} ID
 */

const mostNodes = 18;
const step = 40;
const columns = new Map([["anonymous", 20], ["previous", 20], ["user", 250], ["group", 480]]);
const kinds = new Map([
  ["user", "user id"], ["anonymous", "anonymous id"], ["previous", "previous id"], ["group", "group"],
]);

/** @param {ID} node */
export const labelOf = (node) => node.kind === "group" ? node.id.slice("group:".length) : node.id;

/** @param {string} text */
const clip = (text) => text.length > 24 ? text.slice(0, 11) + "…" + text.slice(-12) : text;

/**
 * The picture; nothing where there would be too much on it. The list beside it
 * says the same.
 * @param {Person} person
 */
export function graph(person) {
  if (person.ids.length > mostNodes) return null;
  const places = new Map();
  const filled = new Map();
  for (const node of person.ids) {
    const x = columns.get(node.kind) ?? 20;
    const n = filled.get(x) ?? 0;
    filled.set(x, n + 1);
    places.set(node.id, { x, n });
  }
  const rows = Math.max(...filled.values());
  // Short columns stand in the middle of the long ones.
  const y = (/** @type {{x: number, n: number}} */ p) => (p.n + (rows - filled.get(p.x)) / 2) * step + 24;
  const picture = svg("svg", { class: "graph", viewBox: `0 0 680 ${rows * step + 8}`, role: "img", "aria-label": "The ids of this person; the list below says the same" });
  for (const link of person.links) {
    const a = places.get(link.from);
    const b = places.get(link.to);
    if (!a || !b) continue;
    const bend = a.x === b.x ? -60 : (b.x - a.x) / 2;
    picture.append(svg("path", { class: "t-" + link.by, d: `M${a.x} ${y(a)}C${a.x + bend} ${y(a)} ${a.x === b.x ? b.x + bend : b.x - bend} ${y(b)} ${b.x} ${y(b)}` },
      svg("title", null, `${link.by}, call ${link.seq}`)));
  }
  for (const node of person.ids) {
    const place = places.get(node.id);
    picture.append(svg("g", { class: "node " + node.kind, transform: `translate(${place.x} ${y(place)})` },
      shape(node.kind),
      svg("text", { x: 13, y: 4 }, clip(labelOf(node))), svg("title", null, `${kinds.get(node.kind)} ${labelOf(node)}`)));
  }
  return picture;
}

/** @param {string} kind */
function shape(kind) {
  switch (kind) {
    case "user": return svg("circle", { r: 7 });
    case "group": return svg("rect", { x: -6, y: -6, width: 12, height: 12 });
    case "previous": return svg("path", { d: "M0-8L8 0L0 8L-8 0Z" });
    default: return svg("circle", { r: 6 });
  }
}

/**
 * The same as a list.
 * @param {Person} person
 */
export const idList = (person) =>
  h("ul", { class: "ids" }, ...person.ids.map((node) => {
    const joined = person.links.filter((l) => l.from === node.id || l.to === node.id);
    return h("li", null, h("span", { class: "quiet" }, kinds.get(node.kind) ?? node.kind), h("code", null, labelOf(node)),
      h("span", { class: "quiet" }, joined.map((l) => `${l.by} ${l.seq}`).slice(0, 4).join(", ")));
  }));
