// The 3–2–1 network of the chapter on the chain rule: type numbers, take steps, watch J.
// State (synchronised with Python): x, target, lr, marked_only, and path, the weights [W1, W2] at
// steps 0, 1, 2, … Everything else on the drawing is computed from it.

import { Matrix } from "./matrix.js";
import { Activation, Linear, Network } from "./network.js";
import { button, html, short, show, spoken, svg } from "./drawing.js";
import { messageLine, numberField } from "./fields.js";
import { logPlot } from "./plot.js";
import { connect } from "./state.js";

const STATE = ["x", "path", "target", "lr", "marked_only"];
const REACHED = 1e-6; // J below which the message says that the output has reached the target
const digit = (index) => "₁₂₃"[index];

// The two weights of the hand calculation, w₁ and w₂, as layer, from, to.
const MARKED = ["1,0,0", "0,0,0"];
const markOf = (l, i, j) => MARKED.indexOf(`${l},${i},${j}`);

// Where things stand, in per cent of the drawing: from left to right, and on a narrow page from
// top to bottom. nodes: inputs, hidden neurons, output, cost. weights[l][i][j]: the box of a line.
const WIDE = {
  nodes: [[[7, 10], [7, 50], [7, 90]], [[56.5, 27], [56.5, 73]], [[90, 50]], [[90, 87]]],
  weights: [
    [[[24, 13], [24, 31]], [[38.5, 35], [38.5, 65]], [[24, 69], [24, 87]]],
    [[[74, 37]], [[74, 63]]],
  ],
};
const TALL = {
  nodes: [[[15, 5], [50, 5], [85, 5]], [[24, 58], [76, 58]], [[50, 83]], [[50, 95]]],
  weights: [
    [[[17, 28.5], [30, 18.5]], [[34, 39], [66, 39]], [[70, 18.5], [83, 28.5]]],
    [[[30, 71]], [[70, 71]]],
  ],
};

/** Forward and backward pass. Index l: 0 and 1 for the two layers, as in `weights`. */
function compute({ x, target }, weights) {
  const [first, last] = weights.map((W) => new Linear(Matrix.from(W), null));
  const network = new Network([first, new Activation("relu"), last], "squared_error");
  const J = network.costAndGrad(Matrix.from([x]), Matrix.from([[target]]));
  const [U, H, Y] = network.outputs.map(({ data }) => data);
  const [D, , error] = network.errors.map(({ data }) => data);
  const gradients = [first, last].map(({ grads }) => grads.W.toRows());
  return { U: [U, Y], H: [x, H, Y], D: [D, error], J, gradients };
}

/** Whether a step may change this weight. */
const isChosen = (state, l, i, j) => !state.marked_only || markOf(l, i, j) >= 0;

/** The weights after one more step of gradient descent. */
function stepFrom(state, weights) {
  const { gradients } = compute(state, weights);
  return weights.map((W, l) => W.map((row, i) => row.map(
    (w, j) => (isChosen(state, l, i, j) ? w - state.lr * gradients[l][i][j] : w),
  )));
}

/** One line of plain words: what the last step did, and whether there is more to gain. */
function describe(state) {
  const weights = state.path.at(-1);
  const { J, H, gradients } = compute(state, weights);
  const steps = state.path.length - 1;
  const stuck = String(stepFrom(state, weights)) === String(weights);

  let text = `J = ${show(J)}.`;
  if (steps > 0) {
    const before = compute(state, state.path.at(-2)).J;
    const change = `from ${show(before)} to ${show(J)}`;
    if (J > before) text = `Step ${steps}: J went up ${change}: the step was too long.`;
    else if (J < before) text = `Step ${steps}: J went down ${change}.`;
    else text = `Step ${steps}: J stayed at ${show(J)}.`;
  }
  if (J < REACHED) return `${text} The output has reached the target.`;
  if (stuck && H[1].every((h) => h === 0)) {
    return `${text} Both hidden neurons give 0, so every gradient is 0 and no step changes anything.`;
  }
  const isSloped = weights.some((W, l) => W.some((row, i) => row.some(
    (_, j) => isChosen(state, l, i, j) && gradients[l][i][j] !== 0,
  )));
  if (stuck && isSloped) return `${text} With this learning rate a step is too short to change any weight.`;
  if (stuck) return `${text} The weights that a step may change have gradient 0: it moves nothing.`;
  return steps > 0 ? text : `${text} Press Step to move the weights against their gradients.`;
}

