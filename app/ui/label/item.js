// How one item looks. Everything from data is text, never HTML.
function make(tag, name, parent, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

function chip(parent, entry) {
  const made = make("span", "chip", parent, `${entry.sign} ${entry.name}`);
  made.style.background = entry.color;
  return made;
}

function strip(parent, signal) {
  const row = make("div", "strip", parent);
  row.title = signal.help;
  make("span", "name", row, signal.title);
  const track = make("span", `track ${signal.falling ? "falling" : ""}`, row);
  if (signal.below !== null) make("i", "", track).style.left = `${100 * signal.below}%`;
  make("span", "value", row, signal.text);
  make("span", "below", row, signal.below === null ? "" : `above ${Math.min(99, Math.round(100 * signal.below))} %`);
}

// What one said oneself at another time would sway, too: blind, it shows once there is a new label.
function ownIsHidden(item, blind) {
  return blind && !!item.label && !item.answered;
}

function evidence(parent, item, queue) {
  const { blind, labels } = queue.data;
  const hidden = ownIsHidden(item, blind);
  const left = make("div", "side", parent);
  const title = make("h3", "title", left, item.title);
  title.title = item.title;
  make("p", "ids", left, `User ${item.user_id} · Item ${item.item_id}${item.observed ? "" : " · never observed together"}`);
  const said = make("p", "said", left);
  if (hidden) make("span", "quiet", said, "What you said of it before is hidden.");
  else if (item.label) {
    make("span", "", said, item.answered ? "Your label " : "Your label so far ");
    chip(said, labels[item.label]);
  } else make("span", "quiet", said, "No label of yours yet.");
  for (const other of item.answered && item.label ? item.others : []) {
    make("span", "", said, ` · ${other.who}: `);
    chip(said, labels[other.label]);
  }
  const draft = queue.draft(item);
  if (draft !== undefined) make("p", "quiet", left, draft ? `Note, goes with the label you give: ${draft}` : "The note goes away with the label you give.");
  else if (item.note && !hidden) make("p", "quiet", left, `Note: ${item.note}`);
  const model = make("p", "model", left);
  if (blind) make("span", "quiet", model, "The model’s verdict is hidden.");
  else if (item.verdict) {
    make("span", "", model, "Model ");
    chip(model, labels[item.verdict]);
    make("span", "", model, ` P(noisy) ${item.p_noisy}`);
    make("span", "quiet", model, ` ${item.explanation.replace(/^p_noisy \d\.\d+ */, "")}`); // said already
  } else if (item.standing) make("span", "quiet", model, item.standing);
  for (const view of item.views) {
    const block = make("div", "view", left);
    make("b", "", block, `${view.title}: ${view.grade}`);
    make("p", "", block, view.reason);
  }
  if (item.text) {
    make("b", "", left, "The item");
    make("p", "", left, item.text);
  }
  const right = make("div", "side", parent);
  const signals = make("div", "signals", right);
  for (const signal of item.signals) if (!blind || !signal.model) strip(signals, signal);
  make("b", "", right, `Most like it in the user’s history (${item.n_history})`);
  const list = make("ul", "", right);
  for (const near of item.near) {
    const line = make("li", "", list);
    make("span", "value", line, near.cosine);
    make("span", "", line, near.title);
  }
  if (!item.near.length) make("li", "quiet", list, "Nothing else, or no texts.");
  if (item.profile) {
    make("b", "", right, "The user’s profile");
    make("p", "", right, item.profile);
  }
}
