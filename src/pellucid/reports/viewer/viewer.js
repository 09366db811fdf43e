/**
 * The ECG viewer: draws a record on ECG paper with the relevance of each method and class; zooms and pans in time.
 *
 * `mount(root, data)` builds it inside `root`; `data` is what pellucid/reports/viewer_data.py makes of an explanation.
 */

import { button, choice, element, signed, toggle } from "./controls.js";
import { drawEcg, drawOverview, paletteOf } from "./drawing.js";
import { clamp, listen } from "./gestures.js";
import { unpack } from "./packing.js";
import { GAIN, placeRows, SPEED } from "./rows.js";
import { mountSlice } from "./slice.js";

const LEAST_WINDOW = 0.25; // seconds
const LEAST_SCALE = 2.6; // px a mm: below, an ECG cannot be read
const MOST_SCALE = 4.4;
const OVERVIEW = 44; // px
const HINT = "Point at the ECG to read a value. Drag to move in time; Ctrl and the wheel, or + and −, to zoom.";
const KEYS =
  "Arrow left and right move in time, plus and minus zoom, 0 shows all, arrow up and down choose a lead, " +
  "comma and full stop move the reading mark.";

/** Builds a viewer in `root` and returns it when it has drawn itself. */
export async function mount(root, data) {
  if (data.kind === "slice") return mountSlice(root, data);
  const viewer = new EcgViewer(root, data);
  await viewer.open();
  return viewer;
}

