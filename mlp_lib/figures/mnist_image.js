// From a drawing to an image like those of MNIST, in its two steps: the ink is scaled into 20 × 20
// pixels with its proportions kept, and moved by whole pixels until its centre of mass is in the
// middle of 28 × 28. (LeCun, Bottou, Bengio & Haffner 1998, section III.A.)

import { Matrix, product } from "./matrix.js";

export const SIDE = 28;
const BOX = 20;
const MIDDLE = 14; // in MNIST, centres of mass are 14 ± 0.5, where the first pixel's own centre is 0

/** The first and the last index at which `has(index)` holds; -1, -1 if there is none. */
function extent(length, has) {
  let [first, last] = [-1, -1];
  for (let i = 0; i < length; i += 1) {
    if (!has(i)) continue;
    if (first < 0) first = i;
    last = i;
  }
  return [first, last];
}

/**
 * The matrix that shrinks (or stretches) `length` pixels by `factor`: each new pixel is the mean of
 * the old ones that it covers, and pixels that it covers in part count in part.
 */
function averaging(length, factor) {
  const rows = Math.ceil(length * factor - 1e-9);
  return new Matrix(rows, length).map((_, i, j) => {
    const [start, end] = [i / factor, (i + 1) / factor];
    return Math.max(0, Math.min(end, j + 1) - Math.max(start, j)) * factor;
  });
}

/** By how many pixels to move `small` along its rows, so that its centre is at MIDDLE. */
function shift(small) {
  let [mass, moment] = [0, 0];
  for (let i = 0; i < small.rows; i += 1) {
    for (const value of small.row(i)) {
      mass += value;
      moment += value * i;
    }
  }
  const whole = Math.round(MIDDLE - moment / mass);
  return Math.min(Math.max(whole, 0), SIDE - small.rows); // nothing may leave the image
}

/**
 * The image (SIDE × SIDE, from 0 to 1 in steps of 1/255, as MNIST has it) of a drawing: a matrix of
 * any size that holds ink from 0 to 255. A drawing without ink gives an image without ink.
 */
export function mnistImage(ink) {
  const image = new Matrix(SIDE, SIDE);
  const [top, bottom] = extent(ink.rows, (i) => ink.row(i).some((value) => value > 0));
  if (top < 0) return image;
  const [left, right] = extent(ink.cols, (j) => {
    for (let i = top; i <= bottom; i += 1) if (ink.at(i, j) > 0) return true;
    return false;
  });
  const [height, width] = [bottom - top + 1, right - left + 1];
  const inside = new Matrix(height, width).map((_, i, j) => ink.at(top + i, left + j));
  const factor = BOX / Math.max(height, width);
  const [A, B] = [averaging(height, factor), averaging(width, factor)];
  const small = product(product(A, inside), B.transpose());

  const [down, across] = [shift(small), shift(small.transpose())];
  for (let i = 0; i < small.rows; i += 1) {
    small.row(i).forEach((value, j) => {
      image.row(down + i)[across + j] = Math.round(value) / 255;
    });
  }
  return image;
}
