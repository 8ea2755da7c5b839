// Injected faults.
import { ask, tell, why } from "./api.js";
import { button, h, say } from "./dom.js";

/** @param {FaultState} f */
export const describe = (f) =>
  f.effect + (f.probability ? ` for ${Math.round(f.probability * 100)} %` : "") +
  (f.match ? " of " + Object.entries(f.match).map((m) => m.join(" ")).join(", ") : "") +
  (f.remaining === undefined ? "" : `, ${f.remaining} left`) + `, struck ${f.hits}×`;

const input = (name, label, props) => [h("label", { for: "fault-" + name }, label), h("input", { id: "fault-" + name, ...props })];

/** @param {HTMLElement} fields @param {string} name */
const valueOf = (fields, name) => /** @type {HTMLInputElement} */ (fields.querySelector("#fault-" + name)).value.trim();

/** Whether a fault that is active strikes the calls that are chosen. */
const strikes = (fault, match) => JSON.stringify(fault.match ?? {}) === JSON.stringify(match);

/** What the dialog shows. @param {() => void} onchange */
export async function faultPanel(onchange) {
  /** @type {[{presets: Preset[]}, {faults: FaultState[]}]} */
  const [{ presets }, { faults }] = await Promise.all([ask("faults/presets"), ask("faults")]);
  let current = faults;
  const said = h("p.said", { role: "status" });
  const active = h("ul.active");
  const whom = h("p.fields",
    ...input("event", "Only for event", { placeholder: "Order*" }), ...input("user", "Only for user"));
  const own = h("p.fields",
    ...input("status", "Status", { type: "number", value: 500 }), ...input("times", "Times, 0 for always", { type: "number", value: 0 }),
    ...input("chance", "Chance in %", { type: "number", value: 100 }), ...input("after", "Retry-After"),
    ...input("delay", "Delay", { placeholder: "250ms" }));
  const buttons = presets.map((p) =>
    h("button", { "data-preset": p.name, onclick: () => choose(p) }, h("b", p.name), h("small", p.what)));

  const list = () => {
    active.replaceChildren(...current.map((f) =>
      h("li", { class: f.active ? "" : "quiet" }, h("span", describe(f)), button(f.active ? "End" : "Remove", () => end(f.id)))));
    for (const b of buttons) b.ariaPressed = String(current.some((f) => f.active && f.preset === b.dataset.preset));
  };
  const change = async (path, method, fault, done) => {
    try {
      await tell(path, method, fault);
      current = (await ask("faults")).faults;
      say(said, done);
      list();
      onchange();
    } catch (problem) {
      say(said, why(problem));
    }
  };
  const end = (id) => change("faults/" + id, "DELETE", undefined, "The fault has ended.");
  const chosen = () => Object.fromEntries(["event", "user"].map((name) => [name, valueOf(whom, name)]).filter(([, value]) => value));
  const inject = (fault) => {
    const match = chosen();
    change("faults", "POST", Object.keys(match).length > 0 ? { ...fault, match } : fault, "The next requests are struck.");
  };
  // A preset that is active ends, as a button that is pressed comes up again.
  const choose = (preset) => {
    const match = chosen();
    const running = current.find((f) => f.active && f.preset === preset.name && strikes(f, match));
    if (running) end(running.id);
    else if (preset.needs_match && Object.keys(match).length === 0) say(said, "First choose the calls: an event or a user.");
    else inject(preset.fault);
  };
  const ofOwn = () => {
    const chance = Number(valueOf(own, "chance")) / 100;
    return {
      status: Number(valueOf(own, "status")), times: Number(valueOf(own, "times")),
      retry_after: valueOf(own, "after"), delay: valueOf(own, "delay"),
      ...(chance < 1 && { probability: chance, seed: 1 }),
    };
  };
  list();
  return h("div.panel", h("h2", "Faults"), active, whom,
    h("ul.presets", ...buttons.map((b) => h("li", b))),
    h("details", h("summary", "Custom fault"), own, button("Inject", () => inject(ofOwn()))), said);
}
