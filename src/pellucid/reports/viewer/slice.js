/** The slice viewer: grey values with the relevance of each method and class laid over them. */

import { choice, element, signed } from "./controls.js";
import { hueOf, paletteOf } from "./drawing.js";
import { unpack } from "./packing.js";

const SLICE_HINT = "Point at the slice to read a value.";

/** Builds the viewer of a slice in `root` and returns it when it has drawn itself. */
export async function mountSlice(root, data) {
  const viewer = new SliceViewer(root, data);
  await viewer.open();
  return viewer;
}

class SliceViewer {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.strength = 0.7;
    this.maps = new Map();
  }

  async open() {
    const { data } = this;
    this.pixels = await unpack({ ...data.pixels, rows: data.rows, columns: data.columns });
    this.canvas = element("canvas", {
      class: "v-slice",
      role: "img",
      "aria-label": `MRI slice ${data.name}, ${data.columns} by ${data.rows} pixels`,
      width: data.columns,
      height: data.rows,
      onpointermove: (event) => this.point(event),
      onpointerleave: () => this.say(""),
    });
    const [high, wide] = data.spacing ?? [1, 1];
    this.canvas.style.aspectRatio = `${data.columns * wide} / ${data.rows * high}`;
    this.controls = element("div", { class: "v-controls" });
    this.readout = element("p", { class: "v-readout v-idle", role: "status", "aria-live": "polite" }, SLICE_HINT);
    this.bar = element("div", { class: "v-bar" });
    const size = data.spacing ? `A pixel is ${wide.toPrecision(3)} by ${high.toPrecision(3)} mm.` : "The size of a pixel is unknown; it is drawn square.";
    this.root.replaceChildren(
      this.controls,
      element("div", { class: "v-status" }, this.bar),
      element("div", { class: "v-plate" }, this.readout, this.canvas),
      element("p", { class: "v-caption" }, size),
    );
    this.root.classList.add("viewer");
    this.build();
    await this.choose(data.maps.length ? 0 : -1);
  }

  build() {
    const { maps } = this.data;
    if (!maps.length) return;
    const unique = (key, words) => [...new Map(maps.map((map) => [map[key], map[words]])).entries()];
    const opacity = element("input", { type: "range", min: "0", max: "100", value: "70", id: "slice-strength" });
    opacity.addEventListener("input", () => {
      this.strength = Number(opacity.value) / 100;
      this.paint();
    });
    this.controls.append(
      choice("Class", unique("target", "target"), maps[0].target, (target) => this.change({ target })),
      choice("Method", unique("method", "method_words"), maps[0].method, (method) => this.change({ method })),
      element("div", { class: "v-choice" }, element("label", { for: "slice-strength" }, "Strength of colour"), opacity),
    );
  }

  change(part) {
    const wanted = { target: this.map.target, method: this.map.method, ...part };
    return this.choose(this.data.maps.findIndex((map) => map.target === wanted.target && map.method === wanted.method));
  }

  async choose(at) {
    const map = this.data.maps[at] ?? null;
    if (map && !this.maps.has(at)) {
      const { rows, columns } = this.data;
      this.maps.set(at, { ...map, values: await unpack({ ...map.relevance, rows, columns }) });
    }
    this.map = map && this.maps.get(at);
    if (map) {
      const low = map.kind === "signed" ? `against ${signed(-map.limit)}` : "none 0";
      const high = map.kind === "signed" ? `for ${signed(map.limit)}` : `strong ${signed(map.limit).slice(1)}`;
      const words = map.limit > 0 ? `Full colour: ${map.limit_words}.` : "This map is empty: zero everywhere.";
      this.bar.replaceChildren(
        element("span", { class: "v-end" }, low),
        element("span", { class: `v-ramp v-on-grey v-${map.kind}`, role: "img", "aria-label": `Colours from ${low} to ${high}` }),
        element("span", { class: "v-end" }, high),
        element("span", { class: "v-limit" }, words),
      );
    }
    this.paint();
    this.root.dispatchEvent(new CustomEvent("mapchange", { detail: { at }, bubbles: true }));
  }

  paint() {
    const { rgb } = paletteOf(this.root);
    const { rows, columns } = this.data;
    const image = new ImageData(columns, rows);
    this.pixels.forEach((grey, i) => {
      let colour = [255 * grey, 255 * grey, 255 * grey];
      if (this.map && this.map.limit > 0) {
        const shade = Math.max(-1, Math.min(1, this.map.values[i] / this.map.limit));
        const part = this.strength * Math.abs(shade);
        const hue = rgb[hueOf(shade, this.map.kind)];
        colour = colour.map((value, k) => part * hue[k] + (1 - part) * value);
      }
      image.data.set([...colour, 255], 4 * i);
    });
    this.canvas.getContext("2d").putImageData(image, 0, 0);
  }

  point(event) {
    const { rows, columns } = this.data;
    const column = Math.min(columns - 1, Math.max(0, Math.floor((event.offsetX / this.canvas.clientWidth) * columns)));
    const row = Math.min(rows - 1, Math.max(0, Math.floor((event.offsetY / this.canvas.clientHeight) * rows)));
    const at = row * columns + column;
    const relevance = this.map ? `  ·  relevance ${signed(this.map.values[at], 3)}` : "";
    this.say(`row ${row}, column ${column}  ·  grey ${this.pixels[at].toFixed(2)}${relevance}`);
  }

  say(words) {
    this.readout.textContent = words || SLICE_HINT;
    this.readout.classList.toggle("v-idle", !words);
  }
}
