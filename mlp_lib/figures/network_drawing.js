// A small network drawn in pixels: from left to right, or from top to bottom where there is less room.
// What stands in it is named by the ids of `operations.js`.

import { short, svg } from "./drawing.js";
import { sum } from "./matrix.js";

const WIDE_ENOUGH = 600; // pixels for the drawing from left to right
const TITLES = 22; // height of the row of titles
const LINE = 16; // height of a line of text
const STRIP = 19; // height of the strip with the bias, on top of a neuron
const CELL = 58; // largest width of a cell; those of inputs and targets have room for fewer digits
const SMALL_CELL = 46;

const isGiven = (id) => /^(H0|T)/.test(id);

/** Columns (or rows) of nodes: { cells, widths, bias, width, height }, and x and y of the centre. */
function placed({ layers, width, backward }) {
  const across = width >= WIDE_ENOUGH;
  const most = Math.max(...layers.map(({ units }) => units.length));
  const cell = across ? CELL : Math.min(CELL, (width / most - 8) / 2);
  const columns = layers.map(({ units, isCost }, layer) => units.map(({ cells, bias }) => {
    const widths = cells.map((id) => (isGiven(id) ? SMALL_CELL : cell));
    const lines = backward && layer > 0 && !isCost ? 3 : 2; // name, value, derivative
    return { cells, widths, bias, width: sum(widths), height: lines * LINE + 7 + (bias ? STRIP : 0) };
  }));
  const largest = (side) => columns.map((column) => Math.max(...column.map((node) => node[side])));
  const [widest, highest] = [largest("width"), largest("height")];
  const isCost = (c) => Boolean(layers[c]?.isCost); // no numbers stand on the lines to the cost
  const offset = (column, n) => n - (column.length - 1) / 2;

  if (across) {
    const pitch = backward ? 136 : 88;
    const height = TITLES + pitch * (most - 1) + Math.max(...highest) + 6;
    const share = (c) => (isCost(c) ? 0.38 : 1); // of the room between two columns
    const gap = (width - 4 - sum(widest)) / sum(columns.slice(1).map((_, c) => share(c + 1)));
    let left = 2;
    columns.forEach((column, c) => {
      column.forEach((node, n) => {
        node.x = left + widest[c] / 2;
        node.y = (TITLES + height) / 2 + offset(column, n) * pitch;
      });
      left += widest[c] + gap * share(c + 1);
    });
    return { columns, across, height };
  }
  let [top, bottom] = [TITLES, 0];
  columns.forEach((column, c) => {
    column.forEach((node, n) => {
      node.x = width / 2 + offset(column, n) * Math.min(width / column.length, 180);
      node.y = top + highest[c] / 2;
    });
    bottom = top + highest[c];
    top = bottom + (isCost(c + 1) ? 26 : 62);
  });
  return { columns, across, height: bottom + 6 };
}

/** A number with its background; nothing while it is not known. `role` is "now", "read" or "". */
function numberAt({ shown, role }, id, x, y, room) {
  const value = shown(id);
  if (value === undefined) return [];
  const kind = { d: "slope", n: "value new" }[id[0]] ?? (isGiven(id) ? "value given" : "value");
  const words = short(value);
  const width = Math.min(words.length * 8 + 6, room);
  const back = { x: x - width / 2, y: y - 12.5, width, height: LINE - 0.5, rx: 3 };
  return [
    svg("rect", { ...back, class: `${kind === "slope" ? "slope" : "plain"} ${role(id)}` }),
    centred(words, x, y, kind, room - 4),
  ];
}

const centred = (words, x, y, className, room) =>
  svg("text", { x, y, class: className, "text-anchor": "middle", "data-room": room }, words);

