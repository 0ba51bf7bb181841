/* <e-scan> around a form with one code: typed, or from a scanner that types and ends with Enter or Tab; and the
   camera, when there is one. Each reading is sent without leaving the page, which beeps and shows the answer.
   With data-mode="post" readings are kept in the page until the server has them: a cut of the network, a reload or
   a flat battery loses none. Without a script the forms inside work as ordinary ones. */
const AGAIN = 5000; // between two tries when the network is gone
const SAME = 3000; // the camera sees the same label many times
const PAUSE = 120; // between two pictures
const TYPED = 60; // milliseconds a key: people are slower, scanners much faster
const TONES = { found: "ok", moved: "ok", elsewhere: "warn", again: "warn", unknown: "bad", refused: "bad" };
const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39", "ean_13"];
const VENDOR = new URL("../../vendor/zxing/", import.meta.url);

/* The browser's own reader, or zxing-cpp compiled to WebAssembly (some 400 kB, fetched when the camera opens) */
async function makeReader() {
  if ("BarcodeDetector" in window) {
    const known = await BarcodeDetector.getSupportedFormats();
    if (FORMATS.slice(0, 3).every((name) => known.includes(name))) {
      const detector = new BarcodeDetector({ formats: FORMATS.filter((name) => known.includes(name)) });
      return async (video) => (await detector.detect(video)).map((found) => found.rawValue);
    }
  }
  const { prepareZXingModule, readBarcodes } = await import(new URL("reader/index.js", VENDOR));
  await prepareZXingModule({ overrides: { locateFile: (name) => new URL(name, VENDOR).href }, fireImmediately: true });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const options = { formats: ["QRCode", "DataMatrix", "Code128", "Code39", "EAN13"], maxNumberOfSymbols: 2 };
  return async (video) => {
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    context.drawImage(video, 0, 0);
    const found = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), options);
    return found.filter((one) => one.isValid).map((one) => one.text);
  };
}

