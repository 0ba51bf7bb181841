/* <e-signature> around a hidden input, a canvas and a button: draw a signature; the input carries it as a PNG data
   address. Without a script nothing is shown: the form is signed by the typed name and its box. */
customElements.define(
  "e-signature",
  class extends HTMLElement {
    connectedCallback() {
      [this.input, this.canvas, this.clear] = ["input", "canvas", "button"].map((name) => this.querySelector(name));
      if (!this.canvas || this.pen) return;
      this.pen = this.canvas.getContext("2d");
      Object.assign(this.pen, { lineWidth: 3, lineCap: "round", lineJoin: "round" });
      this.canvas.hidden = this.clear.hidden = false;
      this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
      this.canvas.addEventListener("pointermove", (event) => this.draw(event));
      for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.end());
      this.clear.addEventListener("click", () => this.empty());
    }

    at(event) {
      const { left, top, width, height } = this.canvas.getBoundingClientRect();
      return [((event.clientX - left) * this.canvas.width) / width, ((event.clientY - top) * this.canvas.height) / height];
    }

    begin(event) {
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.drawing = true;
      this.pen.beginPath();
      this.pen.moveTo(...this.at(event));
      this.draw(event);
    }

    draw(event) {
      if (!this.drawing) return;
      this.pen.lineTo(...this.at(event));
      this.pen.stroke();
    }

    end() {
      if (!this.drawing) return;
      this.drawing = false;
      this.input.value = this.canvas.toDataURL("image/png");
    }

    empty() {
      this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
      this.input.value = "";
    }
  },
);
