// The calls that were received, oldest first, up to a limit while paused.

/** @param {Entry} entry @returns {entry is Gap} */
export const isGap = (entry) => "gap" in entry;

export class Entries {
  /** @type {Entry[]} */
  #all = [];
  #most = 10_000;
  /** The numbers of the gaps. @type {number[]} */
  #gaps = [];
  /** How many that wait were too many to keep. */
  #forgotten = 0;
  /** The newest call that was too many to be seen. */
  trimmed = 0;
  /** What came after this call waits. */
  limit = Infinity;

  /** How many can be seen, with gaps. */
  get length() { return this.limit === Infinity ? this.#all.length : this.#placeAfter(this.limit); }
  /** How many calls can be seen. */
  get calls() { return this.length - this.#gaps.filter((seq) => seq <= this.limit).length; }
  /** How many calls wait. */
  get waiting() {
    return this.#all.length - this.length - this.#gaps.filter((seq) => seq > this.limit).length + this.#forgotten;
  }
  get newest() { return this.at(0)?.seq ?? 0; }

  /** @param {number} most */
  bound(most) { this.#most = most; }

  clear() {
    this.#all = [];
    this.#gaps = [];
    this.#forgotten = 0;
    this.trimmed = 0;
  }

  /** @param {Entry[]} entries newer than all before */
  add(entries) {
    for (const entry of entries) {
      this.#all.push(entry);
      if (isGap(entry)) this.#gaps.push(entry.seq);
    }
    const seen = this.length;
    // Trimmed now and then: constant cost per call.
    if (seen > this.#most * 1.1) {
      this.trimmed = this.#all[seen - this.#most - 1].seq;
      this.#drop(0, seen - this.#most);
    }
    const waiting = this.#all.length - this.length;
    if (waiting > this.#most * 1.1) {
      const before = this.waiting;
      this.#drop(this.length, waiting - this.#most);
      this.#forgotten += before - this.waiting;
    }
  }

  /** Lets nothing be seen that comes after this call. @param {number} seq */
  pause(seq) { this.limit = seq; }

  resume() {
    this.limit = Infinity;
    this.#forgotten = 0;
    this.add([]);
  }

  /**
   * Forgets the calls that the sandbox evicted, and the gaps before them. While
   * paused, what is seen stays.
   * @param {number} first the first call that it holds
   */
  evict(first) {
    if (this.limit !== Infinity) return;
    const place = this.#placeAfter(first - 1);
    const last = this.#all[place - 1];
    this.#drop(0, last && isGap(last) && last.seq === first - 1 ? place - 1 : place);
  }

  /** How many calls are seen that the sandbox evicted. @param {number} first */
  evicted(first) { return this.#all.slice(0, Math.min(this.#placeAfter(first - 1), this.length)).filter((e) => !isGap(e)).length; }

  #drop(from, n) {
    if (n <= 0) return;
    const dropped = this.#all.splice(from, n);
    if (this.#gaps.length > 0) this.#gaps = this.#gaps.filter((seq) => !dropped.some((e) => e.seq === seq));
  }

  /** The entry at a place of the screen, where the newest is first. @param {number} place */
  at(place) { return this.#all[this.length - 1 - place]; }

  /** The place of a call, or of the next newer one. @param {number} seq */
  placeOf(seq) { return this.length - 1 - this.#placeAfter(seq - 1); }

  /** Whether a call can be seen. @param {number} seq */
  has(seq) { return this.at(this.placeOf(seq))?.seq === seq; }

  /** How many entries are older than or as old as a call. */
  #placeAfter(seq) {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#all[middle].seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
