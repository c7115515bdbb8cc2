// Softmax of three logits, the cross-entropy of the right class, and its gradient. State
// (synchronised with Python): logits, target (0, 1, 2; shown as class 1, 2, 3), temperature.

import { LOSSES, softmax } from "./network.js";
import { sum } from "./matrix.js";
import { button, html, short, show, spoken, svg } from "./drawing.js";
import { choice, messageLine, numberField, slider } from "./fields.js";
import { axesOf } from "./plot.js";
import { connect } from "./state.js";

const STATE = ["logits", "target", "temperature"];
const LARGEST = 1e6; // a logit, as in a field
const HIGHEST = 6; // loss in the plot
const indexOf = (k) => "₁₂₃"[k];

/** Probabilities, loss and gradient, and what the two ways of computing them have on the way. */
function evaluate({ logits, target, temperature }) {
  const z = logits.map((u) => u / temperature);
  const t = z.map((_, k) => (k === target ? 1 : 0));
  const { value, slope } = LOSSES.softmax_cross_entropy; // eq. 7.10
  const largest = Math.max(...z);
  const way = (e) => ({ e, total: sum(e) });
  const plain = way(z.map(Math.exp)); // eq. 6.2 as it stands
  plain.p = plain.e.map((e) => e / plain.total);
  plain.loss = 0 - Math.log(plain.p[target]); // 0 - 0 is 0, and not -0
  const p = softmax(z);
  const loss = value(z, t);
  const shifted = { ...way(z.map((x) => Math.exp(x - largest))), p };
  const error = slope(z, t);
  return { z, t, p, loss, error, gradient: error.map((d) => d / temperature), plain, shifted };
}

/** A number, or in words why there is none. */
function inWords(value, infinite) {
  if (Number.isNaN(value)) return "not a number";
  return value === Infinity ? infinite : short(value);
}

/** Why the plain way fails, or nothing. */
function failureOf({ z, p, loss, plain }, target) {
  const largest = Math.max(...z);
  if (plain.e.includes(Infinity)) {
    return `The plain way fails: e to the power ${short(largest)} is larger than any number that a computer `
      + "can hold (overflow), and ∞ divided by ∞ is not a number. The shifted way has no such exponential.";
  }
  if (plain.total === Infinity) {
    return "The plain way fails: the sum of the exponentials is larger than any number that a computer can "
      + "hold (overflow). The shifted way has no such sum.";
  }
  if (plain.total === 0) {
    return "The plain way fails: all exponentials are so small that they are rounded to 0, and 0 divided by 0 "
      + "is not a number. The shifted way always has one that is 1.";
  }
  if (plain.p[target] === 0) {
    return `The plain way fails: it rounds ŷ${indexOf(target)} to 0, and −log 0 is infinite. Computed from the `
      + `logits, the loss is ${short(loss)}.`;
  }
  return "";
}

function describe(results, { target }) {
  const { p, loss, error } = results;
  const right = indexOf(target);
  const first = `Class ${target + 1} is right and gets ŷ${right} = ${short(p[target])}: ℓ = ${short(loss)}.`;
  const failure = failureOf(results, target);
  if (failure) return `${first} ${failure}`;
  if (error.every((d) => d === 0)) return `${first} The gradient is 0: nothing is left to learn.`;
  const others = results.z.map((_, k) => k).filter((k) => k !== target);
  const most = p[others[0]] >= p[others[1]] ? others[0] : others[1];
  return `${first} A step against the gradient raises u${right} and lowers the other two`
    + `${p[others[0]] === p[others[1]] ? " alike" : `, most of all u${indexOf(most)}`}.`;
}

