// XOR with two ReLU units, and with one line: drag the lines u = 0 and watch the four points.
// State (synchronised with Python): W1, b1, W2, b2 of the 2–2–1 network, and linear_W, linear_b of
// the linear one. A line is held at two handles: its place, where u = 0, and the tip of an arrow
// across it, where u = 1. A short arrow means large weights: w is the arrow divided by its squared length.

import { Matrix } from "./matrix.js";
import { Activation, Linear, Network } from "./network.js";
import { button, html, short, svg } from "./drawing.js";
import { dragPoint, messageLine, numberField } from "./fields.js";
import { axesOf } from "./plot.js";
import { connect } from "./state.js";

const STATE = ["W1", "b1", "W2", "b2", "linear_W", "linear_b"];
const SOLUTION = { W1: [[1, 1], [1, 1]], b1: [0, -1], W2: [[1], [-2]], b2: [0] }; // eq. 3.7
const [START_PLACES, SOLUTION_PLACES] = [[[0.5, 0.25], [0.25, 0.5]], [[0.25, -0.25], [0.25, 0.75]]];
const POINTS = [[0, 0], [0, 1], [1, 0], [1, 1]];
const CLASSES = [0, 1, 1, 0];
const HALF = 0.5; // class 1 where the output is larger
const ROUNDING = 1e-9; // an output nearer than this to the limit counts as on it

const [LOW, HIGH] = [-0.5, 1.5]; // the part of the plane that is drawn
const SQUARE = [[LOW, LOW], [HIGH, LOW], [HIGH, HIGH], [LOW, HIGH]];
const GRID = 0.025; // handles are moved from one multiple of it to another
const SHORTEST = 0.1; // arrow

// --- lines ---

const dot = (v, w) => v[0] * w[0] + v[1] * w[1];
const without = (x) => Number(x.toFixed(12)); // without rounding errors: 0 instead of 1e-17
const unitOf = (W, b, j) => ({ w: W.map((row) => row[j]), b: b[j] });
const valueOf = ({ w, b }, x) => dot(x, w) + b;
/** From the line u = 0 straight to the line u = 1. */
const arrowOf = ({ w }) => w.map((c) => c / dot(w, w));
/** The place on the line u = 0 that is nearest to x. */
const footOf = (unit, x) => {
  const u = valueOf(unit, x);
  return arrowOf(unit).map((d, k) => x[k] - u * d);
};
const unitThrough = (foot, w) => ({ w: w.map(without), b: without(-dot(foot, w)) });
const onGrid = (point) => point.map((x) => without(Math.round(x / GRID) * GRID));

/** Divide a convex polygon by a value that is affine on it: where it is above 0, and the line between. */
function divide(polygon, value) {
  const [inside, edge] = [[], []];
  const values = polygon.map(value);
  polygon.forEach((p, n) => {
    const next = (n + 1) % polygon.length;
    if (values[n] > 0) inside.push(p);
    if ((values[n] > 0) === (values[next] > 0)) return;
    const share = values[n] / (values[n] - values[next]);
    const crossing = p.map((x, k) => x + (polygon[next][k] - x) * share);
    inside.push(crossing);
    edge.push(crossing);
  });
  return { inside, edge };
}

// --- the two networks: outputs at points, and where they say class 1 ---

function reluNetwork({ W1, b1, W2, b2 }) {
  const layer = (W, b) => new Linear(Matrix.from(W), Matrix.from([b]));
  const network = new Network([layer(W1, b1), new Activation("relu"), layer(W2, b2)], "squared_error");
  const outputs = (X) => [...network.forward(Matrix.from(X)).data];
  const units = [0, 1].map((j) => unitOf(W1, b1, j));
  // Where each unit stays open, or closed, the output is affine.
  const parts = [[1, 1], [1, -1], [-1, 1], [-1, -1]].map((signs) => {
    const openOrClosed = (polygon, sign, j) => divide(polygon, (x) => sign * valueOf(units[j], x)).inside;
    return divide(signs.reduce(openOrClosed, SQUARE), (x) => outputs([x])[0] - HALF);
  });
  return { units, parts, outputs: outputs(POINTS), limit: HALF };
}
function linearNetwork({ linear_W: W, linear_b: b }) {
  const unit = unitOf(W, b, 0);
  const value = (x) => valueOf(unit, x);
  return { units: [unit], parts: [divide(SQUARE, value)], outputs: POINTS.map(value), limit: 0 };
}
const verdicts = ({ outputs, limit }) => outputs.map((y, n) => (y > limit + ROUNDING) === (CLASSES[n] === 1));
const count = (results) => verdicts(results).filter(Boolean).length;
const written = (value) => short(without(value));
const nameOf = (n) => `(${POINTS[n].join(", ")})`;

