// One row of the list. Its elements are made once and filled again and again.
import { byID, clock, h, say, shapeOf, svg, types } from "./dom.js";

/**
 * @typedef {import("./api.js").Row} Call
 * @typedef {{seq: number, gap: string}} Gap stands where calls are not shown, or could not be
 * @typedef {Call | Gap} Entry
 */

/** @param {Entry} entry @returns {entry is Gap} */
export const isGap = (entry) => "gap" in entry;

/** @param {Call} call */
export const personOf = (call) => call.user_id || call.anonymous_id || "";

/** @param {Call} call */
export function remarks(call) {
  const said = [...(call.violations ?? [])];
  if (call.duplicate) said.push("duplicate");
  if (call.attempt > 1) said.push("attempt " + call.attempt);
  return said.join(", ");
}

/** An element that shows one entry of the list at a time. */
export class RowElement {
  element;
  #cells;
  #shape;
  #type = h("span");
  #shown = /** @type {Entry | null} */ (null);

  constructor() {
    const cell = (/** @type {string} */ name) => h("span", { class: name, role: "gridcell" });
    this.#shape = svg("path", { "fill-rule": "evenodd" });
    this.#cells = {
      seq: cell("seq"), time: cell("time"), type: cell("type"), name: cell("name"), who: cell("who"), flags: cell("flags"), size: cell("size"),
    };
    this.#cells.type.append(svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, this.#shape), this.#type);
    this.element = h("div", { class: "row", role: "row" }, ...Object.values(this.#cells));
  }

  /** @param {Entry} entry */
  fill(entry) {
    if (this.#shown === entry) return;
    this.#shown = entry;
    const c = this.#cells;
    this.element.id = "row-" + entry.seq;
    this.element.dataset.seq = String(entry.seq);
    if (isGap(entry)) {
      this.element.className = "row gap";
      for (const cell of [c.seq, c.time, c.who, c.flags, c.size]) say(cell, "");
      say(this.#type, "");
      this.#shape.removeAttribute("d");
      say(c.name, entry.gap);
      return;
    }
    const kind = types.includes(entry.type) ? entry.type : "unknown";
    this.element.className = "row t-" + kind + (entry.accepted ? "" : " bad") + (entry.duplicate ? " again" : "");
    say(c.seq, String(entry.seq));
    say(c.time, clock(entry.at));
    say(this.#type, entry.type);
    this.#shape.setAttribute("d", shapeOf(entry.type));
    say(c.name, entry.name || (entry.type === "group" && entry.group_id) || "–");
    say(c.who, personOf(entry) || "nobody");
    c.who.classList.toggle("anonymous", !entry.user_id);
    say(c.flags, remarks(entry));
    say(c.size, String(entry.size));
  }

  /** @param {{index: number, top: number, chosen: boolean, open: boolean}} place */
  put({ index, top, chosen, open }) {
    const e = this.element;
    e.style.transform = `translateY(${top}px)`;
    e.setAttribute("aria-rowindex", String(index + 1));
    e.setAttribute("aria-selected", String(chosen));
    e.setAttribute("aria-expanded", String(open));
  }
}

/** How high a row is, which the style sheet decides. */
export const rowHeight = () =>
  parseFloat(getComputedStyle(byID("scroller")).getPropertyValue("--row")) || 28;
