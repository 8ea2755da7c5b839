// The list of calls, newest first. Only visible rows are in the document.
import { h } from "./dom.js";
import { isGap } from "./entries.js";
import { RowElement } from "./row.js";
import { changed } from "./state.js";

/** Rows above and below what can be seen. */
const spare = 8;
/** More rows than fit on any screen. */
const mostRows = 140;

export class CallList {
  #entries;
  #height = 28;
  /** @type {Map<Entry, RowElement>} */
  #rows = new Map();
  /** @type {RowElement[]} */
  #unused = [];
  #following = true;
  /** The newest call when the list was drawn last. */
  #newest = 0;
  #scroller;
  #spacer;
  #detail = h("div.detail", { role: "row" });
  #detailHeight = 0;
  /** What is open in the detail. @type {HTMLElement | null} */
  #content = null;
  opened = 0;
  chosen = 0;
  /** How many entries came while the reader was further down. */
  above = 0;

  onopen = (_seq) => {};

  /** @param {HTMLElement} scroller @param {HTMLElement} spacer @param {import("./entries.js").Entries} entries */
  constructor(scroller, spacer, entries) {
    this.#scroller = scroller;
    this.#spacer = spacer;
    this.#entries = entries;
    scroller.addEventListener("scroll", () => {
      this.#following = scroller.scrollTop < this.#height / 2;
      changed();
    }, { passive: true });
    scroller.addEventListener("click", (e) => {
      const row = /** @type {HTMLElement} */ (e.target).closest(".row:not(.gap)");
      if (row instanceof HTMLElement) this.onopen(Number(row.dataset.seq));
    });
    const sizes = new ResizeObserver(() => {
      this.#height = parseFloat(getComputedStyle(scroller).getPropertyValue("--row"));
      this.#detailHeight = this.#detail.offsetHeight;
      changed();
    });
    sizes.observe(scroller);
    sizes.observe(this.#detail);
  }

  /** Shows the newest again, and whatever comes. */
  follow() {
    this.#following = true;
    this.#scroller.scrollTop = 0;
    changed();
  }

  /** Chooses the next row, or the one after. @param {number} by */
  move(by) {
    const last = this.#entries.length - 1;
    if (last < 0) return;
    let i = this.chosen ? this.#entries.placeOf(this.chosen) : -1;
    do i = Math.min(Math.max(i + by, 0), last); while (isGap(this.#entries.at(i)) && i > 0 && i < last);
    this.#choose(this.#entries.at(i).seq);
    changed();
  }

  #choose(seq) {
    this.chosen = seq;
    this.#reveal(seq);
  }

  // Whoever looks at the newest goes on doing so; for others nothing moves.
  #isFollowing() { return this.#following && !this.opened; }

  #openPlace() { return this.opened ? this.#entries.placeOf(this.opened) : -1; }

  #top(i, open) { return i * this.#height + (open >= 0 && i > open ? this.#detailHeight : 0); }

  #stretch() { this.#spacer.style.height = this.#entries.length * this.#height + this.#detailHeight + "px"; }

  // Scrolls as little as shows the row and, if open, its call.
  #reveal(seq) {
    const s = this.#scroller;
    const top = this.#top(this.#entries.placeOf(seq), this.#openPlace());
    const room = s.clientHeight - this.#spacer.offsetTop - this.#height;
    const detail = seq === this.opened ? Math.min(this.#detailHeight, room) : 0;
    this.#stretch();
    s.scrollTop = Math.min(Math.max(s.scrollTop, top + detail - room), top);
  }

  // Opens a call below its row, or closes it, as it is wanted now.
  #turn(seq, content) {
    if (seq === this.opened && content === this.#content) return;
    const { opened } = this;
    this.opened = seq;
    this.#content = content;
    if (!seq) {
      const had = this.#detail.contains(document.activeElement);
      this.#detail.remove();
      this.#detailHeight = 0;
      this.#following = this.#scroller.scrollTop < 1;
      if (had) this.#scroller.focus({ preventScroll: true });
      return;
    }
    this.#detail.replaceChildren(h("div", { role: "gridcell", "aria-colspan": 7 }, content));
    this.#spacer.append(this.#detail);
    this.#detailHeight = this.#detail.offsetHeight;
    if (opened !== seq) this.#choose(seq);
  }

  /** @param {{seq: number, content: HTMLElement} | undefined} call the one that is open, if it is in the list */
  draw(call) {
    const entries = this.#entries;
    const s = this.#scroller;
    const n = entries.length;
    this.#anchor();
    this.#turn(call?.seq ?? 0, call?.content ?? null);
    const open = this.#openPlace();
    this.#stretch();
    const from = Math.max(Math.floor((s.scrollTop - this.#detailHeight) / this.#height) - spare, 0);
    const to = Math.min(Math.ceil((s.scrollTop + s.clientHeight) / this.#height) + spare, from + mostRows, n);
    const wanted = new Set();
    for (let i = from; i < to; i++) wanted.add(entries.at(i));
    for (const [entry, row] of this.#rows) {
      if (wanted.has(entry)) continue;
      this.#rows.delete(entry);
      this.#unused.push(row);
    }
    for (let i = from; i < to; i++) {
      const entry = entries.at(i);
      const row = this.#rows.get(entry) ?? this.#unused.pop() ?? new RowElement();
      row.fill(entry);
      row.put(i, this.#top(i, open), entry.seq === this.chosen, i === open);
      this.#rows.set(entry, row);
      if (!row.element.isConnected) this.#spacer.append(row.element);
    }
    for (const row of this.#unused.splice(0)) row.element.remove();
    this.#detail.style.transform = `translateY(${(open + 1) * this.#height}px)`;
    s.ariaRowCount = String(n);
    if (this.chosen && entries.has(this.chosen)) s.setAttribute("aria-activedescendant", "row-" + this.chosen);
    else s.removeAttribute("aria-activedescendant");
  }

  // Keeps in place what the reader looks at, whatever came above it.
  #anchor() {
    const entries = this.#entries;
    if (this.#isFollowing() || entries.length === 0) {
      this.above = 0;
      if (this.#scroller.scrollTop !== 0) this.#scroller.scrollTop = 0;
    } else {
      const came = entries.has(this.#newest) ? entries.placeOf(this.#newest) : 0;
      this.above += came;
      this.#stretch();
      this.#scroller.scrollTop += came * this.#height;
    }
    this.#newest = entries.newest;
  }
}