/** u = 2 x₁ − 1 x₂ + 0.5, say. */
function formula({ w, b }, name) {
  const rest = [[w[1], " x₂"], [b, ""]].map(([c, of]) => ` ${c < 0 ? "−" : "+"} ${written(Math.abs(c))}${of}`);
  return `${name} = ${written(w[0])} x₁${rest.join("")}`;
}

/** Plain words: which points are wrong and what they need, and what the line cannot do. */
function describe(relu, linear) {
  const wrong = verdicts(relu).flatMap((right, n) => (right ? [] : [n]));
  const need = (n) => `${nameOf(n)} has ŷ = ${written(relu.outputs[n])} and needs ${CLASSES[n] ? "more than" : "at most"} 0.5`;
  const first = wrong.length
    ? `Two ReLU units: ${4 - wrong.length} of 4 right. ${wrong.map(need).join("; ")}.`
    : "Two ReLU units: all 4 points right. XOR is solved.";
  const best = count(linear) === 3 ? ", and no line gets more" : "";
  return `${first} One line: ${count(linear)} of 4 right${best}.`;
}

// --- the drawing ---

/**
 * One line with its two handles. `onUnit` hears { w, b } when the reader has moved it; `hold` says
 * near which place it is to be held.
 */
function lineWithHandles({ axes, name, onUnit, second }) {
  let [unit, foot] = [null, null];
  const tip = () => arrowOf(unit).map((d, k) => foot[k] + d);
  const className = second ? "second" : "first";
  const line = svg("line", { class: `line ${className}` });
  const arrow = svg("line", { class: `arrow ${className}` });
  const label = svg("text", { "text-anchor": "middle", class: "halo" }, name);

  function moveFoot(place) { // the arrow comes along, and stays inside the plot
    foot = arrowOf(unit).map((d, k) => {
      const [low, high] = [LOW - Math.min(0, d), HIGH - Math.max(0, d)];
      return low < high ? Math.min(Math.max(onGrid(place)[k], low), high) : onGrid(place)[k];
    });
    onUnit(unitThrough(foot, unit.w));
  }
  function moveTip(place) {
    const d = onGrid(place).map((x, k) => x - foot[k]);
    if (Math.hypot(...d) < SHORTEST) return;
    onUnit(unitThrough(foot, d.map((c) => c / dot(d, d))));
  }
  const handles = [
    dragPoint({ label: `place of the line ${name} = 0`, axes, step: 2 * GRID, onValue: moveFoot, class: className }),
    dragPoint({ label: `tip of the arrow, ${name} = 1`, axes, step: 2 * GRID, onValue: moveTip, class: `tip ${className}` }),
  ];

  const join = (node, [a, b]) => {
    const ends = { x1: axes.X(a[0]), y1: axes.Y(a[1]), x2: axes.X(b[0]), y2: axes.Y(b[1]) };
    for (const [key, value] of Object.entries(ends)) node.setAttribute(key, value.toFixed(1));
  };
  function set(now) {
    unit = now;
    foot = footOf(unit, foot); // unchanged if it was the reader who moved the line
    const ends = [axes.inside(foot), axes.inside(tip())];
    const { edge } = divide(SQUARE, (x) => valueOf(unit, x));
    line.toggleAttribute("hidden", edge.length < 2);
    if (edge.length === 2) join(line, edge);
    join(arrow, ends);
    handles.forEach((handle, k) => handle.set(ends[k]));
    const length = Math.hypot(...unit.w); // the name stands beyond the tip
    label.setAttribute("x", axes.X(ends[1][0]) + (20 * unit.w[0]) / length);
    label.setAttribute("y", axes.Y(ends[1][1]) - (20 * unit.w[1]) / length + 4);
  }
  const hold = (place) => { foot = place; };
  return { lines: [line, arrow], label, handles: handles.map(({ node }) => node), set, hold };
}

