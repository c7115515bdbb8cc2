// Optimisers on a map of a cost with two parameters: choose the start, the rates, the mini-batches.
// State (synchronised with Python): the traits in STATE. Paths and costs are computed from it;
// `surfaces` says how each surface starts, and what its map shows.

import { button, counted, html, powerOfTen, short, show, svg } from "./drawing.js";
import { checkbox, choice, dragPoint, messageLine, slider } from "./fields.js";
import { axesOf, ticks } from "./plot.js";
import { connect } from "./state.js";
import { contours } from "./contours.js";
import { TITLES, describe } from "./descent_words.js";
import { descend, helpfulRate, surfaceOf } from "./surfaces.js";

const STATE = [
  "surface", "surfaces", "optimisers", "shown", "start", "lr", "momentum", "steps", "batch", "seed",
  "samples",
];
const MOST_STEPS = 400;
const STEPS_A_SECOND = 30;
const MANY = 100; // steps beyond which the lines of a path fade, so that its dots are seen
const FLOOR = -12; // what is below ten to this power is drawn there

const SURFACE_NAMES = {
  bowl: "bowl: the line through the prices",
  valley: "narrow valley: curvatures 1 and 50",
  network: "no bowl: two weights of the 3–2–1 network",
};
const MARKS = {
  SGD: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
  Momentum: "M-4.5-4.5h9v9h-9z",
  Adam: "M0-6l6 10.5h-12z",
};

/** The map with contours, computed once, the start to drag, and the paths: { node, draw(state, paths) }. */
function mapOf(here, cost, onStart) {
  const axes = axesOf({
    x: here.x, y: here.y, xTicks: here.ticks[0], yTicks: here.ticks[1], xName: here.names[0],
    yName: here.names[1], label: "Map of J", width: 400, height: 340,
  });
  const { X, Y, frame, plane, node } = axes;
  const shapes = contours((a, b) => cost.value([a, b]) - cost.low, here.levels, { ...here, X, Y });
  // What leaves the map is cut off: a drawing inside the drawing.
  const window = svg("svg", { x: frame.left, y: frame.top, width: frame.width, height: frame.height,
    viewBox: `${frame.left} ${frame.top} ${frame.width} ${frame.height}` });
  window.append(...shapes.reverse().map((d) => svg("path", { class: "contour", d })));
  const lines = svg("g", {});
  window.append(lines);
  if (cost.best) {
    const [x, y] = [X(cost.best[0]), Y(cost.best[1])];
    window.append(svg("path", { class: "lowest", d: `M${x - 6} ${y - 6}l12 12m0-12l-12 12` }));
  }
  const step = [here.x, here.y].map(([low, high]) => Number(((high - low) / 100).toPrecision(1)));
  const start = dragPoint({ label: `start: ${here.names.join(", ")}`, axes, step, onValue: onStart });
  plane.append(window, start.node);
  node.addEventListener("click", (event) => {
    if (!start.node.contains(event.target)) onStart(axes.valueAt(event).map((value) => Number(value.toPrecision(3))));
  });

  const place = ([a, b]) => [X(a), Y(b)].map((value) => Math.min(Math.max(value, -1e4), 1e4).toFixed(1));
  function draw(state, paths) {
    start.set(state.start);
    lines.replaceChildren(...Object.entries(paths).map(([name, path]) => {
      const places = path.map(place);
      const [x, y] = places.at(-1);
      return svg("g", { class: `way ${name} ${path.length > MANY ? "long" : ""}` },
        svg("polyline", { class: "line", points: places.join(" ") }),
        svg("path", { class: "steps", d: places.map(([a, b]) => `M${a} ${b}h0`).join("") }),
        svg("path", { class: "end", d: MARKS[name], transform: `translate(${x} ${y})` }));
    }));
    const ends = Object.entries(paths).map(([name, path]) => `${TITLES[name]} at ${path.at(-1).map((v) => show(v, 3)).join(", ")}`);
    node.setAttribute("aria-label", `Map of J over ${here.names.join(" and ")}. Start at `
      + `${state.start.map((v) => show(v, 3)).join(", ")}; after ${counted(state.steps, "step")} ${ends.join("; ")}.`);
  }
  return { node, draw };
}

