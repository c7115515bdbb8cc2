// An activation function and its slope over u, with the tangent at a point that the reader moves.
// State (synchronised with Python): activation, a name in ACTIVATIONS, and u, where the point is.

import { ACTIVATIONS, ACTIVATION_NAMES } from "./network.js";
import { html, show, svg } from "./drawing.js";
import { choice, dragPoint, messageLine, slider } from "./fields.js";
import { axesOf } from "./plot.js";
import { connect } from "./state.js";

const LIMIT_U = 6; // the figure shows u from −6 to 6
const STEP_U = 0.05; // where a drag can put the point: also exactly at the corner of ReLU
const FLAT_SHARE = 0.1; // flat: the slope is below this share of its largest value
const [TICKS_U, TICKS_WIDE] = [[-6, -4, -2, 0, 2, 4, 6], [-6, -3, 0, 3, 6]];

// Where the sigmoid becomes flat: h (1 − h) = 0.1 · ¼ at h = (1 + √0.9) / 2, and u = log(h / (1 − h)).
// tanh(u) = 2σ(2u) − 1 (eq. 4.7), so it does at half this u.
const EDGE = Math.log((1 + Math.sqrt(1 - FLAT_SHARE)) / (1 - Math.sqrt(1 - FLAT_SHARE)));

// largest: of the slope. flat: the u where the function is. range, ticks: of h in the drawing.
const LINE = { largest: 1, flat: [], range: [-LIMIT_U, LIMIT_U], ticks: TICKS_WIDE };
const ABOUT = {
  identity: { ...LINE, value: "u", slope: "1" },
  sigmoid: {
    value: "1 / (1 + e⁻ᵘ)", slope: "h (1 − h)", largest: 0.25,
    flat: [[-LIMIT_U, -EDGE], [EDGE, LIMIT_U]], range: [-1.2, 1.2], ticks: [-1, -0.5, 0, 0.5, 1],
  },
  tanh: {
    value: "(eᵘ − e⁻ᵘ) / (eᵘ + e⁻ᵘ)", slope: "1 − h²", largest: 1,
    flat: [[-LIMIT_U, -EDGE / 2], [EDGE / 2, LIMIT_U]], range: [-1.2, 1.2], ticks: [-1, -0.5, 0, 0.5, 1],
  },
  relu: { ...LINE, value: "max(0, u)", slope: "1 for u > 0, else 0", flat: [[-LIMIT_U, 0]] },
  leaky_relu: {
    ...LINE, value: "u for u > 0, else 0.01 u", slope: "1 for u > 0, else 0.01", flat: [[-LIMIT_U, 0]],
  },
};

/** Value and slope at u, and whether the slope is below a tenth of its largest value. */
function at(activation, u) {
  const { value, slope } = ACTIVATIONS[activation];
  const h = value(u);
  const phi = slope(u, h);
  return { h, slope: phi, flat: phi < FLAT_SHARE * ABOUT[activation].largest };
}

/** One line of plain words: what the slope at the point means for learning. */
function explain(activation, u) {
  const { slope, flat } = at(activation, u);
  const { largest } = ABOUT[activation];
  const percent = `${show((100 * slope) / largest, 3)} %`;
  if (activation === "identity") {
    return "The slope is 1 everywhere: all of an error passes, but layers without a bend stay one layer.";
  }
  if (activation.endsWith("relu") && u === 0) {
    return `At the corner there is no slope: it is ${show(slope)} on the left and 1 on the right. `
      + `This book and mlp_lib take ${show(slope)}.`;
  }
  if (activation === "relu") {
    return u > 0 ? "Open: the slope is 1, and all of an error passes."
      : "Closed: the slope is exactly 0. No error passes, and a small change of u changes nothing.";
  }
  if (activation === "leaky_relu") {
    return u > 0 ? "Open: the slope is 1, and all of an error passes."
      : "Nearly closed: the slope is 0.01, small but not 0, so a neuron can come back from here.";
  }
  if (flat) return `Saturated: the slope is only ${percent} of its largest value, ${show(largest)}. Little is learnt here.`;
  if (slope === largest) return `Here the ${activation} is steepest: its slope is ${show(largest)}.`;
  return `The slope is ${percent} of its largest value, ${show(largest)}, which is at u = 0.`;
}

/** The corners of the function between −6 and 6: enough points for a smooth curve. */
function points(f) {
  const count = 480; // the corner at 0 is one of them
  return Array.from({ length: count + 1 }, (_, k) => {
    const u = LIMIT_U * ((2 * k) / count - 1);
    return [u, f(u)];
  });
}

