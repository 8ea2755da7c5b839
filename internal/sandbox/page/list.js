// The list of calls, newest first. Only visible rows are in the document.
import { h } from "./dom.js";
import { RowElement, isGap } from "./row.js";

/** Rows above and below what can be seen. */
const spare = 8;
/** More rows than fit on any screen. */
const mostRows = 140;

export class CallList {
  /** Oldest first; the screen shows them the other way round. @type {Entry[]} */
  #entries = [];
  #most = 10_000;
  #height = 28;
  /** @type {Map<Entry, RowElement>} */
  #rows = new Map();
  /** @type {RowElement[]} */
  #unused = [];
  #frame = 0;
  #following = true;
  #scroller;
  #spacer;
  #detail = h("div.detail", { role: "row" });
  #detailHeight = 0;
  chosen = 0;
  opened = 0;
  /** How many calls came while the reader was further down. */
  above = 0;

  onopen = (_seq) => {};
  onchange = () => {};

  /** @param {HTMLElement} scroller @param {HTMLElement} spacer */
  constructor(scroller, spacer) {
    this.#scroller = scroller;
    this.#spacer = spacer;
    scroller.addEventListener("scroll", () => {
      this.#following = scroller.scrollTop < this.#height / 2;
      this.draw();
    }, { passive: true });
    scroller.addEventListener("click", (e) => {
      const row = /** @type {HTMLElement} */ (e.target).closest(".row:not(.gap)");
      if (row instanceof HTMLElement) this.onopen(Number(row.dataset.seq));
    });
    const sizes = new ResizeObserver(() => {
      this.#height = parseFloat(getComputedStyle(scroller).getPropertyValue("--row"));
      this.#detailHeight = this.#detail.offsetHeight;
      this.draw();
    });
    sizes.observe(scroller);
    sizes.observe(this.#detail);
  }

  get length() { return this.#entries.length; }
  get newest() { return this.#entries.at(-1)?.seq ?? 0; }
  bound(most) {
    this.#most = most;
    this.draw();
  }

  clear() {
    this.#entries = [];
    this.shut();
    this.follow();
  }

  /**
   * Adds newer entries. Who looks at the newest goes on doing so; for others
   * nothing moves.
   * @param {Entry[]} entries
   */
  add(entries) {
    for (const entry of entries) this.#entries.push(entry);
    // Trimmed now and then: constant cost per call.
    if (this.#entries.length > this.#most * 1.1) this.#entries.splice(0, this.#entries.length - this.#most);
    if (!this.#isFollowing()) {
      this.above += entries.length;
      this.#stretch();
      this.#scroller.scrollTop += entries.length * this.#height;
    }
    this.draw();
  }

  /** Shows the newest again, and whatever comes. */
  follow() {
    this.#following = true;
    this.#scroller.scrollTop = 0;
    this.draw();
  }

  #isFollowing() { return this.#following && !this.opened; }

  /** Chooses the next row, or the one after. @param {number} by */
  move(by) {
    const last = this.#entries.length - 1;
    if (last < 0) return;
    let i = this.chosen ? this.#indexOf(this.chosen) : -1;
    do i = Math.min(Math.max(i + by, 0), last); while (isGap(this.#at(i)) && i > 0 && i < last);
    this.choose(this.#at(i).seq);
  }
  choose(seq) {
    this.chosen = seq;
    this.#reveal(seq);
    this.draw();
  }

  /**
   * Opens a call below its row, in place of another that was open.
   * @param {number} seq
   * @param {HTMLElement} content
   */
  open(seq, content) {
    this.opened = seq;
    this.#detail.replaceChildren(h("div", { role: "gridcell", "aria-colspan": 7 }, content));
    this.#spacer.append(this.#detail);
    this.#detailHeight = this.#detail.offsetHeight;
    this.choose(seq);
  }

  shut() {
    this.opened = 0;
    this.#detail.remove();
    this.#detailHeight = 0;
    this.#following = this.#scroller.scrollTop < 1;
    this.draw();
  }

  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render();
    });
  }

  // The entry at a place of the screen.
  #at(i) { return this.#entries[this.#entries.length - 1 - i]; }

  // The place of a call, or the next newer one.
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

  /** Whether a call is in the list. @param {number} seq */
  has(seq) { return this.#at(this.#indexOf(seq))?.seq === seq; }

  #openIndex() { return this.opened && this.has(this.opened) ? this.#indexOf(this.opened) : -1; }

  #top(i, open) { return i * this.#height + (open >= 0 && i > open ? this.#detailHeight : 0); }

  #stretch() { this.#spacer.style.height = this.#entries.length * this.#height + this.#detailHeight + "px"; }

  // Scrolls as little as shows the row and, if open, its call.
  #reveal(seq) {
    const s = this.#scroller;
    const top = this.#top(this.#indexOf(seq), this.#openIndex());
    const room = s.clientHeight - this.#spacer.offsetTop - this.#height;
    const detail = seq === this.opened ? Math.min(this.#detailHeight, room) : 0;
    this.#stretch();
    s.scrollTop = Math.min(Math.max(s.scrollTop, top + detail - room), top);
  }

  #render() {
    const n = this.#entries.length;
    const s = this.#scroller;
    if (this.#isFollowing()) {
      this.above = 0;
      if (s.scrollTop !== 0) s.scrollTop = 0;
    }
    const open = this.#openIndex();
    if (this.opened && open < 0) this.shut();
    this.#stretch();
    const from = Math.max(Math.floor((s.scrollTop - this.#detailHeight) / this.#height) - spare, 0);
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
      row.put(i, this.#top(i, open), entry.seq === this.chosen, i === open);
      this.#rows.set(entry, row);
      if (!row.element.isConnected) this.#spacer.append(row.element);
    }
    for (const row of this.#unused.splice(0)) row.element.remove();
    this.#detail.style.transform = `translateY(${(open + 1) * this.#height}px)`;
    s.ariaRowCount = String(n);
    if (this.chosen && this.has(this.chosen)) s.setAttribute("aria-activedescendant", "row-" + this.chosen);
    else s.removeAttribute("aria-activedescendant");
    this.onchange();
  }
}