/** J of each path over the steps, on a logarithmic scale. */
function costPlot(cost, paths, steps) {
  const logs = Object.entries(paths).map(([name, path]) =>
    [name, path.map((theta) => Math.log10(Math.max(cost.value(theta) - cost.low, 10 ** FLOOR)))]);
  const all = logs.flatMap(([, values]) => values);
  const y = [Math.min(-1, Math.floor(Math.min(...all))), Math.max(2, Math.ceil(Math.max(...all)))];
  const last = Math.max(20, steps);
  const name = cost.low > 0 ? "J above its lowest value" : "J";
  const { node, plane, curve } = axesOf({
    x: [0, last], y, xTicks: ticks(0, last, 9), yTicks: ticks(...y, 7), xName: "step", yName: name,
    yText: (k) => `${k === FLOOR ? "≤" : ""}${powerOfTen(k)}`, width: 400, height: 190,
    label: `${name} after each step, on a logarithmic scale. Now: ${Object.entries(paths)
      .map(([rule, path]) => `${TITLES[rule]} ${show(cost.value(path.at(-1)) - cost.low, 3)}`).join(", ")}`,
  });
  node.setAttribute("role", "img");
  for (const [rule, values] of logs) {
    plane.append(svg("g", { class: `way ${rule}` }, curve(values.map((value, k) => [k, value]), "line")));
  }
  return node;
}

/** A scale below a slider: up to where a rate is good, in form and in words. */
function limitScale(low, high) {
  const bar = html("span", { class: "bar", "aria-hidden": "true" });
  const words = html("span", {});
  const node = html("div", { class: "limit" }, bar, words);
  return {
    node,
    set(limit, text) {
      const share = (Math.log10(limit) - low) / (high - low);
      bar.style.setProperty("--share", `${Math.min(Math.max(share, 0), 1) * 100}%`);
      words.textContent = text;
    },
  };
}

/** Name, rate and result of one optimiser: { node, draw(state, path) }. */
function ruleOf(name, here, cost, several, { state, change }) {
  const [low, high] = here.rates.map(Math.log10);
  const result = html("span", { class: "value" });
  const toggle = checkbox({
    label: TITLES[name],
    onValue: (on) => {
      const { shown, optimisers } = state();
      const chosen = optimisers.filter((other) => (other === name ? on : shown.includes(other)));
      change({ shown: chosen.length ? chosen : [name] }); // one stays
    },
  });
  const key = svg("svg", { class: `key way ${name}`, viewBox: "-18 -8 36 16", "aria-hidden": "true" },
    svg("path", { class: "line", d: "M-18 0h36" }), svg("path", { class: "end", d: MARKS[name] }));
  const rate = slider({
    label: "rate η", min: low, max: high, step: 0.005, format: (log) => short(10 ** log),
    onValue: (log) => change({ lr: { ...state().lr, [name]: Number((10 ** log).toPrecision(3)) } }),
  });
  const scale = limitScale(low, high);
  const share = slider({
    label: "momentum μ", min: 0, max: 0.99, step: 0.01, onValue: (momentum) => change({ momentum }),
  });
  const node = html("div", { class: `rule ${name}`, role: "group", "aria-label": TITLES[name] },
    html("div", { class: "head" }, several ? toggle.node : html("b", {}, TITLES[name]), key, result),
    rate.node, scale.node);
  if (name === "Momentum") node.append(share.node);
  if (name === "Adam") scale.node.replaceChildren(html("span", {}, "no limit: a step is about η long in each direction"));

  function draw(now, path) {
    toggle.set(Boolean(path));
    rate.set(Math.log10(now.lr[name]));
    share.set(now.momentum);
    const limit = 2 / cost.curvature;
    const whole = now.batch !== null && now.batch < cost.N ? "with all samples, " : "";
    if (name === "Momentum") {
      const settles = (1 + now.momentum) * limit;
      scale.set(settles, `${whole}it ${cost.best ? "settles" : "can settle"} up to η = ${short(settles)}`);
    } else if (name === "SGD" && cost.best) {
      scale.set(limit, `${whole}up to η = ${short(limit)} each step helps`);
    } else if (name === "SGD") {
      const helps = helpfulRate(cost, now.start);
      const first = helps === null ? "at the start J is flat" : `the first step helps up to η = ${short(helps)}`;
      scale.set(limit, `${first},\nit can settle up to ${short(limit)}`);
    }
    result.textContent = path ? `J = ${short(cost.value(path.at(-1)))}` : "not shown";
  }
  return { node, draw };
}

