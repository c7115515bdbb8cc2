// Plots: axes with a grid, and values over steps on a logarithmic scale.

import { powerOfTen, show, svg } from "./drawing.js";

/**
 * A plot with even scales for x and y, pairs [low, high]. `node` is its drawing, to which curves and
 * points are added in `plane`; X and Y turn numbers into places, `valueAt` an event into [x, y].
 * `yText` writes the numbers of the y axis.
 */
export function axesOf({ x, y, xTicks, yTicks, xName = "", yName = "", yText = show, label, width = 360, height = 260 }) {
  const [left, right, top, bottom] = [48, 12, 24, 40];
  const X = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
  const Y = (value) => top + ((y[1] - value) / (y[1] - y[0])) * (height - top - bottom);
  const plane = svg("g", {});
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "group", "aria-label": label });
  for (const tick of xTicks) {
    node.append(
      svg("line", { class: "grid", x1: X(tick), x2: X(tick), y1: top, y2: height - bottom }),
      svg("text", { x: X(tick), y: height - bottom + 17, "text-anchor": "middle" }, show(tick)),
    );
  }
  for (const tick of yTicks) {
    node.append(
      svg("line", { class: "grid", x1: left, x2: width - right, y1: Y(tick), y2: Y(tick) }),
      svg("text", { x: left - 6, y: Y(tick) + 4, "text-anchor": "end" }, yText(tick)),
    );
  }
  node.append(
    svg("text", { x: left, y: 14, class: "name" }, yName),
    svg("text", { x: width - right, y: height - 5, "text-anchor": "end", class: "name" }, xName),
    plane,
  );
  const clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);
  const inside = ([a, b]) => [clamp(a, x), clamp(b, y)];
  /** The numbers under the pointer. */
  function valueAt(event) {
    const box = node.getBoundingClientRect();
    const [px, py] = [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
    return inside([
      x[0] + ((px - left) / (width - left - right)) * (x[1] - x[0]),
      y[1] - ((py - top) / (height - top - bottom)) * (y[1] - y[0]),
    ]);
  }
  /** A line through points [x, y]; what lies outside the plot is drawn at its edge. */
  const curve = (points, name) => svg("polyline", {
    class: `curve ${name}`,
    points: points.map((point) => inside(point)).map(([a, b]) => `${X(a).toFixed(1)},${Y(b).toFixed(1)}`).join(" "),
  });
  return { node, plane, X, Y, valueAt, inside, curve, frame: { left, top, width: width - left - right, height: height - top - bottom } };
}

/** Every `spacing`-th whole number from `low` to `high`, at most `most` of them. */
export function ticks(low, high, most) {
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
