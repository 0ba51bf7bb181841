/* <e-live src="/…"> shows what the server sends, as it comes. Each event is HTML that replaces the content;
   the event "end" closes. A page that nobody looks at follows nothing, and asks again when it is shown. Without a
   script the content stays as the page brought it, with its link to refresh. */
const AGAIN = 5000;

customElements.define(
  "e-live",
  class extends HTMLElement {
    connectedCallback() {
      this.seen = () => (document.hidden ? this.leave() : this.follow());
      document.addEventListener("visibilitychange", this.seen);
      this.seen();
    }

    disconnectedCallback() {
      document.removeEventListener("visibilitychange", this.seen);
      this.leave();
    }

    follow() {
      if (this.stream || this.ended) return;
      this.stream = new EventSource(this.getAttribute("src"));
      this.stream.addEventListener("message", (event) => this.show(event.data));
      this.stream.addEventListener("end", () => ((this.ended = true), this.leave()));
      this.stream.addEventListener("error", () => this.cut());
    }

    leave() {
      clearTimeout(this.retry);
      this.stream?.close();
      this.stream = null;
    }

    /* The browser reconnects a stream that breaks, and sends Last-Event-ID; one that was refused is ours to retry */
    cut() {
      if (this.stream?.readyState !== EventSource.CLOSED) return;
      this.leave();
      this.retry = setTimeout(() => document.hidden || this.follow(), AGAIN);
    }

    show(html) {
      this.innerHTML = html;
      window.htmx?.process(this);
    }
  },
);