/** A plane with regions, points and lines; `set` draws it for the results of a network. */
function plane({ title, names, onUnit }) {
  const axes = axesOf({
    x: [LOW, HIGH], y: [LOW, HIGH], xTicks: [0, 1], yTicks: [0, 1], xName: "x₁", yName: "x₂",
    label: title, width: 360, height: 364,
  });
  const [shade, border] = [svg("path", { class: "shade" }), svg("path", { class: "border" })];
  const lines = names.map((name, j) => lineWithHandles({
    axes, name, onUnit: (unit) => onUnit(unit, j), second: j === 1,
  }));
  const outputs = POINTS.map(([a, b]) => svg("text", {
    x: axes.X(a), y: axes.Y(b) + (b ? -14 : 24), "text-anchor": "middle", class: "halo output",
  }));
  const marks = POINTS.map(([a, b], n) => (CLASSES[n]
    ? svg("rect", { class: "class1", x: axes.X(a) - 7, y: axes.Y(b) - 7, width: 14, height: 14 })
    : svg("circle", { class: "class0", cx: axes.X(a), cy: axes.Y(b), r: 8 })));
  axes.plane.append(shade, border, ...lines.flatMap((line) => line.lines), ...marks,
    ...lines.map(({ label }) => label), ...outputs, ...lines.flatMap(({ handles }) => handles));

  const path = (points, end) => (points.length ? `M${points.map(([a, b]) => `${axes.X(a).toFixed(2)} ${axes.Y(b).toFixed(2)}`).join("L")}${end}` : "");
  const total = html("p", { class: "count" });
  function set(results, letter) {
    shade.setAttribute("d", results.parts.map(({ inside }) => path(inside, "Z")).join(""));
    border.setAttribute("d", results.parts.map(({ edge }) => path(edge, "")).join(""));
    results.units.forEach((unit, j) => lines[j].set(unit));
    const right = verdicts(results);
    const words = right.map((good, n) => {
      const output = written(results.outputs[n]);
      outputs[n].textContent = `${output} ${good ? "✓" : "✗"}`;
      outputs[n].classList.toggle("wrong", !good);
      return `${nameOf(n)}, class ${CLASSES[n]}: ${letter} = ${output}, ${good ? "right" : "wrong"}`;
    });
    axes.node.setAttribute("aria-label", `${title}: ${words.join("; ")}`);
    const most = letter === "u" && count(results) === 3;
    total.textContent = `${count(results)} of 4 points right${most ? ", the most that a line gets" : ""}`;
    total.classList.toggle("solved", count(results) === 4);
  }
  return { node: axes.node, total, set, hold: (places) => lines.forEach((line, j) => line.hold(places[j])) };
}

function render({ model, el }) {
  const message = messageLine();
  /** Put a unit into column j of the weights and biases. */
  const put = (W, b) => ({ w: column, b: bias }, j) => change({
    [W]: model.get(W).map((row, i) => row.with(j, column[i])),
    [b]: model.get(b).with(j, bias),
  });
  const left = plane({
    title: "Two ReLU units", names: ["u₁", "u₂"], onUnit: put("W1", "b1"),
  });
  const right = plane({
    title: "One line, no ReLU", names: ["u"], onUnit: put("linear_W", "linear_b"),
  });
  const formulas = [0, 1, 2].map(() => html("p", { class: "formula" }));
  const field = (label, onNumber) => numberField({ label, step: 0.5, onNumber, onRefused: message.set });
  const fields = {
    "v₁": field("output weight v₁", (value) => change({ W2: [[value], model.get("W2")[1]] })),
    "v₂": field("output weight v₂", (value) => change({ W2: [model.get("W2")[0], [value]] })),
    c: field("output bias c", (value) => change({ b2: [value] })),
  };

  function draw(state) {
    const [relu, linear] = [reluNetwork(state), linearNetwork(state)];
    left.set(relu, "ŷ");
    right.set(linear, "u");
    [formula(relu.units[0], "u₁"), formula(relu.units[1], "u₂"), formula(linear.units[0], "u")]
      .forEach((text, n) => { formulas[n].textContent = text; });
    const values = [...state.W2.flat(), ...state.b2];
    Object.values(fields).forEach(({ set }, n) => set(values[n]));
    message.set(describe(relu, linear));
  }
  const { state: stateNow, change, stop } = connect(model, STATE, draw);
  const original = stateNow();
  function startFrom(values, places) {
    left.hold(places);
    change(values);
  }

  const root = html("section", {
    class: "mlp-figure xor_lines",
    "aria-label": "Live figure: XOR with two ReLU units and with one line",
  });
  root.append(
    html("p", {}, "Drag a filled handle to move a line, a hollow one to turn it (or Tab, then arrow keys). "
      + "● class 0, ■ class 1, beside them the output; shaded: what the network calls class 1."),
    html("div", { class: "planes" },
      html("div", {}, html("p", { class: "title" }, "Two ReLU units (2–2–1)"), left.node, left.total,
        formulas[0], formulas[1],
        html("p", { class: "formula" }, "h = ReLU(u) rises from 0 along the arrow"),
        html("p", { class: "formula" }, "Class 1 where ŷ = v₁ h₁ + v₂ h₂ + c > 0.5"),
        html("p", { class: "fields" },
          ...Object.entries(fields).map(([name, { node }]) => html("label", {}, name, node)))),
      html("div", {}, html("p", { class: "title" }, "One line, no ReLU (2–1)"), right.node, right.total,
        formulas[2], html("p", {}, "Class 1 where u > 0"),
        html("p", { class: "buttons" },
          button("Show the solution", () => startFrom(SOLUTION, SOLUTION_PLACES)),
          button("Back to the start", () => startFrom(original, START_PLACES))),
        message.node)),
  );
  el.append(root);
  left.hold(START_PLACES);
  right.hold(START_PLACES);
  draw(original);
  return stop;
}

export default { render };
