// Two ways to paint points on a canvas, with the same face: set(), paint(), end().
// WebGL2 for speed; pixels set one by one where the browser has no WebGL2.

const VERTEX = `#version 300 es
in vec2 a_xy; in float a_code; in float a_mask; in float a_shape;
uniform vec4 u_view; uniform float u_size; uniform float u_pass; uniform vec4 u_colors[32];
out vec4 v_color; out float v_shape; out float v_size;
void main() {
  vec2 p = (a_xy - u_view.xy) / (u_view.zw - u_view.xy) * 2.0 - 1.0;
  vec4 color = u_colors[int(a_code)];
  bool shown = abs(a_mask - u_pass) < 0.5 && color.a > 0.0;
  float item = step(4.0, a_shape);
  v_shape = a_shape - 4.0 * item;
  float size = u_size * (1.0 + 0.35 * item) * (a_mask > 1.5 ? 1.7 : 1.0);
  v_size = size;
  v_color = vec4(color.rgb, color.a * (a_mask < 0.5 ? 0.14 : 1.0));
  gl_Position = shown ? vec4(p, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 v_color; in float v_shape; in float v_size; out vec4 o_color;
void main() {
  vec2 q = abs(gl_PointCoord * 2.0 - 1.0);
  float d;
  if (v_size < 3.5) d = max(q.x, q.y) * 0.9;
  else if (v_shape < 0.5) d = length(q);
  else if (v_shape < 1.5) d = q.x + q.y;
  else if (v_shape < 2.5) d = max(abs(q.x - q.y) * 2.1, max(q.x, q.y));
  else d = max(q.x, q.y) * 1.2;
  float edge = 2.0 / v_size;
  float a = v_color.a * (1.0 - smoothstep(1.0 - edge, 1.0, d));
  if (a < 0.01) discard;
  o_color = vec4(v_color.rgb * a, a);
}`;

class GlPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { antialias: false, alpha: true, preserveDrawingBuffer: true });
    if (!this.gl) throw new Error("no WebGL2");
    this.build();
  }

  build() {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
        throw new Error(gl.getShaderInfoLog(shader));
      }
      gl.attachShader(program, shader);
    }
    ["a_xy", "a_code", "a_mask", "a_shape"].forEach((n, at) => gl.bindAttribLocation(program, at, n));
    gl.linkProgram(program);
    gl.useProgram(program);
    this.at = Object.fromEntries(
      ["u_view", "u_size", "u_pass", "u_colors"].map((n) => [n, gl.getUniformLocation(program, n)]),
    );
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.buffers = {};
    this.sent = {};
  }

  // Send only what is new: places stay on the card while colours change.
  send(name, values) {
    if (this.sent[name] === values) return;
    const gl = this.gl;
    this.buffers[name] ??= gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    this.sent[name] = values;
  }

  set(points, codes, mask, colors) {
    const gl = this.gl;
    this.n = points.n;
    this.send("raw", points.views.raw);
    this.send("aligned", points.views.aligned);
    this.send("shape", points.shape);
    this.send("code", codes);
    this.send("mask", mask);
    gl.uniform4fv(this.at.u_colors, colors);
  }

  attribute(at, name, size, type, normal, bytes, every, from) {
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, normal, bytes * every, bytes * from);
  }

  // Paints every so many points, beginning with one of the first: 1, 0 is all of them at once; a
  // slow machine paints every eighth, then the others on top.
  paint(panes, size, passes, every, from) {
    const gl = this.gl;
    const { width, height } = this.canvas;
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    if (!from) gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
    this.attribute(1, "code", 1, gl.UNSIGNED_BYTE, false, 1, every, from);
    this.attribute(2, "mask", 1, gl.UNSIGNED_BYTE, false, 1, every, from);
    this.attribute(3, "shape", 1, gl.UNSIGNED_BYTE, false, 1, every, from);
    for (const pane of panes) {
      const [x, y, w, h] = pane.pixels;
      gl.viewport(x, height - y - h, w, h);
      gl.scissor(x, height - y - h, w, h);
      this.attribute(0, pane.view, 2, gl.UNSIGNED_SHORT, true, 4, every, from);
      gl.uniform4fv(this.at.u_view, pane.box);
      gl.uniform1f(this.at.u_size, size * pane.grow);
      for (const pass of passes) {
        gl.uniform1f(this.at.u_pass, pass);
        gl.drawArrays(gl.POINTS, 0, Math.ceil((this.n - from) / every));
      }
    }
  }

  end() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

class RasterPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  set(points, codes, mask, colors) {
    Object.assign(this, { points, codes, mask, colors, n: points.n });
  }

  paint(panes, size, passes, every) {
    const { width, height } = this.canvas;
    const image = this.context.createImageData(width, height);
    for (const pane of panes) {
      for (const pass of passes) this.pass(image.data, width, pane, pass, size * pane.grow, every);
    }
    this.context.putImageData(image, 0, 0);
  }

  pass(out, width, pane, pass, size, every) {
    const [left, top, w, h] = pane.pixels;
    const [x0, y0, x1, y1] = pane.box.map((share) => share * 65535);
    const xy = pane.points.views[pane.view];
    const reach = Math.max(0, Math.round((size * (pass > 1 ? 1.7 : 1) - 1) / 2));
    const opacity = pass < 1 ? 0.2 : 0.85;
    for (let i = 0; i < this.n; i += every) {
      const c = 4 * this.codes[i];
      if (this.mask[i] !== pass || !this.colors[c + 3]) continue;
      const x = Math.round(((xy[2 * i] - x0) / (x1 - x0)) * w);
      const y = Math.round((1 - (xy[2 * i + 1] - y0) / (y1 - y0)) * h);
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          if (x + dx < 0 || x + dx >= w || y + dy < 0 || y + dy >= h) continue;
          if (!this.covers(this.points.shape[i] & 3, dx, dy, reach)) continue;
          const at = 4 * ((top + y + dy) * width + left + x + dx);
          const under = out[at + 3] / 255;
          const over = opacity + under * (1 - opacity);
          for (let k = 0; k < 3; k++) {
            const mine = this.colors[c + k] * 255 * opacity;
            out[at + k] = (mine + out[at + k] * under * (1 - opacity)) / over;
          }
          out[at + 3] = 255 * over;
        }
      }
    }
  }

  covers(shape, dx, dy, reach) {
    if (reach < 2) return true;
    if (shape === 0) return dx * dx + dy * dy <= (reach + 0.5) ** 2;
    if (shape === 1) return Math.abs(dx) + Math.abs(dy) <= reach;
    return Math.abs(Math.abs(dx) - Math.abs(dy)) <= reach / 4;
  }

  end() {}
}
