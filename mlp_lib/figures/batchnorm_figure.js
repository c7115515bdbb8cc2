// What enters the activation functions, layer by layer and step by step of training, without and
// with batch normalisation. Two networks start from the same weights and see the same samples.
// State (synchronised with Python): X, y, activation, depth, scale, lr, seed, and step, the one that
// is shown. The networks are trained here; tests compare every number with mlp_lib.

import { ACTIVATIONS, Activation, Linear, Network } from "./network.js";
import { BatchNorm } from "./batchnorm.js";
import { Matrix } from "./matrix.js";
import { SGD } from "./optimisers.js";
import { normal, uniform } from "./random.js";
import { button, html, show, svg } from "./drawing.js";
import { choice, messageLine, slider } from "./fields.js";
import { axesOf } from "./plot.js";
import { connect } from "./state.js";

const WIDTH = 16; // units in every hidden layer
const STEPS = 100;
const LARGEST = 1e6; // a run whose cost grows beyond this, or is no number, ends before that step
const [EDGE, BARS] = [6, 48]; // bars from −6 to 6; what lies outside is counted in the outermost
const SHARE = 0.04; // slopes below this share of the largest count as saturated
const FLAT = { tanh: SHARE, sigmoid: SHARE / 4 };
// Where the sigmoid becomes flat: h (1 − h) = SHARE / 4 at h = (1 + √(1 − SHARE)) / 2, and
// u = log(h / (1 − h)). tanh(u) = 2σ(2u) − 1 (eq. 4.7), so it does at half this u.
const BEND = Math.log((1 + Math.sqrt(1 - SHARE)) / (1 - Math.sqrt(1 - SHARE)));
const SHADED = { relu: [-EDGE, 0], tanh: [-BEND / 2, BEND / 2], sigmoid: [-BEND, BEND] };
const NAMES = ["without BatchNorm", "with BatchNorm"];
const SLICE = 25; // milliseconds of computing before the page gets its turn
const TICK = 80; // milliseconds for a step while Play runs

const SETTINGS = ["X", "y", "activation", "depth", "scale", "lr", "seed"]; // another: train anew
const SCALES = [0.25, 0.5, 0.7, 1, 1.4, 2, 2.8, 4];
const RATES = [0.01, 0.03, 0.1, 0.3, 1, 3];

function buildNetwork({ X, y, activation, depth, scale, seed }, batchNorm) {
  const draw = normal(uniform(seed));
  const weights = (a, b) => new Matrix(a, b).map(() => (scale / Math.sqrt(a)) * draw());
  const layers = [];
  let d = X[0].length;
  for (let l = 0; l < depth; l += 1) { // BatchNorm makes a bias useless
    layers.push(batchNorm ? new Linear(weights(d, WIDTH), null) : new Linear(weights(d, WIDTH)));
    if (batchNorm) layers.push(new BatchNorm(WIDTH));
    layers.push(new Activation(activation));
    d = WIDTH;
  }
  layers.push(new Linear(weights(d, Math.max(...y) + 1)));
  return new Network(layers, "softmax_cross_entropy");
}

/** Of the values U that enter an activation: mean, spread, dead or saturated share, and bars. */
function numbersOf({ X: U, H, name, phi }) {
  const N = U.data.length;
  let [mean, square, flat] = [0, 0, 0];
  for (const u of U.data) mean += u / N;
  const bars = new Array(BARS).fill(0);
  const open = new Uint8Array(U.cols);
  U.data.forEach((u, n) => {
    square += (u - mean) ** 2 / N;
    const place = Math.floor(((u + EDGE) / (2 * EDGE)) * BARS);
    bars[Math.min(Math.max(place, 0), BARS - 1)] += 1;
    if (name === "relu") open[n % U.cols] |= u > 0;
    else if (phi.slope(u, H.data[n]) < FLAT[name]) flat += 1;
  });
  const dead = open.filter((one) => !one).length;
  return { mean, sd: Math.sqrt(square), share: name === "relu" ? dead / U.cols : flat / N, bars };
}

/** Yields, after 0, 1, … steps, J and the numbers of every hidden layer. */
function* training(state, batchNorm) {
  const network = buildNetwork(state, batchNorm);
  const [X, rule] = [Matrix.from(state.X), new SGD(state.lr)];
  const T = new Matrix(X.rows, Math.max(...state.y) + 1).map((_, i, k) => Number(k === state.y[i]));
  for (let step = 0; step <= STEPS; step += 1) {
    const J = network.costAndGrad(X, T);
    if (step > 0 && !(J <= LARGEST)) return;
    const activations = network.layers.filter((layer) => layer instanceof Activation);
    yield { J, layers: activations.map(numbersOf) };
    rule.step(network.theta, network.grad);
  }
}

const costText = (J) => show(J < 100 ? Number(J.toFixed(3)) : J, 4);
const brief = (value) => show(Number(value.toPrecision(2)));
const tidy = (value) => show(Math.abs(value) < 100 ? Math.round(value * 100) / 100 : value, 3);

