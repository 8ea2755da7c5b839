// Elements and texts. Whatever a call says becomes text by textContent, never
// markup.

/** @typedef {string | number | Node | null | undefined | false} Child */
/** @typedef {{[name: string]: string | number | boolean | null | undefined | ((e: any) => void)}} Props */

/**
 * The element of that id, which index.html has.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export const byID = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * Gives an element attributes, listeners (names that begin with "on") and
 * children.
 * @template {Element} T
 * @param {T} element
 * @param {Props | null} props
 * @param {Child[]} children
 * @returns {T}
 */
function fit(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 */
export const h = (tag, props = null, ...children) => fit(document.createElement(tag), props, children);

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 */
export const svg = (tag, props = null, ...children) =>
  fit(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);

/**
 * Sets a text where it changed.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shapes tell the types apart where colours do not. */
const shapes = new Map([
  ["identify", "M6 1a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5zM1 11.500a5 4.500 0 0 1 10 0z"],
  ["track", "M2 1l9 5l-9 5z"],
  ["page", "M1 1h10v10h-10zM3 4v1h6v-1zM3 7v1h4v-1z"],
  ["screen", "M3 0h6v12h-6zM4.200 2v7h3.600v-7z"],
  ["group", "M6 0l5.500 3v6l-5.500 3l-5.500-3v-6z"],
  ["alias", "M0 3h7v-3l5 4.200h-12zM12 9h-7v3l-5-4.200h12z"],
  ["unknown", "M5 1h2v6h-2zM5 9h2v2h-2z"],
]);

export const types = [...shapes.keys()];

/** @param {string} type */
export const shapeOf = (type) => shapes.get(type) ?? shapes.get("unknown") ?? "";

/** @param {string} type */
export const badge = (type) =>
  h("span", { class: "badge t-" + (shapes.has(type) ? type : "unknown") },
    svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("path", { d: shapeOf(type), "fill-rule": "evenodd" })),
    type);

/** @param {number} n */
export const count = (n) => n.toLocaleString("en-US");

/** @param {number} n */
export function bytes(n) {
  if (n < 1000) return n + " B";
  const units = ["kB", "MB", "GB", "TB"];
  let i = -1;
  do { n /= 1000; i++; } while (n >= 999.5 && i < units.length - 1);
  return (n < 10 ? n.toFixed(1) : n.toFixed(0)) + " " + units[i];
}

/** @param {number} n @param {string} one @param {string} [more] */
export const some = (n, one, more = one + "s") => count(n) + " " + (n === 1 ? one : more);

/** @param {number | string} at */
export function clock(at) {
  const d = new Date(at);
  const pad = (/** @type {number} */ n, width = 2) => String(n).padStart(width, "0");
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}`;
}

/**
 * A button that copies a text and says so.
 * @param {string} label
 * @param {() => string | Promise<string>} text
 */
export const copier = (label, text) => {
  const button = h("button", { type: "button", onclick: async () => {
    try {
      await copy(await text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  } }, label);
  return button;
};

/**
 * Copies without the clipboard API too, which a page has only on loopback and
 * over https.
 * @param {string} text
 */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h("textarea", { class: "unseen" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copying is not allowed");
}

/**
 * A value of the filter grammar, in quotes where it needs them.
 * @param {string} value
 */
export const quoted = (value) =>
  /^[^\s":-][^\s":]*$/.test(value) ? value : '"' + value.replaceAll("\\", "\\\\").replaceAll('"', '\\"') + '"';
