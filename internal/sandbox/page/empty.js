// What there is to see while there is nothing to see.
import { copier, h } from "./dom.js";

/** @param {string} title @param {string} text */
const snippet = (title, text) =>
  h("section", null, h("div", { class: "bar" }, h("h3", null, title), h("span", { class: "grow" }), copier("Copy", () => text)), h("pre", { tabindex: 0 }, text));

/** Nothing came yet. */
export function welcome() {
  const here = location.origin;
  return h("div", { class: "welcome" },
    h("h2", null, "Waiting for the first call"),
    h("p", null, "Every call that reaches this sandbox appears here, in exact order, and stays on this machine."),
    snippet("Send one by hand", `curl -u my-key: ${here}/v1/track -d '{"event":"Tea Ordered","userId":"42","properties":{"price":19.90}}'`),
    snippet("Or point a pipeline here", `output:\n  segment:\n    write_key: my-key\n    endpoint: ${here}\n`));
}

/** Nothing matches. @param {() => void} onclear */
export const noMatch = (onclear) => h("div", { class: "welcome" },
  h("h2", null, "No call matches"),
  h("p", null, "What comes and matches will appear here."),
  h("p", null, h("button", { type: "button", onclick: onclear }, "Show all calls")));

/** The view was cleared. @param {number} last @param {() => void} onshow */
export const cleared = (last, onshow) => h("div", { class: "welcome" },
  h("h2", null, "Cleared"),
  h("p", null, `Calls up to ${last} are hidden here, and the sandbox still has them.`),
  h("p", null, h("button", { type: "button", onclick: onshow }, "Show them again")));
