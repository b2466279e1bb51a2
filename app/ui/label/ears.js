// Hears keys that come before the queue is on screen. They label nothing, since nobody saw an item;
// the queue says how many there were.
export default function ({ parentElement }) {
  const root = parentElement.querySelector("div");
  globalThis.llmhniEarly ??= [];
  if (root.ears) return;
  root.ears = (event) => {
    if (!root.isConnected) return removeEventListener("keydown", root.ears, true);
    if (globalThis.llmhniReady || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && target.matches("input, textarea, select, [contenteditable]")) return;
    if (/^[0-9a-z]$/.test(event.key) && !"rc".includes(event.key)) globalThis.llmhniEarly.push(event.key);
  };
  addEventListener("keydown", root.ears, true);
}
