// One call with everything about it.
import { ask, tell, text } from "./api.js";
import { badge, button, bytes, clock, copier, doer, h, some } from "./dom.js";
import { pretty } from "./json.js";

/** @param {number} seq @param {Means} means */
export async function showCall(seq, means) {
  /** @type {[Call, string]} */
  const [call, raw] = await Promise.all([ask(`calls/${seq}`), text(`calls/${seq}/raw`)]);
  return h("article.call", { "aria-label": `Call ${seq}` },
    bar(call, raw, means),
    h("div.sides",
      h("div.side", ...(call.violations ?? []).map(found("")), ...(call.warnings ?? []).map(found(".warning")),
        ...(call.plan_findings ?? []).map(found(".warning.plan")), body(raw)),
      h("div.side", facts(call, means), attempts(call), headers(call))));
}

function bar(call, raw, means) {
  const person = call.user_id || call.anonymous_id || call.previous_id;
  const refuse = async () => {
    await tell("faults", "POST", { status: 400, match: { message_id: call.message_id } });
    means.onfault();
  };
  return h("div.bar",
    badge(call.type), h("strong", call.name || call.group_id), h("span.grow"),
    copier("Copy JSON", () => raw),
    copier("Copy as curl", () => text(`export?format=curl&q=seq:${call.seq}`)),
    person && button("Person", () => means.onperson(person)),
    call.message_id && doer("Refuse it", "Refused", refuse, { title: "Answer 400 to every request with this call" }),
    means.replayTo && doer("Replay", "Replayed", () => tell(`replay?q=seq:${call.seq}`, "POST"), { title: "To " + means.replayTo }),
    button("×", means.onclose, { class: "icon", "aria-label": "Close" }));
}

const found = (kind) => (v) => h("section.violation" + kind,
  h("code", v.code), v.field && h("code", v.field), h("p", v.sentence),
  h("p", h("b", "Fix "), v.fix, " ", h("a", { href: v.link, target: "_blank", rel: "noopener noreferrer" }, "Segment's page")));

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

function facts(call, means) {
  const person = (id) => id && button(id, () => means.onperson(id), { class: "plain" });
  const list = [
    ["Outcome", call.duplicate ? "accepted, a duplicate" : call.accepted ? "accepted" : "answered with 200, but discarded"],
    ["User", person(call.user_id)], ["Anonymous", person(call.anonymous_id)], ["Previous", person(call.previous_id)],
    ["Group", call.group_id], ["Message id", call.message_id || "none"],
    ["Received", clock(call.received_at)], ["Timestamp", call.timestamp], ["Sent at", call.sent_at],
    ["Write key", `${call.write_key} (${call.write_key_fingerprint})`], ["Path", call.path],
  ];
  return h("dl.facts", ...list.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", name), h("dd", value)]));
}

const attempts = (call) => h("section",
  h("h3", some(call.attempts.length, "attempt")),
  h("ol.attempts", ...call.attempts.map((a) =>
    h("li", { class: a.status >= 200 && a.status < 300 ? "" : "failed" },
      h("b", a.status || "cut"), h("time", clock(a.received_at)),
      h("span", `request ${a.request}`, a.retry_count && `, X-Retry-Count ${a.retry_count}`, a.fault && `, fault ${a.fault.id}: ${a.fault.effect}`)))),
  call.attempts.length === 0 && h("p.quiet", "Without a message id, attempts are unknown."));

function headers(call) {
  const table = h("table");
  const fill = async () => {
    if (table.childElementCount) return;
    /** @type {ReceivedRequest | null} */
    const request = await ask(`requests/${call.request}`).catch(() => null);
    const rows = Object.entries(request?.headers ?? { "": ["Newer requests have evicted this one."] });
    table.append(...rows.map(([name, values]) => h("tr", h("th", { scope: "row" }, name), h("td", h("code", values.join(", "))))));
    if (request) table.after(h("p.quiet", `${some(request.calls, "call")}, ${bytes(request.bytes_on_wire)} on the wire, ${bytes(request.bytes)} of JSON`));
  };
  return h("details", { ontoggle: fill }, h("summary", `Headers of request ${call.request}`), table);
}
