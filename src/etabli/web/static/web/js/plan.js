/* <e-plan> around a floor plan drawn by the server. Marks keep their size whatever the zoom, are dragged or moved by
   the arrow keys, and a link with data-place puts one more on the plan. Saving posts the form of the act "place" and
   loads the page again, which shows how to undo. Without a script the marks are links and the list says the rest. */
const STEP = 0.005;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

customElements.define(
  "e-plan",
  class extends HTMLElement {
    connectedCallback() {
      this.svg = this.querySelector("svg.plan");
      this.status = this.querySelector("[role=status]");
      this.whole = this.svg.getAttribute("viewBox").split(" ").map(Number);
      this.view = [...this.whole];
      this.querySelector(".plan-tools").hidden = false;
      this.addEventListener("click", (event) => this.clicked(event));
      this.sizes = new ResizeObserver(() => this.fit());
      this.sizes.observe(this.svg);
      this.svg.addEventListener("pointerdown", (event) => this.grip(event));
      if (!this.dataset.moves) return;
      this.svg.addEventListener("keydown", (event) => this.key(event));
      this.closest("section").addEventListener("click", (event) => this.choose(event));
    }

    disconnectedCallback() {
      this.sizes.disconnect();
    }

    /* A mark is as large as a finger needs, at any zoom and on any screen */
    fit() {
      this.scale = this.view[2] / Math.max(this.svg.clientWidth, 1);
      for (const mark of this.svg.querySelectorAll(".mark")) this.put(mark, Number(mark.dataset.x), Number(mark.dataset.y));
    }

    put(mark, x, y) {
      const [, , width, height] = this.whole;
      mark.dataset.x = Math.min(Math.max(x, 0), width);
      mark.dataset.y = Math.min(Math.max(y, 0), height);
      mark.setAttribute("transform", `translate(${mark.dataset.x} ${mark.dataset.y}) scale(${this.scale})`);
    }

    clicked(event) {
      const zoom = event.target.closest("[data-zoom]")?.dataset.zoom;
      if (zoom === undefined) return;
      this.view = Number(zoom) ? this.zoomed(Number(zoom)) : [...this.whole];
      this.show();
    }

    zoomed(factor) {
      const [x, y, width, height] = this.view;
      const ratio = Math.min(Math.max(width / factor, this.whole[2] / 12), this.whole[2]) / width;
      return [x + (width - width * ratio) / 2, y + (height - height * ratio) / 2, width * ratio, height * ratio];
    }

    show() {
      const [, , width, height] = this.whole;
      this.view[0] = Math.min(Math.max(this.view[0], 0), width - this.view[2]);
      this.view[1] = Math.min(Math.max(this.view[1], 0), height - this.view[3]);
      this.svg.setAttribute("viewBox", this.view.join(" "));
      this.fit();
    }

    point(event) {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      return [x, y];
    }

    /* The pointer drags a mark, or the plan itself when it is larger than its frame */
    grip(event) {
      if (event.button) return;
      const mark = this.dataset.moves ? event.target.closest(".mark") : null;
      if (!mark && this.view[2] === this.whole[2]) return;
      if (mark) event.preventDefault();
      const from = { client: [event.clientX, event.clientY], view: [...this.view], moved: false };
      const move = (next) => this.drag(next, mark, from);
      const end = () => {
        this.svg.removeEventListener("pointermove", move);
        this.svg.classList.remove("dragging");
        if (mark && from.moved) this.drop(mark);
        else if (mark) mark.focus();
      };
      this.svg.addEventListener("pointermove", move);
      this.svg.addEventListener("pointerup", end, { once: true });
      this.svg.addEventListener("pointercancel", end, { once: true });
    }

    drag(event, mark, from) {
      const [dx, dy] = [event.clientX - from.client[0], event.clientY - from.client[1]];
      if (!from.moved && Math.hypot(dx, dy) < 5) return;
      if (!from.moved) this.svg.setPointerCapture(event.pointerId);
      from.moved = true;
      this.svg.classList.add("dragging");
      if (mark) return this.put(mark, ...this.point(event));
      this.view = [from.view[0] - dx * this.scale, from.view[1] - dy * this.scale, from.view[2], from.view[3]];
      this.show();
    }

    /* The click that ends a drag must not open the asset */
    drop(mark) {
      mark.addEventListener("click", (event) => event.preventDefault(), { once: true });
      this.save(mark);
    }

    key(event) {
      const mark = event.target.closest(".mark");
      const arrow = ARROWS[event.key];
      if (!mark) return;
      if (arrow) {
        event.preventDefault();
        const step = STEP * (event.shiftKey ? 10 : 1) * this.whole[2];
        mark.before_ ||= [mark.dataset.x, mark.dataset.y].map(Number);
        this.put(mark, Number(mark.dataset.x) + arrow[0] * step, Number(mark.dataset.y) + arrow[1] * step);
        this.status.textContent = this.dataset.moved;
      } else if (event.key === "Enter" && mark.before_) {
        event.preventDefault();
        this.save(mark);
      } else if (event.key === "Escape" && mark.before_) {
        this.give(mark);
      }
    }

    give(mark) {
      this.status.textContent = "";
      if (mark.dataset.fresh) return mark.remove();
      this.put(mark, ...mark.before_);
      mark.before_ = null;
    }

    /* A new mark in the middle of what is shown: dragged, or moved by the keys, like any other */
    choose(event) {
      const button = event.target.closest("[data-place]");
      if (!button) return;
      event.preventDefault();
      const mark = document.createElementNS("http://www.w3.org/2000/svg", "a");
      const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      circle.setAttribute("r", 13);
      mark.append(circle);
      mark.setAttribute("class", "mark fresh");
      mark.setAttribute("href", button.getAttribute("href"));
      mark.setAttribute("aria-label", button.getAttribute("aria-label"));
      Object.assign(mark.dataset, { asset: button.dataset.place, fresh: "1" });
      this.svg.append(mark);
      this.put(mark, this.view[0] + this.view[2] / 2, this.view[1] + this.view[3] / 2);
      mark.before_ = [0, 0];
      this.status.textContent = this.dataset.placing;
      this.svg.scrollIntoView({ block: "nearest" });
      mark.focus();
    }

    async save(mark) {
      const [, , width, height] = this.whole;
      const body = new URLSearchParams({
        floor: this.dataset.moves,
        x: ((100 * mark.dataset.x) / width).toFixed(3),
        y: ((100 * mark.dataset.y) / height).toFixed(3),
      });
      const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
      const address = `/assets/${mark.dataset.asset}/act/place/`;
      const answer = await fetch(address, { method: "POST", body, headers, redirect: "manual" }).catch(() => null);
      if (answer?.type === "opaqueredirect") return location.reload();
      document.dispatchEvent(new CustomEvent("toast", { detail: { text: await this.reason(answer), tone: "bad" } }));
      if (mark.before_) this.give(mark);
    }

    /* The sentence of the page that refuses */
    async reason(answer) {
      const page = answer && new DOMParser().parseFromString(await answer.text(), "text/html");
      return page?.querySelector(".alert.bad, .field .error")?.textContent.trim() || this.dataset.refused;
    }
  },
);
