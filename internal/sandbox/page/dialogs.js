// What opens above the page.
import { filterQuery, tell } from "./api.js";
import { button, byID, doer, h } from "./dom.js";
export function show(content) {
  const dialog = byID("dialog");
  dialog.replaceChildren(button("×", () => dialog.close(), { class: "icon close", "aria-label": "Close" }), content);
  dialog.showModal();
}

/** @param {string} q @param {string} replayTo */
export function exportPanel(q, replayTo) {
  const params = filterQuery(q, 0);
  const file = (format, name) => h("li", h("a", { href: `/api/v1/export?format=${format}&${params}`, download: "" }, name));
  return h("div.panel", h("h2", "Export"),
    h("p", q ? "The calls that match " : "All calls that are held", q && h("code", q)),
    h("ul.files", file("ndjson", "NDJSON, one call a line"), file("curl", "Shell script with curl"), file("go", "Go test fixture")),
    replayTo && doer("Replay them to " + replayTo, "Replayed", () => tell("replay?" + params, "POST")));
}
