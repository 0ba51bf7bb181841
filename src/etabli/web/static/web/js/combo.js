/* <e-combo src="/search"> around a <select>: type to search instead of scrolling. The select stays, hidden, as
   the value that is sent; without a script it is an ordinary list. The server answers ?q= with
   <div role="option" data-value="…">label</div> fragments; with no src the select's own options are searched. */
import { plain } from "./keys.js";

customElements.define(
  "e-combo",
  class extends HTMLElement {
    connectedCallback() {
      this.select = this.querySelector("select");
      if (!this.select || this.field) return;
      this.build();
      this.field.addEventListener("input", () => this.later());
      this.field.addEventListener("focus", () => this.search(""));
      this.field.addEventListener("keydown", (event) => this.onKey(event));
      this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
      this.list.addEventListener("mousedown", (event) => {
        event.preventDefault();
        this.take(event.target.closest("[role=option]"));
      });
    }

    build() {
      const { select } = this;
      this.field = Object.assign(document.createElement("input"), {
        type: "text",
        id: select.id,
        autocomplete: "off",
        value: select.selectedOptions[0]?.value ? select.selectedOptions[0].textContent : "",
        placeholder: this.getAttribute("placeholder") || "",
      });
      this.list = Object.assign(document.createElement("div"), { id: `${select.id}-list`, hidden: true });
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", document.querySelector(`label[for="${select.id}"]`)?.textContent.trim() || "…");
      const named = { role: "combobox", "aria-expanded": "false", "aria-controls": this.list.id, "aria-autocomplete": "list" };
      for (const [name, value] of Object.entries(named)) this.field.setAttribute(name, value);
      for (const name of ["aria-describedby", "aria-invalid"]) {
        if (select.hasAttribute(name)) this.field.setAttribute(name, select.getAttribute(name));
      }
      select.id = `${select.id}-value`;
      select.required = false;
      select.hidden = true;
      this.append(this.field, this.list);
    }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(this.field.value), 150);
      if (!this.field.value) this.select.value = "";
    }

    async search(text) {
      const order = (this.asked = (this.asked || 0) + 1);
      const source = this.getAttribute("src");
      if (source) {
        const answer = await fetch(`${source}${source.includes("?") ? "&" : "?"}q=${encodeURIComponent(text)}`);
        if (order !== this.asked || !answer.ok) return;
        this.list.innerHTML = await answer.text();
      } else {
        this.list.replaceChildren(...this.own(plain(text)));
      }
      this.options.forEach((option, index) => (option.id = `${this.list.id}-${index}`));
      const open = this.options.length > 0 && document.activeElement === this.field;
      this.list.hidden = !open;
      this.field.setAttribute("aria-expanded", open);
      this.choose(-1);
    }

    own(wanted) {
      const found = [...this.select.options].filter((o) => o.value && plain(o.textContent).includes(wanted)).slice(0, 50);
      return found.map((option) => {
        const line = document.createElement("div");
        line.setAttribute("role", "option");
        line.dataset.value = option.value;
        line.textContent = option.textContent;
        return line;
      });
    }

    get options() {
      return [...this.list.querySelectorAll("[role=option]")];
    }

    choose(index) {
      this.at = index;
      this.options.forEach((option, i) => option.setAttribute("aria-selected", i === index));
      const option = this.options[index];
      option ? this.field.setAttribute("aria-activedescendant", option.id) : this.field.removeAttribute("aria-activedescendant");
      option?.scrollIntoView({ block: "nearest" });
    }

    onKey(event) {
      const count = this.options.length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (this.list.hidden) this.search("");
        else this.choose((this.at + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
      } else if (event.key === "Enter" && !this.list.hidden && this.at >= 0) {
        event.preventDefault();
        this.take(this.options[this.at]);
      } else if (event.key === "Escape" && !this.list.hidden) {
        event.stopPropagation();
        this.close();
      }
    }

    take(option) {
      if (!option) return;
      const { value } = option.dataset;
      const text = (option.querySelector("b") || option).textContent.trim();
      if (![...this.select.options].some((o) => o.value === value)) this.select.add(new Option(text, value));
      this.select.value = value;
      this.field.value = text;
      this.close();
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /* Text that was not chosen from the list means nothing to the server: show what will be sent */
    close() {
      this.list.hidden = true;
      this.field.setAttribute("aria-expanded", "false");
      const kept = this.select.selectedOptions[0];
      this.field.value = kept?.value ? kept.textContent : "";
    }
  },
);
