// What the playground draws: the plane with its points, the network with a picture of every unit, and
// the loss curves. Each view is made once and returns functions that redraw a part of it.

import { counted, html, show, svg } from "./drawing.js";
import { Matrix } from "./matrix.js";
import { sigmoid } from "./network.js";
import { axesOf } from "./plot.js";

const HALF = 3; // the plane shows x₁ and x₂ from −3 to 3
const GRID = 40; // pictures of GRID × GRID values
const SHADE = 0.6; // the strongest tint of a region, so that points stand out
const PICTURE = 42; // side of a unit's picture, in units of the drawing
const [WIDTH, HEIGHT] = [480, 384];
const SHARP = 1.5; // dots of the canvas to a unit of the drawing

/** The inputs at the middles of the cells, from the upper left, row by row. */
const gridPlace = (n) => (((n + 0.5) / GRID) * 2 - 1) * HALF;
const gridInputs = new Matrix(GRID * GRID, 2)
  .map((_, n, j) => (j === 0 ? gridPlace(n % GRID) : -gridPlace(Math.floor(n / GRID))));

/** Colours of the theme as [r, g, b], under the names of figures.css. */
export function coloursOf(node) {
  const style = getComputedStyle(node);
  const rgb = (name) => [1, 3, 5].map((n) => parseInt(style.getPropertyValue(`--${name}`).trim().slice(n, n + 2), 16));
  return Object.fromEntries(["paper", "ink", "one", "two", "value"].map((name) => [name, rgb(name)]));
}
const mix = (a, b, share) => a.map((value, n) => value + share * (b[n] - value));
const css = (rgb) => `rgb(${rgb.map(Math.round).join(" ")})`;

/** 256 colours, as a canvas keeps them, for the shares 0 to 1 of the way through a range. */
function palette(colourAt) {
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let n = 0; n < 256; n += 1) bytes.set([...colourAt(n / 255), 255], 4 * n);
  return new Uint32Array(bytes.buffer);
}
/** For the probability of class 1: blue below one half, orange above, paper between. */
const classPalette = ({ paper, one, two }) =>
  palette((p) => mix(paper, p < 0.5 ? one : two, SHADE * Math.abs(2 * p - 1)));
/** For the outputs of a unit: the lowest light, the highest dark, in every theme. */
function unitPalette({ paper, ink }) {
  const [light, dark] = paper[0] > ink[0] ? [paper, ink] : [ink, paper];
  return palette((share) => mix(light, dark, 0.1 + 0.75 * share));
}

/** Paint values from `low` to `high` on a canvas, one dot each; it is shown larger. */
function paint(canvas, values, [low, high], colours) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(GRID, GRID);
  const dots = new Uint32Array(image.data.buffer);
  const scale = high > low ? 255 / (high - low) : 0;
  for (let n = 0; n < dots.length; n += 1) {
    dots[n] = colours[Math.min(Math.max(Math.round((values[n] - low) * scale), 0), 255)];
  }
  context.putImageData(image, 0, 0);
}

/** What every unit gives on the grid, column by column from the inputs to the output. */
export function unitsOf(network) {
  const each = (M, f) => {
    const T = M.transpose();
    return Array.from({ length: T.rows }, (_, j) => f(T.row(j)));
  };
  const U = network.forward(gridInputs);
  const [u0, u1] = each(U, (values) => values);
  const hidden = network.layers.flatMap((layer, l) => (layer.phi ? [each(network.outputs[l], (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const extent = { tanh: [-1, 1], sigmoid: [0, 1], relu: [0, high] }[layer.name] ?? [low, high];
    return { values, range: extent, level: layer.name === "sigmoid" ? 0.5 : 0, isOff: low === high };
  })] : []));
  return [
    each(gridInputs, (values) => ({ values, range: [-HALF, HALF], level: 0 })),
    ...hidden,
    [{ values: u1.map((u, n) => sigmoid(u - u0[n])), range: [0, 1], level: 0.5, isOutput: true }],
  ];
}

