// Where things are: the panes, what part of each map they show, and the way between map units
// (0..65535) and CSS pixels.
class Frame {
  constructor(stage) {
    this.stage = stage;
    this.fitted();
  }

  fitted() {
    this.boxes = { raw: [0, 0, 1, 1], aligned: [0, 0, 1, 1] };
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
}
