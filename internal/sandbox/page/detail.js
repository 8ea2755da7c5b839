// One call with everything about it.
import { go, refreshFaults, visitPerson } from "./actions.js";
import { ask, tell, text, why } from "./api.js";
import { replayDialog } from "./dialogs.js";
import { badge, button, bytes, clock, copier, doer, factList, h, headerTable, some } from "./dom.js";
import { pretty } from "./json.js";
import { titleOf } from "./row.js";
import { isOutput, page } from "./state.js";

const close = () => go({ call: 0 });

/**
 * A call, and what renews that of it which may change: its attempts.
 * @param {number} seq @returns {Promise<{content: HTMLElement, renew: () => Promise<void>}>}
 */
export async function showCall(seq) {
  try {
    /** @type {[Call, string]} */
    const [call, raw] = await Promise.all([ask(`calls/${seq}`), text(`calls/${seq}/raw`)]);
    let tries = attempts(call);
    const content = h("article.call", { "aria-label": `Call ${seq}` },
      bar(call, raw),
      h("div.sides",
        h("div.side", ...findings(call), body(raw)),
        h("div.side", facts(call), tries, headers(call))));
    const renew = async () => {
      const now = await ask(`calls/${seq}`).catch(() => call); // It may have been evicted.
      const others = attempts(now);
      if (now === call || others.isEqualNode(tries)) return;
      tries.replaceWith(others);
      tries = others;
    };
    return { content, renew };
  } catch (problem) {
    const content = h("article.call", h("div.bar", h("p", why(problem)), h("span.grow"), button("×", close, { class: "icon", "aria-label": "Close" })));
    return { content, renew: async () => {} };
  }
}

function bar(call, raw) {
  const person = call.user_id || call.anonymous_id || call.previous_id;
  const reject = async () => {
    await tell("faults", "POST", { status: 400, match: { message_id: call.message_id } });
    refreshFaults();
  };
  return h("div.bar",
    badge(call.type), h("strong", titleOf(call)), h("span.grow"),
    copier("Copy JSON", () => raw),
    copier("Copy as curl", () => text(`export?format=curl&q=seq:${call.seq}`)),
    person && button("Person", () => visitPerson(person)),
    call.message_id && !isOutput() && doer("Reject next time", "Will be rejected", reject, { title: "Answers 400 to every request that brings this call, until the fault is ended" }),
    page.hello?.replay_to && button("Replay…", () => replayDialog(new URLSearchParams({ q: "seq:" + call.seq })), { title: "Asks before it sends anything" }),
    button("×", close, { class: "icon", "aria-label": "Close" }));
}

const found = (kind) => (v) => h("section.violation" + kind,
  h("code", v.code), v.field && h("code", v.field), h("p", v.sentence ?? v.message),
  (v.fix || v.link) && h("p", v.fix && h("b", "Fix "), v.fix, " ",
    v.link && h("a", { href: v.link, target: "_blank", rel: "noopener noreferrer" }, "Segment's page")));

// What loses the call comes before what does not.
function findings(call) {
  const group = (title, list, kind) => list?.length ? [h("section", h("h3", title), ...list.map(found(kind)))] : [];
  return [
    ...group(call.outcome ? "This call was not delivered" : "Segment would drop this call", call.violations, ""),
    ...group("Segment takes this call, but it may mean something else", call.warnings, ".warning"),
    ...group("The tracking plan knows it otherwise", call.plan_findings, ".warning.plan"),
  ];
}

function body(raw) {
  const pre = h("pre", { tabindex: 0, "aria-label": "The call as JSON" });
  const tabs = ["Pretty", "Raw"].map((name) => button(name, () => show(name)));
  const show = (name) => {
    for (const tab of tabs) tab.ariaPressed = String(tab.textContent === name);
    pre.replaceChildren(name === "Raw" ? raw : pretty(raw));
  };
  show("Pretty");
  return h("section", h("div.tabs", ...tabs, h("span", bytes(new Blob([raw]).size))), pre);
}

// What became of a call.
function outcome(call) {
  if (call.outcome) return call.outcome.replace("_", " ");
  const answer = call.status === 0 ? "Cut before the answer" : `${call.status} OK`;
  if (!call.accepted) return answer + ", but Segment would drop it";
  return answer + ", accepted" + (call.duplicate ? ", a duplicate" : "");
}

function facts(call) {
  const person = (id) => id && button(id, () => visitPerson(id), { class: "plain" });
  return factList([
    ["Outcome", outcome(call)],
    ["User", person(call.user_id)], ["Anonymous", person(call.anonymous_id)], ["Previous", person(call.previous_id)],
    ["Group", call.group_id], ["Message id", call.message_id || "none"],
    ["Received", clock(call.received_at)], ["Timestamp", call.timestamp], ["Sent at", call.sent_at],
    ["Write key", `${call.write_key} (${call.write_key_fingerprint})`], ["Path", call.path],
  ]);
}

const attempts = (call) => h("section",
  h("h3", some(call.attempts.length, "attempt")),
  h("ol.attempts", ...call.attempts.map((a) =>
    h("li", { class: a.status >= 200 && a.status < 300 ? "" : "failed" },
      h("b", a.status || "cut"), h("time", clock(a.received_at)),
      h("span", `request ${a.request}`, a.retry_count && `, X-Retry-Count ${a.retry_count}`, a.fault && `, fault ${a.fault.id}: ${a.fault.effect}`)))),
  call.attempts.length === 0 && h("p.quiet", "Without a message id, attempts are unknown."));

function headers(call) {
  const content = h("div");
  const fill = async () => {
    if (content.childElementCount) return;
    /** @type {ReceivedRequest | null} */
    const request = await ask(`requests/${call.request}`).catch(() => null);
    content.append(headerTable(request));
    if (request) content.append(h("p.quiet", `${some(request.calls, "call")}, ${bytes(request.bytes_on_wire)} on the wire, ${bytes(request.bytes)} of JSON`));
  };
  return h("details", { ontoggle: fill }, h("summary", `Headers of request ${call.request}`), content);
}
