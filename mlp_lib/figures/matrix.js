// Matrices as in NumPy's first lessons. Figures show them; the layers compute with them.

/** A matrix in double precision; its rows follow one another in `data`. */
export class Matrix {
  constructor(rows, cols, data = new Float64Array(rows * cols)) {
    Object.assign(this, { rows, cols, data });
  }
  static from(rows) {
    return new Matrix(rows.length, rows[0].length, Float64Array.from(rows.flat()));
  }
  at(i, j) { return this.data[i * this.cols + j]; }
  row(i) { return this.data.subarray(i * this.cols, (i + 1) * this.cols); }
  /** A new matrix of f(value, i, j). */
  map(f) {
    const { rows, cols, data } = this;
    const result = new Matrix(rows, cols);
    for (let i = 0, n = 0; i < rows; i += 1) {
      for (let j = 0; j < cols; j += 1, n += 1) result.data[n] = f(data[n], i, j);
    }
    return result;
  }
  transpose() {
    const result = new Matrix(this.cols, this.rows);
    return result.map((_, i, j) => this.at(j, i));
  }
  toRows() { return Array.from({ length: this.rows }, (_, i) => [...this.row(i)]); }
}

export function product(A, B) {
  const C = new Matrix(A.rows, B.cols);
  const [a, b, c] = [A.data, B.data, C.data]; // by index: a view a row would cost more than the sums
  for (let i = 0; i < A.rows; i += 1) {
    for (let k = 0; k < A.cols; k += 1) {
      const factor = a[i * A.cols + k];
      for (let j = 0; j < B.cols; j += 1) c[i * B.cols + j] += factor * b[k * B.cols + j];
    }
  }
  return C;
}

/** f(column) for every column, as a matrix of one row. */
export const columns = (A, f) => {
  const T = A.transpose();
  return new Matrix(1, A.cols, Float64Array.from({ length: A.cols }, (_, j) => f(T.row(j), j)));
};
export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const mean = (values) => sum(values) / values.length;
