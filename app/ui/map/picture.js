// The picture in its panes: points on one canvas, outline and rings on another above it.
const TITLES = { raw: "Raw text space", aligned: "Aligned space" };
const SLOW_MS = 60;
const SLOW_POINTS = 400000;
const STEPS = 8;

class Picture extends Frame {
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
}
