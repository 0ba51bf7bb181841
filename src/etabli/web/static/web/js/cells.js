/* A value edited in its cell: opened by etabli.js, then Tab goes from value to value. Enter saves, Escape gives up.
   The server gives the small form, and refuses what somebody changed meanwhile with the value that is there now. */
const HEADERS = { "X-Requested-With": "cell" };

export function open(cell) {
  if (cell.querySelector(".cell-form")) return;
  const link = cell.closest("tr").querySelector(".row-link");
  if (!link) return;
  const address = `${link.pathname}cell/${cell.dataset.edit}/`;
  fetch(address, { headers: HEADERS }).then(async (answer) => {
    if (!answer.ok || cell.querySelector(".cell-form")) return;
    cell.before_ = cell.innerHTML;
    fill(cell, await answer.text());
    cell.querySelector("[name=version]").value = cell.closest("tr").dataset.version;
  });
}

function fill(cell, html) {
  // The table lies in the form of the selection, and innerHTML would drop a form within a form.
  const read = document.createElement("template");
  read.innerHTML = html;
  cell.replaceChildren(read.content);
  cell.classList.add("editing");
  if (cell.querySelector("e-combo")) import("./combo.js");
  const form = cell.querySelector("form");
  const field = form.querySelector("input:not([type=hidden]), select:not([hidden]), textarea");
  form.was_ = String(new URLSearchParams(new FormData(form)));
  form.addEventListener("submit", (event) => (event.preventDefault(), save(cell)));
  form.addEventListener("keydown", (event) => key(event, cell, form));
  form.addEventListener("focusout", ({ relatedTarget: to }) => {
    // Left by the pointer with nothing changed: close; with a change it stays, to be saved or given up.
    if (to && !form.contains(to) && String(new URLSearchParams(new FormData(form))) === form.was_) close(cell, cell.before_);
  });
  field?.focus();
  field?.select?.();
}

function key(event, cell, form) {
  const open_list = form.querySelector("[role=listbox]:not([hidden])");
  if (event.key === "Escape" && !open_list) {
    event.preventDefault();
    event.stopPropagation();
    close(cell, cell.before_);
    cell.closest("tr").querySelector(".row-link").focus();
  } else if (event.key === "Enter" && event.target.matches("select, textarea")) {
    event.preventDefault();
    save(cell);
  } else if (event.key === "Tab") {
    const cells = [...cell.closest("tr").querySelectorAll("[data-edit]")];
    const next = cells[cells.indexOf(cell) + (event.shiftKey ? -1 : 1)];
    if (!next) return;
    event.preventDefault();
    save(cell, next);
  }
}

function close(cell, html) {
  if (!cell.classList.contains("editing")) return;
  cell.classList.remove("editing");
  cell.innerHTML = html;
}

async function save(cell, next) {
  const form = cell.querySelector("form");
  if (String(new URLSearchParams(new FormData(form))) === form.was_ && !form.querySelector(".error")) {
    close(cell, cell.before_);
    return next ? open(next) : cell.closest("tr").querySelector(".row-link").focus();
  }
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: HEADERS }).catch(() => null);
  if (!answer) return;
  const html = await answer.text();
  if ([409, 422].includes(answer.status)) return fill(cell, html);
  if (!answer.ok) return close(cell, cell.before_);
  const row = cell.closest("tr");
  row.dataset.version = answer.headers.get("X-Version");
  close(cell, html);
  const { toast } = JSON.parse(answer.headers.get("HX-Trigger") || "{}");
  if (toast) document.dispatchEvent(new CustomEvent("toast", { detail: toast }));
  next ? open(next) : row.querySelector(".row-link").focus();
}
