// The book's worked networks, one operation at a time: forward, backward, update.
// State (synchronised with Python): example, x, weights, biases, target, lr, forward_only, and step, the
// number of operations that are done. All other numbers follow from it.

import { button, html, short, show } from "./drawing.js";
import { messageLine, numberField, slider } from "./fields.js";
import { typeset } from "./formula.js";
import { drawSteps } from "./network_drawing.js";
import { compute, describe, indices, operations } from "./operations.js";
import { connect } from "./state.js";

const STATE = ["example", "x", "weights", "biases", "target", "lr", "forward_only", "step"];
const TOO_LARGE = "With the new numbers J is too large to compute. Choose a smaller learning rate.";

/** What the drawing shows of each layer: ids of `operations.js`. */
function layersOf(state) {
  const { activation, isClassifier, sizes, L } = describe(state);
  const { biases, forward_only: forwardOnly } = state;
  const layers = sizes.map((size, l) => {
    const units = indices(size).map((j) => {
      const cells = l === 0 || (l === L && !isClassifier) ? [`H${l}.${j}`] : [`U${l}.${j}`, `H${l}.${j}`];
      if (l === L && !forwardOnly) cells.push(`T${l}.${j}`);
      return { cells, bias: l > 0 && biases.length ? `b${l}.${j}` : null };
    });
    if (l === 0) return { title: "inputs", units };
    if (l === L) return { title: `output${size > 1 ? "s" : ""}${isClassifier ? ", softmax" : ""}`, units };
    return { title: `hidden${L > 2 ? ` ${l}` : ""}, ${activation === "relu" ? "ReLU" : activation}`, units };
  });
  return forwardOnly ? layers : [...layers, { title: "cost", units: [{ cells: ["J"] }], isCost: true }];
}

/** What has been reached at the end of a pass. */
function summary(pass, { forward_only: forwardOnly }, { values: { J }, after }) {
  if (pass === "forward") return `The forward pass is done${forwardOnly ? "." : "; the way back begins."}`;
  if (pass === "backward") return "The backward pass is done: every derivative is known.";
  if (!Number.isFinite(after)) return TOO_LARGE;
  let change = "as before";
  if (after > J) change = "more than before: the step was too long";
  if (after < J) change = "less than before";
  return `The step is done: J was ${show(J)} and is now ${show(after)}, ${change}. Next begins a new round.`;
}

/** Fields for all numbers of the network: { node, update(state) }. */
function numberPanel(original, change, say) {
  const { isClassifier, sizes, L, sumOf, name } = describe(original);
  const updates = [];
  let now = original;

  /** A field for an entry of a trait; `at` are its indices. */
  function entry(label, trait, at, step) {
    const { node, set } = numberField({
      label, step, onRefused: say,
      onNumber(value) {
        const copy = structuredClone(now[trait]);
        at.slice(0, -1).reduce((part, i) => part[i], copy)[at.at(-1)] = value;
        change({ [trait]: copy });
      },
    });
    updates.push((state) => set(at.reduce((part, i) => part[i], state[trait])));
    return node;
  }
  const labelled = (text, node) => html("label", {}, text, node);

  const others = html("div", { class: "others" });
  for (const i of indices(sizes[0])) {
    const x = name(`H0.${i}`);
    others.append(labelled(x, entry(`input ${x}`, "x", [i], isClassifier ? 0.5 : 1)));
  }
  if (!original.forward_only && isClassifier) { // two probabilities: the first decides
    const first = slider({
      label: "target t₁", min: 0, max: 1, step: 0.1,
      onValue: (t) => change({ target: [t, Number((1 - t).toPrecision(12))] }),
    });
    updates.push((state) => first.set(state.target[0]));
    others.append(first.node);
  } else if (!original.forward_only) {
    for (const k of indices(sizes[L])) {
      const label = `target ${name(`T${L}.${k}`)}`;
      others.append(labelled(label, entry(label, "target", [k], 1)));
    }
  }
  if (!original.forward_only) {
    const rate = numberField({
      label: "learning rate η", step: 0.001, above: 0, onRefused: say, onNumber: (lr) => change({ lr }),
    });
    updates.push((state) => rate.set(state.lr));
    others.append(labelled("learning rate η", rate.node));
  }

  function tableOf(l) {
    const step = isClassifier ? 0.1 : 1;
    const row = (head, ...fields) =>
      html("tr", {}, html("th", { scope: "row" }, head), ...fields.map((node) => html("td", {}, node)));
    const ends = indices(sizes[l]).map((j) => name(sumOf(l, j)));
    const rows = indices(sizes[l - 1]).map((i) => {
      const from = name(`H${l - 1}.${i}`);
      return row(from, ...ends.map((to, j) => entry(`weight from ${from} to ${to}`, "weights", [l - 1, i, j], step)));
    });
    if (original.biases.length) {
      rows.push(row("bias", ...ends.map((to, j) => entry(`bias of ${to}`, "biases", [l - 1, j], step))));
    }
    const heads = ends.map((to) => html("th", { scope: "col" }, `→ ${to}`));
    return html("table", {}, html("caption", {}, `Weights of layer ${l}`),
      html("thead", {}, html("tr", {}, html("td"), ...heads)), html("tbody", {}, ...rows));
  }
  const node = html("div", {}, others, html("div", { class: "tables" }, ...indices(L).map((l) => tableOf(l + 1))));
  return { node, update: (state) => { now = state; for (const update of updates) update(state); } };
}

