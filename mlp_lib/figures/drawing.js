// What live figures are made of: elements, numbers as text, fields for numbers, a plot.

const SVG = "http://www.w3.org/2000/svg";
const LIMIT = 1e6; // the largest number that a field takes

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const html = (tag, attributes = {}, ...children) =>
  build(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  build(document.createElementNS(SVG, tag), attributes, children);

/** Text for screen readers only. */
export const spoken = (text) => html("span", { class: "spoken" }, text);

export function button(text, onClick) {
  const node = html("button", { type: "button" }, text);
  node.addEventListener("click", onClick);
  return node;
}

const powerOfTen = (exponent) =>
  `10${[...String(exponent)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;

/** A number to read: six digits at most, true minus, 1.5 × 10⁻⁷; words where there is none. */
export function show(value, digits = 6) {
  if (!Number.isFinite(value)) return "too large";
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-4 || size >= 1e6)) {
    const [factor, exponent] = value.toExponential(digits - 3).split("e");
    return `${show(Number(factor))} × ${powerOfTen(Number(exponent))}`;
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

// Drawings and fields have room for four digits, or all those of a whole number up to 999 999.
const few = (value) => (Math.abs(value) >= 1e4 && Math.abs(value) < 1e6 ? 6 : 4);
export const short = (value) => show(value, few(value));
const typed = (value) => String(Number(value.toPrecision(few(value)))).replaceAll("-", "−");

/** The number that a reader has typed, or NaN. */
export function parse(text) {
  const plain = text.trim().replaceAll("−", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/**
 * A field for a number: typing takes effect at once, ↑ and ↓ change it by `step`. What is not a
 * number, or not allowed, is put back when the reader leaves the field, and `onRefused` is told.
 */
export function numberField({ label, step, above = -Infinity, onNumber, onRefused }) {
  const node = html("input", {
    type: "text", autocomplete: "off", spellcheck: "false", "aria-label": label, title: label,
  });
  let current = 0;

  function problem(value, text) {
    if (Number.isNaN(value)) return `“${text}” is not a number. Write it like 2, −1.5 or 0.01.`;
    if (Math.abs(value) > LIMIT) return "Numbers up to 1 000 000 are allowed here.";
    return value > above ? "" : `It must be larger than ${above}.`;
  }
  const refuse = (reason) => onRefused(`${reason} The ${label} stays ${show(current)}.`);

  function set(value) {
    current = value;
    node.removeAttribute("aria-invalid");
    if (parse(node.value) !== value) node.value = typed(value); // leaves 0.0 on the way to 0.01
  }
  node.addEventListener("input", () => {
    const value = parse(node.value);
    if (problem(value)) node.setAttribute("aria-invalid", "true"); // half typed, say nothing yet
    else onNumber(value);
  });
  function finish() {
    const reason = problem(parse(node.value), node.value);
    if (!reason) return;
    set(current);
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

/** Every `spacing`-th whole number from `low` to `high`, at most `most` of them. */
function ticks(low, high, most) {
  const spacing = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000, 100000]
    .find((s) => (high - low) / s < most);
  const [first, last] = [Math.ceil(low / spacing), Math.floor(high / spacing)];
  return Array.from({ length: last - first + 1 }, (_, k) => (first + k) * spacing);
}

/**
 * Values over the steps 0, 1, 2, … on a logarithmic scale; a triangle where the value rose. What is
 * below ten to the power `floor` is drawn there.
 */
export function logPlot(values, { name, floor = -12 }) {
  const [width, height, left, right, top, bottom] = [360, 210, 48, 12, 12, 38];
  const logs = values.map((value) => Math.min(Math.max(Math.log10(value), floor), 308));
  const low = Math.min(0, Math.floor(Math.min(...logs)));
  const high = Math.max(3, Math.ceil(Math.max(...logs)));
  const last = Math.max(10, values.length - 1);
  const X = (step) => left + (width - left - right) * (step / last);
  const Y = (log) => top + (height - top - bottom) * ((high - log) / (high - low));

  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img" });
  const latest = values.slice(-12).map((value) => show(value)).join(", ");
  plot.setAttribute("aria-label", `${name} on a logarithmic scale, after ${values.length - 1} steps. `
    + `The latest values: ${latest}`);
  for (const k of ticks(low, high, 9)) {
    const text = `${k === floor ? "≤" : ""}${powerOfTen(k)}`;
    plot.append(
      svg("line", { class: "grid", x1: left, x2: width - right, y1: Y(k), y2: Y(k) }),
      svg("text", { x: left - 6, y: Y(k) + 4, "text-anchor": "end" }, text),
    );
  }
  for (const step of ticks(0, last, 11)) {
    const at = { x: X(step), y: height - bottom + 17, "text-anchor": "middle" };
    plot.append(svg("text", at, step));
  }
  const points = logs.map((log, i) => `${X(i)},${Y(log)}`).join(" ");
  plot.append(
    svg("text", { x: 8, y: top + 12, class: "name" }, name),
    svg("text", { x: width - right, y: height - 5, "text-anchor": "end", class: "name" }, "step"),
    svg("polyline", { class: "curve", points }),
  );
  const r = values.length > 60 ? 2 : 4;
  logs.forEach((log, i) => {
    const [x, y] = [X(i), Y(log)];
    plot.append(values[i] > values[i - 1]
      ? svg("path", { class: "rose", d: `M${x} ${y - 1.6 * r}l${1.5 * r} ${2.4 * r}h${-3 * r}z` })
      : svg("circle", { class: "fell", cx: x, cy: y, r }));
  });
  return plot;
}
