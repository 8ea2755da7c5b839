// Keys, and the help.
import { h } from "./dom.js";
import { isOutput } from "./state.js";

const keys = {
  "j ↓": "older call", "k ↑": "newer call", Enter: "open or close the call", Esc: "close, or leave", "/": "to the filter",
  p: "pause or resume", c: "clear the view, or undo", g: "to the newest call", r: "requests, or calls", e: "export", "?": "this help",
};

/** Those that change what a sandbox holds and does. */
const changing = { d: "delete calls, asks first", f: "faults", e: "export, import" };

const terms = {
  "type:track": "one of the six, or unknown", 'event:"Order*"': "event, or name of a page or screen",
  "user:42": "user, anonymous or previous id", "group:acme": "group id", "id:m1": "message id", "violation:any": "or a code; warning: too",
  "status:discarded": "accepted, discarded, duplicate, cut, 200, 2xx", "duplicate:true": "or accepted:false", "request:12": "the calls of a request",
  "key:a1b2c3d4": "write key, or its fingerprint", "-type:page": "not", "tea": "anywhere in the call, in any case",
};

const table = (list, tag) => h("table", ...Object.entries(list).map(([what, does]) =>
  h("tr", h("th", { scope: "row" }, h(tag, what)), h("td", does))));

export const helpPanel = () => h("div.panel", h("h2", "Keys"), table(isOutput() ? keys : { ...keys, ...changing }, "kbd"),
  h("h2", "Filters"), h("p", "All terms have to match. The API takes the same text as q."), table(terms, "code"));

/**
 * Calls the action of a key, unless somebody types or a dialog is open.
 * @param {Map<string, () => void>} actions
 */
export function listen(actions) {
  document.addEventListener("keydown", (e) => {
    const at = /** @type {Element} */ (e.target);
    const action = actions.get(e.key);
    if (!action || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
    if (at.matches("input") && e.key !== "Escape") return;
    // Enter and the arrows belong to the focused element.
    if (at.matches("button, a, summary, pre") && e.key.length > 1 && e.key !== "Escape") return;
    e.preventDefault();
    action();
  });
}