/** A neuron: its bias on top, then its cells side by side, each with name, value and derivative. */
function drawNode(view, { cells, widths, bias, x, y, width, height }, isClosed) {
  const [left, top] = [x - width / 2, y - height / 2];
  const frame = svg("rect", { class: "frame", x: left, y: top, width, height, rx: 8 });
  const node = svg("g", { class: isClosed ? "off" : "" }, frame);
  const rule = (x1, y1, x2, y2) => node.append(svg("line", { class: "rule", x1, y1, x2, y2 }));
  let line = top + LINE - 2;
  if (bias) {
    node.append(
      svg("text", { x: left + 10, y: line, class: "name" }, "b"),
      ...numberAt(view, newest(view, bias), left + 0.35 * width, line, 34),
      ...numberAt(view, `d${bias}`, left + 0.75 * width, line, 48),
    );
    rule(left, top + STRIP, left + width, top + STRIP);
    line += STRIP;
  }
  cells.forEach((id, k) => {
    const start = left + sum(widths.slice(0, k));
    const [middle, room] = [start + widths[k] / 2, widths[k] - 2];
    if (k > 0) rule(start, line - LINE + 2, start, top + height);
    node.append(
      centred(view.name(id), middle, line, "name", room),
      ...numberAt(view, id, middle, line + LINE + 1, room),
      ...numberAt(view, `d${id}`, middle, line + 2 * LINE + 2, room),
    );
  });
  return node;
}

/** A weight's new value has the place of the old one. */
const newest = ({ shown }, id) => (shown(`n${id}`) === undefined ? id : `n${id}`);

/**
 * Draw the network into `place`, which is in the page. `view` has `layers`, a list of { title, units:
 * [{ cells, bias }], isCost }; `backward`, whether there are derivatives; and functions: `shown(id)` the
 * number, undefined while it is not known; `name(id)`; `role(id)` "now" for what has just been computed,
 * "read" for what it was computed from, or ""; `closed(layer, unit)` whether nothing passes there.
 */
export function drawSteps(place, view, label) {
  const { layers, backward, shown, role, closed } = view;
  const width = place.clientWidth || 720; // 0 as long as the place is not in the page
  const { columns, across, height } = placed({ layers, width, backward });
  const [lines, labels, nodes] = Array.from({ length: 3 }, () => svg("g"));
  lines.setAttribute("class", "edges");
  labels.setAttribute("class", "labels");

  columns.forEach((column, c) => {
    const [first] = column;
    const at = across
      ? { x: first.x, y: 12, "text-anchor": "middle" }
      : { x: 2, y: first.y - first.height / 2 - 6 };
    labels.append(svg("text", { ...at, class: "title" }, layers[c].title));
    column.forEach((node, j) => {
      nodes.append(drawNode(view, node, closed(c, j)));
      columns[c - 1]?.forEach((source, i) => edge(source, node, c, i, j));
    });
  });

  function edge(from, to, l, i, j) {
    const [x1, y1, x2, y2] = across
      ? [from.x + from.width / 2, from.y, to.x - to.width / 2, to.y]
      : [from.x, from.y + from.height / 2, to.x, to.y - to.height / 2];
    const line = svg("line", { x1, y1, x2, y2 });
    lines.append(line);
    if (layers[l].isCost) return;
    const weight = `W${l}.${i}.${j}`;
    const isPart = [weight, `d${weight}`, `n${weight}`].some((id) => role(id) !== "");
    line.classList.toggle("marked", isPart);
    line.classList.toggle("off", closed(l, j) || closed(l - 1, i));
    if (!across && !isPart) return; // no room for all
    // Where lines from three to three cross, labels at a quarter of their way have equal distances.
    const part = across ? 0.25 : 0.5;
    const [x, y] = [x1 + part * (x2 - x1), y1 + part * (y2 - y1)];
    const above = shown(`d${weight}`) === undefined ? 5 : -2;
    labels.append(
      ...numberAt(view, newest(view, weight), x, y + above, CELL),
      ...numberAt(view, `d${weight}`, x, y + 13, CELL),
    );
  }

  const about = { class: "steps-drawing", role: "img", "aria-label": label };
  const sheet = svg("svg", { width, height, ...about }, lines, labels, nodes);
  place.replaceChildren(sheet);
  for (const node of sheet.querySelectorAll("[data-room]")) { // what is too wide is set closer
    const { room } = node.dataset;
    if (node.getComputedTextLength() <= room) continue;
    node.setAttribute("textLength", room);
    node.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}
