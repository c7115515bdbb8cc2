// The settings of the playground: what they are called, what may be chosen, and how they stand in the
// address of a page, as in data:spiral,hidden:8-8,lr:0.03. playground.py allows the same values.

import { show } from "./drawing.js";

export const MOST_LAYERS = 4;
export const MOST_UNITS = 8;
const MOST_POINTS = 200;

/** One of some words: { word: text to read }. `options` are pairs [in the address, to read]. */
const oneOf = (label, words) => ({
  label,
  options: Object.entries(words),
  read: (text) => (Object.hasOwn(words, text) ? text : undefined),
  write: (value) => value,
  expected: `one of ${Object.keys(words).join(", ")}`,
});

/** A number from `low` to `high`; `offered` are those to choose from. */
function number(label, low, high, offered, { whole = false, words = {} } = {}) {
  const allowed = (value) => value >= low && value <= high && (!whole || Number.isInteger(value));
  return {
    label,
    options: offered.map((value) => [String(value), words[value] ?? show(value)]),
    read(text) {
      const value = /^\d*\.?\d+(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
      return allowed(value) ? value : undefined;
    },
    write: String,
    expected: `a ${whole ? "whole " : ""}number from ${show(low)} to ${show(high)}`,
  };
}

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

export const SETTINGS = {
  data: oneOf("Data", { xor: "XOR", moons: "Moons", circles: "Circles", spiral: "Spiral", own: "Own points" }),
  noise: number("Noise", 0, 1, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8]),
  samples: number("Training points", 4, 200, [20, 40, 100, 200], { whole: true }),
  seed: number("Seed", 0, 999999, range(1, 10), { whole: true }),
  hidden: {
    read(text) {
      if (text === "none") return [];
      const widths = /^\d(-\d)*$/.test(text) ? text.split("-").map(Number) : [0];
      return widths.length <= MOST_LAYERS && widths.every((d) => d >= 1 && d <= MOST_UNITS) ? widths : undefined;
    },
    write: (widths) => widths.join("-") || "none",
    expected: `none, or up to ${MOST_LAYERS} widths from 1 to ${MOST_UNITS}, as in 8-8`,
  },
  activation: oneOf("Activation", {
    relu: "ReLU", leaky_relu: "Leaky ReLU", tanh: "tanh", sigmoid: "Sigmoid", identity: "Identity",
  }),
  batch_norm: {
    label: "Batch normalisation",
    read: (text) => (["yes", "no"].includes(text) ? text === "yes" : undefined),
    write: (value) => (value ? "yes" : "no"),
    expected: "yes or no",
  },
  dropout: number("Dropout", 0, 0.9, [0, 0.1, 0.2, 0.3, 0.5]),
  weight_decay: number("Weight decay λ", 0, 1, [0, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1]),
  optimiser: oneOf("Optimiser", { SGD: "SGD", Momentum: "Momentum", Adam: "Adam" }),
  lr: number("Learning rate η", 1e-6, 100, [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]),
  batch_size: number("Batch size", 1, MOST_POINTS, [1, 5, 10, 20, 50, 100, 200], { whole: true, words: { 200: "all points" } }),
  points: { // class/x₁/x₂, one after another
    read(text) {
      const points = text.split(";").filter(Boolean).map((part) => {
        const [, k, x, y] = /^([01])\/(-?\d*\.?\d+)\/(-?\d*\.?\d+)$/.exec(part) ?? [];
        return [Number(x), Number(y), Number(k)];
      });
      const inside = ([x, y]) => Math.abs(x) <= 3 && Math.abs(y) <= 3;
      return points.length <= MOST_POINTS && points.every(inside) ? points : undefined;
    },
    write: (points) => points.map(([x, y, k]) => `${k}/${x}/${y}`).join(";"),
    expected: `up to ${MOST_POINTS} points like 1/-0.5/2 for class 1 at (−0.5, 2), with ; between them`,
  },
};

/** What the settings of an address, pairs [name, text], stand for, and what is wrong with them. */
export function readSettings(pairs) {
  const [values, refused] = [{}, []];
  for (const [name, text] of pairs) {
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : null;
    const value = setting?.read(text);
    if (value !== undefined) values[name] = value;
    else if (setting) refused.push(`${name}:${text} was ignored; expected ${setting.expected}.`);
    else refused.push(`${name} was ignored; the settings are ${Object.keys(SETTINGS).join(", ")}.`);
  }
  return { values, refused };
}

/** The settings of `state` for an address; points only where they are used. */
export const writeSettings = (state) => Object.entries(SETTINGS)
  .filter(([name]) => name !== "points" || state.data === "own")
  .map(([name, { write }]) => [name, write(state[name])]);

// What the experiments of the chapter start from.
const plain = {
  data: "spiral", noise: 0.1, samples: 200, seed: 1, hidden: [8, 8], activation: "tanh", batch_norm: false,
  dropout: 0, weight_decay: 0, optimiser: "Adam", lr: 0.03, batch_size: 200,
};
export const EXPERIMENTS = {
  "1. XOR without a hidden layer": { ...plain, data: "xor", noise: 0.3, hidden: [] },
  "2. SGD on the spiral": { ...plain, optimiser: "SGD" },
  "3. Forty noisy points": { ...plain, data: "moons", noise: 0.5, samples: 40, activation: "relu" },
  "4. Four layers of sigmoids": {
    ...plain, data: "circles", hidden: [8, 8, 8, 8], activation: "sigmoid", optimiser: "SGD", lr: 0.3,
  },
};
