// One row of the list. Its elements are made once and then reused.
import { classOf, clock, h, icon, say, shapeOf, svg } from "./dom.js";

/** @param {Entry} entry @returns {entry is Gap} */
export const isGap = (entry) => "gap" in entry;

/** @param {Row} call */
export function remarks(call) {
  const said = [...(call.violations ?? []), ...(call.warnings ?? []), ...(call.plan_findings ?? [])];
  if (call.duplicate) said.push("duplicate");
  if (call.attempt > 1) said.push("attempt " + call.attempt);
  return said.join(", ");
}

export class RowElement {
  #cells = new Map(["seq", "time", "type", "name", "who", "flags", "req"].map((name) => [name, h("span", { class: name, role: "gridcell" })]));
  #shape = svg("path", { "fill-rule": "evenodd" });
  #type = h("span");
  /** @type {Entry | undefined} */
  #shown;
  element = h("div.row", { role: "row" }, ...this.#cells.values());

  constructor() {
    this.#cells.get("type")?.append(icon(this.#shape), this.#type);
  }

  /** @param {Entry} entry */
  fill(entry) {
    if (this.#shown === entry) return;
    this.#shown = entry;
    this.element.id = "row-" + entry.seq;
    this.element.dataset.seq = String(entry.seq);
    const gap = isGap(entry);
    this.element.className = gap ? "row gap" : "row " + classOf(entry.type) + (entry.accepted ? "" : " bad");
    this.#shape.setAttribute("d", gap ? "" : shapeOf(entry.type));
    say(this.#type, gap ? "" : entry.type);
    const texts = gap ? { name: entry.gap } : {
      seq: entry.seq, time: clock(entry.at), name: entry.name || (entry.type === "group" && entry.group_id) || "–",
      who: entry.user_id || entry.anonymous_id || "nobody", flags: remarks(entry), req: entry.request,
    };
    for (const [name, cell] of this.#cells) if (name !== "type") say(cell, texts[name] ?? "");
    this.#cells.get("who")?.classList.toggle("anonymous", !gap && !entry.user_id);
  }

  /** @param {number} index @param {number} top @param {boolean} chosen @param {boolean} open */
  put(index, top, chosen, open) {
    const e = this.element;
    e.style.transform = `translateY(${top}px)`;
    e.ariaRowIndex = String(index + 1);
    e.ariaSelected = String(chosen);
    e.ariaExpanded = String(open);
  }
}
