// The map itself: panes, tools, hover, outline. What is chosen goes up as one small event; the
// server finds the points within and sends back how each is to look.
const TOOLS = [
  ["lasso", "Lasso", "Outline points freely (L)"],
  ["box", "Box", "Outline points with a box (B)"],
  ["pan", "Pan", "Move the map (H); with the right button in any tool"],
];
const ACTIONS = [
  ["in", "+", "Zoom in (+), or turn the wheel"],
  ["out", "−", "Zoom out (−)"],
  ["fit", "Fit", "Show everything (F)"],
  ["clear", "Clear", "Forget outline and point (Esc)"],
  ["save", "PNG", "Save the picture as PNG"],
];
const KEYS = { l: "lasso", b: "box", h: "pan", f: "fit", "+": "in", "=": "in", "-": "out", Escape: "clear" };
const MAX_CORNERS = 64;

function element(tag, name, parent, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text; // never HTML: titles come from data
  parent?.append(made);
  return made;
}

class MapView extends Picture {
  constructor(root) {
    super(element("div", "stage", root));
    this.root = root;
    this.tool = "lasso";
    this.hover = -1;
    root.tabIndex = 0;
    root.setAttribute("role", "application");
    root.setAttribute("aria-label", "Map. L lasso, B box, H pan, + and - zoom, F fit, Escape clears.");
    this.over = element("canvas", "over", this.stage);
    this.names = { raw: element("div", "name", this.stage), aligned: element("div", "name", this.stage) };
    this.tip = element("div", "tip", this.stage);
    this.tipTitle = element("b", "", this.tip);
    this.tipText = element("span", "", this.tip);
    this.tip.hidden = true;
    this.note = element("div", "note", this.stage, "Loading the points");
    this.toolbar();
    this.listen();
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.stage);
  }

  toolbar() {
    const bar = element("div", "bar", this.stage);
    this.buttons = {};
    for (const [name, label, hint] of [...TOOLS, ...ACTIONS]) {
      const button = element("button", "", bar, label);
      button.type = "button";
      button.title = hint;
      button.dataset.name = name;
      button.onclick = () => this.act(name);
      this.buttons[name] = button;
    }
    this.mark();
  }

  mark() {
    for (const [name] of TOOLS) this.buttons[name].setAttribute("aria-pressed", name === this.tool);
    this.over.style.cursor = this.tool === "pan" ? "grab" : "crosshair";
  }

  act(name) {
    if (TOOLS.some(([tool]) => tool === name)) this.tool = name;
    else if (name === "in" || name === "out") this.zoomAll(name === "in" ? 1 / 1.5 : 1.5);
    else if (name === "fit") this.fit();
    else if (name === "clear") this.clear();
    else this.save();
    this.mark();
  }

  // ---- what the server says
  take(content, send) {
    this.options = content.head;
    this.codes = content.parts.code;
    this.mask = content.parts.mask;
    this.hold = 0;
    this.send = send;
    this.stage.style.height = `${this.options.height}px`;
    this.buttons.clear.disabled = !this.options.area && this.options.pick < 0;
    const { sets, waiting } = SHARED;
    const token = this.options.token;
    if (sets.has(token)) return this.ready(sets.get(token));
    this.note.hidden = false;
    waiting.set(token, [...(waiting.get(token) ?? []), () => {
      if (this.options.token === token) this.ready(sets.get(token));
    }]);
  }

  ready(points) {
    this.points = points;
    this.note.hidden = true;
    this.colors = new Float32Array(32 * 4);
    this.colors.set(this.options.colors.flat());
    this.passes = this.options.dim ? [0, 1] : [1];
    if (this.options.hits) this.passes.push(2);
    this.usePainter(this.options.raster);
    if (this.canvas.width < 2) this.resize();
    this.refresh();
  }

  zoomAll(factor) {
    for (const pane of this.panes()) this.zoom(pane, factor, pane[1] + pane[3] / 2, pane[2] + pane[4] / 2);
  }

  fit() {
    this.fitted();
    this.later();
  }

  // ---- pointer and keys
  listen() {
    const over = this.over;
    const at = (event) => {
      const rect = over.getBoundingClientRect();
      return [event.clientX - rect.left, event.clientY - rect.top];
    };
    over.onpointerdown = (event) => {
      const [x, y] = at(event);
      this.root.focus({ preventScroll: true });
      over.setPointerCapture(event.pointerId);
      const pans = this.tool === "pan" || event.button === 2 || event.button === 1;
      this.press = { x, y, pans, pane: this.paneAt(x), moved: false };
      this.hide();
    };
    over.onpointermove = (event) => {
      const [x, y] = at(event);
      if (this.press) this.drag(x, y);
      else this.point(x, y);
    };
    over.onpointerup = (event) => this.release(...at(event));
    over.onpointercancel = () => { this.press = this.path = null; this.later(); };
    over.onpointerleave = () => this.hide();
    over.oncontextmenu = (event) => event.preventDefault();
    over.ondblclick = (event) => this.zoom(this.paneAt(at(event)[0]), 0.5, ...at(event));
    over.addEventListener("wheel", (event) => {
      event.preventDefault();
      const [x, y] = at(event);
      this.zoom(this.paneAt(x), Math.exp(Math.sign(event.deltaY) * 0.2), x, y);
    }, { passive: false });
    this.root.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const name = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
      if (!name) return;
      event.preventDefault();
      event.stopPropagation();
      this.act(name);
    };
  }

  drag(x, y) {
    const { press } = this;
    if (!press.moved && Math.hypot(x - press.x, y - press.y) < 4) return;
    if (!press.moved && !press.pans) this.path = { pane: press.pane, corners: [[press.x, press.y]] };
    press.moved = true;
    if (press.pans) {
      const [view] = press.pane;
      const [fromX, fromY] = this.toMap(press.pane, press.x, press.y);
      const [toX, toY] = this.toMap(press.pane, x, y);
      const [dx, dy] = [(fromX - toX) / 65535, (fromY - toY) / 65535];
      const box = this.boxes[view];
      this.boxes[view] = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
      [press.x, press.y] = [x, y];
      this.moving();
    } else {
      this.path.corners.push([x, y]);
      this.overlay();
    }
  }

  // The outline being drawn, in CSS pixels: all corners of a lasso, or the four of a box.
  shape() {
    const { corners } = this.path;
    if (this.tool !== "box") return corners;
    const [[a, b], [c, d]] = [corners[0], corners[corners.length - 1]];
    return [[a, b], [c, b], [c, d], [a, d]];
  }

  release(x, y) {
    const { press, path } = this;
    this.press = null;
    if (!press) return;
    if (!press.moved) {
      const i = this.at(press.pane, x, y);
      if (i >= 0) this.tell({ kind: "pick", place: i });
    } else if (path) {
      const corners = this.thin(this.shape()).map(([px, py]) => this.toMap(path.pane, px, py).map(Math.round));
      this.path = null;
      this.options.area = { view: path.pane[0], corners };
      this.overlay();
      if (corners.length > 2) this.tell({ kind: "area", view: path.pane[0], corners: corners.flat() });
    }
  }

  // Few corners, none nearer to the last than a step that grows until they are few enough.
  thin(corners) {
    for (let step = 2; ; step *= 1.4) {
      const kept = [];
      for (const corner of corners) {
        const [x, y] = kept[kept.length - 1] ?? [Infinity, 0];
        if (Math.hypot(corner[0] - x, corner[1] - y) >= step) kept.push(corner);
      }
      if (kept.length <= MAX_CORNERS) return kept;
    }
  }

  at(pane, x, y) {
    if (!this.points) return -1;
    const [mx, my] = this.toMap(pane, x, y);
    const [nx] = this.toMap(pane, x + 9, y);
    const shown = (i) => this.colors[4 * this.codes[i] + 3] > 0;
    return this.points.nearest(pane[0], mx, my, nx - mx, shown);
  }

  point(x, y) {
    const pane = this.paneAt(x);
    const i = this.at(pane, x, y);
    if (i === this.hover) return;
    this.hover = i;
    if (i < 0) this.tip.hidden = true;
    else {
      const xy = this.points.views[pane[0]];
      const [px, py] = this.toScreen(pane, xy[2 * i], xy[2 * i + 1]);
      this.tipTitle.textContent = this.points.title(i);
      const verdict = this.options.verdicts[this.points.shape[i] & 3];
      const label = this.options.labels[this.codes[i]];
      const what = this.points.second ? "interaction" : this.points.shape[i] & 4 ? "item" : "user";
      const lines = [what, verdict && `${this.points.second ? "" : "mostly "}${verdict}`];
      if (label !== verdict && label !== what) lines.push(`${this.options.colour} ${label}`);
      this.tipText.textContent = lines.filter(Boolean).join(" · ");
      this.tip.hidden = false;
      const right = px > this.stage.clientWidth - 260;
      this.tip.style.left = right ? "auto" : `${px + 14}px`;
      this.tip.style.right = right ? `${this.stage.clientWidth - px + 14}px` : "auto";
      this.tip.style.top = `${Math.min(py + 12, this.stage.clientHeight - 60)}px`;
    }
    this.overlay();
  }

  hide() {
    this.hover = -1;
    this.tip.hidden = true;
    if (this.options) this.overlay();
  }

  clear() {
    this.path = this.press = null;
    if (!this.options.area && this.options.pick < 0) return;
    this.options.area = null;
    this.options.pick = -1;
    this.overlay();
    this.tell({ kind: "clear" });
  }

  // A number of its own, so that the same choice made twice is two events.
  tell(event) {
    this.hold = performance.now() + 1500; // the answer changes the picture anyway
    this.send("event", { ...event, at: Date.now() });
  }

  save() {
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [this.canvas.width, this.canvas.height];
    const pen = sheet.getContext("2d");
    pen.fillStyle = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim() || "#fff";
    pen.fillRect(0, 0, sheet.width, sheet.height);
    this.step = 0;
    this.paint(1); // read before the browser takes the buffer away
    pen.drawImage(this.canvas, 0, 0);
    pen.drawImage(this.over, 0, 0);
    sheet.toBlob((blob) => {
      const link = element("a");
      link.href = URL.createObjectURL(blob);
      link.download = "semantic-map.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  end() {
    this.resizer.disconnect();
    this.painter?.end();
  }
}

const VIEWS = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".map");
  if (!VIEWS.has(root)) VIEWS.set(root, new MapView(root));
  const view = VIEWS.get(root);
  view.take(unpack(data), setStateValue);
  // Also called between two drawings: only a map that is gone gives its graphics memory back.
  return () => setTimeout(() => {
    if (root.isConnected) return;
    view.end();
    VIEWS.delete(root);
  }, 500);
}
