// What a reader works with: fields for numbers, sliders, choices, and points to drag. Each is reached
// with the keyboard, has a name, and returns { node, set }: `set` shows a value, `onValue` hears one.

import { few, html, show, svg } from "./drawing.js";

const LIMIT = 1e6; // the largest number that a field takes

/** A number in a field; what would not be seen whole there, as two digits and a power: 1.9e146. */
function typed(value) {
  const plain = String(Number(value.toPrecision(few(value))));
  const [factor, power] = value.toExponential(1).split("e").map(Number);
  const text = plain.length > 9 || plain.includes("e") ? `${factor}e${power}` : plain;
  return text.replaceAll("-", "−");
}

/** The number that a reader has typed, or NaN. */
function parse(text) {
  const plain = text.trim().replaceAll("−", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/**
 * A field for a number: typing takes effect at once, ↑ and ↓ change it by `step`. What is not a
 * number, or not allowed, is put back when the reader leaves the field, and `onRefused` is told; with
 * it goes what was a number on the way, the 1 of 1,5.
 */
export function numberField({ label, step, above = -Infinity, onNumber, onRefused }) {
  const node = html("input", {
    type: "text", autocomplete: "off", spellcheck: "false", "aria-label": label, title: label,
  });
  let [current, kept, typing] = [0, 0, false]; // kept: what was there before the reader typed

  function problem(value, text) {
    if (Number.isNaN(value)) return `“${text}” is not a number. Write it like 2, −1.5 or 0.01.`;
    if (Math.abs(value) > LIMIT) return "Numbers up to 1 000 000 are allowed here.";
    return value > above ? "" : `It must be larger than ${above}.`;
  }
  const refuse = (reason) => onRefused(`${reason} The ${label} stays ${show(current)}.`);

  function set(value) {
    if (!typing && value !== current) kept = value;
    current = value;
    node.removeAttribute("aria-invalid");
    if (parse(node.value) !== value) node.value = typed(value); // leaves 0.0 on the way to 0.01
  }
  node.addEventListener("input", () => {
    const value = parse(node.value);
    if (problem(value)) node.setAttribute("aria-invalid", "true"); // half typed, say nothing yet
    else {
      typing = true;
      onNumber(value);
      typing = false;
    }
  });
  function finish() {
    const reason = problem(parse(node.value), node.value);
    if (!reason) {
      kept = current;
      return;
    }
    if (kept !== current) onNumber(kept);
    set(kept);
    refuse(reason);
  }
  node.addEventListener("change", finish);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter") finish(); // in JupyterLab, Enter alone makes no change event
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const value = Number((current + direction * step).toPrecision(12));
    const reason = problem(value);
    if (reason) refuse(reason);
    else onNumber(value);
  });
  return { node, set };
}

/** A slider with its value beside it, as `format(value)` writes it. */
export function slider({ label, min, max, step, onValue, format = show }) {
  const input = html("input", { type: "range", min, max, step });
  const output = html("output", { "aria-live": "off" }); // the slider itself says its value
  const node = html("label", { class: "slider" }, label, input, output);
  const tell = (value) => {
    output.textContent = format(value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => { tell(Number(input.value)); onValue(Number(input.value)); });
  return { node, set: (value) => { input.value = value; tell(value); } };
}

/** One of several: `options` is { value: text to read }. */
export function choice({ label, options, onValue }) {
  const items = Object.entries(options).map(([value, text]) => html("option", { value }, text));
  const select = html("select", {}, ...items);
  select.addEventListener("change", () => onValue(select.value));
  return { node: html("label", { class: "choice" }, label, select), set: (value) => { select.value = value; } };
}

/** Yes or no. */
export function checkbox({ label, onValue }) {
  const input = html("input", { type: "checkbox" });
  input.addEventListener("change", () => onValue(input.checked));
  return { node: html("label", {}, input, label), set: (value) => { input.checked = value; } };
}

/**
 * A point of a plot to be dragged, or moved with the arrow keys by `step` (ten times as far with
 * Shift); `step` may be a pair, for x and y. `onValue([x, y])` gets places inside the plot's range;
 * `axes` is made by `axesOf`.
 */
export function dragPoint({ label, axes, step, onValue, class: name = "" }) {
  let [x, y] = [0, 0];
  const node = svg("g", { class: `handle ${name}`, tabindex: 0, role: "slider", "aria-label": label },
    svg("circle", { class: "reach", r: 16 }), svg("circle", { class: "point", r: 7 }));
  const move = (point) => onValue(axes.inside(point));
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    event.preventDefault(); // no text is selected, no page is scrolled
    node.focus();
  });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) move(axes.valueAt(event));
  });
  node.addEventListener("keydown", (event) => {
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const direction = directions[event.key];
    if (!direction) return;
    event.preventDefault();
    const times = event.shiftKey ? 10 : 1;
    const next = [x, y].map((value, k) => value + direction[k] * times * (step[k] ?? step));
    move(next.map((value) => Number(value.toPrecision(12))));
  });
  function set(point) {
    [x, y] = point;
    node.setAttribute("transform", `translate(${axes.X(x)} ${axes.Y(y)})`);
    node.setAttribute("aria-valuenow", x);
    node.setAttribute("aria-valuetext", `${show(x, 3)}, ${show(y, 3)}`);
  }
  return { node, set };
}

/** What a figure says about its state, in words; read aloud when it changes. */
export function messageLine() {
  const node = html("p", { role: "status", class: "message" });
  return { node, set: (text) => { if (node.textContent !== text) node.textContent = text; } };
}