/** What one layer's numbers say, in words. */
function inWords({ mean, sd, share }, activation) {
  const part = activation === "relu" ? `${Math.round(share * WIDTH)} of ${WIDTH} units dead`
    : `${Math.round(share * 100)} % saturated`;
  return [`mean ${tidy(mean)}, sd ${brief(sd)}`, part];
}

/** One line of plain words for the step on the screen. */
function describe({ activation, step }, runs) {
  const [plain, normalised] = runs.map((run) => run[Math.min(step, run.length - 1)]);
  const text = `Step ${step}: J = ${costText(plain.J)} without and ${costText(normalised.J)} with BatchNorm.`;
  if (runs[0].length <= step) {
    return `${text} Without it the numbers blew up at step ${runs[0].length}, and training ended there.`;
  }
  const [first, last] = [plain.layers[0], plain.layers.at(-1)];
  const worst = plain.layers.findIndex(({ share }) => share >= 0.5);
  const spread = `from ${brief(first.sd)} in the first layer to ${brief(last.sd)} in the last`;
  if (worst >= 0 && activation === "relu") {
    return `${text} Without it, at least half of the units of layer ${worst + 1} are dead: no sample opens them.`;
  }
  if (worst >= 0) {
    return `${text} Without it, at least half of the values in layer ${worst + 1} are saturated: little gradient passes.`;
  }
  if (last.sd < 0.3 * first.sd) {
    return `${text} Without it, the spread falls ${spread}: the samples grow alike on their way.`;
  }
  if (last.sd > 3 * first.sd) return `${text} Without it, the spread grows ${spread}.`;
  return `${text} Without it, the spread goes ${spread}; with it, it stays near 1.`;
}

/** A slider over `values`; a value between them, set from Python, is shown as it is. */
function valueSlider({ label, values, onValue }) {
  let current = values[0];
  const { node, set } = slider({
    label, min: 0, max: values.length - 1, step: 1, onValue: (k) => onValue(values[k]), format: () => show(current),
  });
  const distance = (value) => Math.abs(Math.log(value / current));
  const nearest = () => values.reduce((best, value, k) => (distance(value) < distance(values[best]) ? k : best), 0);
  return { node, set: (value) => { current = value; set(nearest()); } };
}

