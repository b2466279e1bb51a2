// Buttons above the item, and the sheet of keys.
function button(parent, key, text, title, act) {
  const made = make("button", "", parent);
  made.type = "button";
  made.title = title;
  if (key) make("kbd", "", made, key);
  make("span", "text", made, text);
  made.onclick = act;
  return made;
}

function drawButtons(queue) {
  const { keys, data, item } = queue;
  queue.acts.replaceChildren();
  const names = [...queue.kinds(), "unsure"];
  const slots = ["first", "second", "third"];
  names.forEach((name, place) => {
    const entry = data.labels[name];
    const slot = name === "unsure" ? "unsure" : slots[place];
    const made = make("button", "label", queue.acts);
    made.type = "button";
    made.dataset.label = name;
    made.title = entry.help;
    made.disabled = !item;
    made.style.setProperty("--hue", entry.color);
    make("kbd", "", made, keys.of(slot));
    make("span", "sign", made, entry.sign);
    make("span", "", made, name);
    made.onclick = () => queue.act(slot);
  });
  make("span", "gap", queue.acts);
  const more = [
    ["skip", "Skip", "Puts it off in this tab, until you bring it back."],
    ["back", "Back", "The item before."],
    ["note", "Note", "Goes with the label."],
    ["card", "Card", "Everything about this interaction, beneath."],
  ];
  for (const [name, text, title] of more) {
    const made = button(queue.acts, keys.of(name), text, title, () => queue.act(name));
    made.disabled = name === "back" ? !queue.place : !item || (name === "card" && item.row === null);
  }
  queue.tools.replaceChildren();
  for (const [name, stack, word] of [["undo", queue.done, "Undo"], ["redo", queue.undone, "Redo"]]) {
    const last = stack.at(-1);
    const text = last ? `${last.after.label}, ${last.item.title}` : data[name]?.text;
    const title = text ? `${word}: ${text}` : `Nothing to ${name}.`;
    const made = button(queue.tools, keys.of(name), title, title, () => queue.act(name));
    if (!text) made.lastChild.textContent = word;
    made.disabled = !text;
    made.dataset.name = name;
  }
  button(queue.tools, keys.of("help"), "Keys", "All keys; change them here.", () => queue.act("help"));
}

function drawSheet(queue) {
  const { sheet, keys } = queue;
  sheet.replaceChildren();
  make("b", "", sheet, "Keys");
  make("p", "quiet", sheet, "They work wherever the page has no field in use. Type another key into a box to change it; kept in this browser.");
  const said = make("div", "message warn");
  for (const [name, , title] of ACTIONS) {
    const line = make("label", "", sheet);
    const field = make("input", "", line);
    field.value = keys.of(name);
    field.dataset.key = name;
    field.onfocus = () => field.select();
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") return queue.help();
      if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      said.textContent = keys.set(name, event.key);
      field.value = keys.of(name);
      drawButtons(queue);
    };
    make("span", "", line, title);
  }
  sheet.append(said);
  const row = make("div", "tools", sheet);
  button(row, "", "Usual keys", "Forget own keys.", () => {
    keys.reset();
    drawSheet(queue);
    drawButtons(queue);
  });
  button(row, "", "Close", "Escape does it too.", () => queue.help());
}
