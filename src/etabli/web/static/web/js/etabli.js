/* What every page needs; the rest is fetched when a page shows the element that asks for it. No other module
   imports this one: its address carries a digest, so a second import would run it twice. */
import { plain } from "./keys.js";

const ELEMENTS = {
  "bulk-bar": "./list.js",
  "e-live": "./live.js",
  "e-combo": "./combo.js",
  "e-plan": "./plan.js",
  "e-signature": "./signature.js",
  "e-scan": "./scan.js",
  "e-composer": "./composer.js",
};

function fetchElements() {
  for (const [name, file] of Object.entries(ELEMENTS)) {
    if (!customElements.get(name) && document.querySelector(name)) import(file);
  }
}

/* A table that needs no sideways scrolling keeps its head in sight (css/tables.css) */
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    target.toggleAttribute("data-fits", target.firstElementChild.offsetWidth <= target.clientWidth);
  }
});

function greet() {
  fetchElements();
  widths.disconnect();
  for (const frame of document.querySelectorAll(".table-scroll")) widths.observe(frame);
}
greet();
document.addEventListener("htmx:after:swap", greet);

/* A value edited in its cell: by a click, or by F2 on its row. What edits it is fetched when it is first asked for */
async function editCell(cell) {
  const { open } = await import("./cells.js");
  open(cell);
}
document.addEventListener("click", ({ target }) => {
  const cell = target.closest("td[data-edit]");
  if (cell && !target.closest("a, button, input, select, textarea, .cell-form") && !String(getSelection())) editCell(cell);
});
document.addEventListener("keydown", (event) => {
  const first = event.key === "F2" && event.target.closest("tr")?.querySelector("[data-edit]");
  if (!first) return;
  event.preventDefault();
  editCell(first);
});

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

/* Palette: fetched on first use */
const palette = document.getElementById("palette");
async function openPalette() {
  if (!palette || palette.open) return;
  // Shown before its code has come, so that what is typed at once goes to its field.
  palette.querySelector("input").value = "";
  palette.showModal();
  const { open } = await import("./palette.js");
  open(palette);
}
document.addEventListener("palette", openPalette);

/* The answers of a form that lie empty say nothing: keep them out of addresses. */
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  const fields = [...event.formData.entries()];
  for (const [name] of fields) event.formData.delete(name);
  for (const [name, value] of fields) if (value !== "") event.formData.append(name, value);
});

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-palette]") && palette && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.querySelector(".side:popover-open")?.hidePopover();
    openPalette();
  } else if (at("[data-fold]")) {
    fold(at("[data-fold]"));
  } else if (at("[data-keys-help]")) {
    document.getElementById("keys").showModal();
  } else if (at("[data-close-toast]")) {
    at(".toast").remove();
  } else if (at("[data-dialog]")) {
    document.getElementById(at("[data-dialog]").dataset.dialog)?.showModal();
  }
});

/* Sidebar folded to its pictures, remembered for the next page */
function fold(button) {
  const mini = document.body.dataset.side !== "mini";
  document.body.dataset.side = mini ? "mini" : "";
  button.setAttribute("aria-pressed", mini);
  remember("side", mini ? "mini" : "");
  for (const link of document.querySelectorAll(".side .top > li > a")) {
    mini ? (link.title = link.querySelector(".word").textContent) : link.removeAttribute("title");
  }
}

/* Theme and density: applied at once, kept by the server for the person, and in a cookie for the next paint */
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.matches("[data-theme-form]") || !submitter?.name) return;
  event.preventDefault();
  document.documentElement.dataset[submitter.name] = submitter.value;
  remember(submitter.name, submitter.value);
  for (const other of form.querySelectorAll(`[name="${submitter.name}"]`)) {
    other.setAttribute("aria-pressed", other === submitter);
  }
  fetch(form.action, { method: "POST", body: new FormData(form, submitter) });
});

/* Toasts: in the page when it arrives, or by the header HX-Trigger: {"toast": {text, tone, undo}} */
const toasts = document.getElementById("toasts");
function toast({ text, tone = "info", undo = "" }) {
  const item = document.getElementById("toast-frame").content.firstElementChild.cloneNode(true);
  item.className = `toast ${tone}`;
  item.querySelector("p").textContent = text;
  const form = item.querySelector("form");
  undo ? (form.action = undo) : form.remove();
  toasts.append(item);
  leaveLater(item);
}

function leaveLater(item) {
  // An error stays until it is closed; the pointer or the focus holds the others.
  if (item.classList.contains("bad")) return;
  let timer;
  const start = () => (timer = setTimeout(() => item.remove(), 10000));
  const hold = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) item.addEventListener(name, hold);
  for (const name of ["pointerleave", "focusout"]) item.addEventListener(name, start);
  start();
}
toasts?.querySelectorAll(".toast").forEach(leaveLater);
document.addEventListener("toast", (event) => toast(event.detail));

/* Copy */
customElements.define(
  "copy-text",
  class extends HTMLElement {
    connectedCallback() {
      const word = this.querySelector("button span");
      const before = word.textContent;
      this.querySelector("button").addEventListener("click", async () => {
        await navigator.clipboard.writeText(this.firstElementChild.textContent.trim());
        word.textContent = this.dataset.done;
        setTimeout(() => (word.textContent = before), 2000);
      });
    }
  },
);

/* A long menu narrowed by typing */
document.addEventListener("input", (event) => {
  const { target } = event;
  if (target.matches("[data-narrow]")) {
    const wanted = plain(target.value);
    for (const item of target.closest(".menu").querySelectorAll(".menu-item")) {
      item.hidden = !plain(item.textContent).includes(wanted);
    }
  }
  if (target.matches("[data-expected]")) {
    target.form.querySelector(".btn.primary").disabled = target.value.trim() !== target.dataset.expected;
  }
});

/* A field shown only while the choice that needs it is made (data-when on the field, its name in the choice) */
function fit(form) {
  const chosen = form.elements.field?.value;
  for (const field of form.querySelectorAll("[data-when]")) {
    field.closest(".field").hidden = field.dataset.when !== chosen;
  }
}
for (const field of document.querySelectorAll("[data-when]")) fit(field.form);
document.addEventListener("change", ({ target }) => target.name === "field" && target.form && fit(target.form));

/* The first thing to correct takes the focus */
document.querySelector("[data-focus]")?.focus();
for (const field of document.querySelectorAll("[data-expected]")) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* A form left with changes asks before they are lost */
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let changed = false;
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("submit", () => (changed = false));
  window.addEventListener("beforeunload", (event) => changed && event.preventDefault());
}

/* Menus hang under their button: by the style sheet, or here for browsers without anchors */
if (!CSS.supports("position-area: block-end")) {
  document.addEventListener(
    "toggle",
    ({ target, newState }) => {
      if (newState !== "open" || !target.matches(".menu")) return;
      const button = document.querySelector(`[popovertarget="${target.id}"]`).getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = target;
      const above = button.bottom + height > innerHeight;
      target.style.left = `${Math.max(8, Math.min(button.left, innerWidth - width - 8))}px`;
      target.style.top = `${Math.max(8, above ? button.top - height - 12 : button.bottom)}px`;
    },
    true,
  );
}

/* Pages opened lately in this tab, for the palette; nothing stays on a shared computer */
const { recent } = document.body.dataset;
if (recent) {
  const pages = JSON.parse(sessionStorage.getItem("recent") || "[]").filter((page) => page.url !== location.pathname);
  sessionStorage.setItem("recent", JSON.stringify([{ url: location.pathname, label: recent }, ...pages].slice(0, 6)));
}
