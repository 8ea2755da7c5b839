// One person: ids, traits, and what happened, by the events' own times.
import { filterPerson, go, visitCall } from "./actions.js";
import { text, why } from "./api.js";
import { badge, button, clock, h, some } from "./dom.js";
import { graph, idList, labelOf } from "./graph.js";
import { remarks, titleOf } from "./row.js";

/** More rows are in the list of calls. */
const mostRows = 120;

const leave = () => go({ person: "" });

/**
 * Makes what is shown of a person, unless that is shown already.
 * @param {string} id @param {ShownPerson} [shown] @returns {Promise<ShownPerson>}
 */
export async function showPerson(id, shown) {
  try {
    const told = await text("person?" + new URLSearchParams({ id }));
    return shown && shown.told === told ? shown : { id, told, content: content(JSON.parse(told), id) };
  } catch (problem) {
    const told = why(problem);
    return shown && shown.told === told ? shown : { id, told, content: [h("div.bar", button("← All calls", leave)), h("p", told)] };
  }
}

/** @param {Person} person @param {string} id */
function content(person, id) {
  const name = labelOf(person.ids.findLast((node) => node.kind === "user") ?? person.ids[0]);
  const section = (title, ...parts) => h("section", h("h3", title), ...parts);
  return [
    h("div.bar", button("← All calls", leave), h("h2", name),
      h("small", some(person.total, "call")), h("span.grow"),
      button("Filter the calls", () => filterPerson(id))),
    h("div.sides",
      h("div.side", section("Identity", graph(person), idList(person)), section("Traits", traits(person))),
      h("div.side", section("Timeline, by the events' own times", ...timeline(person)))),
  ];
}

function traits(person) {
  if (person.traits.length === 0) return h("p.quiet", "No identify call has any.");
  return h("table.traits", ...person.traits.map((trait) => {
    const [now, ...before] = trait.history.toReversed();
    return h("tr", h("th", { scope: "row" }, trait.name), h("td", h("code", now.literal),
      before.length > 0 && h("details", { "data-of": trait.name }, h("summary", some(before.length, "earlier value")),
        ...before.map((was) => h("p", h("code", was.literal), h("small", ` from call ${was.seq}`))))));
  }));
}

/** When an event happened, by itself. @param {Row} call */
const happened = (call) => call.own_at ?? call.at;

const dayOf = (at) => new Date(at).toLocaleDateString("en-CA");

/** @param {Person} person */
function timeline(person) {
  const calls = person.calls.slice(-mostRows).reverse();
  let day = "";
  const rows = calls.flatMap((call) => {
    const row = h("li", h("button", { class: "plain", onclick: () => visitCall(call.seq) },
      h("time", { title: call.own_at ? "its own time" : "the time of its arrival: it has none of its own" }, clock(happened(call))),
      badge(call.type), h("span", titleOf(call)), h("em", ...remarks(call))));
    if (day === dayOf(happened(call))) return [row];
    day = dayOf(happened(call));
    return [h("li.day", day), row];
  });
  return [
    h("ol.timeline", ...rows),
    person.total > calls.length && h("p.quiet", `and ${some(person.total - calls.length, "earlier call")}`),
  ];
}
