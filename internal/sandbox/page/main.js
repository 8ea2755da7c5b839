// The page begins here: its buttons, its keys, and the view that its address asks
// for.
import { announce, arrive, clear, filter, go, openCall, pause, refreshFaults } from "./actions.js";
import { why } from "./api.js";
import { deleteDialog, exportPanel, show } from "./dialogs.js";
import { byID } from "./dom.js";
import { faultPanel } from "./faults.js";
import { helpPanel, listen } from "./keys.js";
import { focusPanel, follow, list, render } from "./render.js";
import { changed, drawWith, isOutput, page } from "./state.js";
import { startTheme } from "./theme.js";

const query = byID("q");
const failed = (problem) => announce(why(problem));
const showFaults = () => isOutput() || faultPanel(refreshFaults).then(show, failed);
const showExport = () => show(exportPanel());
const showHelp = () => show(helpPanel());
const askToDelete = () => isOutput() || deleteDialog().catch(failed);
const older = () => list.move(1);
const newer = () => list.move(-1);

// What is typed without a stop is one step for Back.
let typing = 0;
let isStep = false;
query.addEventListener("input", () => {
  page.typed = query.value;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    if (await filter(query.value, isStep ? "replace" : "push")) isStep = true;
  }, 150);
});
query.addEventListener("blur", () => { isStep = false; });

for (const [id, act] of Object.entries({
  pause, clear, faults: showFaults, export: showExport, help: showHelp, newer: follow, delete: askToDelete,
})) byID(id).addEventListener("click", act);

function escape() {
  if (document.activeElement === query) return focusPanel();
  const { view } = page;
  if (view.person) go({ person: "" });
  else if (view.call || view.request) go({ call: 0, request: 0 });
  focusPanel();
}

listen(new Map(Object.entries({
  j: older, ArrowDown: older, k: newer, ArrowUp: newer, "/": () => query.focus(), p: pause, c: clear, g: follow,
  f: showFaults, e: showExport, d: askToDelete, "?": showHelp, Escape: escape,
  r: () => go({ tab: page.view.tab === "calls" ? "requests" : "calls", person: "" }),
  Enter: () => list.chosen && openCall(list.chosen),
})));

drawWith(render);
addEventListener("popstate", arrive);
arrive();
// What is said of a refusal is said for a while.
setInterval(changed, 1000);
startTheme(byID("theme"));
