// Layers, losses and network of mlp_lib, with its names, shapes and formulas: rows are samples, W is
// in × out, and a network keeps all parameters in one vector. Equation numbers are the book's.
// tests/site/test_shared_scripts.py compares every one of them with mlp_lib.

import { Matrix, columns, mean, product, sum } from "./matrix.js";

/** What every layer has: `params` and `grads`, matrices under the same names. */
export class Layer {
  constructor(params = {}) {
    this.params = params;
    const empty = ([name, { rows, cols }]) => [name, new Matrix(rows, cols)];
    this.grads = Object.fromEntries(Object.entries(params).map(empty));
  }
}

/** U = X W + b (eq. 13.1). W is a Matrix, b one of a single row, or null: no biases. */
export class Linear extends Layer {
  constructor(W, b = new Matrix(1, W.cols)) { super(b ? { W, b } : { W }); }
  forward(X) {
    this.X = X;
    const { W, b } = this.params;
    const U = product(X, W);
    return b ? U.map((u, i, j) => u + b.data[j]) : U;
  }
  backward(D) {
    this.grads.W.data.set(product(this.X.transpose(), D).data); // eq. 13.2
    this.grads.b?.data.set(columns(D, sum).data); // eq. 13.3
    return product(D, this.params.W.transpose()); // eq. 13.4
  }
}

export const sigmoid = (u) => {
  const e = Math.exp(-Math.abs(u)); // never overflows
  return (u >= 0 ? 1 : e) / (1 + e);
};

/** Activation functions: the value h at u, and the slope there, from u and h. */
export const ACTIVATIONS = {
  identity: { value: (u) => u, slope: () => 1 },
  relu: { value: (u) => Math.max(u, 0), slope: (u) => (u > 0 ? 1 : 0) },
  leaky_relu: { value: (u) => (u > 0 ? u : 0.01 * u), slope: (u) => (u > 0 ? 1 : 0.01) },
  sigmoid: { value: sigmoid, slope: (u, h) => h * (1 - h) },
  tanh: { value: Math.tanh, slope: (u, h) => 1 - h * h },
};

/** Their names to read, in the book's order. */
export const ACTIVATION_NAMES = {
  identity: "identity", sigmoid: "sigmoid", tanh: "tanh", relu: "ReLU", leaky_relu: "LeakyReLU",
};

export class Activation extends Layer {
  constructor(name) {
    super();
    this.name = name;
    this.phi = ACTIVATIONS[name];
  }
  forward(X) {
    this.X = X;
    this.H = X.map((u) => this.phi.value(u));
    return this.H;
  }
  backward(D) { // eq. 13.5
    return D.map((d, i, j) => d * this.phi.slope(this.X.at(i, j), this.H.at(i, j)));
  }
}

/** Probabilities from the logits of one sample; the largest exponent is 0 (eq. 13.6). */
export function softmax(u) {
  const largest = Math.max(...u);
  const e = u.map((value) => Math.exp(value - largest));
  const total = sum(e);
  return e.map((value) => value / total);
}

/** Losses of one sample: the output, J, and ∂J/∂u, from logits u and targets t. */
export const LOSSES = {
  squared_error: { // eq. 13.10, 13.11
    output: (u) => u,
    value: (u, t) => sum(u.map((value, k) => (value - t[k]) ** 2)),
    slope: (u, t) => u.map((value, k) => 2 * (value - t[k])),
  },
  softmax_cross_entropy: { // eq. 13.8, 13.9
    output: softmax,
    value(u, t) {
      const largest = Math.max(...u);
      const total = Math.log(sum(u.map((value) => Math.exp(value - largest))));
      return sum(u.map((value, k) => t[k] * (total - (value - largest))));
    },
    slope: (u, t) => softmax(u).map((p, k) => p - t[k]),
  },
  sigmoid_cross_entropy: { // eq. 13.12, 13.13
    output: (u) => u.map(sigmoid),
    value: (u, t) =>
      sum(u.map((v, k) => Math.max(v, 0) - v * t[k] + Math.log1p(Math.exp(-Math.abs(v))))),
    slope: (u, t) => u.map((value, k) => sigmoid(value) - t[k]),
  },
};

export class Network {
  /** `loss` is a name in LOSSES. `theta` and `grad` hold all parameters and all gradients. */
  constructor(layers, loss, weightDecay = 0) {
    Object.assign(this, { layers, loss: LOSSES[loss], weightDecay });
    const all = (which) => layers.flatMap((layer) => Object.values(layer[which]));
    const join = (matrices) => {
      const vector = new Float64Array(sum(matrices.map(({ data }) => data.length)));
      let start = 0;
      for (const matrix of matrices) {
        vector.set(matrix.data, start);
        matrix.data = vector.subarray(start, start += matrix.data.length); // a view, as in NumPy
      }
      return vector;
    };
    this.theta = join(all("params"));
    this.grad = join(all("grads"));
  }
  /** Logits for the rows of X; `outputs` keeps what every layer gave. */
  forward(X, train = false) {
    let H = X;
    this.outputs = this.layers.map((layer) => { H = layer.forward(H, train); return H; });
    return H;
  }
  predict(X) { return this.perRow(this.forward(X), this.loss.output); }
  cost(X, T, train = false) { return this.costOf(this.forward(X, train), T); }
  /** J in training mode; fills `grad`, and `errors` with ∂J/∂output of every layer. */
  costAndGrad(X, T) {
    const U = this.forward(X, true);
    let D = this.perRow(U, (u, i) => this.loss.slope(u, T.row(i)).map((d) => d / U.rows));
    this.errors = [];
    for (let l = this.layers.length - 1; l >= 0; l -= 1) {
      this.errors[l] = D;
      D = this.layers[l].backward(D);
    }
    for (const { params: { W }, grads } of this.layers) { // eq. 15.2
      W?.data.forEach((w, n) => { grads.W.data[n] += this.weightDecay * w; });
    }
    return this.costOf(U, T);
  }
  costOf(U, T) { // with the penalty (eq. 15.1)
    const squares = ({ params: { W } }) => (W ? sum(W.data.map((w) => w * w)) : 0);
    const each = U.toRows().map((u, i) => this.loss.value(u, T.row(i)));
    return mean(each) + 0.5 * this.weightDecay * sum(this.layers.map(squares));
  }
  perRow(U, f) { return Matrix.from(U.toRows().map((u, i) => [...f(u, i)])); }
}