function render({ model, el }) {
  const message = messageLine();
  const updates = []; // each redraws one part: update(results, state)

  function draw(state) {
    const results = evaluate(state);
    for (const update of updates) update(results, state);
    message.set(describe(results, state));
  }
  const { state: stateNow, change, stop } = connect(model, STATE, draw);
  const original = stateNow();

  /** A number in words that `read(results, state)` keeps up to date. */
  const number = (className, read) => {
    const node = html("span", { class: className });
    updates.push((...now) => { node.textContent = read(...now); });
    return node;
  };
  /** A bar from 0 to `read(results)`, both in parts of its box; `zero` is where 0 stands. */
  function bar(className, zero, read) {
    const filled = html("span", {});
    updates.push((results) => {
      const value = read(results);
      filled.style.left = `${100 * (zero + Math.min(value, 0))}%`;
      filled.style.width = `${100 * Math.abs(value)}%`;
    });
    return html("div", { class: `bar ${className}`, "aria-hidden": "true" }, filled);
  }

  const rows = original.logits.map((_, k) => {
    const set = (value) => change({ logits: model.get("logits").with(k, value) });
    const rail = slider({ label: `u${indexOf(k)}`, min: -10, max: 10, step: 0.1, onValue: set });
    const field = numberField({ label: `logit u${indexOf(k)}`, step: 1, onNumber: set, onRefused: message.set });
    updates.push((results, { logits }) => { rail.set(logits[k]); field.set(logits[k]); });
    const name = html("div", { class: "name" }, html("b", {}, `Class ${k + 1}`),
      number("target", ({ t }) => `t${indexOf(k)} = ${t[k]}`));
    const row = html("div", { class: "class", role: "group", "aria-label": `Class ${k + 1}` },
      name,
      html("div", { class: "logit" }, rail.node, field.node),
      html("div", { class: "share" }, bar("share", 0, ({ p }) => p[k]),
        html("span", { class: "value" }, spoken(`ŷ${indexOf(k)} = `), number("", ({ p }) => short(p[k])))),
      html("div", { class: "slope" }, bar("slope", 0.5, ({ error }) => error[k] / 2),
        html("span", { class: "gradient" }, spoken(`∂ℓ/∂u${indexOf(k)} = `),
          number("", ({ gradient }) => short(gradient[k])))));
    updates.push((results, { target }) => row.classList.toggle("right", k === target));
    return row;
  });

  const target = choice({
    label: "Right class", options: { 0: "1", 1: "2", 2: "3" }, onValue: (k) => change({ target: Number(k) }),
  });
  const temperature = slider({
    label: "Temperature τ", min: 0.1, max: 5, step: 0.1, onValue: (value) => change({ temperature: value }),
  });
  updates.push((results, state) => { target.set(state.target); temperature.set(state.temperature); });
  function addToAll(amount) {
    const logits = model.get("logits").map((u) => Number((u + amount).toFixed(9)));
    if (logits.some((u) => Math.abs(u) > LARGEST)) message.set("Logits up to 1 000 000 are allowed here.");
    else change({ logits });
  }

  // The loss as a function of the right class's probability.
  const axes = axesOf({
    x: [0, 1], y: [0, HIGHEST], xTicks: [0, 0.25, 0.5, 0.75, 1], yTicks: [0, 1, 2, 3, 4, 5, 6],
    xName: "ŷ of the right class", yName: "ℓ = −log ŷ", label: "", height: 230,
  });
  const places = Array.from({ length: 121 }, (_, n) => [Math.exp(-HIGHEST * (n / 120)), HIGHEST * (n / 120)]);
  const dot = svg("circle", { class: "fell", r: 6 });
  axes.plane.append(axes.curve(places, ""), dot);
  axes.node.setAttribute("role", "img");
  updates.push(({ p, loss }, state) => {
    const [x, y] = axes.inside([p[state.target], loss]);
    dot.setAttribute("cx", axes.X(x));
    dot.setAttribute("cy", axes.Y(y));
    const beyond = loss > HIGHEST ? ", above the plot" : "";
    axes.node.setAttribute("aria-label", `Loss against the probability of the right class, a falling curve. `
      + `The point: ŷ = ${short(p[state.target])}, ℓ = ${short(loss)}${beyond}`);
  });

  // Plain and shifted softmax, number by number.
  const cell = (read, infinite = "overflow") => {
    const node = html("td", {});
    updates.push((results) => {
      const value = read(results);
      node.textContent = inWords(value, infinite);
      node.classList.toggle("failed", !Number.isFinite(value));
    });
    return node;
  };
  const none = () => html("td", {});
  const line = (name, ...parts) => html("tr", {}, html("th", { scope: "row" }, name), ...parts);
  const both = (...parts) => ["plain", "shifted"].flatMap((way) =>
    parts.map((part) => cell((results) => part(results[way]))));
  const table = html("table", { class: "ways" },
    html("caption", {}, "Softmax in two ways, with z = u / τ and its largest entry m"),
    html("thead", {}, html("tr", {}, ...["class", "plain: eᶻ", "ŷ", "shifted: eᶻ⁻ᵐ", "ŷ"]
      .map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {},
      ...[0, 1, 2].map((k) => line(String(k + 1), ...both(({ e }) => e[k], ({ p }) => p[k]))),
      line("sum", ...both(({ total }) => total, ({ p }) => sum(p))),
      line("loss", none(), cell(({ plain }) => plain.loss, "infinite"), none(), cell(({ loss }) => loss))));

  const root = html("section", {
    class: "mlp-figure softmax_figure",
    "aria-label": "Live figure: softmax and cross-entropy",
  });
  root.append(
    html("div", { class: "classes" },
      html("div", { class: "class heads", "aria-hidden": "true" }, html("div", { class: "name" }, "class"),
        html("div", { class: "logit" }, "logit u"), html("div", { class: "share" }, "probability ŷ"),
        html("div", { class: "slope" }, "gradient (ŷ − t) / τ")),
      ...rows),
    html("div", { class: "panel" },
      html("div", {},
        html("p", {}, target.node),
        html("p", {}, temperature.node),
        html("p", { class: "buttons" },
          button("Add 1000 to all logits", () => addToAll(1000)),
          button("Subtract 1000", () => addToAll(-1000)),
          button("Original numbers", () => change(original))),
        html("p", { class: "loss" }, number("value", ({ loss }, state) =>
          `ℓ = −log ŷ${indexOf(state.target)} = ${show(loss)}`)),
        message.node),
      html("div", {}, axes.node)),
    table,
  );
  el.append(root);
  draw(original);
  return stop;
}

export default { render };
