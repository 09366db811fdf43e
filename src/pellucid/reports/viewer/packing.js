/**
 * Unpacks what pellucid/reports/packing.py packed: rows of 16-bit integers, as differences in time,
 * low bytes before high bytes, deflated, in base64.
 */

const MISSING = -32768;

/** Returns a Float32Array of rows * columns values; NaN where nothing was recorded. */
export async function unpack({ data, step, rows, columns }) {
  const packed = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(inflated).arrayBuffer());
  const count = rows * columns;
  const values = new Float32Array(count);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i += 1) {
      sum = (sum + bytes[i] + 256 * bytes[count + i]) & 0xffff;
      const whole = (sum << 16) >> 16;
      values[i] = whole === MISSING ? NaN : whole * step;
    }
  }
  return values;
}
