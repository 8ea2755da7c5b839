// Breaking things on purpose.
import { ask, tell } from "./api.js";
import { h } from "./dom.js";

/** @typedef {import("./api.js").Fault} Fault */

/** @param {import("./api.js").FaultState} f */
export const describe = (f) =>
  f.effect + (f.probability ? ` for ${Math.round(f.probability * 100)} %` : "") +
  (f.match ? " of " + Object.entries(f.match).map(([name, value]) => `${name} ${value}`).join(", ") : "") +
  (f.remaining !== undefined ? `, ${f.remaining} left` : "") + `, struck ${f.hits}×`;

/**
 * What the dialog shows.
 * @param {() => void} onchange
 */
export async function faultPanel(onchange) {
  /** @type {[{presets: import("./api.js").Preset[]}, {faults: import("./api.js").FaultState[]}]} */
  const [{ presets }, { faults }] = await Promise.all([ask("/api/v1/faults/presets"), ask("/api/v1/faults")]);
  const said = h("p", { role: "status", class: "quiet" });
  const event = h("input", { id: "fault-event", placeholder: "any event, or Order*" });
  const user = h("input", { id: "fault-user", placeholder: "anyone" });
  const active = h("ul", { class: "active" });

  const list = (/** @type {import("./api.js").FaultState[]} */ now) => {
    active.replaceChildren(...now.map((f) => h("li", { class: f.active ? "" : "quiet" },
      h("span", null, describe(f)),
      h("button", { type: "button", onclick: () => change("/api/v1/faults/" + f.id, "DELETE") }, "End"))));
    if (now.length === 0) active.append(h("li", { class: "quiet" }, "Nothing is broken."));
  };
  const change = async (/** @type {string} */ path, /** @type {string} */ method, /** @type {Fault} */ fault) => {
    try {
      await tell(path, method, fault);
      said.textContent = "";
      list((await ask("/api/v1/faults")).faults);
      onchange();
    } catch (e) {
      said.textContent = e instanceof Error ? e.message : String(e);
    }
  };
  const inject = (/** @type {Fault} */ fault) => {
    const match = Object.fromEntries(Object.entries({ event: event.value.trim(), user: user.value.trim() }).filter(([, value]) => value));
    return change("/api/v1/faults", "POST", Object.keys(match).length ? { ...fault, match } : fault);
  };
  const choose = (/** @type {import("./api.js").Preset} */ p) => {
    if (p.needs_match && !event.value.trim() && !user.value.trim()) {
      said.textContent = "Say first which calls: an event or a user.";
      event.focus();
      return;
    }
    inject(p.fault);
  };
  list(faults);
  return h("div", { class: "panel" },
    h("h2", null, "Faults"),
    h("section", { "aria-label": "In place" }, active),
    h("p", { class: "fields" },
      h("label", { for: "fault-event" }, "Only for event"), event,
      h("label", { for: "fault-user" }, "Only for user"), user),
    h("ul", { class: "presets" }, ...presets.map((p) => h("li", null,
      h("button", { type: "button", "data-preset": p.name, onclick: () => choose(p) }, h("b", null, p.name), h("span", null, p.what))))),
    own(inject), said);
}

/** @param {(fault: Fault) => void} inject */
function own(inject) {
  const status = h("input", { id: "fault-status", type: "number", min: 200, max: 599, value: 500 });
  const times = h("input", { id: "fault-times", type: "number", min: 0, value: 0 });
  const chance = h("input", { id: "fault-chance", type: "number", min: 1, max: 100, value: 100 });
  const after = h("input", { id: "fault-after", placeholder: "none" });
  const delay = h("input", { id: "fault-delay", placeholder: "none, or 250ms" });
  const make = () => {
    /** @type {Fault} */
    const fault = {};
    if (Number(status.value)) fault.status = Number(status.value);
    if (after.value.trim()) fault.retry_after = after.value.trim();
    if (delay.value.trim()) fault.delay = delay.value.trim();
    if (Number(times.value)) fault.times = Number(times.value);
    if (Number(chance.value) < 100) Object.assign(fault, { probability: Number(chance.value) / 100, seed: 1 });
    inject(fault);
  };
  const field = (/** @type {string} */ name, /** @type {HTMLElement} */ input) => [h("label", { for: input.id }, name), input];
  return h("details", null, h("summary", null, "One of your own"),
    h("p", { class: "fields" },
      ...field("Status", status), ...field("Times, 0 for always", times), ...field("Chance in %", chance),
      ...field("Retry-After", after), ...field("Delay", delay)),
    h("button", { type: "button", onclick: make }, "Put in place"));
}
