// The size of the signal and of the error term in every layer of a deep network with random weights.
// State (synchronised with Python): activation, scale = √(d_in Var(w)), depth, and seed, from which
// X, the error behind the last layer, and W of layer 1, 2, … are drawn, in this order: so another
// depth leaves the first layers as they are.

import { Matrix, product } from "./matrix.js";
import { Activation, ACTIVATION_NAMES, Linear } from "./network.js";
import { normal, uniform } from "./random.js";
import { button, counted, html, powerOfTen, show, svg } from "./drawing.js";
import { choice, messageLine, slider } from "./fields.js";
import { axesOf } from "./plot.js";
import { connect } from "./state.js";

const STATE = ["activation", "scale", "depth", "seed"];
const [WIDTH, SAMPLES, MOST_LAYERS] = [64, 32, 30];
const [LEAST_SCALE, MOST_SCALE] = [0.1, 4];
const SEEDS = 2 ** 32;
const LOST = 100; // by which factor an error term must change to be called vanished or exploded
const [LOWEST, HIGHEST] = [-60, 60]; // powers of ten that the drawing can show

// Ways to draw the weights of chapter 14, with the scale that each one means for 64 inputs.
const STARTS = {
  "normal, 0.05": 0.05 * Math.sqrt(WIDTH),
  "uniform ± 1/√d": 1 / Math.sqrt(3),
  Glorot: 1, // eq. 14.8 with d_out = d_in
  He: Math.SQRT2, // eq. 14.6
};

const meanSquare = ({ data }) => data.reduce((total, value) => total + value * value, 0) / data.length;
const size = (M) => Math.sqrt(meanSquare(M));

/** A number with as many digits as a size deserves that other random numbers would change. */
const rough = (value, digits = 2) => show(Number(value.toPrecision(digits)));

/** Normal numbers for inputs, error and weights: `seed` alone decides, and they are drawn once. */
const drawNumbers = (() => {
  let kept = {};
  return (seed) => {
    if (kept.seed !== seed) {
      const next = normal(uniform(seed));
      const matrix = (rows, cols) => new Matrix(rows, cols).map(() => next());
      const [X, D] = [matrix(SAMPLES, WIDTH), matrix(SAMPLES, WIDTH)];
      kept = { seed, X, D, weights: Array.from({ length: MOST_LAYERS }, () => matrix(WIDTH, WIDTH)) };
    }
    return kept;
  };
})();

/**
 * signal: root mean square of X and of H in layers 1 … L. error: of Δ in layers 1 … L, relative to
 * the last. slopes: root mean square of φ′. predicted: the error by eq. 14.7, with these slopes.
 */
function measure({ activation, scale, depth, seed }) {
  const { X, D, weights } = drawNumbers(seed);
  const std = scale / Math.sqrt(WIDTH);
  const layers = weights.slice(0, depth).map((Z) => [
    new Linear(Z.map((z) => std * z), null), new Activation(activation),
  ]);
  const ones = new Matrix(SAMPLES, WIDTH).map(() => 1);
  const signal = [size(X)];
  const slopes = [];
  let H = X;
  for (const [linear, phi] of layers) {
    H = phi.forward(linear.forward(H));
    signal.push(size(H));
    slopes.push(size(phi.backward(ones)));
  }
  const error = [];
  const predicted = [];
  let back = D;
  for (let l = depth - 1; l >= 0; l -= 1) {
    const [linear, phi] = layers[l];
    back = phi.backward(back); // Δ of this layer
    error[l] = size(back);
    predicted[l] = l === depth - 1 ? 1 : predicted[l + 1] * scale * slopes[l]; // d_out Var(w) = scale²
    back = product(back, linear.params.W.transpose());
  }
  const last = error[depth - 1];
  return { signal, slopes, predicted, error: error.map((value) => value / last) };
}

/** The mean factor by which a layer multiplies the error term, and its two parts (eq. 14.7). */
function factorOf({ scale, depth }, { predicted }) {
  const factor = predicted[0] ** (1 / (depth - 1));
  return { factor, slope: factor / scale };
}

/** One line of plain words: what arrives in the first layer, and what decides it. */
function explain(state, results) {
  const { activation, depth } = state;
  if (depth === 1) return "One layer: nothing gets lost on the way back. Choose more layers.";
  const [arrives] = results.error;
  const { factor } = factorOf(state, results);
  const end = results.signal.at(-1);
  let times = `${rough(arrives)} times larger than`;
  if (arrives < 1) times = `${rough(1 / arrives)} times smaller than`;
  if (Math.abs(arrives - 1) < 0.1) times = "about as large as";
  let text = `In layer 1 the error term is ${times} in layer ${depth}. `;
  if (arrives < 1 / LOST) text += "The gradient vanishes: ";
  else if (arrives > LOST) text += "The gradient explodes: ";
  else text += "The gradient arrives: ";
  text += `each layer multiplies it by about ${rough(factor)}.`;
  if (activation === "sigmoid") return `${text} The slope of a sigmoid is never above ¼.`;
  if (activation === "tanh" && arrives > LOST) {
    return `${text} Tanh keeps the signal below 1; nothing keeps the error term small.`;
  }
  if (end < 1 / LOST) return `${text} The signal dies out too.`;
  if (end > LOST) return `${text} The signal explodes too.`;
  return text;
}

