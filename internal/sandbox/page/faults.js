// Injected faults.
import { ask, tell } from "./api.js";
import { button, h, say, why } from "./dom.js";

/** @param {FaultState} f */
export const describe = (f) =>
  f.effect + (f.probability ? ` for ${Math.round(f.probability * 100)} %` : "") +
  (f.match ? " of " + Object.entries(f.match).map((m) => m.join(" ")).join(", ") : "") +
  (f.remaining === undefined ? "" : `, ${f.remaining} left`) + `, struck ${f.hits}×`;

const input = (name, label, props) => [h("label", { for: "fault-" + name }, label), h("input", { id: "fault-" + name, ...props })];

/** What the dialog shows. @param {() => void} onchange */
export async function faultPanel(onchange) {
  /** @type {[{presets: Preset[]}, {faults: FaultState[]}]} */
  const [{ presets }, { faults }] = await Promise.all([ask("faults/presets"), ask("faults")]);
  const said = h("p", { role: "status", class: "quiet" });
  const active = h("ul.active");
  const whom = h("p.fields",
    ...input("event", "Only for event", { placeholder: "Order*" }), ...input("user", "Only for user"));
  const own = h("p.fields",
    ...input("status", "Status", { type: "number", value: 500 }), ...input("times", "Times, 0 for always", { type: "number", value: 0 }),
    ...input("chance", "Chance in %", { type: "number", value: 100 }), ...input("after", "Retry-After"),
    ...input("delay", "Delay", { placeholder: "250ms" }));
  /** @param {HTMLElement} fields @param {string} name */
  const valueOf = (fields, name) => /** @type {HTMLInputElement} */ (fields.querySelector("#fault-" + name)).value.trim();

  const list = (now) => active.replaceChildren(...now.map((f) =>
    h("li", { class: f.active ? "" : "quiet" }, h("span", describe(f)), button("End", () => change("faults/" + f.id, "DELETE")))));
  const change = async (path, method, fault) => {
    try {
      await tell(path, method, fault);
      say(said, "");
      list((await ask("faults")).faults);
      onchange();
    } catch (problem) {
      say(said, why(problem));
    }
  };
  const inject = (fault, needsMatch = false) => {
    const match = Object.fromEntries(["event", "user"].map((name) => [name, valueOf(whom, name)]).filter(([, value]) => value));
    const chosen = Object.keys(match).length > 0;
    if (needsMatch && !chosen) say(said, "First choose the calls: an event or a user.");
    else change("faults", "POST", chosen ? { ...fault, match } : fault);
  };
  const ofOwn = () => {
    const chance = Number(valueOf(own, "chance")) / 100;
    return {
      status: Number(valueOf(own, "status")), times: Number(valueOf(own, "times")),
      retry_after: valueOf(own, "after"), delay: valueOf(own, "delay"),
      ...(chance < 1 && { probability: chance, seed: 1 }),
    };
  };
  list(faults);
  return h("div.panel", h("h2", "Faults"), active, whom,
    h("ul.presets", ...presets.map((p) =>
      h("li", h("button", { "data-preset": p.name, onclick: () => inject(p.fault, p.needs_match) }, h("b", p.name), h("small", p.what))))),
    h("details", h("summary", "Custom fault"), own, button("Inject", () => inject(ofOwn()))), said);
}
