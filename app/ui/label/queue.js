// The queue: shows one item, takes keys at once, and leaves it to the outbox to get them to the
// database. An event always carries the ids of the item that was on screen when the key came.
const KEPT = 200; // items behind the current one that stay reachable with "back"
const TWICE_MS = 4000; // within it a second press confirms
const NOTHING = { id: "", user_id: "", item_id: "", observed: true, p: null, said: "" };

class Queue extends QueueNotes {
  constructor(root) {
    super(root);
    this.keys = new Keys();
    this.out = outbox();
    this.out.onsilence = () => this.counters();
    this.items = [];
    this.place = 0;
    this.done = []; // labels of this visit that can be undone without asking the server
    this.undone = [];
    this.own = []; // notices that the server does not know
    this.listener = (event) => this.key(event);
    addEventListener("keydown", this.listener, true);
    root.addEventListener("pointerdown", (event) => {
      if (!event.composedPath()[0].matches?.("input")) root.focus({ preventScroll: true });
    });
  }

  // ---- what the server says
  take(data, send) {
    this.data = data;
    this.send = send;
    this.out.send = send;
    this.out.acknowledge(data.acks);
    this.putOff(data);
    if (this.token === undefined) this.restored = data.restored?.at; // of before this queue was drawn
    if (data.token !== this.token) {
      this.token = data.token;
      this.items = [];
      this.place = 0;
      this.done = [];
      this.undone = [];
    }
    const known = new Map(this.items.map((item, place) => [item.id, place]));
    const pending = new Set(this.out.waiting.map((event) => event.id));
    for (const item of data.items) {
      const place = known.get(item.id);
      if (place === undefined) {
        if (!pending.has(item.id)) this.items.push(item);
      } else if (place > this.place && !pending.has(item.id)) {
        this.items[place] = { ...item, answered: this.items[place].answered };
      }
    }
    for (const item of this.items) item.others = data.told[item.id] ?? item.others;
    if (data.restored && data.restored.at !== this.restored) this.bringBack(data.restored);
    if (this.place > KEPT) {
      this.items.splice(0, this.place - KEPT);
      this.place = KEPT;
    }
    this.show();
    this.early();
  }

  // Skips of before a reload, told to the server again; forgotten once they were brought back.
  putOff(data) {
    this.skips = new Skips(data.scope);
    if (data.brought_back > (globalThis.llmhniBroughtBack ?? 0)) {
      globalThis.llmhniBroughtBack = data.brought_back;
      this.skips.forget();
    }
    for (const pair of this.skips.untold()) this.event("skip", { ...NOTHING, ...pair });
  }

  bringBack({ at, item }) {
    this.restored = at;
    this.items = this.items.filter((one, place) => one.id !== item.id || place < this.place);
    this.items.splice(this.place, 0, item);
  }

  early() {
    if (!this.items.length && this.data.more) return;
    globalThis.llmhniReady = true;
    const keys = globalThis.llmhniEarly ?? [];
    globalThis.llmhniEarly = [];
    if (!keys.length) return;
    const text = `${keys.length} key${keys.length > 1 ? "s" : ""} (${keys.slice(0, 20).join(" ")}) came before the first item was on screen and labelled nothing.`;
    this.own.push({ at: Date.now(), text });
    this.tell();
  }

  get item() { return this.items[this.place]; }

