// What can be done by keyboard, and what the help says of it.
import { h } from "./dom.js";

/** @type {[string, string][]} */
const keys = [
  ["j, ↓", "older call"], ["k, ↑", "newer call"], ["Enter", "open or close the call"], ["Esc", "close, or leave the field"],
  ["/", "to the filter"], ["p", "pause"], ["c", "clear the view; again to show everything"], ["g", "to the newest call"],
  ["f", "faults"], ["e", "export"], ["?", "this"],
];

/** @type {[string, string][]} */
const terms = [
  ["type:track", "identify, track, page, screen, group, alias or unknown"], ['event:"Order*"', "event, or name of a page or screen"],
  ["user:42", "user id, anonymous id or previous id"], ["group:acme", "group id"], ["id:m1", "message id"],
  ["violation:any", "any, or a code"], ["status:discarded", "accepted, discarded, duplicate, cut, 200, 2xx"],
  ["duplicate:true", "or accepted:false"], ["key:a1b2c3d4", "write key, or its fingerprint"], ["path:/v1/batch", "how it came"],
  ["-type:page", "not this"], ["tea", "found anywhere in the call"],
];

/** @param {[string, string][]} list @param {"kbd" | "code"} tag */
const table = (list, tag) => h("table", null, h("tbody", null, ...list.map(([what, does]) =>
  h("tr", null, h("th", { scope: "row" }, h(tag, null, what)), h("td", null, does)))));

export const helpPanel = () => h("div", { class: "panel" },
  h("h2", null, "Keys"), table(keys, "kbd"),
  h("h2", null, "Filters"), h("p", null, "All of them have to hold. They are the same in the address of this page and in the q of the API."), table(terms, "code"));

/**
 * Calls what a key is for, unless somebody is typing or a dialog is open.
 * @param {Map<string, () => void>} actions
 */
export function listen(actions) {
  document.addEventListener("keydown", (e) => {
    const at = /** @type {Element} */ (e.target);
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
    const typing = at.matches("input, textarea, select");
    if (typing && e.key !== "Escape") return;
    // Enter and the arrows belong to whatever has the focus.
    const onControl = at.matches("button, a, summary, pre");
    if (onControl && ["Enter", "ArrowDown", "ArrowUp"].includes(e.key)) return;
    const action = actions.get(e.key);
    if (!action) return;
    e.preventDefault();
    action();
  });
}