function render({ model, el }) {
  const message = messageLine();
  const { state: stateNow, change, stop } = connect(model, STATE, draw);

  const activation = choice({
    label: "Activation function", options: ACTIVATION_NAMES, onValue: (value) => change({ activation: value }),
  });
  const depth = slider({
    label: "Layers", min: 1, max: MOST_LAYERS, step: 1, onValue: (value) => change({ depth: value }),
  });
  // The slider counts powers of ten, so that twice as large is equally far everywhere.
  const [low, high] = [LEAST_SCALE, MOST_SCALE].map(Math.log10);
  const scale = slider({
    label: "Scale of the weights s",
    min: low,
    max: high,
    step: "any",
    format: (power) => show(10 ** power, 3),
    onValue: (power) => change({ scale: Math.min(Math.max(Number((10 ** power).toPrecision(3)), LEAST_SCALE), MOST_SCALE) }),
  });
  const starts = Object.entries(STARTS).map(([name, value]) => {
    const node = button(name, () => change({ scale: value }));
    return { node, set: (now) => node.setAttribute("aria-pressed", Math.abs(now - value) < 5e-4) };
  });

  const plot = html("div", { class: "plots" });
  const facts = html("div", {});

  /** A line with a mark at every layer; outside the drawing it runs along the edge. */
  function series(axes, values, first, name, mark) {
    const places = values.map((value, k) => axes.inside([first + k, Math.log10(value)]));
    axes.plane.append(axes.curve(places, name));
    for (const [layer, power] of mark ? places : []) {
      axes.plane.append(svg("path", { class: name, d: `M${axes.X(layer)} ${axes.Y(power)}${mark}` }));
    }
  }

  function drawPlot(state, { signal, error, predicted }) {
    const powers = [...signal, ...error].map(Math.log10);
    const five = (value, round) => 5 * round(value / 5); // the range changes in steps of five powers
    const y = [
      Math.max(Math.min(-5, five(Math.min(...powers), Math.floor)), LOWEST),
      Math.min(Math.max(5, five(Math.max(...powers), Math.ceil)), HIGHEST),
    ];
    const spacing = y[1] - y[0] > 40 ? 10 : 5;
    const yTicks = [];
    for (let k = Math.ceil(y[0] / spacing) * spacing; k <= y[1]; k += spacing) yTicks.push(k);
    const axes = axesOf({
      x: [0, MOST_LAYERS], y, xTicks: [0, 5, 10, 15, 20, 25, 30], yTicks, yText: powerOfTen,
      xName: "layer", yName: "size", height: 300, label: "",
    });
    axes.node.setAttribute("role", "img");
    axes.node.setAttribute("aria-label", `Sizes on a logarithmic scale. Signal: ${rough(signal[0])} at the input, `
      + `${rough(signal.at(-1))} in layer ${state.depth}. Error term, relative to layer ${state.depth}: `
      + `${rough(error[0])} in layer 1.`);
    series(axes, predicted, 1, "predicted");
    series(axes, signal, 0, "one", "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z"); // a circle
    series(axes, error, 1, "two", "m0 -4.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z"); // a diamond
    plot.replaceChildren(axes.node);
  }

  const fact = (name, text) =>
    html("p", { class: "fact" }, html("span", {}, name), html("span", { class: "value" }, text));

  function drawFacts(state, results) {
    const steps = state.depth - 1;
    facts.replaceChildren(fact("standard deviation s / √64", rough(state.scale / Math.sqrt(WIDTH), 3)));
    if (steps === 0) return;
    const { factor, slope } = factorOf(state, results);
    facts.append(
      fact("root mean square of φ′", rough(slope, 3)),
      fact("factor a layer, s · φ′ (14.7)", rough(factor, 3)),
      fact(`product of ${counted(steps, "factor")}`, rough(results.predicted[0])),
      fact(`measured, layer ${state.depth} to layer 1`, rough(results.error[0])),
    );
  }

  function draw(state) {
    const results = measure(state);
    activation.set(state.activation);
    depth.set(state.depth);
    scale.set(Math.log10(state.scale));
    for (const start of starts) start.set(state.scale);
    drawPlot(state, results);
    drawFacts(state, results);
    message.set(explain(state, results));
  }

  function drawAgain() {
    change({ seed: (model.get("seed") + 1) % SEEDS });
    message.set(`Other random numbers. ${message.node.textContent}`);
  }

  // Where Glorot and He are on the slider: its thumb is 16 pixels wide and stays inside.
  const marks = ["Glorot", "He"].map((name) => {
    const share = (Math.log10(STARTS[name]) - low) / (high - low);
    return html("span", { class: name.toLowerCase(), style: `left: calc(8px + ${share} * (100% - 16px))` }, name);
  });
  const track = scale.node.querySelector("input");
  const marked = html("span", { class: "scale" });
  track.before(marked);
  marked.append(track, html("span", { "aria-hidden": "true" }, ...marks));

  const key = (name, d, words) => html("p", {},
    svg("svg", { class: "plot", viewBox: "0 0 34 12", "aria-hidden": "true" },
      svg("path", { class: `curve ${name}`, d: "M0 6H34" }), svg("path", { class: name, d })),
    words);
  const root = html("section", {
    class: "mlp-figure vanishing_gradient",
    "aria-label": "Live figure: signal and gradient in a deep network",
  });
  root.append(
    html("div", { class: "controls" }, activation.node, depth.node),
    html("div", { class: "controls" }, scale.node),
    html("div", { class: "controls" },
      html("div", { class: "starts", role: "group", "aria-label": "Weights" }, "Weights",
        ...starts.map(({ node }) => node)),
      button("New random numbers", drawAgain)),
    html("div", { class: "sides" },
      html("div", {},
        plot,
        html("div", { class: "keys" },
          key("one", "M13.5 6a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", "signal →: root mean square of H"),
          key("two", "M17 1.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z", "← error term Δ, relative to the last layer"),
          key("predicted", "", "error term by formula (14.7)"))),
      html("div", {}, facts, message.node)),
  );
  el.append(root);
  draw(stateNow());
  return stop;
}

export default { render };
