// Notes: what is being written survives a reload, and goes with the next label of its item.
const DRAFTS_STORE = "llmhni-label-drafts";
const MOST_DRAFTS = 50;

class QueueNotes extends QueueScreen {
  constructor(root) {
    super(root);
    this.drafts = stored(DRAFTS_STORE);
  }

  draftName(item) {
    const { who, run } = this.data.scope;
    return JSON.stringify([who, run, item.id]);
  }

  // What was written about an item and is not with a label yet; undefined without.
  draft(item) {
    const text = this.drafts[this.draftName(item)];
    return typeof text === "string" ? text.slice(0, this.noteField.maxLength) : undefined;
  }

  keepDraft(item, text) {
    const name = this.draftName(item);
    delete this.drafts[name]; // the latest last
    if (text !== undefined && text !== item.note) this.drafts[name] = text;
    this.drafts = Object.fromEntries(Object.entries(this.drafts).slice(-MOST_DRAFTS));
    store(DRAFTS_STORE, this.drafts);
  }

  note() {
    if (!this.item) return this.nothing();
    this.noted = this.item;
    this.before = this.draft(this.item);
    this.noteRow.hidden = false;
    this.noteField.value = this.before ?? this.item.note;
    this.noteField.focus();
  }

  noteInput() {
    if (this.noted) this.keepDraft(this.noted, this.noteField.value.trim());
  }

  noteKey(event) {
    event.stopPropagation();
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    const item = this.noted;
    if (item && event.key === "Escape") this.keepDraft(item, this.before);
    else if (item) {
      this.noteInput();
      if (item.answered && this.draft(item) !== undefined) this.decide(item, item.label);
      else if (this.draft(item) !== undefined) this.say("The note goes with the label you give.");
    }
    this.closeNote();
    this.root.focus({ preventScroll: true });
    this.show();
  }

  closeNote() {
    this.noted = undefined;
    this.noteRow.hidden = true;
  }
}