function render({ model, el }) {
  const message = messageLine();
  const { state: stateNow, change, stop } = connect(model, ["activation", "u"], draw);
  /** Move the point: a drag puts it on a round number, a key moves on from where it is. */
  const moveTo = (u) => change({ u: Math.min(Math.max(u, -LIMIT_U), LIMIT_U) });
  const onGrid = (u) => Number((Math.round(u / STEP_U) * STEP_U).toFixed(2)) || 0; // no −0

  const activation = choice({
    label: "Activation function", options: ACTIVATION_NAMES, onValue: (value) => change({ activation: value }),
  });
  const position = slider({
    label: "Pre-activation u", min: -LIMIT_U, max: LIMIT_U, step: STEP_U, onValue: moveTo,
  });
  const plots = html("div", { class: "plots" });
  const formulas = html("div", { class: "readout" });
  let drawn = {}; // what depends on the function only: drawn again when another one is chosen

  /** A plot over u with the flat parts shaded. */
  function plotOf({ flat }, { name, y, yTicks, height: total }) {
    const axes = axesOf({
      x: [-LIMIT_U, LIMIT_U], y, xTicks: TICKS_U, yTicks, xName: "u", yName: name, label: "", height: total,
    });
    const { top, height } = axes.frame;
    for (const [from, to] of flat) {
      const width = axes.X(to) - axes.X(from);
      axes.plane.append(svg("rect", { class: "flat", x: axes.X(from), y: top, width, height }));
    }
    axes.plane.append(
      svg("line", { class: "axis", x1: axes.X(-LIMIT_U), x2: axes.X(LIMIT_U), y1: axes.Y(0), y2: axes.Y(0) }),
    );
    const guide = svg("line", { class: "guide", y1: top, y2: top + height });
    axes.plane.append(guide);
    return { ...axes, guide };
  }

  function drawFunction(name) {
    const about = ABOUT[name];
    const { value, slope } = ACTIVATIONS[name];
    const above = plotOf(about, { name: "h = φ(u)", y: about.range, yTicks: about.ticks, height: 250 });
    const below = plotOf(about, { name: "slope φ′(u)", y: [0, 1.2], yTicks: [0, 0.25, 0.5, 0.75, 1], height: 200 });
    above.plane.append(above.curve(points(value), "one"));
    for (const [from, to] of [[-LIMIT_U, 0], [0, LIMIT_U]]) { // two parts: ReLU's slope jumps at 0
      const part = points((u) => slope(u, value(u))).filter(([u]) => u >= from && u <= to);
      if (from === 0) part[0] = [0, slope(1e-9, value(1e-9))];
      below.plane.append(below.curve(part, "two"));
    }
    const tangent = svg("line", { class: "tangent" });
    const triangle = svg("path", { class: "triangle" });
    const rise = svg("text", { class: "rise" });
    above.plane.append(triangle, tangent, rise);

    const handles = [[above, "Point on the function"], [below, "Point on its slope"]].map(([axes, label]) => {
      const handle = dragPoint({
        label: `${label}: drag it, or press the left and right arrow keys`,
        axes,
        step: 0.1,
        class: axes === below ? "two" : "",
        onValue: ([u]) => moveTo(onGrid(u)),
      });
      axes.plane.append(handle.node);
      return handle;
    });
    plots.replaceChildren(above.node, below.node);
    drawn = { name, above, below, tangent, triangle, rise, handles };
  }

  /** The tangent, cut where it leaves the plot, and the triangle 1 to the right, φ′(u) up. */
  function drawTangent(u, h, slope) {
    const { above: { X, Y }, tangent, triangle, rise } = drawn;
    const [low, high] = ABOUT[drawn.name].range;
    const ends = [-LIMIT_U, LIMIT_U].map((end) => {
      if (slope === 0) return end;
      const [a, b] = [u + (low - h) / slope, u + (high - h) / slope];
      return Math.min(Math.max(end, Math.min(a, b)), Math.max(a, b));
    });
    const line = { x1: ends[0], x2: ends[1] };
    for (const [key, v] of Object.entries(line)) {
      tangent.setAttribute(key, X(v));
      tangent.setAttribute(key.replace("x", "y"), Y(h + slope * (v - u)));
    }
    const side = u > LIMIT_U - 1 ? -1 : 1;
    triangle.setAttribute("d", `M${X(u)} ${Y(h)}H${X(u + side)}V${Y(h + side * slope)}`);
    rise.textContent = show(slope, 3);
    rise.setAttribute("x", X(u + side) + side * 5);
    rise.setAttribute("y", Y(h + side * slope / 2) + 4);
    rise.setAttribute("text-anchor", side > 0 ? "start" : "end");
  }

  function draw(state) {
    const { activation: name, u } = state;
    if (drawn.name !== name) drawFunction(name);
    const { h, slope } = at(name, u);
    const { above, below, handles } = drawn;
    activation.set(name);
    position.set(u);
    handles[0].set([u, h]);
    handles[1].set([u, slope]);
    for (const { guide, X } of [above, below]) {
      guide.setAttribute("x1", X(u));
      guide.setAttribute("x2", X(u));
    }
    drawTangent(u, h, slope);
    const title = ACTIVATION_NAMES[name];
    above.node.setAttribute("aria-label", `${title} over u from −6 to 6, with the tangent at u = ${show(u)}`);
    below.node.setAttribute("aria-label", `Slope of ${title} over u from −6 to 6; ${show(slope)} at u = ${show(u)}`);
    const about = ABOUT[name];
    formulas.replaceChildren(
      html("p", {}, `φ(u) = ${about.value}`, html("br"), "h = ", html("span", { class: "value" }, show(h))),
      html("p", {}, `φ′(u) = ${about.slope}`, html("br"), "slope = ", html("span", { class: "gradient" }, show(slope))),
      html("p", {}, `If u grows by 0.1, h grows by ${show(at(name, u + 0.1).h - h, 3)}; `
        + `the slope says about ${show(0.1 * slope, 3)}.`),
    );
    message.set(explain(name, u));
  }

  const key = (drawing, words) => html("p", { class: "key" },
    svg("svg", { class: "plot", viewBox: "0 0 26 16", "aria-hidden": "true" }, drawing), words);
  const root = html("section", {
    class: "mlp-figure activation_functions",
    "aria-label": "Live figure: activation functions and their slopes",
  });
  root.append(
    html("div", { class: "controls" }, activation.node, position.node),
    html("div", { class: "sides" },
      plots,
      html("div", {},
        formulas,
        message.node,
        key(svg("rect", { class: "flat", width: 26, height: 16 }), "flat: the slope is below a tenth of its largest value"),
        key(svg("path", { class: "triangle", d: "M3 13H23V3" }), "1 to the right, the slope upwards: along the tangent"))),
  );
  el.append(root);
  draw(stateNow());
  return stop;
}

export default { render };
