// Dark or light: by the system, unless chosen.
const signs = { auto: "◐", light: "☀", dark: "☾" };
const names = Object.keys(signs);
export function startTheme(button) {
  const show = (name) => {
    document.documentElement.dataset.theme = name;
    button.textContent = signs[name];
    button.title = button.ariaLabel = "Colours: " + name;
  };
  button.addEventListener("click", () => {
    const next = names[(names.indexOf(document.documentElement.dataset.theme ?? "") + 1) % names.length];
    localStorage.setItem("theme", next);
    show(next);
  });
  const kept = localStorage.getItem("theme") ?? "";
  show(names.includes(kept) ? kept : "auto");
}
