// Classes with their counts; a click hides a class or shows it again.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  circle: "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z",
  diamond: "M6 .5L11.5 6L6 11.5L.5 6z",
  cross: "M2.5 1L6 4.5L9.5 1L11 2.5L7.5 6L11 9.5L9.5 11L6 7.5L2.5 11L1 9.5L4.5 6L1 2.5z",
  square: "M1.5 1.5h9v9h-9z",
};

function swatch(entry) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[entry.shape] ?? PATHS.square);
  path.setAttribute("fill", entry.color);
  svg.append(path);
  return svg;
}

function row(entry, place, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", String(!entry.hidden));
  button.title = entry.hidden ? "Show these points" : "Hide these points";
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = entry.label; // groups come from data: text, never HTML
  const count = document.createElement("span");
  count.className = "count";
  count.textContent = entry.count;
  button.append(swatch(entry), label, count);
  button.onclick = () => press(place);
  return button;
}

export default function ({ data, parentElement, setStateValue }) {
  const list = parentElement.querySelector(".legend");
  const press = (place) => setStateValue("press", { place, at: Date.now() });
  list.classList.toggle("dense", data.entries.length > 14);
  list.replaceChildren(...data.entries.map((entry, place) => row(entry, place, press)));
  if (!globalThis.llmhniProbed) {
    globalThis.llmhniProbed = true;
    const context = document.createElement("canvas").getContext("webgl2");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    if (!context) setStateValue("missing", true);
  }
}
