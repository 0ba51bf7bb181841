/* The bar of what to do with the selection. Lives in the form it sends. */
customElements.define(
  "bulk-bar",
  class extends HTMLElement {
    connectedCallback() {
      this.form = this.closest("form");
      this.everything = this.querySelector("[name=all]");
      this.form.addEventListener("change", (event) => this.changed(event));
      this.form.addEventListener("click", (event) => this.clicked(event));
      this.querySelector(".everything").addEventListener("click", () => this.chooseEverything());
      this.querySelector(".clear").addEventListener("click", () => this.mark(false));
      // A page that comes back from the browser's memory has its boxes ticked after this point.
      window.addEventListener("pageshow", () => this.show());
      this.show();
    }

    get boxes() {
      return [...this.form.querySelectorAll("tbody [type=checkbox]")];
    }

    changed({ target }) {
      if (target.matches("[data-all]")) this.mark(target.checked);
      this.everything.value = "";
      this.show();
    }

    /* Shift extends from the last box */
    clicked({ target, shiftKey }) {
      if (!target.matches("tbody [type=checkbox]")) return;
      const boxes = this.boxes;
      const here = boxes.indexOf(target);
      if (shiftKey && this.last >= 0) {
        const [from, to] = [this.last, here].sort((a, b) => a - b);
        for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
      }
      this.last = here;
      this.show();
    }

    mark(checked) {
      for (const box of this.boxes) box.checked = checked;
      this.everything.value = "";
      this.show();
    }

    /* Acts on the query, not on the rows of this page */
    chooseEverything() {
      for (const box of this.boxes) box.checked = true;
      this.everything.value = "1";
      this.show();
    }

    show() {
      const boxes = this.boxes;
      const n = boxes.filter((box) => box.checked).length;
      const head = this.form.querySelector("[data-all]");
      if (head) {
        head.checked = n > 0 && n === boxes.length;
        head.indeterminate = n > 0 && n < boxes.length;
      }
      const button = this.querySelector(".everything");
      const whole = this.everything.value === "1";
      button.hidden = whole || button.dataset.same === "true";
      this.querySelector(".n").textContent = whole ? button.dataset.done : this.count(n);
    }

    count(n) {
      return n === 1 ? this.dataset.one : this.dataset.many.replace("%n", n);
    }
  },
);