/** Everything that belongs to one surface: { node, draw(state, running) }, which returns words. */
function viewOf(now, { state, change, run, halt }) {
  const here = now.surfaces[now.surface];
  const cost = surfaceOf(now.surface, now.samples);
  const map = mapOf(here, cost, (start) => change({ start }));
  const rules = now.optimisers.map((name) =>
    [name, ruleOf(name, here, cost, now.optimisers.length > 1, { state, change })]);
  const steps = slider({
    label: "step", min: 0, max: MOST_STEPS, step: 1, onValue: (value) => { halt(); change({ steps: value }); },
  });
  const go = button("Run", run);
  const buttons = html("p", { class: "buttons" }, go,
    button("Step", () => { halt(); change({ steps: Math.min(state().steps + 1, MOST_STEPS) }); }),
    button("Reset", () => { halt(); change({ steps: 0 }); }),
    button("Original start and rates", () => change({ start: here.start, lr: here.lr, momentum: 0.9, batch: null })));
  const batch = slider({
    label: "batch size B", min: 1, max: cost.N, step: 1,
    format: (B) => (B >= cost.N ? `all ${cost.N}` : String(B)),
    onValue: (B) => change({ batch: B < cost.N ? B : null }),
  });
  const again = button("Shuffle anew", () => change({ seed: (state().seed + 1) % 2 ** 32 }));
  const noise = cost.N > 1 ? html("div", { class: "batch" }, batch.node, again)
    : html("p", { class: "batch" }, "This cost has one sample, so there are no mini-batches.");
  const curves = html("div", {});
  const several = rules.length > 1;
  const left = html("div", {}, map.node,
    html("p", { class: "caption" }, cost.best ? "○ start, ✕ lowest point; " : "○ start; ",
      `lines from low to high: J = ${cost.low > 0 ? "lowest + " : ""}${here.levels.map((J) => show(J)).join(", ")}`));
  const right = html("div", {}, steps.node, buttons, ...rules.map(([, rule]) => rule.node), noise);
  (several ? left : right).append(curves); // where there is room
  const node = html("div", { class: "descent" }, left, right);

  function draw(at, running) {
    const paths = Object.fromEntries(at.shown.map((name) => [name, descend(cost, name, at)]));
    map.draw(at, paths);
    curves.replaceChildren(costPlot(cost, paths, at.steps));
    for (const [name, rule] of rules) rule.draw(at, paths[name]);
    steps.set(at.steps);
    batch.set(at.batch ?? cost.N);
    again.hidden = at.batch === null || at.batch >= cost.N;
    go.textContent = running ? "Stop" : "Run";
    return describe(at, cost, paths);
  }
  return { node, draw };
}

function render({ model, el }) {
  let view = null;
  let drawn = {}; // what `view` was made for
  let frame = null; // the next picture of a run
  const body = html("div", {});
  const message = messageLine();
  const surface = choice({
    label: "Surface",
    options: SURFACE_NAMES,
    onValue: (name) => {
      halt();
      const { start, lr } = state().surfaces[name];
      change({ surface: name, start, lr, batch: null });
    },
  });

  function draw(now) {
    if (["surface", "samples", "optimisers"].some((name) => now[name] !== drawn[name])) {
      drawn = now;
      view = viewOf(now, { state, change, run, halt });
      body.replaceChildren(view.node);
    }
    surface.set(now.surface);
    const words = view.draw(now, frame !== null);
    if (frame === null) message.set(words); // a run is described when it ends
  }
  const { state, change, stop } = connect(model, STATE, draw);

  function halt() {
    cancelAnimationFrame(frame);
    if (frame === null) return;
    frame = null;
    draw(state());
  }
  /** Take all steps, in time, or at once where the reader wants no movement. */
  function run() {
    if (frame !== null) return halt();
    if (state().steps >= MOST_STEPS) change({ steps: 0 });
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return change({ steps: MOST_STEPS });
    const first = state().steps;
    const began = performance.now();
    const tick = (time) => {
      const steps = Math.min(first + Math.ceil(((time - began) / 1000) * STEPS_A_SECOND), MOST_STEPS);
      if (steps >= MOST_STEPS) frame = null;
      else frame = requestAnimationFrame(tick);
      if (steps > state().steps || frame === null) change({ steps: Math.max(steps, first) });
    };
    frame = requestAnimationFrame(tick);
    return draw(state());
  }

  const root = html("section", {
    class: "mlp-figure descent", "aria-label": "Live figure: descent on a map of the cost",
  }, surface.node, body, message.node);
  el.append(root);
  draw(state());
  return () => { cancelAnimationFrame(frame); stop(); };
}

export default { render };
