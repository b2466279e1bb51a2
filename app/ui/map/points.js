// Receives the places of the points; draws nothing.
class Points {
  constructor({ head, parts }) {
    this.n = head.n;
    this.first = parts.first;
    this.second = parts.second ?? null;
    this.shape = parts.shape;
    this.views = { raw: this.placed(parts.raw), aligned: this.placed(parts.aligned) };
    this.text = parts.titles;
    this.ends = parts.ends;
    this.grids = {};
  }

  // An interaction lies midway between its user and its item.
  placed(nodes) {
    const xy = new Uint16Array(2 * this.n);
    for (let i = 0; i < this.n; i++) {
      const a = 2 * this.first[i];
      if (this.second) {
        const b = 2 * this.second[i];
        xy[2 * i] = (nodes[a] + nodes[b]) >> 1;
        xy[2 * i + 1] = (nodes[a + 1] + nodes[b + 1]) >> 1;
      } else {
        xy[2 * i] = nodes[a];
        xy[2 * i + 1] = nodes[a + 1];
      }
    }
    return xy;
  }

  nodeTitle(node) {
    const from = node ? this.ends[node - 1] : 0;
    return new TextDecoder().decode(this.text.subarray(from, this.ends[node]));
  }

  title(i) {
    const own = this.nodeTitle(this.first[i]);
    return this.second ? `${own} → ${this.nodeTitle(this.second[i])}` : own;
  }

  // Points by cell of a 256 x 256 grid, made when the pointer first needs it.
  grid(view) {
    if (this.grids[view]) return this.grids[view];
    const xy = this.views[view];
    const starts = new Uint32Array(65537);
    for (let i = 0; i < this.n; i++) starts[(xy[2 * i] >> 8) * 256 + (xy[2 * i + 1] >> 8) + 1]++;
    for (let c = 0; c < 65536; c++) starts[c + 1] += starts[c];
    const next = starts.slice(0, 65536);
    const order = new Uint32Array(this.n);
    for (let i = 0; i < this.n; i++) order[next[(xy[2 * i] >> 8) * 256 + (xy[2 * i + 1] >> 8)]++] = i;
    return (this.grids[view] = { starts, order });
  }

  // The nearest point within a distance (map units), among those that pass; -1 = none.
  nearest(view, x, y, distance, passes) {
    const { starts, order } = this.grid(view);
    const xy = this.views[view];
    const cell = (value) => Math.min(255, Math.max(0, Math.floor(value / 256)));
    let best = -1;
    let least = distance * distance;
    for (let cx = cell(x - distance); cx <= cell(x + distance); cx++) {
      const column = cx * 256;
      const from = starts[column + cell(y - distance)];
      const to = starts[column + cell(y + distance) + 1];
      for (let k = from; k < to; k++) {
        const i = order[k];
        const d = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
        if (d < least && passes(i)) {
          least = d;
          best = i;
        }
      }
    }
    return best;
  }
}

export default function ({ data }) {
  const content = unpack(data);
  const { sets, waiting } = SHARED;
  const token = content.head.token;
  if (!sets.has(token)) {
    sets.set(token, new Points(content));
    while (sets.size > KEPT_SETS) sets.delete(sets.keys().next().value);
  }
  (waiting.get(token) ?? []).forEach((tell) => tell());
  waiting.delete(token);
}
