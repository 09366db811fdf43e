/** Where each lead lies on the paper, in millimetres from its top; the same rules as pellucid/figures/ecg_layout.py. */

export const GAIN = 10; // mm a mV
export const SPEED = 25; // mm a second
export const BAND = 5.5; // relevance reaches this far above and below a lead's line
const REACH = 40; // no lead is drawn further from its line
const AIR = 2;
const LEAST_STEP = 15;
const TRUTH_ROOM = 3;
const OFFSET = 0.5; // mV: a lead whose median is further from zero is drawn around it

const bold = (length) => 5 * Math.ceil(length / 5 - 1e-9);

function median(values) {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  return known.length ? known[known.length >> 1] : 0;
}

/**
 * Returns `{ lines, zeros, height, clipped }`: the y of each lead's line in mm, the mV that lies on it, the height of
 * the paper in mm, and the leads that are cut because they leave their reach.
 */
export function placeRows(signal, leads, columns, withTruth) {
  const room = withTruth ? TRUTH_ROOM : 0;
  const lines = [];
  const zeros = [];
  const clipped = [];
  let y = 0;
  let below = 0;
  leads.forEach((lead, row) => {
    const values = signal.subarray(row * columns, (row + 1) * columns);
    const middle = median(values);
    const zero = Math.abs(middle) > OFFSET ? middle : 0;
    let up = BAND;
    let down = BAND;
    for (const value of values) {
      const height = GAIN * (value - zero);
      if (height + AIR > up) up = height + AIR;
      if (AIR - height > down) down = AIR - height;
    }
    if (Math.max(up, down) > REACH + AIR) clipped.push(lead);
    up = Math.min(up, REACH + AIR) + room;
    down = Math.min(down, REACH + AIR);
    y += row === 0 ? bold(Math.max(up, 10)) : Math.max(LEAST_STEP, bold(below + up));
    lines.push(y);
    zeros.push(zero);
    below = down;
  });
  return { lines, zeros, clipped, height: y + bold(Math.max(below, BAND + AIR)) };
}

/** Returns how far above its line a value in mV is drawn, in mm. */
export function heightOf(value, zero) {
  return Math.max(-REACH, Math.min(REACH, GAIN * (value - zero)));
}
