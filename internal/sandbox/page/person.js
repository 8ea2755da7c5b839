// One person: what they go by, what is known of them, what they did.
import { ask, text } from "./api.js";
import { badge, clock, h, some } from "./dom.js";
import { graph, idList, labelOf } from "./graph.js";
import { remarks } from "./row.js";

/** @typedef {import("./api.js").Person} Person */

/** As many rows as are worth reading at once; the rest is in the list of calls. */
const mostRows = 120;

/**
 * @param {string} id
 * @param {{onclose: () => void, oncall: (seq: number) => void, onfilter: (id: string) => void}} means
 */
export async function showPerson(id, means) {
  const source = await text("/api/v1/person?" + new URLSearchParams({ id }));
  /** @type {Person} */
  const person = JSON.parse(source);
  const name = labelOf(person.ids.findLast((node) => node.kind === "user") ?? person.ids[0]);
  const back = h("button", { type: "button", onclick: means.onclose }, "← All calls");
  return [
    h("div", { class: "bar" }, back, h("h2", null, name),
      h("span", { class: "quiet" }, some(person.total, "call") + ", " + some(person.ids.filter((n) => n.kind !== "group").length, "id")),
      h("span", { class: "grow" }),
      h("button", { type: "button", onclick: () => means.onfilter(id) }, "Filter the calls")),
    h("div", { class: "sides" },
      h("div", { class: "side" },
        h("section", null, h("h3", null, "Identity"), graph(person), idList(person)),
        h("section", null, h("h3", null, "Traits"), traits(person, literals(source)))),
      h("div", { class: "side" }, h("section", null, h("h3", null, "Timeline"), timeline(person, means)))),
  ];
}

/**
 * The literals of the traits' values in the order of the answer. JSON.parse
 * would round a number that is longer than a double.
 * @param {string} source
 */
function literals(source) {
  const found = [];
  const begin = source.indexOf('"traits":[');
  const mark = '"value":';
  // Values come out of the API with their own texts quoted, so the mark stands
  // in no string; within a value an object may have a member of that name.
  let depth = 0;
  let text = false;
  for (let i = begin + '"traits":'.length; i > 0 && i < source.length; i++) {
    const c = source[i];
    if (text) {
      if (c === "\\") i++;
      else if (c === '"') text = false;
      continue;
    }
    // traits [ trait { history [ entry { value
    if (depth === 4 && source.startsWith(mark, i)) {
      const end = endOfValue(source, i + mark.length);
      found.push(source.slice(i + mark.length, end));
      i = end - 1;
      continue;
    }
    if (c === '"') text = true;
    else if (c === "{" || c === "[") depth++;
    else if ((c === "}" || c === "]") && --depth === 0) break;
  }
  return found;
}

/** @param {string} source @param {number} from */
function endOfValue(source, from) {
  let depth = 0;
  for (let i = from; i < source.length; i++) {
    const c = source[i];
    if (c === '"') {
      do { i += source[i] === "\\" ? 2 : 1; } while (source[i] !== '"' && i < source.length);
    } else if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") depth--;
    if (depth < 0 || depth === 0 && source[i + 1] === "," || depth === 0 && (source[i + 1] === "}" || source[i + 1] === "]")) {
      return depth < 0 ? i : i + 1;
    }
  }
  return source.length;
}

/** @param {Person} person @param {string[]} values */
function traits(person, values) {
  if (person.traits.length === 0) return h("p", { class: "quiet" }, "No identify call told any.");
  let next = 0;
  return h("table", { class: "traits" }, h("tbody", null, ...person.traits.map((trait) => {
    const history = trait.history.map((entry) => ({ ...entry, value: values[next++] }));
    const now = history[history.length - 1];
    return h("tr", null, h("th", { scope: "row" }, trait.name),
      h("td", null, h("code", null, now.value),
        history.length > 1 && h("details", null, h("summary", null, some(history.length - 1, "earlier value")),
          h("ol", null, ...history.slice(0, -1).reverse().map((was) =>
            h("li", null, h("code", null, was.value), " ", h("span", { class: "quiet" }, `until after call ${was.seq}`)))))));
  })));
}

/** @param {Person} person @param {{oncall: (seq: number) => void}} means */
function timeline(person, means) {
  const calls = person.calls.slice(-mostRows).reverse();
  return h("div", null,
    h("ol", { class: "timeline" }, ...calls.map((call) =>
      h("li", null, h("button", { type: "button", class: "plain", onclick: () => means.oncall(call.seq) },
        h("time", null, clock(call.at)), badge(call.type), h("span", null, call.name || call.group_id || "–"),
        h("em", null, remarks(call)))))),
    person.total > calls.length && h("p", { class: "quiet" }, `and ${some(person.total - calls.length, "earlier call")}`));
}
