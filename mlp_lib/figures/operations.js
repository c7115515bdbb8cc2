// A step of gradient descent on a small network, as a list of single operations. What they compute with
// is named by an id: H0.2 is the input x₃, U1.0 and H1.0 are u and h of the first hidden neuron, W1.2.0
// is the weight from the one to the other, b1.0 the bias, T2.0 a target. With d before it, it is the
// derivative of J with respect to it, with n its new value; s1.0 is the slope of the activation function.

import { Matrix } from "./matrix.js";
import { Activation, Linear, Network } from "./network.js";
import { short } from "./drawing.js";

/** Activation function of the hidden layers, and loss, of the book's networks. */
const EXAMPLES = {
  "3-2-1": ["relu", "squared_error"],
  "2-2-2": ["sigmoid", "softmax_cross_entropy"],
  "3-3-3-2": ["relu", "squared_error"],
};
const TITLES_OF_PASSES = { forward: "Forward pass", backward: "Backward pass", update: "Update" };
export const indices = (count) => Array.from({ length: count }, (_, i) => i);

/** What follows from the network alone: widths of its layers, names, and ids of what is special in it. */
export function describe({ example, x, weights }) {
  const [activation, loss] = EXAMPLES[example];
  const sizes = [x.length, ...weights.map((W) => W[0].length)];
  const L = weights.length;
  const isClassifier = loss === "softmax_cross_entropy";
  // Of an output without activation function, sum and prediction are the same.
  const sumOf = (l, j) => `${l === L && !isClassifier ? "H" : "U"}${l}.${j}`;

  const lowered = (index) => "₁₂₃"[index];
  const raised = (l) => `⁽${"¹²³"[l - 1]}⁾`;
  const single = sizes[L] === 1;
  /** The name of an id in the book; u and h with their layer only where another layer has them too. */
  function name(id) {
    if (id === "J") return "J";
    if (id === "lr") return "η";
    const [letter, rest] = [id[0], id.slice(1)];
    if (letter === "d") return `∂J/∂${name(rest)}`;
    if (letter === "n") return name(rest);
    const [l, ...at] = rest.split(".").map(Number);
    const index = at.map(lowered).join("");
    if (letter === "W" || letter === "b") return `${letter}${index}${raised(l)}`;
    if (letter === "T") return single ? "t" : `t${index}`;
    if (letter === "U") return `u${index}${L > 2 || isClassifier ? raised(l) : ""}`;
    if (letter === "H" && l === 0) return `x${index}`;
    if (letter === "H" && l === L) return single ? "ŷ" : `ŷ${index}`;
    if (letter === "H") return `h${index}${L > 2 ? raised(l) : ""}`;
    const [u, h] = [`U${l}.${at}`, `H${l}.${at}`].map(name); // the slope
    return activation === "relu" ? `[${u} > 0]` : `${h} (1 − ${h})`;
  }
  return { activation, loss, isClassifier, sizes, L, sumOf, name };
}

/** All numbers of the step, by id, and `after`: J when the step is done. */
export function compute(state) {
  const { x, weights, biases, target, lr } = state;
  const { activation, loss, L, sumOf } = describe(state);
  const layers = weights.flatMap((W, l) => [
    new Linear(Matrix.from(W), biases.length ? Matrix.from([biases[l]]) : null),
    new Activation(activation),
  ]).slice(0, -1);
  const network = new Network(layers, loss);
  const [X, T] = [Matrix.from([x]), Matrix.from([target])];

  const values = { lr, J: network.costAndGrad(X, T) };
  const put = (start, row) => row.forEach((value, j) => { values[`${start}.${j}`] = value; });
  put("H0", x);
  put(`T${L}`, target);
  layers.forEach((layer, m) => {
    const l = Math.floor(m / 2) + 1;
    const [output, error] = [network.outputs[m].row(0), network.errors[m].row(0)];
    if (layer instanceof Activation) {
      put(`H${l}`, output);
      put(`dH${l}`, error);
      put(`s${l}`, output.map((h, j) => layer.phi.slope(layer.X.at(0, j), h)));
      return;
    }
    put(sumOf(l, 0).slice(0, 2), output);
    put(`d${sumOf(l, 0).slice(0, 2)}`, error);
    for (const [d, { W, b }] of [["", layer.params], ["d", layer.grads]]) {
      W.toRows().forEach((row, i) => put(`${d}W${l}.${i}`, row));
      if (b) put(`${d}b${l}`, b.row(0));
    }
  });
  put(`H${L}`, network.predict(X).row(0));
  for (const id of Object.keys(values).filter((key) => /^[Wb]/.test(key))) {
    values[`n${id}`] = values[id] - lr * values[`d${id}`];
  }
  network.theta.forEach((theta, n) => { network.theta[n] = theta - lr * network.grad[n]; });
  return { values, after: network.cost(X, T) };
}