  // ---- what people do
  key(event) {
    if (!this.root.isConnected || !this.root.offsetParent) return;
    if (event.key === "Escape" && !this.sheet.hidden) return this.help();
    if (elsewhere(event)) return;
    const action = this.keys.action(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation(); // one key does one thing
    if (event.repeat) return; // a key that is held down would label what nobody has seen
    if (this.root.ownerDocument.activeElement !== this.root.getRootNode().host) this.root.focus({ preventScroll: true });
    this.act(action);
  }

  act(action) {
    this.say("");
    const slot = { first: 0, second: 1, third: 2 }[action];
    if (action === "unsure") this.label("unsure");
    else if (slot !== undefined) {
      const name = this.item && this.kinds()[slot];
      if (this.item && !name) this.say("That label is for pairs that were observed; here: like, not or unsure.", true);
      else this.label(name);
    } else this[action]();
  }

  kinds() { return this.item?.observed === false ? this.data.kinds.addition : this.data.kinds.observed; }

  event(kind, item, more) {
    const { who, run, source } = this.data.scope;
    return this.out.add({
      kind, who, run, source, id: item.id, user_id: item.user_id, item_id: item.item_id,
      observed: item.observed, p_noisy: item.p, verdict: item.said, label: null, expected: null,
      note: "", ...more,
    });
  }

  label(name) {
    const item = this.item;
    if (!item) return this.nothing();
    if (this.noted && !this.noteRow.hidden) this.noteInput(); // a click on a label keeps the note
    this.decide(item, name);
    this.closeNote();
    this.place += 1;
    this.show();
    this.flash(name); // on the buttons of the next item, which are there now
  }

  // The server names the batch of an event after its page load and number. Who did not see the
  // label of before cannot be told that another one was expected.
  decide(item, name) {
    const before = state(item), note = this.draft(item) ?? item.note;
    const expected = ownIsHidden(item, this.data.blind) ? undefined : item.label;
    const { client, cid } = this.event("label", item, { label: name, expected, note });
    const after = { label: name, note, answered: true };
    Object.assign(item, after);
    this.keepDraft(item, undefined);
    this.done.push({ item, before, after, batch: `${client}-${cid}` });
    this.undone = [];
  }

  skip() {
    if (!this.item) return this.nothing();
    this.closeNote();
    this.event("skip", this.item);
    this.skips.add(this.item);
    this.place += 1;
    this.show();
  }

  back() {
    if (!this.place) return this.say("This is the first item of this visit.");
    this.closeNote();
    this.place -= 1;
    this.show();
  }

  undo() {
    const last = this.done.pop();
    if (!last) return this.serverSide("undo");
    this.event("undo", last.item, { batch: last.batch });
    this.undone.push(last);
    this.goto(last.item, last.before);
    const back = ownIsHidden(last.item, this.data.blind) ? "as it was" : last.before.label ?? "no label";
    this.say(`Undone: ${last.after.label} → ${back}, ${last.item.title}`);
  }

  redo() {
    const last = this.undone.pop();
    if (!last) return this.serverSide("redo");
    this.event("redo", last.item, { batch: last.batch });
    this.done.push(last);
    if (this.goto(last.item, last.after)) this.place += 1;
    this.show();
    this.say(`Done again: ${last.after.label}, ${last.item.title}`);
  }

  // Label and note of an item as they were; whether it is still in the list.
  goto(item, said) {
    this.closeNote();
    const place = this.items.findIndex((one) => one.id === item.id);
    Object.assign(item, said);
    if (place >= 0) {
      Object.assign(this.items[place], said);
      this.place = place;
    }
    this.show();
    return place >= 0;
  }

  // What an earlier visit, a bulk or another window did: the server knows it.
  serverSide(kind) {
    const found = this.data[kind];
    if (this.out.waiting.length) return this.say("Labels are on their way to the database; try again in a moment.", true);
    if (!found) return this.say(`Nothing to ${kind}.`);
    const sure = this.asked?.batch === found.batch && Date.now() - this.asked.at < TWICE_MS;
    if (found.n > 1 && !sure) {
      this.asked = { batch: found.batch, at: Date.now() };
      return this.say(`That ${kind === "undo" ? "takes back" : "brings back"} ${found.n.toLocaleString("en")} labels at once (${found.text}). Press again to do it.`, true);
    }
    this.event(kind, NOTHING, { batch: found.batch, server_side: true });
    this.say(`${kind === "undo" ? "Undoing" : "Doing again"}: ${found.text}`);
  }

  card() {
    if (!this.item) return this.nothing();
    if (this.item.row === null) return this.say("A pair that was never observed has no card.");
    this.send("card", { row: this.item.row, at: Date.now() });
  }

  nothing() {
    this.say(this.data.more ? "The next items are on their way: that key did nothing." : "No item on screen: that key did nothing.", true);
  }

  help() {
    this.sheet.hidden = !this.sheet.hidden;
    if (!this.sheet.hidden) drawSheet(this);
  }

  end() { removeEventListener("keydown", this.listener, true); }
}

function state({ label, note, answered = false }) { return { label, note, answered }; }

const QUEUES = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".queue");
  if (!QUEUES.has(root)) QUEUES.set(root, new Queue(root));
  const queue = QUEUES.get(root);
  queue.take(data, setStateValue);
  return () => setTimeout(() => { // also called between two drawings
    if (root.isConnected) return;
    queue.end();
    globalThis.llmhniReady = false;
    QUEUES.delete(root);
  }, 300);
}
