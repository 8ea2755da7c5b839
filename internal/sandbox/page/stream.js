// The calls as they arrive.

/**
 * Follows one filter until it is closed. The browser reconnects and says where
 * it was; what it gives up is opened again here.
 */
export class Stream {
  #params;
  #on;
  #last = "";
  /** @type {EventSource | null} */
  #source = null;
  #retry = 0;

  /** @param {URLSearchParams} params @param {Handlers} handlers */
  constructor(params, handlers) {
    this.#params = params;
    this.#on = handlers;
    document.addEventListener("visibilitychange", this.#look);
    this.#look();
  }

  close() {
    document.removeEventListener("visibilitychange", this.#look);
    this.#stop();
  }

  /** A browser has six connections to a host; a hidden tab needs none. */
  #look = () => {
    if (document.hidden) this.#stop();
    else if (!this.#source) this.#open();
  };

  #stop() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    const params = new URLSearchParams(this.#params);
    if (this.#last) params.set("after", this.#last);
    const source = new EventSource("/api/v1/events?" + params);
    this.#source = source;
    for (const name of /** @type {const} */ (["hello", "calls", "gap", "reset", "state"])) {
      source.addEventListener(name, (e) => {
        this.#last = e.lastEventId;
        const data = JSON.parse(e.data);
        if (name === "hello") this.#on.hello(data);
        if (this.#source !== source) return; // It may have been closed for that.
        this.#on.at(Number(e.lastEventId.split("-")[2]));
        if (name !== "hello") this.#on[name](data);
      });
    }
    source.onopen = () => this.#on.link(true);
    source.onerror = () => {
      this.#on.link(false);
      if (source.readyState !== EventSource.CLOSED) return;
      this.#stop();
      this.#retry = window.setTimeout(this.#look, 1000);
    };
  }
}
