// Dark or light: as the system has it, unless somebody chose.

const names = ["auto", "light", "dark"];
const signs = new Map([["auto", "◐"], ["light", "☀"], ["dark", "☾"]]);

/** @param {HTMLElement} button */
export function startTheme(button) {
  let now = "auto";
  try {
    now = localStorage.getItem("theme") ?? now;
  } catch { /* A browser may keep nothing for a page. */ }
  const show = () => {
    document.documentElement.dataset.theme = now;
    button.textContent = signs.get(now) ?? "◐";
    button.setAttribute("aria-label", `Colours: ${now}`);
    button.title = `Colours: ${now}`;
  };
  button.addEventListener("click", () => {
    now = names[(names.indexOf(now) + 1) % names.length];
    try {
      localStorage.setItem("theme", now);
    } catch { /* Then it is chosen for this page only. */ }
    show();
  });
  show();
}
