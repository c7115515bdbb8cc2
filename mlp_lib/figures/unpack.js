// Arrays that were stored by NumPy. `bundle` writes an .npz file into the script as
// { name: { type, shape, base64 } }.

import { Matrix } from "./matrix.js";

const TYPES = { int8: Int8Array, uint8: Uint8Array, float32: Float32Array, float64: Float64Array };

/** The numbers of a stored array as a matrix in double precision; a vector is a single row. */
export function unpack({ type, shape, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const [cols, rows = 1] = [...shape].reverse();
  return new Matrix(rows, cols, Float64Array.from(new TYPES[type](bytes.buffer)));
}
