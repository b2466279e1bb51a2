// Events on their way to the database. Each has the id of this page load and a number that rises;
// it stays here, and in the session storage of the tab, until the server says that it has it. After
// a reload the old events go up again under their old id, so that none is lost and none counts twice.
const OUTBOX_STORE = "llmhni-label-events-";
const QUIET_MS = 120, LONGEST_MS = 250, AGAIN_MS = 3000, REST_MS = 700, AT_ONCE = 200, AT_MOST = 500;

class Outbox {
  constructor() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    this.client = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.cid = 0;
    this.attempt = 0;
    this.sentAt = 0;
    this.silent = 0;
    this.since = 0;
    this.waiting = Outbox.left();
    setInterval(() => this.again(), 500);
    addEventListener("pagehide", () => this.flush(true));
    // Before a click leads elsewhere: what comes next may read the labels.
    addEventListener("pointerdown", (event) => this.flush(!inQueue(event)), true);
    addEventListener("beforeunload", (event) => {
      this.flush(true);
      if (this.waiting.some((one) => one.kind !== "skip")) event.preventDefault(); // asks first
    });
  }

  // What earlier loads of this tab could not deliver.
  static left() {
    const found = [];
    try {
      for (const name of Object.keys(sessionStorage).filter((key) => key.startsWith(OUTBOX_STORE))) {
        const kept = JSON.parse(sessionStorage.getItem(name));
        if (Array.isArray(kept)) found.push(...kept);
      }
    } catch { /* no storage: nothing was kept */ }
    return found;
  }

  add(event) {
    const now = Date.now();
    if (!this.waiting.length) this.since = now;
    const made = { ...event, client: this.client, cid: ++this.cid };
    this.waiting.push(made);
    this.keep(this.client);
    const wait = Math.max(0, Math.min(QUIET_MS, this.since + LONGEST_MS - now));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), wait);
    return made;
  }

  keep(client) {
    const own = this.waiting.filter((event) => event.client === client);
    try {
      if (own.length) sessionStorage.setItem(OUTBOX_STORE + client, JSON.stringify(own));
      else sessionStorage.removeItem(OUTBOX_STORE + client);
    } catch { /* full or forbidden: they are still here */ }
  }

  // acks: id of a page load -> highest number that the server has.
  acknowledge(acks) {
    const before = this.waiting.length;
    const clients = new Set(this.waiting.map((event) => event.client));
    this.waiting = this.waiting.filter((event) => !(event.cid <= (acks[event.client] ?? -1)));
    if (this.waiting.length === before) return;
    for (const client of clients) this.keep(client);
    this.silent = 0;
    this.sentAt = 0;
    this.since = Date.now();
    clearTimeout(this.rest);
    if (this.waiting.length) this.flush(); // they have waited for their turn
    else this.rest = setTimeout(() => this.waiting.length || this.send?.("rest", Date.now()), REST_MS);
  }

  // One parcel is under way at a time, since the server works through them in order; but in a
  // hurry all that waits goes at once: what comes twice counts once.
  flush(urgent = false) {
    if (!this.waiting.length || !this.send) return;
    const latest = this.waiting.at(-1);
    const underway = Date.now() - this.sentAt < AGAIN_MS;
    if (underway && (!urgent || this.latest === latest)) return;
    clearTimeout(this.timer);
    const events = this.waiting.slice(0, urgent ? AT_MOST : AT_ONCE);
    this.latest = events.at(-1);
    this.sentAt = Date.now();
    this.attempt += 1;
    this.send("events", { attempt: this.attempt, events });
  }

  again() {
    if (!this.waiting.length || !this.send) return;
    const late = this.sentAt && Date.now() - this.sentAt >= AGAIN_MS;
    if (late) {
      this.silent += 1;
      this.onsilence?.();
    }
    if (late || (!this.sentAt && Date.now() - this.since > 2 * LONGEST_MS)) this.flush();
  }
}

// A click on the queue itself leads nowhere.
function inQueue(event) {
  return event.composedPath().some((one) => one instanceof Element && one.classList.contains("queue"));
}

// One for the whole life of the page: leaving the queue and coming back changes nothing.
function outbox() {
  globalThis.llmhniOutbox ??= new Outbox();
  return globalThis.llmhniOutbox;
}