class EcgViewer {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.style = "band";
    this.showTruth = true;
    this.cursor = null;
    this.maps = new Map();
    this.at = data.maps.length ? 0 : -1;
  }

  async open() {
    const { data } = this;
    this.rows = data.leads.length;
    this.columns = data.samples;
    this.begin = data.begin;
    this.seconds = this.columns / data.rate;
    this.signal = await unpack({ ...data.signal, rows: this.rows, columns: this.columns });
    this.place = placeRows(this.signal, data.leads, this.columns, data.truth !== null);
    this.build();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.frame);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", () => this.recolour());
    await this.choose(this.at);
    this.resize();
  }

  /* ---------- building ---------- */

  build() {
    const { data } = this;
    this.controls = element("div", { class: "v-controls" });
    const unique = (key, words) => [...new Map(data.maps.map((map) => [map[key], map[words]])).entries()];
    if (data.maps.length) {
      const first = data.maps[this.at];
      const targets = unique("target", "target");
      const methods = unique("method", "method_words");
      this.controls.append(
        choice("Class", targets, first.target, (target) => this.change({ target })),
        choice("Method", methods, first.method, (method) => this.change({ method })),
        choice("Relevance", [["band", "Ribbon"], ["trace", "Along the trace"], ["off", "Hidden"]], this.style, (style) => {
          this.style = style;
          this.draw();
        }),
      );
    }
    this.truthToggle = toggle("Show where the diagnosis is known to show", true, (on) => {
      this.showTruth = on;
      this.draw();
    });
    this.controls.append(this.truthToggle);
    const zoom = element(
      "div",
      { class: "v-zoom", role: "group", "aria-label": "Zoom" },
      button("−", "Zoom out", () => this.zoom(1.6)),
      button("+", "Zoom in", () => this.zoom(1 / 1.6)),
      button("‹", "Earlier", () => this.pan(-0.5)),
      button("›", "Later", () => this.pan(0.5)),
      button("All", "Show the whole record", () => this.all()),
    );
    this.readout = element("p", { class: "v-readout v-idle", role: "status", "aria-live": "polite" }, HINT);
    this.bar = element("div", { class: "v-bar" });
    this.canvas = element("canvas", {
      class: "v-paper",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "ECG viewer",
      "aria-label": `ECG of ${data.name}, ${this.rows} leads, ${this.seconds.toFixed(1)} seconds. ${KEYS}`,
    });
    this.overview = element("canvas", { class: "v-overview", "aria-hidden": "true" });
    this.frame = element("div", { class: "v-frame" }, this.canvas);
    this.caption = element("p", { class: "v-caption" });
    this.root.replaceChildren(
      this.controls,
      element("div", { class: "v-status" }, this.bar, zoom),
      element("div", {}, this.readout, this.frame),
      this.overview,
      this.caption,
    );
    this.root.classList.add("viewer");
    listen(this);
  }

  /* ---------- choosing a map ---------- */

  change(part) {
    const wanted = { target: this.map.target, method: this.map.method, ...part };
    const fits = (map) => map.target === wanted.target && map.method === wanted.method;
    const at = this.data.maps.findIndex(fits);
    return this.choose(at);
  }

  async choose(at) {
    this.at = at;
    this.map = at < 0 ? null : await this.opened(at);
    if (this.at !== at) return; // another was chosen in the meantime
    this.describe();
    this.draw();
    this.root.dispatchEvent(new CustomEvent("mapchange", { detail: { at }, bubbles: true }));
  }

  /** Unpacks a map once: its running sums for each lead, and its profile over time. */
  async opened(at) {
    if (this.maps.has(at)) return this.maps.get(at);
    const map = this.data.maps[at];
    const { rows, columns } = this;
    const values = await unpack({ ...map.relevance, rows, columns });
    const sums = new Float64Array(rows * (columns + 1));
    for (let row = 0; row < rows; row += 1) {
      for (let i = 0; i < columns; i += 1) {
        sums[row * (columns + 1) + i + 1] = sums[row * (columns + 1) + i] + values[row * columns + i];
      }
    }
    const opened = { ...map, values, sums, profile: profileOf(values, rows, columns) };
    this.maps.set(at, opened);
    return opened;
  }

  describe() {
    const { map, data } = this;
    const known = data.truth !== null && map !== null && map.target in data.truth;
    this.truthToggle.hidden = !known;
    if (!map) {
      this.bar.replaceChildren();
      return;
    }
    const isSigned = map.kind === "signed";
    const ends = isSigned ? [`against ${signed(-map.limit)}`, `for ${signed(map.limit)}`] : ["none 0", `strong ${signed(map.limit).slice(1)}`];
    const words = map.limit > 0 ? `Full colour: ${map.limit_words}. One scale for all leads.` : "This map is empty: zero everywhere.";
    this.bar.replaceChildren(
      element("span", { class: "v-end" }, ends[0]),
      element("span", { class: `v-ramp v-${map.kind}`, role: "img", "aria-label": `Colours from ${ends[0]} to ${ends[1]}` }),
      element("span", { class: "v-end" }, ends[1]),
      element("span", { class: "v-limit" }, words),
    );
  }

  /* ---------- time window ---------- */

  resize() {
    const width = this.frame.clientWidth;
    if (!width || width === this.width) return;
    const first = this.width === undefined;
    this.width = width;
    const narrow = width < 640;
    this.left = narrow ? 46 : 58;
    this.right = this.data.maps.length ? (narrow ? 54 : 84) : 6;
    this.plot = width - this.left - this.right;
    this.scale = clamp(this.plot / (this.seconds * SPEED), LEAST_SCALE, MOST_SCALE);
    if (first) this.show(this.begin, this.begin + Math.min(this.seconds, this.plot / (SPEED * this.scale)));
    else this.draw();
  }

  show(start, end) {
    const span = clamp(end - start, Math.min(LEAST_WINDOW, this.seconds), this.seconds);
    const middle = (start + end) / 2;
    this.start = clamp(middle - span / 2, this.begin, this.begin + this.seconds - span);
    this.end = this.start + span;
    this.draw();
  }

  all() {
    this.show(this.begin, this.begin + this.seconds);
  }

  zoom(factor, about = (this.start + this.end) / 2) {
    const span = clamp((this.end - this.start) * factor, LEAST_WINDOW, this.seconds);
    const part = (about - this.start) / (this.end - this.start);
    this.show(about - part * span, about - part * span + span);
  }

  pan(part) {
    this.shift(part * (this.end - this.start));
  }

  shift(seconds) {
    const span = this.end - this.start;
    const start = clamp(this.start + seconds, this.begin, this.begin + this.seconds - span);
    this.show(start, start + span);
  }

  pinch(other, before, now) {
    if (Math.abs(now - other) < 20) return;
    this.zoom(Math.abs(before - other) / Math.abs(now - other), this.timeAt((now + other) / 2));
  }

  /* ---------- reading values ---------- */

  timeAt(x) {
    return this.start + ((x - this.left) / this.plot) * (this.end - this.start);
  }

  point(event) {
    const y = event.offsetY / this.scale;
    let row = 0;
    this.place.lines.forEach((line, i) => {
      if (Math.abs(line - y) < Math.abs(this.place.lines[row] - y)) row = i;
    });
    const inside = event.offsetX >= this.left && event.offsetX <= this.left + this.plot;
    const sample = Math.round((this.timeAt(event.offsetX) - this.begin) * this.data.rate);
    this.read(inside ? { row, sample: clamp(sample, 0, this.columns - 1) } : null);
  }

  move(rows, samples) {
    const middle = Math.round(((this.start + this.end) / 2 - this.begin) * this.data.rate);
    const from = this.cursor ?? { row: 0, sample: clamp(middle, 0, this.columns - 1) };
    const row = this.cursor ? clamp(from.row + rows, 0, this.rows - 1) : 0;
    this.read({ row, sample: clamp(from.sample + samples, 0, this.columns - 1) });
  }

  read(cursor) {
    this.cursor = cursor;
    this.readout.textContent = cursor ? this.words(cursor) : HINT;
    this.readout.classList.toggle("v-idle", !cursor);
    this.draw();
  }

  words({ row, sample }) {
    const at = row * this.columns + sample;
    const time = (this.begin + sample / this.data.rate).toFixed(3);
    const value = this.signal[at];
    const parts = [this.data.leads[row], `${time} s`];
    parts.push(Number.isNaN(value) ? "not recorded" : `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(3)} mV`);
    if (this.map) {
      const relevance = this.map.values[at];
      const side = this.map.kind === "positive" || relevance === 0 ? "" : relevance > 0 ? ", for" : ", against";
      const part = this.map.limit > 0 ? ` (${Math.round((100 * Math.abs(relevance)) / this.map.limit)} % of full colour${side})` : "";
      parts.push(`relevance ${signed(relevance, 3)}${part}`);
    }
    return parts.join("  ·  ");
  }

  /* ---------- drawing ---------- */

  view() {
    const { width, left, right, plot, scale, start, end, begin, rows, columns, seconds, signal, map, style, cursor } = this;
    const known = this.showTruth && map && this.data.truth && this.data.truth[map.target];
    return {
      width, left, right, plot, scale, start, end, begin, rows, columns, seconds, signal, map, style, cursor,
      height: this.place.height * scale,
      lines: this.place.lines,
      zeros: this.place.zeros,
      leads: this.data.leads,
      rate: this.data.rate,
      perSecond: plot / (end - start),
      palette: this.palette,
      truth: known || null,
      shares: map ? map.shares : null,
    };
  }

  /** Draws in the next frame, however often it is asked to before. */
  draw() {
    if (this.waiting || this.width === undefined || this.start === undefined) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    this.palette ??= paletteOf(this.root);
    const view = this.view();
    drawEcg(prepared(this.canvas, view.width, view.height), view);
    drawOverview(prepared(this.overview, view.width, OVERVIEW), { ...view, height: OVERVIEW });
    const speed = (view.perSecond / this.scale).toFixed(view.perSecond / this.scale < 10 ? 1 : 0);
    const cut = this.place.clipped.length ? ` ${this.place.clipped.join(", ")} cut at 4 mV.` : "";
    const last = this.begin + this.seconds;
    const part = last - this.begin < this.data.total - 0.01;
    const held = part ? ` Held here: ${this.begin.toFixed(0)} to ${last.toFixed(0)} s, where relevance is strongest.` : "";
    this.caption.textContent =
      `${speed} mm/s, ${GAIN} mm/mV. A small square is 40 ms by 0.1 mV. ` +
      `Seconds ${view.start.toFixed(2)} to ${view.end.toFixed(2)} of ${this.data.total.toFixed(2)}.${held}${cut}`;
  }

  /** Takes the colours of the page anew: dark, light, or print. */
  recolour() {
    this.palette = paletteOf(this.root);
    if (this.width !== undefined) this.paint();
  }
}

/** Returns the context of a canvas of this size in CSS pixels, sharp on every screen. */
function prepared(canvas, width, height) {
  const ratio = Math.max(1, devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Returns relevance for and against over time, summed over leads, in at most 600 steps. */
function profileOf(values, rows, columns) {
  const steps = Math.min(600, columns);
  const favour = new Float64Array(steps);
  const against = new Float64Array(steps);
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < columns; i += 1) {
      const value = values[row * columns + i];
      (value > 0 ? favour : against)[Math.floor((i * steps) / columns)] += Math.abs(value);
    }
  }
  return { favour, against, most: Math.max(...favour, ...against, Number.MIN_VALUE) };
}
