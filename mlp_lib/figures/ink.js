// Drawing without the browser's help, so that it is the same everywhere: ink is a matrix with a
// number from 0 (paper) to 255 for each point of the sheet.

import { Matrix } from "./matrix.js";

export const PAPER = 280; // points along each side of the sheet: ten for each pixel of an image

export const emptySheet = () => new Matrix(PAPER, PAPER, new Uint8ClampedArray(PAPER * PAPER));

/** A round pen (or eraser) of this width goes from one point to another; its edge is anti-aliased. */
export function line(ink, [x1, y1], [x2, y2], width, erase = false) {
  const [dx, dy, r] = [x2 - x1, y2 - y1, width / 2];
  const limit = (value) => Math.min(Math.max(Math.round(value), 0), PAPER - 1);
  const length = dx * dx + dy * dy || 1;
  for (let y = limit(Math.min(y1, y2) - r - 1); y <= limit(Math.max(y1, y2) + r + 1); y += 1) {
    const row = ink.row(y);
    for (let x = limit(Math.min(x1, x2) - r - 1); x <= limit(Math.max(x1, x2) + r + 1); x += 1) {
      const along = Math.min(Math.max(((x - x1) * dx + (y - y1) * dy) / length, 0), 1);
      const [a, b] = [x - x1 - along * dx, y - y1 - along * dy];
      const cover = 255 * Math.min(Math.max(r + 0.5 - Math.sqrt(a * a + b * b), 0), 1);
      row[x] = erase ? Math.min(row[x], 255 - cover) : Math.max(row[x], cover);
    }
  }
}

/** A sheet on which an image stands, each of its pixels as a square. */
export function enlarged(image) {
  const sheet = emptySheet();
  const side = PAPER / image.length;
  sheet.data.forEach((_, n) => {
    const [i, j] = [Math.floor(n / PAPER / side), Math.floor((n % PAPER) / side)];
    sheet.data[n] = Math.round(255 * image[i][j]);
  });
  return sheet;
}

// The ten digits: for each the strokes of the pen, as points x,y in per cent of the sheet.
const STROKES = [
  ["50,14 40,18 33,31 31,50 33,69 40,82 50,86 60,82 67,69 69,50 67,31 60,18 50,14"],
  ["40,30 53,14", "53,14 51,86"],
  ["32,31 38,18 52,14 65,22 65,37 51,58 31,83", "31,83 70,82"],
  ["33,20 46,14 61,18 63,32 54,44 44,47", "44,47 60,51 68,64 64,78 50,86 32,80"],
  ["41,15 36,35 31,54", "31,54 72,52", "64,17 60,50 57,86"],
  ["67,16 40,17", "40,17 36,45", "36,45 50,40 64,47 69,62 62,78 48,85 33,81"],
  ["62,14 46,28 36,48 34,66 39,80 51,86 63,80 67,68 61,56 50,53 40,58 35,68"],
  ["30,18 70,17", "70,17 56,48 46,86"],
  ["51,47 41,40 37,29 41,18 51,14 61,18 65,29 61,40 51,47 40,56 35,68 39,81 51,86 63,81 67,68 62,56 51,47"],
  ["66,28 60,17 50,14 40,19 36,31 41,42 51,45 61,40 66,28", "66,28 65,58 58,86"],
];

/** Points on a smooth curve through the given ones (Catmull and Rom), eight for each piece. */
function smooth(points) {
  const at = (k) => points[Math.min(Math.max(k, 0), points.length - 1)];
  const curve = [points[0]];
  for (let k = 0; k < points.length - 1; k += 1) {
    const [a, b, c, d] = [at(k - 1), at(k), at(k + 1), at(k + 2)];
    for (let step = 1; step <= 8; step += 1) {
      const t = step / 8;
      curve.push([0, 1].map((n) => 0.5 * (2 * b[n] + t * (c[n] - a[n]
        + t * (2 * a[n] - 5 * b[n] + 4 * c[n] - d[n] + t * (3 * b[n] - a[n] - 3 * c[n] + d[n]))))));
    }
  }
  return curve;
}

/** A sheet with one of the ten digits on it. */
export function exampleSheet(digit, width) {
  const sheet = emptySheet();
  for (const stroke of STROKES[digit]) {
    const points = stroke.split(" ").map((pair) => pair.split(",").map((p) => (p / 100) * PAPER));
    const curve = smooth(points);
    curve.slice(1).forEach((point, k) => line(sheet, curve[k], point, width));
  }
  return sheet;
}
