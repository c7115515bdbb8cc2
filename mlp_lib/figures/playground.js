// A playground: points in the plane, a network that learns to tell them apart, and pictures of what
// each of its units has learnt. State (synchronised with Python): the settings, and `trained`, the
// step, parameters and running statistics when training was last paused; null at the start values.

import { button, counted, html, show, svg } from "./drawing.js";
import { checkbox, choice, messageLine } from "./fields.js";
import { Matrix } from "./matrix.js";
import { connect } from "./state.js";
import { Training } from "./playground_data.js";
import { EXPERIMENTS, MOST_LAYERS, MOST_UNITS, SETTINGS, readSettings, writeSettings } from "./playground_settings.js";
import { coloursOf, curvesView, networkView, planeView, unitsOf } from "./playground_view.js";

const STATE = [...Object.keys(SETTINGS), "trained"];
// Settings after which training begins anew; the others hold from the next step on.
const ANEW = ["data", "noise", "samples", "seed", "hidden", "activation", "batch_norm"];
const STEPS_A_SECOND = 300;
const BUDGET = 12; // milliseconds of a frame for steps, or half of a frame that is longer
const REDRAW = 60; // milliseconds from one drawing to the next: steps matter more
const STILL_STEPS = 500; // training at one go where motion is not wanted

const percent = (share) => `${show(100 * share, 3)} %`;
const sign = (k, hollow) => {
  const shape = k === 0 ? svg("circle", { cx: 7, cy: 7, r: 4.5 }) : svg("rect", { x: 3, y: 3, width: 8, height: 8 });
  const colour = `var(--${k === 0 ? "one" : "two"})`;
  shape.style.cssText = `fill:${hollow ? "none" : colour};stroke:${colour};stroke-width:2`;
  return svg("svg", { class: "sign", viewBox: "0 0 14 14", "aria-hidden": "true" }, shape);
};

/** What the network has reached, and what that means. */
function judged({ steps, results, history }) {
  const { training, validation } = results;
  let text = `Step ${show(steps)}: J = ${show(training.J, 3)}`;
  text += validation ? `, on the validation points ${show(validation.J, 3)}.` : ".";
  const lowest = history.reduce((best, row) => (row[2] < best[2] ? row : best));
  if (validation && validation.J > 1.2 * lowest[2] && validation.J > lowest[2] + 0.03) {
    const overfits = training.J < lowest[1];
    return `${text} There it was lowest, ${show(lowest[2], 3)}, at step ${show(lowest[0])}, and has risen since: `
      + (overfits ? "the network over-fits." : "the steps may be too long.");
  }
  if (training.right === 1) return `${text} All training points are right.`;
  if (steps && training.J > 0.65) return `${text} Guessing would give 0.693.`;
  return text;
}

