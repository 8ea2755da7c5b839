// The list of calls, newest first. Only what can be seen is in the document.
import { h } from "./dom.js";
import { RowElement, isGap, rowHeight } from "./row.js";

/** @typedef {import("./row.js").Entry} Entry */

/** Rows above and below what can be seen, so that scrolling shows no holes. */
const spare = 8;
/** More rows than fit on any screen; the rest waits for scrolling. */
const mostRows = 140;

export class CallList {
  /** The entries, oldest first; the screen shows them the other way round. @type {Entry[]} */
  #entries = [];
  #most = 10_000;
  #height = rowHeight();
  /** @type {Map<Entry, RowElement>} */
  #rows = new Map();
  /** @type {RowElement[]} */
  #unused = [];
  #frame = 0;
  #scroller;
  #spacer;
  #chosen = 0;
  #opened = 0;
  #detail = h("div", { class: "detail", role: "row" });
  #detailHeight = 0;
  #following = true;
  /** How many calls came while the reader was looking further down. */
  #above = 0;

  onchoose = (/** @type {number} */ _seq) => {};
  onopen = (/** @type {number} */ _seq) => {};
  onchange = () => {};

  /** @param {HTMLElement} scroller @param {HTMLElement} spacer */
  constructor(scroller, spacer) {
    this.#scroller = scroller;
    this.#spacer = spacer;
    scroller.addEventListener("scroll", this.#scrolled, { passive: true });
    scroller.addEventListener("click", this.#clicked);
    new ResizeObserver(() => { this.#height = rowHeight(); this.draw(); }).observe(scroller);
    new ResizeObserver(() => {
      this.#detailHeight = this.#detail.offsetHeight;
      this.draw();
    }).observe(this.#detail);
  }

  get length() { return this.#entries.length; }
  get above() { return this.#above; }
  get chosen() { return this.#chosen; }
  get opened() { return this.#opened; }
  get newest() { return this.#entries.at(-1)?.seq ?? 0; }

  /** @param {number} most */
  bound(most) { this.#most = most; }

  clear() {
    this.#entries = [];
    this.#above = 0;
    this.#following = true;
    this.#scroller.scrollTop = 0;
    this.draw();
  }

  /**
   * Adds entries that are newer than all others. Whoever looks at the newest
   * goes on doing so; for everybody else nothing moves.
   * @param {Entry[]} entries
   */
  add(entries) {
    if (entries.length === 0) return;
    for (const entry of entries) this.#entries.push(entry);
    // Trimmed now and then, so that each call costs the same.
    if (this.#entries.length > this.#most * 1.1) this.#entries.splice(0, this.#entries.length - this.#most);
    if (!this.#isFollowing()) {
      this.#above += entries.length;
      this.#spacer.style.height = this.#total() + "px";
      this.#scroller.scrollTop += entries.length * this.#height;
    }
    this.draw();
  }

  /** Shows the newest again, and whatever comes. */
  follow() {
    this.#above = 0;
    this.#following = true;
    this.#scroller.scrollTop = 0;
    this.draw();
  }

  #isFollowing() { return this.#following && !this.#opened; }

  /** @param {number} by */
  move(by) {
    const n = this.#entries.length;
    if (n === 0) return;
    let i = this.#chosen ? this.#indexOf(this.#chosen) : -1;
    do { i = Math.min(Math.max(i + by, 0), n - 1); } while (isGap(this.#at(i)) && i > 0 && i < n - 1);
    this.choose(this.#at(i).seq);
  }

  /** @param {number} seq */
  choose(seq) {
    this.#chosen = seq;
    this.#reveal(seq);
    this.draw();
    this.onchoose(seq);
  }

  /**
   * Opens a call below its row, in place of another that was open.
   * @param {number} seq
   * @param {HTMLElement} content
   */
  open(seq, content) {
    this.#opened = this.#chosen = seq;
    this.#detail.replaceChildren(h("div", { role: "gridcell", "aria-colspan": 7 }, content));
    this.#spacer.append(this.#detail);
    this.#detailHeight = this.#detail.offsetHeight;
    this.#reveal(seq);
    this.draw();
  }

  shut() {
    this.#opened = 0;
    this.#detail.remove();
    this.#detailHeight = 0;
    this.#following = this.#scroller.scrollTop < 1;
    this.draw();
  }

  draw = () => {
    this.#frame ||= requestAnimationFrame(() => { this.#frame = 0; this.#render(); });
  };

  #scrolled = () => {
    this.#following = this.#scroller.scrollTop < this.#height / 2;
    if (this.#isFollowing()) this.#above = 0;
    this.draw();
  };

  /** @param {MouseEvent} e */
  #clicked = (e) => {
    if (!(e.target instanceof Element)) return;
    const row = /** @type {HTMLElement | null} */ (e.target.closest(".row"));
    if (row && !row.classList.contains("gap")) this.onopen(Number(row.dataset.seq));
  };

  /** The entry at a place of the screen. @param {number} i */
  #at(i) { return this.#entries[this.#entries.length - 1 - i]; }

  /** The place of a call, or of the next older one. @param {number} seq */
  #indexOf(seq) {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle].seq < seq) low = middle + 1;
      else high = middle;
    }
    return this.#entries.length - 1 - low;
  }

  #total() { return this.#entries.length * this.#height + this.#detailHeight; }

  /** Whether a call is in the list. @param {number} seq */
  has(seq) {
    const i = this.#indexOf(seq);
    return i >= 0 && this.#at(i).seq === seq;
  }

  /** The place of the call that is open, -1 where there is none. */
  #openIndex() { return this.#opened && this.has(this.#opened) ? this.#indexOf(this.#opened) : -1; }

  /** @param {number} i @param {number} open */
  #top(i, open) { return i * this.#height + (open >= 0 && i > open ? this.#detailHeight : 0); }

  /** Scrolls as little as shows the row. @param {number} seq */
  #reveal(seq) {
    const top = this.#top(this.#indexOf(seq), this.#openIndex());
    const s = this.#scroller;
    const bottom = top + this.#height + (seq === this.#opened ? Math.min(this.#detailHeight, s.clientHeight - this.#height) : 0);
    this.#spacer.style.height = this.#total() + "px";
    if (bottom > s.scrollTop + s.clientHeight) s.scrollTop = bottom - s.clientHeight;
    if (top < s.scrollTop) s.scrollTop = top;
  }

  #render() {
    const n = this.#entries.length;
    const s = this.#scroller;
    if (this.#isFollowing() && s.scrollTop !== 0) s.scrollTop = 0;
    const open = this.#openIndex();
    if (this.#opened && open < 0) this.shut();
    this.#spacer.style.height = this.#total() + "px";
    const from = Math.max(Math.floor((s.scrollTop - (open >= 0 ? this.#detailHeight : 0)) / this.#height) - spare, 0);
    const to = Math.min(Math.ceil((s.scrollTop + s.clientHeight) / this.#height) + spare, from + mostRows, n);
    const wanted = new Set();
    for (let i = from; i < to; i++) wanted.add(this.#at(i));
    for (const [entry, row] of this.#rows) {
      if (wanted.has(entry)) continue;
      this.#rows.delete(entry);
      this.#unused.push(row);
    }
    for (let i = from; i < to; i++) {
      const entry = this.#at(i);
      const row = this.#rows.get(entry) ?? this.#unused.pop() ?? new RowElement();
      row.fill(entry);
      row.put({ index: i, top: this.#top(i, open), chosen: entry.seq === this.#chosen, open: i === open });
      if (!this.#rows.has(entry)) {
        this.#rows.set(entry, row);
        if (!row.element.isConnected) this.#spacer.append(row.element);
      }
    }
    for (const row of this.#unused.splice(0)) row.element.remove();
    if (open >= 0) this.#detail.style.transform = `translateY(${(open + 1) * this.#height}px)`;
    s.setAttribute("aria-rowcount", String(n));
    if (this.#rows.size && this.#chosen && this.has(this.#chosen)) s.setAttribute("aria-activedescendant", "row-" + this.#chosen);
    else s.removeAttribute("aria-activedescendant");
    this.onchange();
  }
}
