/* Search or act: Ctrl K. The server answers HTML options; arrows choose, Enter goes. */
let dialog;
let field;
let list;
let asked = 0;

export function open(element) {
  if (dialog !== element) bind(element);
  search();
}

function bind(element) {
  dialog = element;
  field = dialog.querySelector("input");
  list = dialog.querySelector("[role=listbox]");
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 120);
  });
  field.addEventListener("keydown", onKey);
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option?.dataset.method === "post") {
      event.preventDefault();
      send(option);
    }
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

async function search() {
  const order = ++asked;
  const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(field.value)}`, {
    headers: { "HX-Request": "true" },
  });
  if (order !== asked || !answer.ok) return;
  list.innerHTML = await answer.text();
  if (!field.value) list.append(...recent());
  options().forEach((option, index) => (option.id = `palette-option-${index}`));
  choose(0);
  const status = dialog.querySelector("[role=status]");
  status.textContent = options().length ? "" : status.dataset.none;
}

function recent() {
  const pages = JSON.parse(sessionStorage.getItem("recent") || "[]").filter((page) => page.url !== location.pathname);
  if (!pages.length) return [];
  const group = document.createElement("div");
  const title = document.createElement("p");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", dialog.dataset.recentTitle);
  title.textContent = dialog.dataset.recentTitle;
  title.setAttribute("aria-hidden", "true");
  group.append(title, ...pages.map(link));
  return [group];
}

function link({ url, label }) {
  const option = document.createElement("a");
  option.href = url;
  option.textContent = label;
  option.tabIndex = -1;
  option.setAttribute("role", "option");
  return option;
}

const options = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => options().findIndex((option) => option.ariaSelected === "true");

function choose(index) {
  const all = options();
  all.forEach((option, i) => option.setAttribute("aria-selected", i === index));
  all[index] ? field.setAttribute("aria-activedescendant", all[index].id) : field.removeAttribute("aria-activedescendant");
  all[index]?.scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  const count = options().length;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose((chosen() + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
  } else if (event.key === "Enter") {
    event.preventDefault();
    options()[chosen()]?.click();
  }
}

const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];

function send(option) {
  const form = document.createElement("form");
  const token = document.createElement("input");
  Object.assign(form, { method: "post", action: option.href, hidden: true });
  Object.assign(token, { type: "hidden", name: "csrfmiddlewaretoken", value: csrf() });
  form.append(token);
  document.body.append(form);
  form.submit();
}