customElements.define(
  "e-scan",
  class extends HTMLElement {
    connectedCallback() {
      const { url, mode, target, account } = this.dataset;
      this.url = url;
      this.keeps = mode === "post";
      this.region = document.getElementById(target);
      this.store = `readings ${account} ${url}`;
      this.form = this.querySelector(".scan-line");
      this.field = this.form.elements.code;
      this.video = this.querySelector("video");
      this.button = this.querySelector(".camera");
      this.button.hidden = !navigator.mediaDevices?.getUserMedia;
      this.button.addEventListener("click", () => (this.stream ? this.close() : this.open()));
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.take(this.field.value);
        this.field.value = "";
      });
      this.field.addEventListener("keydown", (event) => this.onKey(event));
      this.elsewhere = (event) => this.onElsewhere(event);
      document.addEventListener("keydown", this.elsewhere, true);
      this.online = () => this.flush();
      window.addEventListener("online", this.online);
      if (matchMedia("(hover: hover)").matches) this.field.focus(); // a phone would open its keyboard
      if (this.keeps) this.flush();
    }

    disconnectedCallback() {
      document.removeEventListener("keydown", this.elsewhere, true);
      window.removeEventListener("online", this.online);
      clearTimeout(this.retry);
      this.close();
    }

    /* A scanner may end with Tab: told from a person by its speed */
    onKey(event) {
      const { key, timeStamp } = event;
      if (!this.field.value) this.began = timeStamp;
      const fast = timeStamp - this.began < TYPED * (this.field.value.length + 1);
      if (key === "Tab" && !event.shiftKey && this.field.value.length > 2 && fast) {
        event.preventDefault();
        this.form.requestSubmit();
      }
    }

    /* What a scanner types while nothing has the focus goes to the field, not to the keys of the page */
    onElsewhere(event) {
      const { key, target } = event;
      const typing = target.closest?.("input, textarea, select, button, a, summary, dialog, [contenteditable]");
      if (typing || key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopImmediatePropagation();
      if (!this.field.value) this.began = event.timeStamp;
      this.field.focus();
    }

    take(text) {
      const code = text.trim();
      if (!code) return;
      if (!this.keeps) {
        this.show(code);
        return;
      }
      this.waiting = [...this.waiting, { code, key: identifier() }];
      this.flush();
    }

    get waiting() {
      try {
        return JSON.parse(localStorage.getItem(this.store) || "[]");
      } catch {
        return this.kept || []; // a browser that keeps nothing: until the page closes
      }
    }

    set waiting(readings) {
      this.kept = readings;
      try {
        readings.length ? localStorage.setItem(this.store, JSON.stringify(readings)) : localStorage.removeItem(this.store);
      } catch {
        /* full or forbidden: kept in the page alone */
      }
    }

    /* One after the other, in order; a reading leaves the page once the server has answered for it */
    async flush() {
      if (this.sending) return;
      this.sending = true;
      clearTimeout(this.retry);
      const late = this.waiting.length > 1;
      while (this.waiting.length) {
        const [reading] = this.waiting;
        const answer = await this.send(reading);
        if (!answer) break;
        this.waiting = this.waiting.filter(({ key }) => key !== reading.key);
        this.tell(answer);
      }
      this.sending = false;
      this.count(late);
      if (this.waiting.length) this.retry = setTimeout(() => this.flush(), AGAIN);
    }

    async send({ code, key }) {
      const body = new FormData();
      body.append("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
      body.append("code", code);
      body.append("key", key);
      return this.ask(this.url, { method: "POST", body });
    }

    async show(code) {
      const answer = await this.ask(`${this.url}?code=${encodeURIComponent(code)}`, {});
      if (!answer) return;
      history.replaceState(null, "", answer.url);
      this.tell(answer);
      this.close();
    }

    /* The answer, or nothing when there is none that can be trusted */
    async ask(address, options) {
      try {
        const answer = await fetch(address, { ...options, headers: { Accept: "application/json" } });
        if (answer.ok && answer.headers.get("Content-Type")?.startsWith("application/json")) return await answer.json();
        this.say(this.dataset.refused, "bad");
      } catch {
        if (!this.keeps) this.say(this.dataset.refused, "bad");
      }
      return null;
    }

    tell({ outcome, text, html }) {
      if (html !== undefined && this.region) {
        this.region.innerHTML = html;
        window.htmx?.process(this.region);
      }
      this.say(text, TONES[outcome] || "");
      this.signal(TONES[outcome] === "ok");
    }

    say(text, tone) {
      const told = this.querySelector(".told");
      told.textContent = text;
      told.dataset.tone = tone;
    }

    count(late) {
      const line = this.querySelector(".waiting");
      const n = this.waiting.length;
      line.hidden = !n && !late;
      line.textContent = n ? this.dataset.waiting.replace("%n", n) : this.dataset.sent;
    }

    /* High and short: good. Low and long: look at the screen. */
    signal(good) {
      navigator.vibrate?.(good ? 60 : [120, 60, 120]);
      if (!this.audio) return;
      const sound = this.audio.createOscillator();
      const volume = this.audio.createGain();
      volume.gain.value = 0.15;
      sound.frequency.value = good ? 1200 : 300;
      sound.connect(volume).connect(this.audio.destination);
      sound.start();
      sound.stop(this.audio.currentTime + (good ? 0.08 : 0.3));
    }

    async open() {
      try {
        this.audio ||= window.AudioContext ? new AudioContext() : null; // sound needs a gesture: this click
        const video = { facingMode: "environment", width: { ideal: 1280 } };
        this.stream = await navigator.mediaDevices.getUserMedia({ video });
        this.video.srcObject = this.stream;
        this.video.hidden = false;
        this.button.setAttribute("aria-pressed", "true");
        await this.video.play();
        this.read ||= await makeReader();
        this.look();
      } catch {
        this.close();
        this.say(this.dataset.noCamera, "bad");
      }
    }

    async look() {
      while (this.stream) {
        for (const code of await this.read(this.video).catch(() => [])) this.seen(code);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }

    seen(code) {
      const now = performance.now();
      if (code === this.last && now - this.lastAt < SAME) {
        this.lastAt = now;
        return;
      }
      [this.last, this.lastAt] = [code, now];
      this.take(code);
    }

    close() {
      for (const track of this.stream?.getTracks() || []) track.stop();
      this.stream = null;
      this.video.hidden = true;
      this.button.setAttribute("aria-pressed", "false");
    }
  },
);

/* Names a reading, so that one sent twice counts once. randomUUID() exists over TLS only. */
function identifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