function render({ model, el }) {
  const { values: asked, refused } = readSettings(model.address?.read() ?? []);
  if (Object.keys(asked).length) asked.trained = null;
  for (const [name, value] of Object.entries(asked)) model.set(name, value);

  const updates = []; // each shows the settings in one control: update(state)
  const message = messageLine();
  const say = message.set;
  let training;
  let seen; // the text of the last `trained`: what differs from it comes from Python
  let chosen; // [column, unit], shown in the plane
  let running = 0; // the frame that was asked for, 0 while paused
  const isRunning = () => running !== 0;

  function draw(state) {
    const differs = (name) => JSON.stringify(state[name]) !== JSON.stringify(training?.state[name]);
    const sent = JSON.stringify(state.trained) !== seen;
    seen = JSON.stringify(state.trained);
    if (ANEW.some(differs) || sent) {
      halt();
      training = new Training(state, sent && state.trained ? state.trained : undefined);
      chosen = null;
      showColumns(state);
      say(welcome());
    } else if (Object.keys(SETTINGS).some(differs)) {
      training.adopt(state);
      if (!training.training) halt();
      if (!isRunning()) say(training.training && training.steps ? judged(training) : welcome());
    }
    plane.drawPoints(training.points);
    for (const update of updates) update(state);
    display();
  }
  const { state: stateNow, change, stop } = connect(model, STATE, draw);

  /** Settings that the reader has chosen. */
  function choose(values) {
    change(Object.keys(values).some((name) => ANEW.includes(name)) ? { ...values, trained: null } : values);
    model.address?.write(writeSettings(stateNow()));
  }

  function welcome() {
    const { points, network, state } = training;
    if (!points.training.length) {
      return "There are no points to train with yet. Click into the plane; or move the cross there with the arrow "
        + "keys, and press 0 or 1 for a point of that class.";
    }
    return `${counted(points.training.length, "point")} to train with, ${points.validation.length} for validation. The network `
      + `${[2, ...state.hidden, 2].join("–")} has ${network.theta.length} parameters`
      + `${training.steps ? "" : ", at their start values. Press Train, or Step"}.`;
  }

  // Training.
  const train = button("Train", () => (isRunning() ? pause() : begin()));
  function halt() {
    cancelAnimationFrame(running);
    running = 0;
    train.textContent = "Train";
  }
  /** Stop, hand the weights to Python, and say what has been reached. */
  function pause(words) {
    halt();
    training.measure();
    const trained = training.save();
    seen = JSON.stringify(trained);
    change({ trained });
    say(words ?? judged(training));
  }
  const tooLarge = () => pause("The next step would make numbers too large to compute with, so it was not taken. "
    + "Choose a smaller learning rate, or press Reset.");
  function begin() {
    if (!training.training) return say(welcome());
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const last = isStill ? training.steps + STILL_STEPS : Infinity;
    let [before, owed, drawn] = [performance.now(), 1, 0];
    function frame(now) {
      const passed = Math.max(now - before, 0);
      before = now;
      owed = Math.min(owed + (passed / 1000) * STEPS_A_SECOND, STEPS_A_SECOND / 5);
      const end = performance.now() + Math.max(BUDGET, passed / 2);
      for (; owed >= 1 && performance.now() < end; owed -= 1) {
        if (!training.step()) return tooLarge();
        if (training.steps >= last) return pause();
      }
      if (!isStill && now - drawn >= REDRAW) {
        drawn = now;
        training.measure();
        display();
      }
      running = requestAnimationFrame(frame);
      return undefined;
    }
    train.textContent = "Pause";
    say(isStill ? `Training for ${STILL_STEPS} steps …` : "Training …");
    running = requestAnimationFrame(frame);
    return undefined;
  }
  function stepOnce() {
    if (!training.training) say(welcome());
    else if (training.step()) pause();
    else tooLarge();
  }

  function reset() {
    seen = undefined; // begin anew even if Python has not heard of any step
    change({ trained: null });
  }

  // The pictures.
  const addPoint = ([x, y], k) => choose({ points: [...model.get("points"), [x, y, k]] });
  function tellAt([x, y]) {
    const [[, p]] = training.network.predict(Matrix.from([[x, y]])).toRows();
    say(`At x₁ = ${show(x)}, x₂ = ${show(y)} the probability of class 1 is ${show(p, 3)}.`);
  }
  const isOwn = () => model.get("data") === "own";
  let newClass = 0;
  const plane = planeView({
    onPoint: (place) => (isOwn() ? addPoint(place, newClass) : tellAt(place)),
    onMove: tellAt,
    onKey(key, place) {
      if (!isOwn() || !["0", "1", "Enter", " ", "Backspace", "Delete"].includes(key)) return false;
      if (key.length > 1 && key !== "Enter") choose({ points: model.get("points").slice(0, -1) });
      else addPoint(place, key === "0" || key === "1" ? Number(key) : newClass);
      return true;
    },
  });
  const network = networkView({ onChoose: (...unit) => { chosen = unit; display(); say(named()); } });
  const curves = curvesView();
  const heads = html("div", { class: "columns" });
  const planeTitle = html("p", { class: "title" });
  const progress = html("span", {});
  const cells = Object.fromEntries(["training", "validation"].map((set) => [set, [html("td", {}), html("td", {})]]));

  /** The chosen unit in words. */
  function named() {
    const last = training.state.hidden.length + 1;
    const [column, unit] = chosen ?? [last, 0];
    if (column === last) return "Output: probability of class 1.";
    if (column === 0) return `Input x${"₁₂"[unit]}, from −3 (light) to 3 (dark).`;
    const { range: [low, high], isOff } = unitsOf(training.network)[column][unit];
    const name = `Unit ${unit + 1} of layer ${column}`;
    return isOff ? `${name}: the same for every point of the plane.`
      : `${name}, from ${show(low, 3)} (light) to ${show(high, 3)} (dark). On the line its input to the activation is 0.`;
  }
  function display() {
    const units = unitsOf(training.network);
    const [column, unit] = chosen ?? [units.length - 1, 0];
    const colours = root.isConnected ? coloursOf(root) : null; // style sheets reach the document only
    if (colours) plane.drawValues(units[column][unit], colours);
    if (colours) network.draw(units, training.network.layers.flatMap(({ params: { W } }) => W ?? []), colours, [column, unit]);
    curves.draw(training.history);
    progress.textContent = `step ${show(training.steps)}`;
    for (const [set, [J, right]] of Object.entries(cells)) {
      J.textContent = training.results[set] ? show(training.results[set].J, 3) : "–";
      right.textContent = training.results[set] ? percent(training.results[set].right) : "–";
    }
    if (isRunning()) return;
    planeTitle.textContent = column === units.length - 1 ? "Output: probability of class 1" : named().split(/[,:]/)[0];
    plane.describe(`Plane of the inputs x₁ and x₂, showing ${named()} The arrow keys move a cross that asks for the `
      + `probability at its place${isOwn() ? "; 0 and 1 add a point of that class, Backspace takes the last back" : ""}.`);
    network.describe(`Network ${[2, ...training.state.hidden, 2].join("–")} with a picture of each unit. The arrow keys `
      + `choose the one that the plane shows: ${named()}`);
  }
  function showColumns({ hidden }) {
    const widths = hidden.map((width, l) => {
      const control = choice({
        label: `Layer ${l + 1}`,
        options: Object.fromEntries(Array.from({ length: MOST_UNITS }, (_, n) => [n + 1, n + 1])),
        onValue: (text) => choose({ hidden: model.get("hidden").with(l, Number(text)) }),
      });
      control.set(width);
      return control.node;
    });
    const focused = [...heads.children].findIndex((node) => node.contains(document.activeElement));
    heads.replaceChildren(html("span", {}, "Inputs"), ...widths, html("span", {}, "Output"));
    heads.children[focused]?.querySelector("select")?.focus(); // the new one takes the old one's place
  }

  // The controls.
  function pick(name) {
    const { label, options, read, write } = SETTINGS[name];
    const control = choice({ label, options: {}, onValue: (text) => choose({ [name]: read(text) }) });
    const select = control.node.querySelector("select");
    const offer = (value, text) => select.append(html("option", { value }, text));
    for (const option of options) offer(...option);
    updates.push((state) => {
      const text = write(state[name]);
      if (![...select.options].some(({ value }) => value === text)) offer(text, show(state[name]));
      control.set(text);
      select.disabled = state.data === "own" && ["noise", "samples"].includes(name);
    });
    return control.node;
  }
  const depth = choice({
    label: "Hidden layers",
    options: Object.fromEntries(Array.from({ length: MOST_LAYERS + 1 }, (_, n) => [n, n])),
    onValue(text) {
      const hidden = model.get("hidden");
      choose({ hidden: Array.from({ length: Number(text) }, (_, l) => hidden[l] ?? hidden.at(-1) ?? 4) });
    },
  });
  updates.push(({ hidden }) => depth.set(hidden.length));
  const normalised = checkbox({ label: "Batch normalisation", onValue: (value) => choose({ batch_norm: value }) });
  updates.push((state) => normalised.set(state.batch_norm));
  const classOfNew = choice({
    label: "Class of new points", options: { 0: "0 (round)", 1: "1 (square)" }, onValue: (text) => { newClass = Number(text); },
  });
  const clear = button("Clear points", () => choose({ points: [] }));
  updates.push(({ data }) => [classOfNew.node, clear].forEach((node) => { node.hidden = data !== "own"; }));
  const experiment = choice({
    label: "Experiment",
    options: { "": "choose …", ...Object.fromEntries(Object.keys(EXPERIMENTS).map((title) => [title, title])) },
    onValue(title) {
      if (!title) return;
      seen = undefined; // from the start, also if the settings are the same
      choose({ ...EXPERIMENTS[title], trained: null });
      say(`Experiment ${title}. ${welcome()}`);
    },
  });
  const link = html("input", { type: "text", readonly: "" });
  const linkRow = html("label", { class: "link", hidden: "" }, "Link", link);
  async function copyLink() {
    link.value = model.address.link(writeSettings(stateNow()));
    linkRow.hidden = false;
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      say("A link to this page with these settings has been copied.");
    } catch { // not allowed here
      say("Here is a link to this page with these settings, to be copied.");
    }
  }

  const group = (title, ...controls) => html("fieldset", {}, html("legend", {}, title), ...controls);
  const row = (name, [J, right]) => {
    const line = svg("path", { class: `curve ${name}`, d: "M0 6h34" });
    const sample = svg("svg", { class: "sample", viewBox: "0 0 34 12", "aria-hidden": "true" }, line);
    return html("tr", {}, html("th", { scope: "row" }, sample, name), J, right);
  };
  const root = html("section", {
    class: "mlp-figure playground", "aria-label": "Live figure: a playground for small networks",
  });
  root.append(
    html("div", { class: "play-top" },
      html("div", { class: "buttons" }, train, button("Step", stepOnce), button("Reset", reset),
        ...(model.address ? [button("Copy link", copyLink)] : [])),
      progress, experiment.node),
    linkRow, message.node,
    html("div", { class: "play" },
      html("div", {}, planeTitle, plane.node,
        html("p", {}, sign(0), " class 0, ", sign(1), " class 1; ", sign(0, true), " ", sign(1, true),
          " for validation. On the line both classes are equally likely."),
        curves.node),
      html("div", {}, heads, network.node,
        html("p", {}, "What each unit gives at every point of the plane. Lines are weights, thick where they are large, "
          + "dashed where negative. Crossed out: the same everywhere. Choose a picture to see it large."),
        html("table", { class: "results" },
          html("tr", {}, ...["points", "J", "right answers"].map((name) => html("th", { scope: "col" }, name))),
          row("training", cells.training), row("validation", cells.validation)))),
    html("div", { class: "groups" },
      group("Data", pick("data"), pick("noise"), pick("samples"), pick("seed"), classOfNew.node, clear),
      group("Network", depth.node, pick("activation"), normalised.node, pick("dropout")),
      group("Training", pick("optimiser"), pick("lr"), pick("batch_size"), pick("weight_decay"))),
  );
  el.append(root);
  draw(stateNow());
  if (refused.length) say(`The address of the page: ${refused.join(" ")}`);
  // The pictures are made of dots, not of style: they are drawn when the figure has come into the
  // page, and anew for another theme.
  const sizes = new ResizeObserver(() => requestAnimationFrame(display));
  sizes.observe(root);
  const themes = new MutationObserver(display);
  for (const node of [document.documentElement, document.body]) {
    themes.observe(node, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light"] });
  }
  return () => { halt(); sizes.disconnect(); themes.disconnect(); stop(); };
}

export default { render };
