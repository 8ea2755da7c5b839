// One call with everything about it.
import { ask, tell, text } from "./api.js";
import { badge, bytes, clock, copier, h, some } from "./dom.js";
import { pretty } from "./json.js";

/**
 * @typedef {import("./api.js").Call} Call
 * @typedef {{replayTo: string, onperson: (id: string) => void, onfault: (said: string) => void, onclose: () => void}} Means
 */

/**
 * Fetches a call and shows it. What is fetched later fills its place.
 * @param {number} seq
 * @param {Means} means
 */
export async function showCall(seq, means) {
  const [call, raw] = await Promise.all([
    /** @type {Promise<Call>} */ (ask(`/api/v1/calls/${seq}`)), text(`/api/v1/calls/${seq}/raw`),
  ]);
  return h("article", { class: "call", "aria-label": `Call ${seq}` },
    bar(call, raw, means),
    h("div", { class: "sides" },
      h("div", { class: "side" }, ...(call.violations ?? []).map(violation), body(raw)),
      h("div", { class: "side" }, facts(call, means), attempts(call), headers(call))));
}

/** @param {Call} call @param {string} raw @param {Means} means */
function bar(call, raw, means) {
  const person = call.user_id || call.anonymous_id || call.previous_id;
  return h("div", { class: "bar" },
    badge(call.type), h("strong", null, call.name || call.group_id || ""),
    h("span", { class: "grow" }),
    copier("Copy JSON", () => raw),
    copier("Copy as curl", () => text(`/api/v1/export?format=curl&q=seq:${call.seq}`)),
    person && h("button", { type: "button", onclick: () => means.onperson(person) }, "Person"),
    call.message_id && h("button", { type: "button", title: "Answer 400 to every request that holds this call", onclick: () => refuse(call, means) }, "Refuse it"),
    means.replayTo && h("button", { type: "button", title: "To " + means.replayTo, onclick: (/** @type {Event} */ e) => replay(call, e) }, "Replay"),
    h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: means.onclose }, "×"));
}

/** @param {Call} call @param {Means} means */
async function refuse(call, means) {
  try {
    await tell("/api/v1/faults", "POST", { status: 400, match: { message_id: call.message_id } });
    means.onfault("");
  } catch (e) {
    means.onfault(String(e));
  }
}

/** @param {Call} call @param {Event} e */
async function replay(call, e) {
  const button = /** @type {HTMLButtonElement} */ (e.target);
  try {
    await tell(`/api/v1/replay?q=seq:${call.seq}`, "POST");
    button.textContent = "Replayed";
  } catch (problem) {
    button.textContent = "Not replayed";
    button.title = String(problem);
  }
}

/** @param {import("./api.js").Violation} v */
const violation = (v) =>
  h("section", { class: "violation" },
    h("p", null, h("code", null, v.code), v.field && h("code", { class: "field" }, v.field)),
    h("p", null, v.sentence),
    h("p", null, h("b", null, "Fix "), v.fix, " ",
      h("a", { href: v.link, target: "_blank", rel: "noopener noreferrer" }, "Segment's page")));

/** @param {string} raw */
function body(raw) {
  const pre = h("pre", { tabindex: 0, "aria-label": "The call as JSON" });
  /** @type {HTMLButtonElement[]} */
  const tabs = [];
  const show = (/** @type {number} */ chosen) => {
    tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", String(i === chosen)));
    pre.replaceChildren(chosen === 0 ? pretty(raw) : raw);
  };
  ["Pretty", "Raw"].forEach((name, i) => tabs.push(h("button", { type: "button", onclick: () => show(i) }, name)));
  show(0);
  return h("section", { class: "body" },
    h("div", { class: "tabs" }, ...tabs, h("span", null, bytes(new TextEncoder().encode(raw).length))), pre);
}

/** @param {Call} call @param {Means} means */
function facts(call, means) {
  const list = h("dl");
  const add = (/** @type {string} */ name, /** @type {string | Node | undefined | false} */ value) =>
    value && list.append(h("dt", null, name), h("dd", null, value));
  const person = (/** @type {string | undefined} */ id) =>
    id && h("button", { type: "button", class: "plain", onclick: () => means.onperson(id) }, id);
  add("Became of it", call.duplicate ? "accepted, a duplicate" : call.accepted ? "accepted" : "answered with success, and discarded");
  add("User", person(call.user_id));
  add("Anonymous", person(call.anonymous_id));
  add("Previous", person(call.previous_id));
  add("Group", call.group_id);
  add("Message id", call.message_id || "none");
  add("Received", clock(call.received_at));
  add("Timestamp", call.timestamp);
  add("Sent at", call.sent_at);
  add("Write key", `${call.write_key} (${call.write_key_fingerprint})`);
  add("Came by", call.path);
  return h("section", { class: "facts" }, list);
}

/** @param {Call} call */
function attempts(call) {
  return h("section", null,
    h("h3", null, some(call.attempts.length, "attempt")),
    h("ol", { class: "attempts" }, ...call.attempts.map((a) => {
      const good = a.status >= 200 && a.status < 300;
      return h("li", { class: good ? "good" : "failed" },
        h("b", null, a.status ? String(a.status) : "cut"),
        h("time", null, clock(a.received_at)),
        h("span", null, `request ${a.request}`,
          a.retry_count && `, X-Retry-Count ${a.retry_count}`,
          a.fault && `, fault ${a.fault.id}: ${a.fault.effect}`));
    })),
    call.attempts.length === 0 && h("p", { class: "quiet" }, "Without a message id, nothing tells which requests had this call."));
}

/** @param {Call} call */
function headers(call) {
  const table = h("table");
  const fill = async () => {
    if (table.childElementCount) return;
    try {
      /** @type {import("./api.js").Request} */
      const request = await ask(`/api/v1/requests/${call.request}`);
      table.append(h("tbody", null, ...Object.entries(request.headers).flatMap(([name, values]) =>
        values.map((value) => h("tr", null, h("th", { scope: "row" }, name), h("td", null, value))))));
      table.after(h("p", { class: "quiet" },
        `${request.method} ${request.path}, ${some(request.calls, "call")}, ${bytes(request.bytes_on_wire)} on the wire, ${bytes(request.bytes)} of JSON`));
    } catch (e) {
      table.append(h("caption", null, String(e)));
    }
  };
  return h("details", { ontoggle: fill }, h("summary", null, `Headers of request ${call.request}`), table);
}