/** The line where the values on the grid pass `level`, as an SVG path (marching squares). */
function contour(values, level, X, Y) {
  const at = (i, j) => values[i * GRID + j] - level;
  const x = (j) => X(gridPlace(j));
  const y = (i) => Y(-gridPlace(i));
  let path = "";
  for (let i = 0; i + 1 < GRID; i += 1) {
    for (let j = 0; j + 1 < GRID; j += 1) {
      const [a, b, c, d] = [at(i, j), at(i, j + 1), at(i + 1, j + 1), at(i + 1, j)];
      const ends = []; // where the line crosses the four sides
      const share = (from, to) => from / (from - to);
      if (a > 0 !== b > 0) ends.push([x(j + share(a, b)), y(i)]);
      if (b > 0 !== c > 0) ends.push([x(j + 1), y(i + share(b, c))]);
      if (c > 0 !== d > 0) ends.push([x(j + share(d, c)), y(i + 1)]);
      if (d > 0 !== a > 0) ends.push([x(j), y(i + share(a, d))]);
      const pairs = ends.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`);
      for (let n = 0; n + 1 < pairs.length; n += 2) path += `M${pairs[n]}L${pairs[n + 1]}`;
    }
  }
  return path;
}

/**
 * The plane of the two inputs. `onPoint([x1, x2])` hears of clicks; a canvas in focus is steered with
 * the arrow keys, and `onKey(key, [x1, x2])` hears of the others.
 */
export function planeView({ onPoint, onMove, onKey }) {
  const ticks = [-2, 0, 2];
  const range = [-HALF, HALF];
  const axes = axesOf({
    x: range, y: range, xTicks: ticks, yTicks: ticks, xName: "x₁", yName: "x₂", label: "", height: 364,
  });
  for (const name of ["role", "aria-label"]) axes.node.removeAttribute(name);
  axes.node.setAttribute("aria-hidden", "true"); // the canvas below has the words
  const { left, top, width, height } = axes.frame;
  const canvas = html("canvas", { width: GRID, height: GRID, tabindex: 0, role: "application" });
  canvas.style.cssText = `left:${(left / 360) * 100}%;top:${(top / 364) * 100}%;`
    + `width:${(width / 360) * 100}%;height:${(height / 364) * 100}%`;
  const border = svg("path", { class: "border" });
  const points = svg("g", {});
  const probe = svg("path", { class: "probe" });
  axes.plane.append(border, points, probe);

  let place = [0, 0];
  const put = (point) => {
    place = axes.inside(point);
    probe.setAttribute("d", `M${axes.X(place[0])} ${axes.Y(place[1])}m-9 0h18m-9 -9v18`);
  };
  put(place);
  canvas.addEventListener("click", (event) => {
    put(axes.valueAt(event).map((x) => Math.round(x * 100) / 100));
    onPoint(place);
  });
  canvas.addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (direction) {
      put(place.map((x, k) => Math.round((x + direction[k] * (event.shiftKey ? 1 : 0.1)) * 100) / 100));
      onMove(place);
    } else if (!onKey(event.key, place)) return;
    event.preventDefault();
  });

  /** Points by form: class 0 round, class 1 square; to train with full, for validation hollow. */
  function drawPoints(sets) {
    const path = (set, k) => set.filter(([, , label]) => label === k).map((point) => {
      const [x, y] = axes.inside(point);
      return `M${axes.X(x).toFixed(1)} ${axes.Y(y).toFixed(1)}h0`;
    }).join("");
    points.replaceChildren(...["validation", "training"].flatMap((set) => [0, 1].flatMap((k) => {
      const d = path(sets[set], k);
      const parts = ["halo", "body", ...(set === "validation" ? ["hole"] : [])];
      return parts.map((part) => svg("path", { class: `${part} class-${k}`, d }));
    })));
  }
  /** The values on the grid, in colours; the border is where they pass `level`. */
  function drawValues({ values, range: extent, isOutput, level }, colours) {
    paint(canvas, values, extent, isOutput ? classPalette(colours) : unitPalette(colours));
    border.setAttribute("d", contour(values, level, axes.X, axes.Y));
  }
  const describe = (text) => canvas.setAttribute("aria-label", text);
  const node = html("div", { class: "plane" }, canvas, axes.node);
  return { node, drawPoints, drawValues, describe, place: () => place };
}

/**
 * The network: a picture of every unit on the grid, lines as thick as the weights are large (dashed:
 * negative). A click or the arrow keys choose a unit: `onChoose(column, unit)`.
 */
export function networkView({ onChoose }) {
  const canvas = html("canvas", {
    class: "units", width: SHARP * WIDTH, height: SHARP * HEIGHT, tabindex: 0, role: "application",
  });
  const context = canvas.getContext("2d");
  const picture = html("canvas", { width: GRID, height: GRID });
  let columns = [];
  let chosen = [0, 0];
  const x = (column) => ((column + 0.5) / columns.length) * WIDTH;
  const y = (column, unit) => HEIGHT / 2 + (unit - (columns[column].length - 1) / 2) * (HEIGHT / 8);

  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const at = [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
    columns.forEach((units, c) => units.forEach((_, u) => {
      if (Math.max(Math.abs(at[0] - x(c)), Math.abs(at[1] - y(c, u))) <= PICTURE / 2) onChoose(c, u);
    }));
  });
  canvas.addEventListener("keydown", (event) => {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (right === undefined) return;
    event.preventDefault();
    const column = Math.min(Math.max(chosen[0] + right, 0), columns.length - 1);
    onChoose(column, Math.min(Math.max(chosen[1] + down, 0), columns[column].length - 1));
  });

  function drawEdges(weights, colours) {
    const largest = Math.max(...weights.flatMap((W) => [...W.data].map(Math.abs)), 1e-9);
    weights.forEach((W, c) => W.map((w, i, j) => {
      // To the one picture of the output leads the weight of class 1 less that of class 0.
      const isLast = c === weights.length - 1;
      if (isLast && j === 0) return 0;
      const size = isLast ? (w - W.at(i, 0)) / 2 : w;
      context.beginPath();
      context.lineWidth = 0.4 + (3.6 * Math.abs(size)) / largest;
      context.strokeStyle = css(colours.ink);
      context.setLineDash(size < 0 ? [5, 4] : []);
      context.moveTo(x(c) + PICTURE / 2, y(c, i));
      context.lineTo(x(c + 1) - PICTURE / 2, y(c + 1, isLast ? 0 : j));
      context.stroke();
      return 0;
    }));
  }
  function drawCross(middle, height, { paper, ink }) {
    context.lineWidth = 1.5;
    context.strokeStyle = css(mix(paper, ink, 0.5));
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(middle - PICTURE / 2, height - (side * PICTURE) / 2);
      context.lineTo(middle + PICTURE / 2, height + (side * PICTURE) / 2);
    }
    context.stroke();
  }
  /** `units[column][unit]` has its values on the grid and their range; the last column, the output. */
  function draw(units, weights, colours, choice) {
    [columns, chosen] = [units, choice];
    context.setTransform(SHARP, 0, 0, SHARP, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    drawEdges(weights, colours);
    const [ofUnit, ofClass] = [unitPalette(colours), classPalette(colours)];
    units.forEach((column, c) => column.forEach(({ values, range: extent, isOutput, isOff }, u) => {
      const corner = [x(c) - PICTURE / 2, y(c, u) - PICTURE / 2, PICTURE, PICTURE];
      const isChosen = c === chosen[0] && u === chosen[1];
      paint(picture, values, extent, isOutput ? ofClass : ofUnit);
      context.drawImage(picture, ...corner);
      context.setLineDash([]);
      context.lineWidth = isChosen ? 4 : 1.2;
      context.strokeStyle = css(isChosen ? colours.value : colours.ink);
      context.strokeRect(...corner);
      if (isOff) drawCross(x(c), y(c, u), colours);
    }));
  }
  return { node: canvas, draw, describe: (text) => canvas.setAttribute("aria-label", text) };
}

const LAST_STEPS = [100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 1e6, 1e7];

/** J on both sets over the steps. */
export function curvesView() {
  const node = html("div", {});
  let axes = null;
  let limits = "";
  function draw(history) {
    const last = LAST_STEPS.find((limit) => limit >= history.at(-1)[0]) ?? 1e9;
    const highest = Math.max(...history.flatMap(([, a = 0, b = 0]) => [a, b]));
    const top = [1, 2].find((limit) => limit >= highest) ?? 4; // what is higher is drawn at the edge
    if (limits !== `${last},${top}`) {
      limits = `${last},${top}`;
      const of = (end) => [0, 0.25, 0.5, 0.75, 1].map((share) => share * end);
      axes = axesOf({ x: [0, last], y: [0, top], xTicks: [0, last / 2, last], yTicks: of(top), xName: "step", yName: "J", label: "", height: 230 });
      axes.node.setAttribute("role", "img");
      node.replaceChildren(axes.node);
    }
    const curve = (column, name) => axes.curve(
      history.filter((row) => Number.isFinite(row[column])).map((row) => [row[0], row[column]]), name);
    axes.plane.replaceChildren(curve(1, "training"), curve(2, "validation"));
    const [steps, a, b] = history.at(-1);
    axes.node.setAttribute("aria-label", `Cost J over ${counted(steps, "step")}`
      + (a === undefined ? "" : `, now ${show(a, 3)} on the training points`)
      + (b === undefined ? "" : `, ${show(b, 3)} on the validation points`));
  }
  return { node, draw };
}
