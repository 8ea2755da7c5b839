// The ids of a person and their links, as a picture and a list.
import { classOf, h, svg } from "./dom.js";

const mostNodes = 18;
const step = 40;
const columns = new Map([["user", 290], ["group", 500]]);
const shapes = new Map([
  ["user", "M0-7A7 7 0 1 1 0 7A7 7 0 1 1 0-7Z"], ["group", "M-6-6H6V6H-6Z"], ["previous", "M0-8L8 0L0 8L-8 0Z"],
  ["anonymous", "M0-6A6 6 0 1 1 0 6A6 6 0 1 1 0-6Z"],
]);

/** @param {PersonID} node */
export const labelOf = (node) => node.kind === "group" ? node.id.slice("group:".length) : node.id;

/** An id that is too long to read, by its beginning and its end. @param {string} text */
export const clip = (text) => text.length > 24 ? text.slice(0, 11) + "…" + text.slice(-12) : text;

/** The picture, unless it is too large. @param {Person} person */
export function graph(person) {
  if (person.ids.length > mostNodes) return null;
  const places = new Map();
  const filled = new Map();
  for (const node of person.ids) {
    const x = columns.get(node.kind) ?? 30;
    const n = filled.get(x) ?? 0;
    filled.set(x, n + 1);
    places.set(node.id, { x, n, end: x + 18 + 7.3 * clip(labelOf(node)).length });
  }
  const rows = Math.max(...filled.values());
  // Short columns are centred.
  const y = (p) => (p.n + (rows - filled.get(p.x)) / 2) * step + 24;
  const lines = person.links.filter((l) => places.has(l.from) && places.has(l.to)).map((link) => {
    const [from, to] = [places.get(link.from), places.get(link.to)].sort((a, b) => a.x - b.x);
    // Lines begin after the label, or bow out within a column.
    const x = from.x === to.x ? to.x : from.end;
    const bend = from.x === to.x ? -24 : (to.x - x) / 2;
    const bent = from.x === to.x ? to.x + bend : to.x - bend;
    return svg("path", { class: classOf(link.by), d: `M${x} ${y(from)}C${x + bend} ${y(from)} ${bent} ${y(to)} ${to.x} ${y(to)}` });
  });
  const nodes = person.ids.map((node) => {
    const p = places.get(node.id);
    return svg("g", { class: "node " + node.kind, transform: `translate(${p.x} ${y(p)})` },
      svg("path", { d: shapes.get(node.kind) }), svg("text", { x: 13, y: 4 }, clip(labelOf(node))));
  });
  return svg("svg.graph", { viewBox: `0 0 680 ${rows * step + 8}`, role: "img", "aria-label": "The ids, as listed below" }, ...lines, ...nodes);
}

/** @param {Person} person */
export const idList = (person) => h("ul.ids", ...person.ids.map((node) => {
  const joined = person.links.filter((l) => l.from === node.id || l.to === node.id);
  return h("li", h("small", node.kind), h("code", labelOf(node)),
    h("small", joined.map((l) => `${l.by} ${l.seq}`).slice(0, 4).join(", ")));
}));
