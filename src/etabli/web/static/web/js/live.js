/* <e-live src="/…"> shows what the server sends, as it comes. Each event is HTML that replaces the content;
   the event "end" closes. Without a script the content stays as the page brought it, with its link to refresh. */
const AGAIN = 5000;

customElements.define(
  "e-live",
  class extends HTMLElement {
    connectedCallback() {
      this.stream = new EventSource(this.getAttribute("src"));
      this.stream.addEventListener("message", (event) => this.show(event.data));
      this.stream.addEventListener("end", () => this.stream.close());
      this.stream.addEventListener("error", () => this.cut());
    }

    disconnectedCallback() {
      clearTimeout(this.retry);
      this.stream.close();
    }

    /* The browser reconnects a stream that breaks, and sends Last-Event-ID; one that was refused is ours to retry */
    cut() {
      if (this.stream.readyState !== EventSource.CLOSED) return;
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.connectedCallback(), AGAIN);
    }

    show(html) {
      this.innerHTML = html;
      window.htmx?.process(this);
    }
  },
);
