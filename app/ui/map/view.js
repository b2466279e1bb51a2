// The map itself: panes, tools, hover, outline. What is chosen goes up as one small event; the
// server finds the points within and sends back how each is to look.
const TITLES = { raw: "Raw text space", aligned: "Aligned space" };
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
const SLOW_MS = 60;
const SLOW_POINTS = 400000;
const STEPS = 8;

function element(tag, name, parent, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text; // never HTML: titles come from data
  parent?.append(made);
  return made;
}

class MapView {
  constructor(root) {
    this.root = root;
    this.tool = "lasso";
    this.boxes = { raw: [0, 0, 1, 1], aligned: [0, 0, 1, 1] };
    this.hover = -1;
    root.tabIndex = 0;
    root.setAttribute("role", "application");
    root.setAttribute("aria-label", "Semantic map. L lasso, B box, H pan, plus and minus zoom, F fit, Escape clears.");
    this.stage = element("div", "stage", root);
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
    else if (name === "save") this.save();
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

  usePainter(raster) {
    if (this.painter && this.wantsRaster === raster) return;
    this.wantsRaster = raster;
    this.painter?.end();
    this.canvas?.remove();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "points";
    this.stage.prepend(this.canvas);
    try {
      if (raster) throw new Error("asked for");
      this.painter = new GlPainter(this.canvas);
      this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
      this.canvas.addEventListener("webglcontextrestored", () => { this.painter.build(); this.refresh(); });
    } catch {
      this.painter = new RasterPainter(this.canvas);
    }
    this.root.dataset.painter = this.painter instanceof GlPainter ? "webgl" : "raster";
    this.resize();
  }

  refresh() {
    if (!this.points || !this.painter || this.painter.gl?.isContextLost()) return;
    this.painter.set(this.points, this.codes, this.mask, this.colors);
    this.slow ??= this.points.n > SLOW_POINTS; // until the first picture tells
    this.later();
  }

  // ---- geometry
  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.over]) {
      if (!canvas) continue;
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    if (this.points) this.later();
  }

  // Panes in CSS pixels: [view, left, top, width, height].
  panes() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const which = this.options?.view ?? "aligned";
    if (which !== "both") return [[which, 0, 0, width, height]];
    const half = Math.floor((width - 1) / 2);
    return [["raw", 0, 0, half, height], ["aligned", half + 1, 0, half, height]];
  }

  // Map units have the same size across and up, whatever the shape of the pane.
  frame([view, , , width, height]) {
    const [x0, y0, x1, y1] = this.boxes[view];
    const unit = Math.max((x1 - x0) / width, (y1 - y0) / height);
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return [cx - unit * width / 2, cy - unit * height / 2, cx + unit * width / 2, cy + unit * height / 2];
  }

  toMap(pane, x, y) {
    const [, left, top, width, height] = pane;
    const [x0, y0, x1, y1] = this.frame(pane);
    return [65535 * (x0 + ((x - left) / width) * (x1 - x0)), 65535 * (y1 - ((y - top) / height) * (y1 - y0))];
  }

  toScreen(pane, x, y) {
    const [, left, top, width, height] = pane;
    const [x0, y0, x1, y1] = this.frame(pane);
    return [left + ((x / 65535 - x0) / (x1 - x0)) * width, top + ((y1 - y / 65535) / (y1 - y0)) * height];
  }

  paneAt(x) {
    return this.panes().find(([, left, , width]) => x >= left && x <= left + width) ?? this.panes()[0];
  }

  zoom(pane, factor, x, y) {
    const [view] = pane;
    const [mx, my] = this.toMap(pane, x, y).map((value) => value / 65535);
    const box = this.boxes[view];
    const width = (box[2] - box[0]) * factor;
    if (width > 3 || width < 2e-4) return;
    const move = (value, centre) => centre + (value - centre) * factor;
    this.boxes[view] = [move(box[0], mx), move(box[1], my), move(box[2], mx), move(box[3], my)];
    this.moving();
  }

  zoomAll(factor) {
    for (const pane of this.panes()) this.zoom(pane, factor, pane[1] + pane[3] / 2, pane[2] + pane[4] / 2);
  }

  fit() {
    this.boxes = { raw: [0, 0, 1, 1], aligned: [0, 0, 1, 1] };
    this.later();
  }

  // ---- painting
  moving() {
    this.later();
  }

  // A picture from the start, at the next frame.
  later() {
    this.step = 0;
    clearTimeout(this.rest);
    this.queued ||= requestAnimationFrame(() => {
      this.queued = 0;
      this.paint(this.slow && this.painter?.gl ? STEPS : 1);
    });
  }

  paint(steps) {
    if (!this.points || !this.painter) return;
    const base = this.points.n > 400000 ? 2.2 : this.points.n > 60000 ? 3.4 : this.points.n > 8000 ? 5.5 : 7.5;
    const panes = this.panes().map((pane) => {
      const [view, left, top, width, height] = pane;
      const box = this.frame(pane);
      const shown = Math.max(box[2] - box[0], 1e-6);
      return {
        view, box, points: this.points,
        pixels: [left, top, width, height].map((value) => Math.round(value * this.ratio)),
        grow: Math.min(3.5, Math.max(1, (1.2 / shown) ** 0.4)),
      };
    });
    if (!this.step) this.begun = performance.now();
    this.painter.paint(panes, base * this.ratio, this.passes, steps, this.step);
    if (!this.step) this.overlay();
    this.step += 1;
    this.done(steps);
  }

  // Once the pixels are there: the next step, so that clicks and new pictures come in between.
  // How long a whole picture took decides whether the next is painted in steps.
  done(steps) {
    const { gl } = this.painter;
    const fence = gl?.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl?.flush();
    const step = this.step;
    const poll = () => {
      if (gl?.isContextLost() || this.step !== step) return;
      if (this.press || performance.now() < (this.hold ?? 0)) {
        this.rest = setTimeout(poll, 40); // people first: what they do is not made to wait
        return;
      }
      if (gl && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) {
        this.rest = setTimeout(poll, 4);
        return;
      }
      gl?.deleteSync(fence);
      const state = `${this.options.token} ${this.options.stamp}`;
      if (step === 1) this.root.dataset.seen = state;
      if (step < steps) {
        this.rest = setTimeout(() => this.step === step && this.paint(steps), 10);
        return;
      }
      const took = performance.now() - this.begun;
      this.slow = took > SLOW_MS * (steps > 1 ? 4 : 1);
      Object.assign(this.root.dataset, { painted: state, frame: Math.round(took) });
    };
    poll();
  }

  overlay() {
    const pen = this.over.getContext("2d");
    const style = getComputedStyle(this.root);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.over.width, this.over.height);
    const ink = style.getPropertyValue("--st-text-color").trim() || style.color;
    const panes = this.panes();
    for (const name of Object.values(this.names)) name.hidden = true;
    for (const pane of panes) {
      const [view, left, top, width, height] = pane;
      this.names[view].hidden = false;
      this.names[view].textContent = TITLES[view];
      this.names[view].style.left = `${left + 12}px`;
      if (left) {
        pen.fillStyle = style.getPropertyValue("--st-border-color").trim() || "#8886";
        pen.fillRect(left - 1, 0, 1, height);
      }
      pen.save();
      pen.beginPath();
      pen.rect(left, top, width, height);
      pen.clip();
      this.outline(pen, pane, style.getPropertyValue("--st-primary-color").trim() || ink);
      this.ring(pen, pane, this.options.pick, 9, 2.5, ink);
      this.ring(pen, pane, this.hover, 7, 1.5, ink);
      pen.restore();
    }
  }

  outline(pen, pane, color) {
    const { area } = this.options;
    let corners = null;
    if (this.path && this.path.pane[0] === pane[0]) corners = this.shape();
    else if (!this.path && area && area.view === pane[0]) {
      corners = area.corners.map(([x, y]) => this.toScreen(pane, x, y));
    }
    if (!corners || corners.length < 2) return;
    pen.beginPath();
    corners.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
    pen.strokeStyle = color;
    pen.lineWidth = 1.5;
    pen.setLineDash(this.path ? [5, 4] : []);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 0.07;
    pen.fillStyle = color;
    pen.fill("evenodd");
    pen.globalAlpha = 1;
  }

  ring(pen, pane, i, radius, width, color) {
    if (i < 0 || !this.points) return;
    const xy = this.points.views[pane[0]];
    const [x, y] = this.toScreen(pane, xy[2 * i], xy[2 * i + 1]);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.lineWidth = width;
    pen.strokeStyle = color;
    pen.stroke();
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
      const kept = corners.reduce((list, corner) => {
        const last = list[list.length - 1];
        if (!last || Math.hypot(corner[0] - last[0], corner[1] - last[1]) >= step) list.push(corner);
        return list;
      }, []);
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
