// What opens above the page. What cannot be taken back asks first, and says what
// became of it.
import { ask, tell, text, why } from "./api.js";
import { button, byID, h, say, some } from "./dom.js";
import { filterQuery, isOutput, lastSeen, page } from "./state.js";

export function show(content) {
  const dialog = byID("dialog");
  dialog.replaceChildren(button("×", () => dialog.close(), { class: "icon close", "aria-label": "Close" }), content);
  if (!dialog.open) dialog.showModal();
}

/**
 * Asks before something is done, and shows its result.
 * @param {string} title @param {(string | HTMLElement)[]} question @param {string} label @param {() => Promise<string>} act
 */
function confirm(title, question, label, act) {
  const said = h("p", { role: "status" });
  const cancel = button("Cancel", () => byID("dialog").close());
  const go = button(label, async () => {
    go.setAttribute("disabled", "");
    try {
      say(said, await act());
      go.remove();
    } catch (problem) {
      say(said, why(problem));
      go.removeAttribute("disabled");
    }
    say(cancel, "Close");
  }, { class: "danger", "data-confirm": "" });
  show(h("div.panel", h("h2", title), h("p", ...question), h("div.bar", go, cancel), said));
  cancel.focus();
}

/** The number of calls that are meant. @param {URLSearchParams} params */
const meant = async (params) => (await ask("calls?limit=1&" + params)).total;

/** What is said of the calls that are meant. @param {number} n @param {URLSearchParams} params */
const them = (n, params) => [h("b", some(n, "call")), ...(params.get("q") ? [n === 1 ? " that matches " : " that match ", h("code", params.get("q"))] : [])];

/** Asks whether these calls are to be sent on, and sends them. @param {URLSearchParams} params */
export async function replayDialog(params) {
  const n = await meant(params);
  const target = page.hello?.replay_to ?? "";
  confirm("Replay", ["Send ", ...them(n, params), " to ", h("code", target), "? They keep their message ids and write keys."],
    `Send ${some(n, "call")}`, async () => {
      const done = await tell("replay?" + params, "POST");
      return `${some(done.calls, "call")} sent in ${some(done.requests, "request")}.`;
    });
}

/** Asks whether the calls that are shown are to be deleted, and deletes them. */
export async function deleteDialog() {
  // What comes meanwhile is not meant.
  const params = filterQuery(lastSeen());
  const n = await meant(params);
  confirm("Delete", ["Delete ", ...them(n, params), " from the sandbox? The counters still count them."],
    `Delete ${some(n, "call")}`, async () => `${some((await tell("calls?" + params, "DELETE")).removed, "call")} deleted.`);
}

export function exportPanel() {
  const params = filterQuery(page.paused ? lastSeen() : undefined);
  const q = params.get("q");
  const file = (format, name) => h("li", h("a", { href: `/api/v1/export?format=${format}&${params}`, download: "" }, name));
  const said = h("p", { role: "status" });
  return h("div.panel", h("h2", "Export"),
    h("p", q ? "The calls that match " : params.size ? "The calls that are shown" : "All calls that are held", q && h("code", q)),
    h("ul.files", file("ndjson", "NDJSON, one call a line"), file("har", "HAR, for tools that read requests"), file("curl", "Shell script with curl"), file("go", "Go test fixture")),
    page.hello?.replay_to && button(`Replay them to ${page.hello.replay_to}…`, () => replayDialog(filterQuery(lastSeen())).catch((problem) => say(said, why(problem)))),
    ...(isOutput() ? [] : [
      button("Delete them…", () => deleteDialog().catch((problem) => say(said, why(problem)))),
      h("h2", "Import"), h("p", "A file of this sandbox or any other: NDJSON, a JSON array, a batch, or HAR."),
      h("input", { type: "file", id: "import", "aria-label": "File to import", onchange: (e) => take(e.target, said) }),
    ]), said);
}

/** @param {HTMLInputElement} input @param {HTMLElement} said */
async function take(input, said) {
  const file = input.files?.[0];
  if (!file) return;
  try {
    const done = JSON.parse(await text("import", { method: "POST", body: file }));
    say(said, `${some(done.calls, "call")} imported, ${done.discarded} of them discarded, ${some(done.duplicates, "duplicate")}.`);
  } catch (problem) {
    say(said, why(problem));
  }
  input.value = ""; // The same file may be chosen again.
}

