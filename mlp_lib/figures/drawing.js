// What live figures are made of: elements, and numbers as text.

const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  // Keys pressed here are not for JupyterLab, whose own shortcuts look for what has the focus.
  if (node.tabIndex >= 0) node.setAttribute("data-lm-suppress-shortcuts", "true");
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

export const powerOfTen = (exponent) =>
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
export const few = (value) => (Math.abs(value) >= 1e4 && Math.abs(value) < 1e6 ? 6 : 4);
export const short = (value) => show(value, few(value));

/** A number of things: 1 step, 2 steps. */
export const counted = (number, thing) => `${show(number)} ${thing}${number === 1 ? "" : "s"}`;
