// One person: ids, traits, calls.
import { ask } from "./api.js";
import { badge, button, clock, h, some } from "./dom.js";
import { graph, idList, labelOf } from "./graph.js";
import { remarks } from "./row.js";

/** More rows are in the list of calls. */
const mostRows = 120;

/**
 * @param {string} id
 * @param {{onclose: () => void, oncall: (seq: number) => void, onfilter: () => void}} means
 */
export async function showPerson(id, means) {
  /** @type {Person} */
  const person = await ask("person?" + new URLSearchParams({ id }));
  const name = labelOf(person.ids.findLast((node) => node.kind === "user") ?? person.ids[0]);
  const section = (title, ...content) => h("section", h("h3", title), ...content);
  return [
    h("div.bar", button("← All calls", means.onclose), h("h2", name),
      h("small", some(person.total, "call")), h("span.grow"),
      button("Filter the calls", means.onfilter)),
    h("div.sides",
      h("div.side", section("Identity", graph(person), idList(person)), section("Traits", traits(person))),
      h("div.side", section("Timeline", ...timeline(person, means)))),
  ];
}

function traits(person) {
  if (person.traits.length === 0) return h("p.quiet", "No identify call has any.");
  return h("table.traits", ...person.traits.map((trait) => {
    const [now, ...before] = trait.history.toReversed();
    return h("tr", h("th", { scope: "row" }, trait.name), h("td", h("code", now.literal),
      before.length > 0 && h("details", h("summary", some(before.length, "earlier value")),
        ...before.map((was) => h("p", h("code", was.literal), h("small", ` from call ${was.seq}`))))));
  }));
}

function timeline(person, means) {
  const calls = person.calls.slice(-mostRows).reverse();
  return [
    h("ol.timeline", ...calls.map((call) =>
      h("li", h("button", { class: "plain", onclick: () => means.oncall(call.seq) },
        h("time", clock(call.at)), badge(call.type), h("span", call.name || call.group_id || "–"), h("em", remarks(call)))))),
    person.total > calls.length && h("p.quiet", `and ${some(person.total - calls.length, "earlier call")}`),
  ];
}
