// The points of the playground, its network, and its training. playground.py draws the same points
// and start weights: both take the numbers of one generator and round what they make of them, so
// that not even the last bit differs.

import { BatchNorm } from "./batchnorm.js";
import { Dropout } from "./dropout.js";
import { Matrix } from "./matrix.js";
import { Activation, Linear, Network } from "./network.js";
import { Adam, Momentum, SGD } from "./optimisers.js";
import { normal, shuffled, uniform } from "./random.js";

const VALIDATION = 100; // points that are only looked at
const WEIGHTS = 1e6; // added to the seed: other numbers for the weights than for the points,
const TRAINING = 2e6; // and others again for the order of the points and for dropout
const LARGEST = 1e6; // a step to larger parameters is not taken
const MOST_MEASURED = 600; // places of the loss curves that are kept

const rounded = (value, digits) => Math.floor(value * 10 ** digits + 0.5) / 10 ** digits;

// Where the point at the share t of class k would stand without noise.
const PLACES = {
  xor(k, t) {
    const x = t < 0.5 ? -1.2 : 1.2;
    return [x, k === 0 ? x : -x];
  },
  moons(k, t) { // those of mlp_lib.data, shifted to the middle, 1.5 times as large
    const [x, y] = [1.5 * Math.cos(Math.PI * t) - 0.75, 1.5 * Math.sin(Math.PI * t) - 0.375];
    return k === 0 ? [x, y] : [-x, -y];
  },
  circles(k, t) {
    const radius = k === 0 ? 0.8 : 2;
    return [radius * Math.cos(2 * Math.PI * t), radius * Math.sin(2 * Math.PI * t)];
  },
  spiral(k, t) {
    const [radius, angle] = [0.24 + 2.16 * t, Math.PI * k + 6 * t];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
};

/** Points [x₁, x₂, class] to train with, and others for validation. */
export function pointsOf({ data, points, samples, noise, seed }) {
  if (data === "own") { // every third is for validation
    return { training: points.filter((_, n) => n % 3 < 2), validation: points.filter((_, n) => n % 3 === 2) };
  }
  const random = uniform(seed);
  const deviation = normal(random);
  const draw = (_, n) => {
    const place = PLACES[data](n % 2, random());
    return [...place.map((x) => rounded(x + noise * deviation(), 3)), n % 2];
  };
  const validation = Array.from({ length: VALIDATION }, draw); // first: the same for any `samples`
  return { training: Array.from({ length: samples }, draw), validation };
}

/** Inputs X, targets T (one row of 0 and 1 a point), or null where there are no points. */
function matricesOf(points) {
  if (!points.length) return null;
  const one = (k) => [k === 0 ? 1 : 0, k === 1 ? 1 : 0];
  return { X: Matrix.from(points.map(([a, b]) => [a, b])), T: Matrix.from(points.map(([, , k]) => one(k))) };
}

/** He's start values for the ReLU family, Glorot's for the others (eq. 14.6, eq. 14.8). */
function startWeights(random, rows, cols, activation) {
  const deviation = normal(random);
  const he = () => Math.sqrt(2 / rows) * deviation();
  const glorot = () => Math.sqrt(6 / (rows + cols)) * (2 * random() - 1);
  const draw = activation.endsWith("relu") ? he : glorot;
  return new Matrix(rows, cols).map(() => rounded(draw(), 4));
}

/** The network at its start: in each hidden layer linear, BatchNorm, activation, dropout. */
export function networkOf({ hidden, activation, batch_norm: normalised, dropout, weight_decay: decay, seed }, forDropout) {
  const random = uniform(seed + WEIGHTS);
  const layers = [];
  [...hidden, 2].forEach((width, l) => {
    const isLast = l === hidden.length;
    const W = startWeights(random, l ? hidden[l - 1] : 2, width, activation);
    layers.push(normalised && !isLast ? new Linear(W, null) : new Linear(W)); // β takes b's place
    if (isLast) return;
    if (normalised) layers.push(new BatchNorm(width));
    layers.push(new Activation(activation));
    if (dropout) layers.push(new Dropout(dropout, forDropout));
  });
  return new Network(layers, "softmax_cross_entropy", decay);
}

const RULES = { SGD, Momentum, Adam };

/** A network that learns, step by step. `history`: [step, J of training, J of validation]. */
export class Training {
  /** Begins at `saved`, or at the start values. */
  constructor(state, saved) {
    this.random = uniform(state.seed + TRAINING);
    this.steps = 0;
    this.history = [];
    this.adopt(state, saved);
  }
  /** Take points and settings of `state` for the next steps; the weights stay as they are. */
  adopt(state, old = this.network && this.save()) {
    this.points = pointsOf(state);
    this.training = matricesOf(this.points.training);
    this.validation = matricesOf(this.points.validation);
    this.queue = []; // what is left of an epoch
    if (this.state?.optimiser !== state.optimiser) this.rule = new RULES[state.optimiser](state.lr);
    this.rule.lr = state.lr;
    this.state = state;
    this.network = networkOf(state, this.random);
    if (old) this.restore(old);
    this.measure();
  }
  get normalisers() { return this.network.layers.filter((layer) => layer instanceof BatchNorm); }
  /** Step, parameters and running statistics, as JSON can hold them. */
  save() {
    const running = this.normalisers.map(({ running: { mean, variance } }) => [[...mean.data], [...variance.data]]);
    return { steps: this.steps, theta: [...this.network.theta], running };
  }
  restore({ steps, theta, running }) {
    this.steps = steps;
    this.network.theta.set(theta);
    this.normalisers.forEach((layer, l) => {
      const [mean, variance] = running[l].map((row) => Matrix.from([row]));
      layer.running = { mean, variance };
    });
  }
  nextBatch() {
    const { X, T } = this.training;
    if (this.state.batch_size >= X.rows) return this.training;
    if (!this.queue.length) this.queue = shuffled(X.rows, this.random);
    const chosen = this.queue.splice(0, this.state.batch_size);
    const rows = (matrix) => Matrix.from(chosen.map((n) => [...matrix.row(n)]));
    return { X: rows(X), T: rows(T) };
  }
  /** One step; false, and all as before, if it would lead to numbers that are too large. */
  step() {
    const before = this.save();
    const { X, T } = this.nextBatch();
    const J = this.network.costAndGrad(X, T);
    this.rule.step(this.network.theta, this.network.grad);
    this.steps += 1;
    if (Number.isFinite(J) && this.network.theta.every((value) => Math.abs(value) <= LARGEST)) return true;
    this.restore(before);
    this.rule = new RULES[this.state.optimiser](this.state.lr);
    return false;
  }
  /** J, with the penalty, and the share of right answers, in evaluation mode; null without points. */
  judge(data) {
    if (!data) return null;
    const U = this.network.forward(data.X);
    const isRight = (_, n) => (U.at(n, 1) > U.at(n, 0)) === (data.T.at(n, 1) === 1);
    const right = Array.from({ length: U.rows }, isRight).filter(Boolean).length;
    return { J: this.network.costOf(U, data.T), right: right / U.rows };
  }
  /** Judge the network on both sets of points, and note the costs for the curves. */
  measure() {
    this.results = { training: this.judge(this.training), validation: this.judge(this.validation) };
    const { training, validation } = this.results;
    if (this.history.at(-1)?.[0] === this.steps) this.history.pop();
    this.history.push([this.steps, training?.J, validation?.J]);
    if (this.history.length > MOST_MEASURED) this.history = this.history.filter((_, n) => n % 2 === 0);
  }
}
