// What the queue looks like, without what it does.
class QueueScreen {
  constructor(root) {
    this.root = root;
    root.tabIndex = 0;
    root.setAttribute("role", "application");
    root.setAttribute("aria-label", "Labelling queue. Question mark shows the keys.");
    this.frame();
  }

  frame() {
    this.bar = make("div", "bar", this.root);
    this.count = make("div", "", this.bar);
    this.tools = make("div", "tools", this.bar);
    this.acts = make("div", "acts", this.root);
    this.sheet = make("div", "sheet", this.root);
    this.sheet.hidden = true;
    this.body = make("div", "card", this.root);
    this.noteRow = make("div", "note", this.root);
    this.noteRow.hidden = true;
    make("span", "", this.noteRow, "Note");
    this.noteField = make("input", "", this.noteRow);
    this.noteField.maxLength = 500;
    this.noteField.placeholder = "Goes with the label. Enter keeps it, Escape leaves it as it was.";
    this.noteField.oninput = () => this.noteInput();
    this.noteField.onkeydown = (event) => this.noteKey(event);
    this.message = make("div", "message", this.root);
    this.message.setAttribute("role", "status");
    this.notices = make("div", "notices", this.root);
    this.notices.hidden = true;
  }

  say(text, warn = false) {
    this.message.textContent = text;
    this.message.classList.toggle("warn", warn);
  }

  flash(name) {
    const button = this.acts.querySelector(`[data-label="${name}"]`);
    button?.classList.add("hit");
    setTimeout(() => button?.classList.remove("hit"), 140);
  }

  show() {
    this.counters();
    drawButtons(this);
    const item = this.item;
    this.body.className = item ? "card" : "empty";
    this.body.replaceChildren();
    this.root.dataset.shown = item ? item.id : "";
    this.root.dataset.ahead = this.items.length - this.place;
    if (item) evidence(this.body, item, this);
    else {
      make("div", "", this.body, this.data.more ? "Getting the next items …" : this.data.empty[0]);
      make("div", "quiet", this.body, this.data.more ? "" : this.data.empty[1]);
    }
    this.tell();
  }

  // What the server has to say: labels made over others, events that were refused.
  tell() {
    const told = [...this.own, ...this.data.notices].filter((notice) => notice.at > (this.seen ?? 0));
    this.notices.hidden = !told.length;
    this.notices.replaceChildren();
    if (!told.length) return;
    for (const notice of told) make("div", "", this.notices, notice.text);
    button(this.notices, "", "Seen", "Hides these lines.", () => {
      this.seen = Math.max(...told.map((notice) => notice.at));
      this.tell();
    });
  }

  counters() {
    if (!this.data) return;
    const { today, goal, total } = this.data.counts;
    const waiting = this.out.waiting.filter((event) => event.kind === "label" && event.label !== "unsure").length;
    this.root.dataset.waiting = this.out.waiting.length;
    this.count.replaceChildren();
    make("span", "", this.count, `${today + waiting} of ${goal} today`);
    const meter = make("span", "meter", this.count);
    make("i", "", meter).style.width = `${Math.min(100, (100 * (today + waiting)) / goal)}%`;
    make("span", "quiet", this.count, `${total.toLocaleString("en")} saved in all · `);
    const left = this.out.waiting.length;
    const trouble = this.data.problem || (this.out.silent > 1 && left ? "The server does not answer; trying again." : "");
    make("span", trouble ? "late" : "quiet", this.count, left ? `${left} to be saved. ${trouble}` : "✓ nothing waits");
  }
}