/** One network's column: heading with J, and for every layer a histogram and its numbers. */
function columnOf(index) {
  const kind = ["one", "two"][index];
  const swatch = svg("svg", { viewBox: "0 0 28 8", class: "swatch", "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 28, y1: 4, y2: 4, class: `curve ${kind}` }));
  const cost = html("span", { class: "value" });
  const rows = html("div", {});
  const node = html("div", { role: "group", "aria-label": NAMES[index], class: `spreads ${kind}` },
    html("p", { class: "heading" }, html("span", {}, swatch, NAMES[index]), cost), rows);
  const line = (u) => svg("line", { class: "grid", x1: u, x2: u, y1: 0, y2: 1 });

  function draw({ activation }, { J, layers }) {
    cost.textContent = `J = ${costText(J)}`;
    rows.replaceChildren(...layers.map((numbers, l) => {
      const [spread, part] = inWords(numbers, activation);
      const top = Math.max(...numbers.bars);
      const width = (2 * EDGE) / BARS;
      const outline = numbers.bars.map((count) => `V${(1 - count / top).toFixed(3)}h${width}`).join("");
      const [a, b] = SHADED[activation];
      const shades = (activation === "relu" ? [[a, b]] : [[-EDGE, a], [b, EDGE]]).map(([from, to]) =>
        svg("rect", { class: "flat", x: from, width: to - from, y: 0, height: 1 }));
      const histogram = svg("svg", {
        viewBox: `${-EDGE} 0 ${2 * EDGE} 1`, preserveAspectRatio: "none", role: "img",
        "aria-label": `Histogram of layer ${l + 1} ${NAMES[index]}: ${spread}, ${part}`,
      }, ...shades, ...[-3, 0, 3].map(line), svg("path", { class: "bars", d: `M${-EDGE} 1${outline}V1z` }));
      return html("div", { class: "spread" }, html("b", {}, `layer ${l + 1}`), histogram,
        html("span", { class: "numbers" }, spread, html("br"), part));
    }), html("div", { class: "spread axis", "aria-hidden": "true" },
      html("div", {}, ...[-3, 0, 3].map((u) => html("span", { style: `left:${50 + (50 * u) / EDGE}%` }, show(u))))));
  }
  return { node, draw };
}

/** The costs of both runs over the steps, with a mark at the step that is shown. */
function costPlot() {
  const axes = axesOf({
    x: [0, STEPS], y: [0, 2], xTicks: [0, 25, 50, 75, 100], yTicks: [0, 0.5, 1, 1.5, 2],
    xName: "step", yName: "cost J", label: `Cost over ${STEPS} steps`, height: 210,
  });
  axes.node.setAttribute("role", "img");
  function draw({ step }, runs) {
    const curves = runs.map((run, k) => axes.curve(run.map(({ J }, s) => [s, J]), ["one", "two"][k]));
    const ends = runs.map((run) => `from ${costText(run[0].J)} to ${costText(run.at(-1).J)}`);
    axes.node.setAttribute("aria-label",
      `Cost over ${STEPS} steps: ${ends[0]} ${NAMES[0]}, ${ends[1]} ${NAMES[1]}. Shown is step ${step}.`);
    const x = axes.X(step);
    const { top, height } = axes.frame;
    axes.plane.replaceChildren(svg("line", { class: "now", x1: x, x2: x, y1: top, y2: top + height }), ...curves,
      ...runs.filter((run) => run.length <= STEPS).map((run) => // where a run has ended early
        svg("text", { class: "end", x: axes.X(run.length - 1), y: axes.Y(2) + 4, "text-anchor": "middle" }, "✕")));
  }
  return { node: axes.node, draw };
}

function render({ model, el }) {
  let [trained, runs, job, timer] = ["", null, 0, 0]; // the settings that `runs` belong to
  const message = messageLine();
  const [plot, columns] = [costPlot(), [columnOf(0), columnOf(1)]];

  function drawRuns(state) {
    plot.draw(state, runs);
    columns.forEach((column, k) => column.draw(state, runs[k][Math.min(state.step, runs[k].length - 1)]));
    if (!timer) message.set(describe(state, runs)); // not a hundred times while Play runs
  }
  /** Train both networks, a slice at a time; a later call takes over from this one. */
  function train(state) {
    const work = [false, true].map((batchNorm) => ({ run: [], source: training(state, batchNorm) }));
    const mine = job += 1;
    const slice = () => {
      if (mine !== job) return;
      const start = performance.now();
      while (performance.now() - start < SLICE) {
        const open = work.find(({ done }) => !done);
        if (!open) { finish(); return; }
        const { value, done } = open.source.next();
        if (done) open.done = true;
        else open.run.push(value);
      }
      setTimeout(slice);
    };
    const finish = () => {
      runs = work.map(({ run }) => run);
      root.removeAttribute("aria-busy");
      drawRuns(stateNow());
    };
    root.setAttribute("aria-busy", "true");
    if (runs) message.set("Both networks are being trained …");
    slice();
  }
  function draw(state) {
    activation.set(state.activation);
    depth.set(state.depth);
    scale.set(state.scale);
    lr.set(state.lr);
    step.set(state.step);
    const settings = JSON.stringify(SETTINGS.map((name) => state[name]));
    if (settings !== trained) train(state);
    else if (!root.hasAttribute("aria-busy")) drawRuns(state);
    trained = settings;
  }
  const { state: stateNow, change, stop } = connect(model, [...SETTINGS, "step"], draw);
  const original = stateNow();

  function halt() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }
  function advance() {
    const next = model.get("step") + 1;
    if (next >= STEPS) halt();
    change({ step: Math.min(next, STEPS) });
  }
  const play = button("Play", () => {
    if (timer) {
      halt();
      change({});
    } else if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      change({ step: STEPS });
    } else {
      timer = setInterval(advance, TICK);
      play.textContent = "Stop";
      if (model.get("step") === STEPS) change({ step: 0 });
    }
  });

  const activation = choice({
    label: "activation", options: { relu: "ReLU", tanh: "tanh", sigmoid: "sigmoid" },
    onValue: (value) => change({ activation: value }),
  });
  const depth = slider({
    label: "hidden layers", min: 1, max: 8, step: 1, onValue: (value) => change({ depth: value }),
  });
  const scale = valueSlider({
    label: "scale of first weights", values: SCALES, onValue: (value) => change({ scale: value }),
  });
  const lr = valueSlider({ label: "learning rate η", values: RATES, onValue: (value) => change({ lr: value }) });
  const step = slider({
    label: "step of training", min: 0, max: STEPS, step: 1, onValue: (value) => { halt(); change({ step: value }); },
  });
  const root = html("section", {
    class: "mlp-figure batchnorm_figure", "aria-label": "Live figure: layers without and with BatchNorm",
  });
  root.append(
    html("div", { class: "panel" },
      html("div", { class: "settings" }, activation.node, depth.node, scale.node, lr.node,
        html("p", { class: "buttons" }, play,
          button("Other first weights", () => change({ seed: (model.get("seed") + 1) % 2 ** 32 })),
          button("Original settings", () => { halt(); change(original); }))),
      plot.node),
    step.node,
    message.node,
    html("div", { class: "columns" }, ...columns.map(({ node }) => node)),
    html("p", {}, "Each histogram counts what enters the activation function, for all samples and units of "
      + "a layer; its tallest bar fills the height, and what lies beyond ±6 stands at the edge. Shaded: where "
      + "ReLU is closed, or where a slope is below 4 % of its largest (saturated). sd: standard deviation."),
  );
  el.append(root);
  draw(original);
  return () => { job += 1; halt(); stop(); };
}

export default { render };
