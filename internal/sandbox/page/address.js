// The address says what is shown, so that it can be shared, and so that the
// browser's Back and Forward go through it.

/** @type {View} */
const start = { q: "", since: 0, tab: "calls", status: "", call: 0, request: 0, person: "" };

/** What the address asks for. @returns {View} */
export function readAddress() {
  const asked = new URLSearchParams(location.search);
  const number = (name) => Number(asked.get(name)?.match(/^\d{1,15}$/)?.[0] ?? 0);
  return {
    q: (asked.get("q") ?? "").trim(), since: number("since"), tab: asked.get("tab") === "requests" ? "requests" : "calls",
    status: asked.get("status")?.match(/^([1-5](xx|\d\d)|cut)$/)?.[0] ?? "", call: number("call"), request: number("request"),
    person: asked.get("person") ?? "",
  };
}

/**
 * Puts what is shown into the address: as a step to which Back returns, or in
 * place of the last one.
 * @param {View} view @param {"push" | "replace"} how
 */
export function writeAddress(view, how) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    if (value !== start[/** @type {keyof View} */ (name)]) params.set(name, String(value));
  }
  const address = "/" + (params.size ? "?" + params : "");
  if (address !== location.pathname + location.search) history[how === "push" ? "pushState" : "replaceState"](null, "", address);
}
