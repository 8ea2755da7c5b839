// Formats JSON without parsing it: every literal stays as it is.
import { h } from "./dom.js";

const token = /"(?:[^"\\]|\\[^])*"?|[{}[\],:]|[^\s{}[\],:"]+/g;
const deepest = 20;

/** @param {string} text */
export function pretty(text) {
  const out = document.createDocumentFragment();
  const tokens = text.match(token) ?? [];
  let depth = 0;
  let plain = "";
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
    out.append(h("span", { class: colorOf(t, next) }, t));
  });
  flush();
  return out;
}

function colorOf(t, next) {
  if (t[0] === '"') return next === ":" ? "t-identify" : "t-track";
  return /^[-\d]/.test(t) ? "t-page" : "t-screen";
}
