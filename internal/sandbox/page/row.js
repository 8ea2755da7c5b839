// One row of the list. Its elements are made once and then reused.
import { classOf, clock, h, icon, say, shapeOf, svg } from "./dom.js";
import { isGap } from "./entries.js";
import { clip } from "./graph.js";

/** What a call is about. @param {{name?: string, label?: string}} call */
export const titleOf = (call) => call.name || call.label || "–";

/** The same, in a row, where of two long ids both have to be seen. @param {Row} call */
const shortTitleOf = (call) => call.type === "alias" ? titleOf(call).split(" → ").map(clip).join(" → ") : titleOf(call);

/** What is to be said of a call, each with its class. @param {Row} call @returns {[string, string][]} */
function remarksOn(call) {
  const codes = (list, kind) => (list ?? []).map((code) => /** @type {[string, string]} */ ([kind, code]));
  return [
    ...codes(call.violations, "bad"), ...codes(call.warnings, "warn"), ...codes(call.plan_findings, "warn"),
    ...(call.duplicate ? codes(["duplicate"], "quiet") : []), ...(call.attempt > 1 ? codes(["attempt " + call.attempt], "quiet") : []),
  ];
}

/** @param {Row} call */
export const remarks = (call) => remarksOn(call).flatMap(([kind, text], i) => [i > 0 ? ", " : "", h("span", { class: kind }, text)]);

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
      seq: entry.seq, time: clock(entry.at), name: shortTitleOf(entry),
      who: entry.user_id || entry.anonymous_id || "nobody", req: entry.request,
    };
    for (const [name, cell] of this.#cells) if (name !== "type" && name !== "flags") say(cell, texts[name] ?? "");
    this.#cells.get("flags")?.replaceChildren(...(gap ? [] : remarks(entry)));
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
