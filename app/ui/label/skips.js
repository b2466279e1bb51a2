// Pairs that were put off. The server forgets them with the page load; the tab keeps them, by person
// and run, and tells the server again after a reload.
const SKIPS_STORE = "llmhni-label-skips";
const MOST_SKIPS = 400; // the oldest come back first

class Skips {
  constructor({ who, run }) {
    this.name = JSON.stringify([who, run]);
    this.all = stored(SKIPS_STORE);
  }

  get pairs() { return Array.isArray(this.all[this.name]) ? this.all[this.name] : []; }

  add({ id, user_id, item_id, observed }) {
    const others = this.pairs.filter((pair) => pair.id !== id);
    this.keep([...others, { id, user_id, item_id, observed }].slice(-MOST_SKIPS));
  }

  forget() { this.keep([]); }

  keep(pairs) {
    this.all[this.name] = pairs;
    store(SKIPS_STORE, this.all);
  }

  // Those that this page load has not told the server of yet; once.
  untold() {
    const told = (globalThis.llmhniSkipsTold ??= new Set());
    if (told.has(this.name)) return [];
    told.add(this.name);
    return this.pairs.filter((pair) => typeof pair?.id === "string");
  }
}

// An object in the session storage of the tab; empty where there is none, or it is not ours.
function stored(name) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(name) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

function store(name, kept) {
  try { sessionStorage.setItem(name, JSON.stringify(kept)); } catch { /* for this page load only */ }
}
