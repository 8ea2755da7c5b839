// JSON made readable without reading it: no literal is parsed, so that numbers
// keep every digit and strings every escape.
import { h } from "./dom.js";

const token = /"(?:[^"\\]|\\[^])*"?|[{}[\],:]|[^\s{}[\],:"]+/g;
const deepest = 20;

/**
 * Lays JSON out with one member a line. Text that is no JSON comes out with
 * nothing lost but blanks between its tokens.
 * @param {string} text
 */
export function pretty(text) {
  const out = document.createDocumentFragment();
  const tokens = text.match(token) ?? [];
  let depth = 0;
  let plain = ""; // what is waiting to be written without a colour
  const flush = () => { if (plain) out.append(plain); plain = ""; };
  const line = () => { plain += "\n" + "  ".repeat(Math.min(depth, deepest)); };
  tokens.forEach((t, i) => {
    const next = tokens[i + 1];
    switch (t) {
      case "{": case "[":
        plain += t;
        depth++;
        if (next !== "}" && next !== "]") line();
        return;
      case "}": case "]":
        depth = Math.max(depth - 1, 0);
        if (tokens[i - 1] !== "{" && tokens[i - 1] !== "[") line();
        plain += t;
        return;
      case ",":
        plain += t;
        line();
        return;
      case ":":
        plain += ": ";
        return;
    }
    flush();
    out.append(h("span", { class: classOf(t, next) }, t));
  });
  flush();
  return out;
}

/** @param {string} t @param {string | undefined} next */
function classOf(t, next) {
  if (t[0] === '"') return next === ":" ? "j-key" : "j-text";
  return /^[-\d]/.test(t) ? "j-number" : "j-word";
}