/**
 * The operations in the order of the book: { pass, title, result (an id), reads (ids), name, formula in
 * letters, the same in numbers, local derivatives, and why, a sentence }.
 */
export function operations(state, values) {
  const { activation, isClassifier, sizes, L, sumOf, name } = describe(state);
  const hasBiases = state.biases.length > 0;
  const units = (l) => indices(sizes[l]);
  const list = [];

  // In a template, ids stand in braces, and * for a product of which letters show no sign.
  const ID = /(^|.)\{(.*?)\}/g;
  const inLetters = (template) => template.replaceAll("*", " ").replace(ID, (_, before, id) => before + name(id));
  const inNumbers = (template) => template.replaceAll("*", " · ").replace(ID, (_, before, id) => {
    const number = short(values[id]);
    return before + (values[id] < 0 && before && before !== "(" ? `(${number})` : number);
  });
  /** `factors`: for each local derivative ∂a/∂b [a, b, id of its value]; without id it is 1. */
  function add(pass, layer, result, template, why, factors = []) {
    const left = `${name(result)} ${pass === "update" ? "←" : "="}`;
    const [right, value] = [inNumbers(template), short(values[result])];
    list.push({
      pass, result, why,
      name: name(result),
      title: `${TITLES_OF_PASSES[pass]}, ${layer ? `layer ${layer}` : "cost"}`,
      reads: [...template.matchAll(ID)].map(([, , id]) => id.replace(/^s/, activation === "relu" ? "U" : "H")),
      formula: `${left} ${inLetters(template)}`,
      numbers: `${left} ${right}${right === value ? "" : ` = ${value}`}`,
      local: factors.map(([a, b, id]) =>
        `∂${name(a)}/∂${name(b)} = ${id ? `${name(id)} = ${short(values[id])}` : "1"}`),
    });
  }

  function forwardSum(l, j) {
    const terms = units(l - 1).map((i) => `{H${l - 1}.${i}}*{W${l}.${i}.${j}}`);
    if (hasBiases) terms.push(`{b${l}.${j}}`);
    const isOutput = l === L && !isClassifier;
    add("forward", l, sumOf(l, j), terms.join(" + "),
      `What arrives, times the weights, added up${hasBiases ? " with the bias" : ""}.`
      + (isOutput ? " No activation function follows: this is the prediction." : ""));
  }
  function forwardActivation(l, j) {
    const [u, h] = [`U${l}.${j}`, `H${l}.${j}`];
    if (activation === "sigmoid") {
      add("forward", l, h, `σ({${u}})`, "The sigmoid, σ(u) = 1 / (1 + e⁻ᵘ), gives a number between 0 and 1.");
      return;
    }
    add("forward", l, h, `ReLU({${u}})`, values[u] > 0
      ? "A positive number passes: the neuron is open."
      : "What is not positive becomes 0: the neuron is closed.");
  }
  function forwardSoftmax(k) {
    const all = units(L).map((m) => `exp({U${L}.${m}})`).join(" + ");
    add("forward", L, `H${L}.${k}`, `exp({U${L}.${k}}) / (${all})`,
      `Softmax: the probability that the network gives to class ${k + 1}.`);
  }
  function cost() {
    const pairs = units(L).map((k) => [`{H${L}.${k}}`, `{T${L}.${k}}`]);
    if (isClassifier) {
      add("forward", 0, "J", `−${pairs.map(([y, t]) => `${t}*log ${y}`).join(" − ")}`,
        "The cross-entropy: small if the right class has a high probability.");
    } else {
      add("forward", 0, "J", pairs.map(([y, t]) => `(${y} − ${t})²`).join(" + "),
        pairs.length > 1 ? "The squared errors of the outputs, added up." : "The squared error of the output.");
    }
  }

  function backwardCost(k) {
    const [u, difference] = [sumOf(L, k), `{H${L}.${k}} − {T${L}.${k}}`];
    const slope = values[`d${u}`];
    const sign = slope > 0 ? `Positive: J grows if ${name(u)} grows.` : `Negative: J falls if ${name(u)} grows.`;
    const rule = isClassifier
      ? "Output minus target, for softmax and cross-entropy together." // eq. 11.5
      : "The derivative of the square."; // eq. 10.4
    add("backward", L, `d${u}`, isClassifier ? difference : `2*(${difference})`,
      `${rule} ${slope === 0 ? "It is 0: there is nothing to correct." : sign}`);
  }
  function backwardWeight(l, i, j) {
    const [u, h, w] = [sumOf(l, j), `H${l - 1}.${i}`, `W${l}.${i}.${j}`];
    let why = `What has come back to ${name(u)}, times the value that the weight multiplies.`;
    if (values[h] === 0) why = `The weight multiplies ${name(h)} = 0: a small change of it changes nothing.`;
    else if (values[`d${u}`] === 0) why = `Nothing has come back to ${name(u)}, so nothing reaches the weight.`;
    add("backward", l, `d${w}`, `{d${u}} · {${h}}`, why, [[u, w, h]]);
  }
  function backwardBias(l, j) {
    const [u, b] = [sumOf(l, j), `b${l}.${j}`];
    add("backward", l, `d${b}`, `{d${u}}`, "The bias is added as it is: its local derivative is 1.", [[u, b]]);
  }
  function backwardMerge(l, i) { // eq. 10.6
    const h = `H${l - 1}.${i}`;
    const ways = units(l).map((j) => [sumOf(l, j), h, `W${l}.${i}.${j}`]);
    add("backward", l, `d${h}`, ways.map(([u, , w]) => `{d${u}} · {${w}}`).join(" + "), ways.length > 1
      ? `There are ${ways.length === 2 ? "two" : "three"} ways from ${name(h)} to J: they are added up.`
      : "Back along the edge: times its weight.", ways);
  }
  function backwardActivation(l, j) { // eq. 10.7, 11.9
    const [u, h, slope] = [`U${l}.${j}`, `H${l}.${j}`, `s${l}.${j}`];
    let why = values[slope] ? "The neuron is open: all passes." : "The neuron is closed: nothing passes.";
    if (activation === "sigmoid") why = "The slope of the sigmoid is 0.25 at most.";
    add("backward", l, `d${u}`, `{d${h}} · {${slope}}`, why, [[h, u, slope]]);
  }
  function update(l, id) {
    const slope = values[`d${id}`];
    add("update", l, `n${id}`, `{${id}} − {lr} · {d${id}}`, slope === 0
      ? "Its derivative is 0, so it stays."
      : `A step against its derivative: it goes ${slope > 0 ? "down" : "up"}.`);
  }

  for (let l = 1; l <= L; l += 1) {
    units(l).forEach((j) => forwardSum(l, j));
    if (l < L) units(l).forEach((j) => forwardActivation(l, j));
  }
  if (isClassifier) units(L).forEach(forwardSoftmax);
  if (state.forward_only) return list;
  cost();
  units(L).forEach(backwardCost);
  for (let l = L; l > 0; l -= 1) {
    for (const i of units(l - 1)) units(l).forEach((j) => backwardWeight(l, i, j));
    if (hasBiases) units(l).forEach((j) => backwardBias(l, j));
    if (l === 1) break; // inputs are data: there the way back ends
    units(l - 1).forEach((i) => backwardMerge(l, i));
    units(l - 1).forEach((i) => backwardActivation(l - 1, i));
  }
  for (let l = 1; l <= L; l += 1) {
    for (const i of units(l - 1)) units(l).forEach((j) => update(l, `W${l}.${i}.${j}`));
    if (hasBiases) units(l).forEach((j) => update(l, `b${l}.${j}`));
  }
  return list;
}
