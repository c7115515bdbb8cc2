import { Matrix, columns, mean, sum } from "./matrix.js";
import { Layer } from "./network.js";

/** Batch normalisation, with running statistics for evaluation. */
export class BatchNorm extends Layer {
  constructor(width, { momentum = 0.1, eps = 1e-5 } = {}) {
    const ones = () => new Matrix(1, width).map(() => 1);
    super({ gamma: ones(), beta: new Matrix(1, width) });
    const running = { mean: new Matrix(1, width), variance: ones() };
    Object.assign(this, { momentum, eps, running });
  }
  forward(X, train) {
    this.train = train;
    let { mean: m, variance: v } = this.running;
    if (train) { // eq. 16.1
      m = columns(X, mean);
      v = columns(X, (column, j) => mean(column.map((x) => (x - m.data[j]) ** 2)));
    }
    if (train && X.rows > 1) { // eq. 16.11
      const follow = (old, batch) => old.map((r, i, j) => r + this.momentum * (batch.at(i, j) - r));
      const unbiased = v.map((value) => (value * X.rows) / (X.rows - 1));
      this.running = { mean: follow(this.running.mean, m), variance: follow(this.running.variance, unbiased) };
    }
    this.inverse = v.map((value) => 1 / Math.sqrt(value + this.eps));
    this.X_hat = X.map((x, i, j) => (x - m.data[j]) * this.inverse.data[j]); // eq. 16.2
    const { gamma, beta } = this.params;
    return this.X_hat.map((x, i, j) => gamma.data[j] * x + beta.data[j]); // eq. 16.3
  }
  backward(D) {
    const [N, { gamma }] = [D.rows, this.params];
    const sumD = columns(D, sum);
    const sumDX = columns(D.map((d, i, j) => d * this.X_hat.at(i, j)), sum); // eq. 16.4
    this.grads.gamma.data.set(sumDX.data);
    this.grads.beta.data.set(sumD.data);
    const centred = (d, i, j) => d - (sumD.data[j] + this.X_hat.at(i, j) * sumDX.data[j]) / N;
    return D.map((d, i, j) => // eq. 16.9; the running statistics do not depend on X
      gamma.data[j] * this.inverse.data[j] * (this.train ? centred(d, i, j) : d));
  }
}
