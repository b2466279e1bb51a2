// Which key does what. Own keys live in this browser; nothing of them reaches the server.
const KEYS_STORE = "llmhni-label-keys";
const ACTIONS = [
  // name, key, title; the first three are labels, by their place
  ["first", "1", "hard; for an addition: like"],
  ["second", "2", "noisy; for an addition: not"],
  ["third", "3", "clean"],
  ["unsure", "4", "unsure (u too)"],
  ["skip", "s", "skip: put off, until you bring it back"],
  ["back", "b", "back to the one before (← too)"],
  ["undo", "z", "undo"],
  ["redo", "y", "redo"],
  ["note", "n", "write a note"],
  ["card", "o", "open or close the full card"],
  ["help", "?", "this sheet"],
];
const ALIASES = { u: "unsure", ArrowLeft: "back" };
const RESERVED = new Set(["r", "c"]); // the page's own: run again, clear caches

class Keys {
  constructor() {
    this.own = {};
    try {
      const kept = JSON.parse(localStorage.getItem(KEYS_STORE) ?? "{}");
      for (const [name, key] of Object.entries(kept ?? {})) {
        if (ACTIONS.some(([known]) => known === name) && Keys.fits(key)) this.own[name] = key;
      }
    } catch { /* no storage, or not ours: the usual keys */ }
  }

  static fits(key) {
    return typeof key === "string" && [...key].length === 1 && key.trim() && !RESERVED.has(key.toLowerCase());
  }

  of(name) {
    return this.own[name] ?? ACTIONS.find(([known]) => known === name)[1];
  }

  // Says why not, or nothing.
  set(name, key) {
    if (!Keys.fits(key)) return "One letter, digit or sign; r and c belong to the page.";
    const taken = ACTIONS.find(([other]) => other !== name && this.of(other) === key.toLowerCase());
    if (taken) return `“${key}” is taken: ${taken[2]}.`;
    this.own[name] = key.toLowerCase();
    this.keep();
    return "";
  }

  reset() {
    this.own = {};
    this.keep();
  }

  keep() {
    try { localStorage.setItem(KEYS_STORE, JSON.stringify(this.own)); } catch { /* for now only */ }
  }

  // The action of a pressed key, or undefined.
  action(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const bound = ACTIONS.find(([name]) => this.of(name) === key);
    if (bound) return bound[0];
    const digit = /^Digit(\d)$/.exec(event.code ?? ""); // keyboards with digits on the upper level
    const meant = digit && !event.shiftKey && ACTIONS.find(([name]) => this.of(name) === digit[1]);
    return meant ? meant[0] : ALIASES[key];
  }
}

// Whether a key belongs to a field, a menu or a dialog rather than to the queue.
function elsewhere(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  if (target.isContentEditable || target.matches("input:not([type=button]), textarea, select")) {
    return !["radio", "checkbox"].includes(target.type) || event.key.startsWith("Arrow");
  }
  if (target.closest('[role="dialog"], [role="listbox"], [role="grid"]')) return true;
  return event.key.startsWith("Arrow") && !!target.closest('[role="radio"], [role="tab"], [role="slider"], [role="radiogroup"]');
}
