/* Keyboard. Single keys sleep in fields and when the person turned them off (WCAG 2.1.4). */
const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-row], .table tbody tr")];
const linkOf = (row) => row.querySelector(".row-link, a[href]") || row;
let waitingForPlace = 0;

/* Text without accents or capitals, to compare what people type */
export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/* G then a letter: the first letter of the place not yet taken by a place above it */
function places() {
  const taken = new Map();
  for (const link of document.querySelectorAll(".side .top > li > a")) {
    const letters = plainWord(link).replace(/[^a-z]/g, "");
    const letter = [...letters].find((candidate) => !taken.has(candidate));
    if (letter) taken.set(letter, link);
  }
  return taken;
}
const plainWord = (link) => plain(link.querySelector(".word").textContent);

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const row = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
  linkOf(row).focus();
  row.scrollIntoView({ block: "nearest" });
  if (row.dataset.row === "open") linkOf(row).click();
}

function pick() {
  const row = rows().find((candidate) => candidate.contains(document.activeElement));
  row?.querySelector("[type=checkbox]")?.click();
}

function showHelp() {
  const help = document.getElementById("keys");
  if (!help) return;
  const list = help.querySelector("[data-page-keys]");
  const lines = [...document.querySelectorAll("[data-hotkey]")].map((button) => [label(button), button.dataset.hotkey]);
  for (const [letter, link] of places()) {
    lines.push([`${list.dataset.go} ${link.querySelector(".word").textContent}`, `G ${letter}`]);
  }
  list.replaceChildren(...lines.map(line));
  help.showModal();
}
const label = (button) => button.getAttribute("aria-label") || button.textContent.trim();

function line([text, key]) {
  const row = document.createElement("div");
  const word = document.createElement("span");
  const hint = document.createElement("kbd");
  word.textContent = text;
  hint.textContent = key.toUpperCase();
  row.append(word, hint);
  return row;
}

const SINGLE = {
  "/": () => document.querySelector("#search, [data-search]")?.focus(),
  "?": showHelp,
  j: () => move(1),
  k: () => move(-1),
  x: pick,
  g: () => (waitingForPlace = Date.now()),
};

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "k") {
    event.preventDefault();
    document.dispatchEvent(new Event("palette"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.body.dataset.keys === "off" || typing(event.target) || document.querySelector("dialog[open]")) return;
  const place = Date.now() - waitingForPlace < 1500 && places().get(key);
  const wanted = place
    ? () => place.click()
    : SINGLE[key] || (() => document.querySelector(`[data-hotkey="${CSS.escape(key)}"]`)?.click());
  if (place) waitingForPlace = 0;
  if (place || SINGLE[key] || document.querySelector(`[data-hotkey="${CSS.escape(key)}"]`)) {
    event.preventDefault();
    wanted();
  }
});
