/** Draws ECG paper on a canvas: grid, relevance, traces, truth, names, lead shares. Knows nothing of controls. */

import { BAND, heightOf } from "./rows.js";

const SHADES = 24; // along the trace, on either side of zero
const HALO = 2; // mm
const OPACITY = 0.85;

/** Returns the colours that the style sheet gives to a viewer. */
export function paletteOf(node) {
  const style = getComputedStyle(node);
  const names = ["ink", "muted", "paper", "grid", "grid-bold", "for", "against", "strength", "truth", "track"];
  const palette = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--v-${name}`).trim()]));
  palette.rgb = Object.fromEntries(["for", "against", "strength", "paper"].map((name) => [name, rgb(palette[name])]));
  palette.font = style.fontFamily;
  return palette;
}

const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

/** Returns which colour relevance of this sign has. */
export const hueOf = (value, kind) => (kind === "positive" ? "strength" : value < 0 ? "against" : "for");

/** Draws the whole picture; `view` holds sizes, time window, row places, palette, signal, map and switches. */
export function drawEcg(context, view) {
  const { width, height, palette } = view;
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, width, height);
  drawGrid(context, view);
  context.save();
  context.beginPath();
  context.rect(view.left, 0, view.plot, height);
  context.clip();
  view.leads.forEach((_, row) => {
    if (view.map && view.map.limit > 0 && view.style === "band") drawBand(context, view, row);
    if (view.map && view.map.limit > 0 && view.style === "trace") drawHalo(context, view, row);
    drawTrace(context, view, row);
    if (view.truth) drawTruth(context, view, row);
  });
  drawSeconds(context, view);
  if (view.cursor) drawCursor(context, view);
  context.restore();
  drawNames(context, view);
  if (view.map && view.shares) drawShares(context, view);
}

/** Returns the x of a time in seconds. */
export const xOf = (view, time) => view.left + (time - view.start) * view.perSecond;

function drawGrid(context, view) {
  const { left, plot, height, scale, palette } = view;
  const fineTime = 0.04 * view.perSecond >= 2.4;
  const fineHeight = scale >= 2.4;
  for (const bold of [false, true]) {
    context.strokeStyle = palette[bold ? "grid-bold" : "grid"];
    context.lineWidth = 1;
    context.beginPath();
    if (bold || fineTime) {
      const step = bold ? 0.2 : 0.04;
      for (let k = Math.ceil(view.start / step); k * step <= view.end + 1e-9; k += 1) {
        if (!bold && k % 5 === 0) continue;
        const x = Math.round(xOf(view, k * step)) + 0.5;
        context.moveTo(x, 0);
        context.lineTo(x, height);
      }
    }
    if (bold || fineHeight) {
      for (let mm = 0; mm * scale <= height; mm += bold ? 5 : 1) {
        if (!bold && mm % 5 === 0) continue;
        const y = Math.round(mm * scale) + 0.5;
        context.moveTo(left, y);
        context.lineTo(left + plot, y);
      }
    }
    context.stroke();
  }
}

function drawSeconds(context, view) {
  const step = [0.2, 0.5, 1, 5, 10, 60].find((seconds) => seconds * view.perSecond >= 48) ?? 300;
  context.font = `11px ${view.palette.font}`;
  context.fillStyle = view.palette.muted;
  context.textBaseline = "alphabetic";
  for (let k = Math.ceil(view.start / step); k * step < view.end; k += 1) {
    const x = xOf(view, k * step);
    context.textAlign = x - view.left < 16 ? "left" : "center";
    context.fillText(`${Number((k * step).toFixed(1))} s`, x, view.height - 5);
  }
}

/** Returns the first and the last sample (excluded) that lie in the window. */
function windowOf(view) {
  const first = Math.max(0, Math.floor((view.start - view.begin) * view.rate) - 1);
  const last = Math.min(view.columns, Math.ceil((view.end - view.begin) * view.rate) + 1);
  return [first, last];
}

/** Returns the mean relevance of each pixel column, as parts of the full colour, -1..1. */
function columnsOf(view, row) {
  const { sums, limit } = view.map;
  const base = row * (view.columns + 1);
  const shades = new Float32Array(Math.ceil(view.plot));
  for (let x = 0; x < shades.length; x += 1) {
    const from = (view.start - view.begin + x / view.perSecond) * view.rate;
    const first = Math.floor(from);
    const last = Math.max(first + 1, Math.floor(from + view.rate / view.perSecond));
    if (first < 0 || last > view.columns) continue;
    shades[x] = Math.max(-1, Math.min(1, (sums[base + last] - sums[base + first]) / (last - first) / limit));
  }
  return shades;
}

const strip = document.createElement("canvas");

function drawBand(context, view, row) {
  const shades = columnsOf(view, row);
  const image = new ImageData(shades.length, 1);
  shades.forEach((shade, x) => {
    image.data.set(view.palette.rgb[hueOf(shade, view.map.kind)], 4 * x);
    image.data[4 * x + 3] = Math.round(255 * OPACITY * Math.abs(shade));
  });
  strip.width = shades.length;
  strip.height = 1;
  strip.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  const top = (view.lines[row] - BAND) * view.scale;
  context.drawImage(strip, view.left, top, shades.length, 2 * BAND * view.scale);
}

function drawHalo(context, view, row) {
  const shades = columnsOf(view, row).map((shade) => Math.round(shade * SHADES));
  const runs = [];
  for (let x = 0, from = 0; x <= shades.length; x += 1) {
    if (x < shades.length && shades[x] === shades[from]) continue;
    if (shades[from] !== 0) runs.push([shades[from], from, x]);
    from = x;
  }
  runs.sort((a, b) => Math.abs(a[0]) - Math.abs(b[0])); // the strongest on top
  context.lineWidth = HALO * view.scale;
  context.lineJoin = "round";
  for (const [shade, from, to] of runs) {
    const strength = OPACITY * (Math.abs(shade) / SHADES);
    const hue = view.palette.rgb[hueOf(shade, view.map.kind)];
    // Opaque: overlapping strokes must not add up.
    const mixed = hue.map((part, i) => Math.round(strength * part + (1 - strength) * view.palette.rgb.paper[i]));
    context.strokeStyle = `rgb(${mixed.join(" ")})`;
    const first = Math.floor((view.start - view.begin + from / view.perSecond) * view.rate);
    const last = Math.ceil((view.start - view.begin + to / view.perSecond) * view.rate) + 1;
    tracePath(context, view, row, Math.max(0, first), Math.min(view.columns, last));
    context.stroke();
  }
}

function drawTrace(context, view, row) {
  const [first, last] = windowOf(view);
  context.strokeStyle = view.palette.ink;
  context.lineWidth = Math.max(1.1, 0.3 * view.scale);
  context.lineJoin = "round";
  tracePath(context, view, row, first, last);
  context.stroke();
}

/** Adds a lead's samples as a path; where many fall on a pixel, only the lowest and the highest of every few. */
function tracePath(context, view, row, first, last) {
  const base = row * view.columns;
  const line = view.lines[row] * view.scale;
  const stride = Math.max(1, Math.floor(view.rate / view.perSecond / 4));
  let down = false;
  const add = (i) => {
    const x = xOf(view, view.begin + i / view.rate);
    const y = line - heightOf(view.signal[base + i], view.zeros[row]) * view.scale;
    if (down) context.lineTo(x, y);
    else context.moveTo(x, y);
    down = true;
  };
  context.beginPath();
  for (let i = first; i < last; i += stride) {
    let low = -1;
    let high = -1;
    for (let k = i; k < Math.min(i + stride, last); k += 1) {
      const value = view.signal[base + k];
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < view.signal[base + low]) low = k;
      if (high < 0 || value > view.signal[base + high]) high = k;
    }
    if (low < 0) {
      down = false;
      continue;
    }
    add(Math.min(low, high));
    if (low !== high) add(Math.max(low, high));
  }
}

function drawTruth(context, view, row) {
  const spans = view.truth[row];
  const near = Math.round(0.08 * view.rate);
  context.strokeStyle = view.palette.truth;
  context.lineWidth = Math.max(1.5, 0.35 * view.scale);
  context.beginPath();
  for (let k = 0; k < spans.length; k += 2) {
    let top = BAND;
    for (let i = Math.max(0, spans[k] - near); i < Math.min(view.columns, spans[k + 1] + near); i += 1) {
      const height = heightOf(view.signal[row * view.columns + i], view.zeros[row]);
      if (height > top) top = height;
    }
    const [x, z] = [spans[k], spans[k + 1]].map((sample) => xOf(view, view.begin + sample / view.rate));
    if (z < view.left || x > view.left + view.plot) continue;
    const foot = (view.lines[row] - top - 1.2) * view.scale;
    context.moveTo(x, foot);
    context.lineTo(x, foot - view.scale);
    context.lineTo(z, foot - view.scale);
    context.lineTo(z, foot);
  }
  context.stroke();
}

function drawCursor(context, view) {
  const { row, sample } = view.cursor;
  const x = xOf(view, view.begin + sample / view.rate);
  context.strokeStyle = view.palette.muted;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(Math.round(x) + 0.5, 0);
  context.lineTo(Math.round(x) + 0.5, view.height);
  context.stroke();
  context.setLineDash([]);
  const value = view.signal[row * view.columns + sample];
  if (Number.isNaN(value)) return;
  const y = (view.lines[row] - heightOf(value, view.zeros[row])) * view.scale;
  context.fillStyle = view.palette.paper;
  context.strokeStyle = view.palette.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(x, y, 4, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}

function drawNames(context, view) {
  context.textBaseline = "middle";
  context.textAlign = "left";
  view.leads.forEach((lead, row) => {
    const chosen = view.cursor && view.cursor.row === row;
    context.font = `${chosen ? 700 : 600} 13px ${view.palette.font}`;
    context.fillStyle = view.palette.ink;
    context.fillText(lead, 10, view.lines[row] * view.scale, view.left - 14);
  });
}

function drawShares(context, view) {
  const left = view.left + view.plot + 10;
  const room = view.right - 18;
  const most = Math.max(0.01, ...view.shares.map((share) => share.total));
  view.leads.forEach((_, row) => {
    const { total, favour } = view.shares[row];
    const y = view.lines[row] * view.scale;
    context.fillStyle = view.palette.track;
    context.fillRect(left, y + 3, room, 5);
    const wide = (part) => (room * part) / most;
    context.fillStyle = view.palette[view.map.kind === "positive" ? "strength" : "for"];
    context.fillRect(left, y + 3, wide(favour), 5);
    context.fillStyle = view.palette.against;
    context.fillRect(left + wide(favour), y + 3, wide(total - favour), 5);
    context.font = `12px ${view.palette.font}`;
    context.fillStyle = view.palette.ink;
    context.textAlign = "left";
    context.fillText(`${Math.round(100 * total)} %`, left, y - 6);
  });
}

/** Draws the whole record's relevance over time, for above and against below, and where the window is. */
export function drawOverview(context, view) {
  const { width, height, palette, map } = view;
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, width, height);
  const middle = height / 2;
  if (map && map.limit > 0) {
    const { favour, against, most } = map.profile;
    const step = view.plot / favour.length;
    favour.forEach((value, i) => {
      const signedMap = map.kind === "signed";
      const base = signedMap ? middle : height - 3;
      const room = signedMap ? middle - 3 : height - 6;
      context.fillStyle = palette[signedMap ? "for" : "strength"];
      context.fillRect(view.left + i * step, base, Math.max(1, step), (-room * value) / most);
      context.fillStyle = palette.against;
      context.fillRect(view.left + i * step, middle, Math.max(1, step), (room * against[i]) / most);
    });
  }
  const perSecond = view.plot / view.seconds;
  const from = view.left + (view.start - view.begin) * perSecond;
  const wide = (view.end - view.start) * perSecond;
  context.fillStyle = palette.paper;
  context.globalAlpha = 0.65;
  context.fillRect(view.left, 0, from - view.left, height);
  context.fillRect(from + wide, 0, view.left + view.plot - from - wide, height);
  context.globalAlpha = 1;
  context.strokeStyle = palette.muted;
  context.lineWidth = 1.5;
  context.strokeRect(from + 0.75, 0.75, Math.max(4, wide - 1.5), height - 1.5);
}