function render({ model, el }) {
  const message = messageLine();
  const say = message.set;
  let [now, results, list] = [null, null, []]; // the state as drawn, its numbers, its operations

  const { state: stateNow, change, stop } = connect(model, STATE, draw);
  const original = stateNow();
  const panel = numberPanel(original, change, say);

  const place = html("div", { class: "place" });
  const title = html("p", { class: "operation-title" });
  const operation = html("div", { class: "operation" });
  const counter = slider({
    label: "operation", min: 0, max: 1, step: 1,
    onValue: (step) => change({ step }),
    format: (step) => `${step} of ${list.length}`,
  });

  function draw(state) {
    now = state;
    results = compute(state);
    list = operations(state, results.values);
    panel.update(state);
    counter.node.querySelector("input").max = list.length;
    counter.set(state.step);
    drawNetwork();

    const last = list[state.step - 1];
    title.textContent = last ? last.title : "Nothing is computed yet";
    const line = (label, ...formulas) => [
      html("span", {}, label),
      html("span", { class: "formulas" }, ...formulas.map((text) => html("span", {}, ...typeset(text)))),
    ];
    operation.replaceChildren();
    if (!last) {
      say("Press Next: each time one number is computed. Predict it first.");
      return;
    }
    operation.append(...line("in letters", last.formula));
    const locals = `local derivative${last.local.length > 1 ? "s" : ""}`;
    if (last.local.length) operation.append(...line(locals, ...last.local));
    operation.append(...line("in numbers", last.numbers));
    const isEnd = last.pass !== list[state.step]?.pass;
    say(`${last.name} = ${short(results.values[last.result])}. ${last.why}`
      + (isEnd ? ` ${summary(last.pass, state, results)}` : ""));
  }

  function drawNetwork() {
    const { values } = results;
    const done = list.slice(0, now.step);
    const last = done.at(-1);
    const known = new Set(done.map(({ result }) => result));
    const isKnown = (id) => known.has(id) || /^(H0|W|b|T)/.test(id);
    const isHidden = (l) => l > 0 && l < now.weights.length;
    const computed = done.map(({ name, result }) => `${name} = ${short(values[result])}`).join(", ");
    drawSteps(place, {
      layers: layersOf(now),
      backward: !now.forward_only,
      shown: (id) => (isKnown(id) ? values[id] : undefined),
      name: describe(now).name,
      role: (id) => (id === last?.result ? "now" : (last?.reads.includes(id) && "read") || ""),
      closed: (l, j) => isHidden(l) && known.has(`H${l}.${j}`) && values[`H${l}.${j}`] === 0,
    }, `Drawing of the ${now.example} network. Computed: ${computed || "nothing yet"}.`);
  }

  function next() {
    if (now.step < list.length) change({ step: now.step + 1 });
    else if (now.forward_only) say("The forward pass is done. Start again, or change the numbers.");
    else if (!Number.isFinite(results.after)) say(TOO_LARGE);
    else {
      const after = (id) => results.values[`n${id}`];
      change({
        weights: now.weights.map((W, l) => W.map((row, i) => row.map((_, j) => after(`W${l + 1}.${i}.${j}`)))),
        biases: now.biases.map((b, l) => b.map((_, j) => after(`b${l + 1}.${j}`))),
        step: 0,
      });
      say("A new round, with the new numbers. Press Next.");
    }
  }
  function back() {
    if (now.step > 0) change({ step: now.step - 1 });
    else say("This is the start: there is nothing to take back.");
  }
  function finishPass() {
    if (now.step === list.length) next();
    else change({ step: list.findLastIndex(({ pass }) => pass === list[now.step].pass) + 1 });
  }

  const key = html("p", { class: "key" }, html("b", {}, "just computed"), " from ", html("i", {}, "these numbers"));
  if (!original.forward_only) {
    key.append(" · ", html("span", { class: "gradient" }, "derivative of J"), " · ", html("u", {}, "new value"));
  }
  const settings = html("div", { class: "settings" }, panel.node,
    html("p", {}, button("Original numbers", () => change({ ...original, step: now.step }))));
  const toggle = button("Change the numbers", () => open(settings.hidden));
  const open = (isOpen) => {
    settings.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
  };
  open(false);

  const root = html("section", {
    class: `mlp-figure step_by_step${original.forward_only ? " forward-only" : ""}`,
    "aria-label": `Live figure: the ${original.example} network step by step`,
  });
  root.append(
    place, key,
    html("div", { class: "walk" },
      html("p", { class: "buttons" }, button("Next", next), button("Back", back),
        button("End of pass", finishPass), button("Start again", () => change({ step: 0 }))),
      counter.node),
    title, operation, message.node,
    html("p", {}, toggle), settings,
  );
  el.append(root);
  draw(original);
  const observer = new ResizeObserver(drawNetwork);
  observer.observe(place);
  return () => { observer.disconnect(); stop(); };
}

export default { render };