function render({ model, el }) {
  const updates = []; // each redraws one part: update(state, results, weights, next weights)
  const message = messageLine();
  const say = message.set;

  function draw(state) {
    const weights = state.path.at(-1);
    const results = compute(state, weights);
    const next = stepFrom(state, weights);
    for (const update of updates) update(state, results, weights, next);
    say(describe(state));
  }
  const { state: stateNow, change, stop } = connect(model, STATE, draw);
  const original = stateNow();

  /** What a reader edits makes another problem: its steps are counted from 0. */
  const edit = (values) => change({ path: [model.get("path").at(-1)], ...values });

  function walk(count) {
    const path = [...model.get("path")];
    const state = stateNow();
    for (let taken = 0; taken < count; taken += 1) {
      const weights = stepFrom(state, path.at(-1));
      if (!Number.isFinite(compute(state, weights).J)) {
        change({ path });
        say("The next step would make numbers too large to compute with, so it was not taken. "
          + "Choose a smaller learning rate.");
        return;
      }
      path.push(weights);
    }
    change({ path });
  }
  function back(path) {
    if (model.get("path").length > 1) change({ path });
    else say("This is step 0: there is no step to take back.");
  }

  // The drawing: lines in an SVG, boxes on top of it.
  const drawing = html("div", { class: "network" });
  const put = (layer, node, wide, tall) => {
    node.style.cssText = `--wide-x:${wide[0]}%;--wide-y:${wide[1]}%;`
      + `--tall-x:${tall[0]}%;--tall-y:${tall[1]}%`;
    node.classList.add("placed");
    layer.append(node);
  };
  const group = (label) => {
    const node = html("div", { role: "group", "aria-label": label });
    drawing.append(node);
    return node;
  };
  const field = (options) => numberField({ onRefused: say, ...options });
  /** A line of text that `text(state, results, …)` keeps up to date. */
  const line = (className, text) => {
    const node = html("span", { class: className });
    updates.push((...now) => { node.textContent = text(...now); });
    return node;
  };
  const gradientLine = (name, value) => {
    const text = line("", (...now) => `∂J/∂${name} = ${short(value(...now))}`);
    return html("span", { class: "gradient" }, text);
  };

  const lines = [WIDE, TALL].map(({ nodes }, index) => {
    const sheet = svg("svg", { class: index ? "tall" : "wide", "aria-hidden": "true" });
    const connect = ([x1, y1], [x2, y2]) => {
      const edge = svg("line", { x1: `${x1}%`, y1: `${y1}%`, x2: `${x2}%`, y2: `${y2}%` });
      sheet.append(edge);
      return edge;
    };
    connect(nodes[2][0], nodes[3][0]);
    drawing.append(sheet);
    return (l, i, j) => connect(nodes[l][i], nodes[l + 1][j]);
  });

  const inputs = group("Inputs");
  original.x.forEach((_, i) => {
    const x = field({
      label: `input x${digit(i)}`,
      step: 1,
      onNumber: (value) => edit({ x: model.get("x").with(i, value) }),
    });
    updates.push((state) => x.set(state.x[i]));
    const node = html("label", { class: "input node" }, `x${digit(i)}`, x.node);
    put(inputs, node, WIDE.nodes[0][i], TALL.nodes[0][i]);
  });

  function weightBox(layer, l, i, j) {
    const mark = markOf(l, i, j);
    const ends = l === 0 ? `x${digit(i)} to u${digit(j)}` : `h${digit(i)} to ŷ`;
    const label = `weight from ${ends}${mark >= 0 ? ` (w${digit(mark)})` : ""}`;
    const w = field({
      label,
      step: 1,
      onNumber: (value) => {
        const weights = structuredClone(model.get("path").at(-1));
        weights[l][i][j] = value;
        edit({ path: [weights] });
      },
    });
    const gradient = html("span", { class: "gradient" }, "∂ ", spoken("gradient "),
      line("", (state, { gradients }) => short(gradients[l][i][j])));
    const next = html("span", { class: "next" }, "→ ", spoken("after the next step "),
      line("", (state, results, weights, after) =>
        (state.marked_only && mark < 0 ? "stays" : short(after[l][i][j]))));
    const box = html("div", { class: "weight" }, w.node, gradient, next);
    if (mark >= 0) box.prepend(html("b", { "aria-hidden": "true" }, `w${digit(mark)}`));
    box.classList.toggle("marked", mark >= 0);

    const edges = lines.map((connect) => connect(l, i, j));
    for (const edge of edges) edge.classList.toggle("marked", mark >= 0);
    updates.push((state, { H }, weights) => {
      w.set(weights[l][i][j]);
      const off = H[1][l === 0 ? j : i] === 0;
      for (const edge of edges) edge.classList.toggle("off", off);
    });
    put(layer, box, WIDE.weights[l][i][j], TALL.weights[l][i][j]);
  }
  function weightBoxes(l, label) {
    const layer = group(label);
    original.path[0][l].forEach((row, i) => row.forEach((_, j) => weightBox(layer, l, i, j)));
  }

  weightBoxes(0, "Weights into the hidden neurons");
  const hidden = group("Hidden neurons");
  [0, 1].forEach((j) => {
    const unit = html("div", { class: "unit node" },
      line("value", (state, { U }) => `u${digit(j)} = ${short(U[0][j])}`),
      line("value", (state, { H: [, h] }) => `h${digit(j)} = ${short(h[j])}${h[j] ? "" : " (closed)"}`),
      gradientLine(`u${digit(j)}`, (state, { D }) => D[0][j]));
    updates.push((state, { H }) => unit.classList.toggle("off", H[1][j] === 0));
    put(hidden, unit, WIDE.nodes[1][j], TALL.nodes[1][j]);
  });
  weightBoxes(1, "Weights into the output");

  const end = group("Output and cost");
  put(end, html("div", { class: "node" },
    line("value", (state, { H }) => `ŷ = ${short(H[2][0])}`),
    gradientLine("ŷ", (state, { D }) => D[1][0])), WIDE.nodes[2][0], TALL.nodes[2][0]);
  const target = field({
    label: "target t", step: 1, onNumber: (value) => edit({ target: value }),
  });
  updates.push((state) => target.set(state.target));
  const inBrackets = (value) => (value < 0 ? `(${short(value)})` : short(value));
  put(end, html("div", { class: "cost" },
    html("label", {}, "target t", target.node),
    line("", (state, { H }) => `J = (${short(H[2][0])} − ${inBrackets(state.target)})²`),
    line("value", (state, { J }) => `= ${show(J)}`)), WIDE.nodes[3][0], TALL.nodes[3][0]);

  // Below it: rate, buttons, message, plot.
  const rate = field({
    label: "learning rate η", step: 0.001, above: 0, onNumber: (value) => change({ lr: value }),
  });
  updates.push((state) => rate.set(state.lr));
  const only = html("input", { type: "checkbox" });
  only.addEventListener("change", () => change({ marked_only: only.checked }));
  const plot = html("div", {});
  updates.push((state) => {
    only.checked = state.marked_only;
    const costs = state.path.map((weights) => compute(state, weights).J);
    plot.replaceChildren(logPlot(costs, { name: "J" }));
  });

  const root = html("section", {
    class: "mlp-figure worked_network",
    "aria-label": "Live figure: the 3–2–1 network",
  });
  root.append(
    html("p", { class: "legend" }, "On each line stand its weight, ",
      html("span", { class: "gradient" }, "∂ its gradient ∂J/∂w"), " and ",
      html("span", { class: "next" }, "→ its value after the next step"),
      ". Every number in a field can be changed: type, or press ↑ and ↓."),
    drawing,
    html("div", { class: "panel" },
      html("div", {},
        html("p", {}, html("label", {}, "Learning rate η", rate.node)),
        html("p", {}, html("label", {}, only, "Update only w₁ and w₂, as in the calculation by hand")),
        html("p", { class: "buttons" },
          button("Step", () => walk(1)),
          button("10 steps", () => walk(10)),
          button("Undo", () => back(model.get("path").slice(0, -1))),
          button("Back to step 0", () => back(model.get("path").slice(0, 1))),
          button("Original numbers", () => change(original))),
        message.node),
      html("div", {}, plot,
        html("p", {}, "J after each step, on a logarithmic scale. ▲: J has gone up."))),
  );
  el.append(root);
  draw(original);
  return stop;
}

export default { render };
