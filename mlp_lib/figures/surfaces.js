// Costs of two parameters, and the ways of the optimisers on them. Each cost is a mean squared error
// over samples, so that a part of the samples, a mini-batch, gives a gradient of its own.

import { SGD, Momentum, Adam } from "./optimisers.js";
import { mean } from "./matrix.js";
import { shuffled, uniform } from "./random.js";

const FAR = 1e9; // a path ends before a step that would lead further out
const LONGEST = 1e3; // no rate above it is tried

/** ŷ = θ₁ x₁ + θ₂ x₂. Rows of X are samples; the lowest point is where the gradient is 0. */
class LinearCost {
  constructor(X, t) {
    Object.assign(this, { X, t, N: t.length });
    const moment = (i, j) => 2 * mean(X.map((x) => x[i] * x[j]));
    const [a, b, d] = [moment(0, 0), moment(0, 1), moment(1, 1)]; // A of eq. 8.7
    const [p, q] = [0, 1].map((i) => 2 * mean(X.map((x, n) => x[i] * t[n])));
    const middle = (a + d) / 2;
    this.curvature = middle + Math.hypot((a - d) / 2, b); // the larger eigenvalue of A
    this.best = [(d * p - b * q) / (a * d - b * b), (a * q - b * p) / (a * d - b * b)];
    this.low = this.value(this.best);
  }
  error(theta, n) { return theta[0] * this.X[n][0] + theta[1] * this.X[n][1] - this.t[n]; }
  value(theta) { // plain loops: a map and hundreds of steps are computed at every move of a slider
    let total = 0;
    for (let n = 0; n < this.N; n += 1) total += this.error(theta, n) ** 2;
    return total / this.N;
  }
  gradient(theta, rows) { // eq. 8.2
    const g = [0, 0];
    for (const n of rows) {
      const error = this.error(theta, n);
      g[0] += error * this.X[n][0];
      g[1] += error * this.X[n][1];
    }
    return g.map((total) => (2 / rows.length) * total);
  }
}

/**
 * The 3–2–1 network of source S3 in its two marked weights: u = 2 w₂ + 5, ŷ = w₁ ReLU(u), target 20.
 * The costs of one sample have no lowest point but a line of them, w₁ u = 20.
 */
class NetworkCost {
  constructor() {
    const [x, target] = [2, 20];
    Object.assign(this, { x, target, bias: 5, N: 1, low: 0, best: null });
    this.curvature = 4 * target * x; // the least of 2 S on that line (eq. 9.13)
  }
  input([, w2]) { return this.x * w2 + this.bias; }
  value(theta) { return (theta[0] * Math.max(0, this.input(theta)) - this.target) ** 2; }
  gradient(theta) {
    const u = this.input(theta);
    const h = Math.max(0, u);
    const error = 2 * (theta[0] * h - this.target);
    return [error * h, u > 0 ? error * theta[0] * this.x : 0];
  }
}

/** Eight samples with all signs, for which J = ½ (θ₁² + 50 θ₂²) + 0.09: the valley of eq. 17.1. */
function valley() {
  const signs = [1, -1].flatMap((a) => [1, -1].flatMap((b) => [1, -1].map((c) => [a, b, c])));
  return new LinearCost(
    signs.map(([a, b]) => [a * Math.sqrt(0.5), b * 5]),
    signs.map(([, , c]) => c * 0.3),
  );
}

/** The cost called `name`; that of the bowl belongs to samples [x, t] and ŷ = b + w x (eq. 8.1). */
export function surfaceOf(name, samples) {
  if (name === "valley") return valley();
  if (name === "network") return new NetworkCost();
  return new LinearCost(samples.map(([x]) => [1, x]), samples.map(([, t]) => t));
}

/** Mini-batches without end, as lists of rows: every epoch shuffles anew and cuts the list (eq. 8.8). */
function* batches(N, size, seed) {
  const random = uniform(seed);
  const all = Array.from({ length: N }, (_, n) => n);
  for (;;) {
    const order = size < N ? shuffled(N, random) : all;
    for (let k = 0; k < N; k += size) yield order.slice(k, k + size);
  }
}

/** The parameters [θ₁, θ₂] at steps 0, 1, …; fewer than `steps` where a path leads too far out. */
export function descend(surface, name, { start, lr, momentum, batch, seed, steps }) {
  const rules = { SGD: () => new SGD(lr.SGD), Momentum: () => new Momentum(lr.Momentum, momentum), Adam: () => new Adam(lr.Adam) };
  const rule = rules[name]();
  const rows = batches(surface.N, batch ?? surface.N, seed);
  const path = [[...start]];
  while (path.length <= steps) {
    const theta = [...path.at(-1)];
    rule.step(theta, surface.gradient(theta, rows.next().value));
    if (!theta.every((value) => Math.abs(value) <= FAR)) break;
    path.push(theta);
  }
  return path;
}

/** Up to which rate one step of gradient descent from theta lowers J; null where none changes it. */
export function helpfulRate(surface, theta) {
  const all = Array.from({ length: surface.N }, (_, n) => n);
  const g = surface.gradient(theta, all);
  if (g.every((value) => value === 0)) return null;
  const J = surface.value(theta);
  const helps = (rate) => surface.value(theta.map((value, i) => value - rate * g[i])) < J;
  let [low, high] = [0, 1e-6];
  for (; helps(high) && high < LONGEST; high *= 1.02) low = high;
  for (let k = 0; k < 60; k += 1) {
    const middle = (low + high) / 2;
    if (helps(middle)) low = middle;
    else high = middle;
  }
  return low;
}
