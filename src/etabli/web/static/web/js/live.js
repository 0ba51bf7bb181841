/* <e-live src="/…"> shows what the server sends, as it comes. Each event is HTML that replaces the content;
   the event "end" closes. The browser reconnects by itself and sends Last-Event-ID. Without a script the
   content stays as the page brought it, with its link to refresh. */
customElements.define(
  "e-live",
  class extends HTMLElement {
    connectedCallback() {
      this.stream = new EventSource(this.getAttribute("src"));
      this.stream.addEventListener("message", (event) => this.show(event.data));
      this.stream.addEventListener("end", () => this.stream.close());
      this.stream.addEventListener("open", () => this.removeAttribute("data-cut"));
      this.stream.addEventListener("error", () => this.setAttribute("data-cut", ""));
    }

    disconnectedCallback() {
      this.stream?.close();
    }

    show(html) {
      this.innerHTML = html;
      window.htmx?.process(this);
    }
  },
);
