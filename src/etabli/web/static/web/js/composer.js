/* <e-composer> around the forms where a ticket is answered: keeps a draft as it is typed, sends with Ctrl Enter.
   Without a script the forms are sent all the same, and nothing is kept before. */
const REST = 900;

customElements.define(
  "e-composer",
  class extends HTMLElement {
    connectedCallback() {
      this.words = this.querySelector("[data-saved]").dataset;
      this.addEventListener("input", ({ target }) => target.name === "text" && this.later(target.form));
      this.addEventListener("keydown", (event) => this.typed(event));
      this.addEventListener("toggle", ({ target }) => target.open && target.querySelector("textarea")?.focus(), true);
      this.addEventListener("click", ({ target }) => this.picked(target.closest("[data-text]")));
      this.addEventListener("submit", () => clearTimeout(this.timer));
    }

    typed(event) {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      const form = event.target.form;
      form?.requestSubmit(form.querySelector("button:last-of-type"));
    }

    /* A template goes where the writer is, in place of what is selected */
    picked(button) {
      if (!button) return;
      const area = button.closest("form").elements.text;
      area.setRangeText(button.dataset.text, area.selectionStart, area.selectionEnd, "end");
      area.focus();
      this.later(area.form);
    }

    later(form) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.keep(form), REST);
    }

    async keep(form) {
      const body = new FormData();
      for (const name of ["csrfmiddlewaretoken", "kind", "text"]) body.append(name, form.elements[name].value);
      const kept = await fetch(form.dataset.draft, { method: "POST", body }).then((answer) => answer.ok, () => false);
      form.querySelector("[data-state]").textContent = kept ? this.words.saved : this.words.unsaved;
    }
  },
);
