// Draw a digit, and watch the book's network read it: its input, the probabilities of the ten
// digits, and the hidden units that fire. State (synchronised with Python): image, the input.

import { Matrix } from "./matrix.js";
import { digitReader } from "./digit_reader.js";
import { button, html, spoken, svg } from "./drawing.js";
import { drawingBoard } from "./drawing_board.js";
import { messageLine, slider } from "./fields.js";
import { PAPER, emptySheet, enlarged, exampleSheet, line } from "./ink.js";
import { SIDE, mnistImage } from "./mnist_image.js";
import { connect } from "./state.js";

const PEN = 24; // width in points of the sheet: a digit that fills it then looks like one of MNIST
const ERASER = 1.5; // times as wide as the pen
const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const STRONGEST = 6; // hidden units whose weights are shown
const FULL = 7; // what a unit gives whose square fills its tile; few give more
const UNSURE = 0.6; // below this probability the message names two digits
const BLUE = [0, 114, 178]; // of the drawing, where it lies over weights

/** A probability in per cent, with one decimal, and never as 0 or 100. */
function percent(p) {
  if (p < 0.0005) return "< 0.1 %";
  return p >= 0.9995 ? "> 99.9 %" : `${(100 * p).toFixed(1)} %`;
}
const ranked = (values) => values.map((_, k) => k).sort((a, b) => values[b] - values[a]);
const hasInk = (image) => image.flat().some((value) => value > 0);
const have = (units) => `${units} ${units === 1 ? "has" : "have"}`;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

/** What the last action has changed, in words. */
function describe(action, before, { P, H }, image) {
  if (!hasInk(image)) {
    return "There is no ink. The bars show the answer to an empty image: “no digit” is not among "
      + "the ten that the network can give.";
  }
  const [first, second] = ranked(P);
  const answer = P[first] < UNSURE
    ? `The network hesitates between ${first} (${percent(P[first])}) and ${second} (${percent(P[second])}).`
    : `The network reads ${first}, with probability ${percent(P[first])}.`;
  const count = `${H.filter((h) => h > 0).length} of ${H.length} hidden units fire`;
  if (!before) return `${answer} ${count}.`;
  const [last] = ranked(before.P);
  const from = (k) => `from ${percent(before.P[k])} to ${percent(P[k])}`;
  const change = last === first
    ? `it is still ${first}, ${from(first)}.`
    : `${last} went ${from(last)}, ${first} ${from(first)}.`;
  const off = H.filter((h, j) => h === 0 && before.H[j] > 0).length;
  const on = H.filter((h, j) => h > 0 && before.H[j] === 0).length;
  return `${action}: ${change} ${P[first] < UNSURE || last !== first ? `${answer} ` : ""}`
    + `${count}; ${have(off)} stopped, ${have(on)} begun.`;
}

/** A picture of 28 × 28 pixels; `colour(n)` gives red, green, blue and opacity of pixel n. */
function picture(className) {
  const node = html("img", { class: className, width: SIDE, height: SIDE, alt: "" });
  const canvas = html("canvas", { width: SIDE, height: SIDE });
  const pixels = new ImageData(SIDE, SIDE);
  function set(colour, alt) {
    for (let n = 0; n < SIDE * SIDE; n += 1) pixels.data.set(colour(n), 4 * n);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    Object.assign(node, { src: canvas.toDataURL(), alt });
  }
  return { node, set };
}

/** The ten probabilities as bars, with what has changed. */
function bars() {
  const rows = DIGITS.map((digit) => {
    const [fill, was] = [html("i", { class: "fill" }), html("i", { class: "was" })];
    const [value, change] = [html("td", { class: "value" }), html("td", { class: "change" })];
    const row = html("tr", {}, html("th", { scope: "row" }, digit),
      html("td", { class: "bar" }, html("span", {}, fill, was)), value, change);
    return { row, fill, was, value, change };
  });
  function set({ P }, before) {
    const top = ranked(P)[0];
    rows.forEach(({ row, fill, was, value, change }, k) => {
      row.classList.toggle("top", k === top);
      fill.style.width = `${100 * P[k]}%`;
      value.textContent = percent(P[k]);
      const points = before ? 100 * (P[k] - before.P[k]) : 0;
      was.hidden = Math.abs(points) < 0.05;
      was.style.left = `${100 * P[k] - points}%`;
      change.textContent = was.hidden ? "" : `${points < 0 ? "▼" : "▲"} ${signed(points)}`;
    });
  }
  const head = ["digit", "probability", spoken("in per cent"), "change"];
  const node = html("table", { class: "bars" },
    html("thead", {}, html("tr", {}, ...head.map((text) => html("th", { scope: "col" }, text)))),
    html("tbody", {}, ...rows.map(({ row }) => row)));
  return { node, set };
}

/** A tile for each hidden unit: the larger the square in it, the more the unit gives. */
function tiles(count) {
  const [columns, size] = [10, 22];
  const height = Math.ceil(count / columns) * size;
  const node = svg("svg", { class: "tiles", role: "img", viewBox: `0 0 ${columns * size} ${height}` });
  const square = (j, name, side) => {
    const at = (index) => (index + 0.5) * size - side / 2;
    return svg("rect", {
      class: name, x: at(j % columns), y: at(Math.floor(j / columns)), width: side, height: side,
    });
  };
  const side = (h) => (size - 4) * Math.sqrt(Math.min(h / FULL, 1));
  function set({ H }, before) {
    node.replaceChildren(...H.flatMap((h, j) => [
      square(j, "tile", size - 2),
      ...(h > 0 ? [square(j, "fires", side(h))] : []),
      ...(before && before.H[j] > 0 ? [square(j, "fired", side(before.H[j]))] : []),
    ]));
    node.setAttribute("aria-label", `${H.filter((h) => h > 0).length} of ${count} hidden units fire`);
  }
  return { node, set };
}

/** The weights into the strongest hidden units, under the drawing, and what each unit does. */
function strongestUnits({ W1, W2 }) {
  const columns = W1.transpose();
  const slots = Array.from({ length: STRONGEST }, () => {
    const [weights, words] = [picture("weights"), html("div", { class: "words" })];
    return { weights, words, node: html("div", {}, weights.node, words) };
  });
  function set({ H }, image) {
    const ink = image.flat();
    const order = ranked(H);
    slots.forEach(({ weights, words, node }, k) => {
      const j = order[k];
      node.hidden = !(H[j] > 0);
      if (node.hidden) return;
      const w = columns.row(j);
      const largest = Math.max(...w.map(Math.abs));
      const effect = [...W2.row(j)].map((v) => H[j] * v); // on the ten logits (eq. 13.1)
      const digits = ranked(effect);
      const [up, down] = [digits[0], digits.at(-1)];
      weights.set((n) => {
        const grey = 128 - 127 * (w[n] / largest);
        return [...BLUE.map((c) => grey + (c - grey) * 0.5 * ink[n]), 255];
      }, `Weights into unit ${j + 1}, with the drawing over them`);
      words.replaceChildren(html("b", {}, `unit ${j + 1}: ${H[j].toFixed(1)}`), html("br"),
        `${signed(effect[up])} for ${up}`, html("br"),
        `${signed(effect[down])} for ${down}`);
    });
  }
  return { node: html("div", { class: "units" }, ...slots.map(({ node }) => node)), set };
}

function render({ model, el }) {
  const reader = digitReader();
  let sheet = emptySheet();
  let image = []; // what stands on the sheet, as the network gets it
  let now = null; // what the network answers
  let before = null; // what it answered before the last change, where that is worth comparing
  let action = "";
  let past = []; // sheets and images to go back to
  let erasing = false;
  let width = PEN;

  const message = messageLine();
  const input = picture("input");
  const probabilities = bars();
  const hidden = tiles(reader.W1.cols);
  const strongest = strongestUnits(reader);

  function look() {
    now = reader.read(image);
    board.paint(sheet);
    input.set((n) => [0, 0, 0, 255 * image[Math.floor(n / SIDE)][n % SIDE]],
      "The drawing in 28 by 28 pixels, as the network gets it");
    probabilities.set(now, before);
    hidden.set(now, before);
    strongest.set(now, image);
  }
  /** After every change of the state; an image from outside comes onto the sheet. */
  function draw(state) {
    if (String(state.image) !== String(image)) {
      image = state.image;
      // An example is shown in its strokes; it can only be that of the digit that is read.
      const strokes = exampleSheet(ranked(reader.read(image).P)[0], PEN);
      const isExample = String(mnistImage(strokes).toRows()) === String(image);
      sheet = isExample ? strokes : enlarged(image);
      [past, before] = [[], null];
    }
    look();
    message.set(describe(action, before, now, image));
  }
  const { state: stateNow, change, stop } = connect(model, ["image"], draw);

  const remember = () => { past = [...past.slice(-19), { sheet: new Matrix(PAPER, PAPER, sheet.data.slice()), image }]; };
  /** Put another sheet in the place of this one. */
  function replace(next, nextImage = mnistImage(next).toRows()) {
    [sheet, image] = [next, nextImage];
    change({ image });
  }
  const board = drawingBoard({
    say: message.set,
    onDown() {
      remember();
      [before, action] = [hasInk(image) ? now : null, erasing ? "Erased" : "Drawn"];
    },
    onLine(from, to) {
      line(sheet, from, to, nib(), erasing);
      image = mnistImage(sheet).toRows();
      look();
    },
    onUp: () => change({ image }),
  });

  const tools = [["Pen", false], ["Eraser", true]].map(([text, erases]) => {
    const node = button(text, () => choose(erases));
    return { node, erases };
  });
  const nib = () => width * (erasing ? ERASER : 1);
  function choose(erases) {
    erasing = erases;
    board.setNib(nib(), erases);
    for (const tool of tools) tool.node.setAttribute("aria-pressed", tool.erases === erases);
  }
  choose(false);
  function undo() {
    if (!past.length) {
      message.set("There is nothing to undo.");
      return;
    }
    const last = past.pop();
    [before, action] = [now, "Undone"];
    replace(last.sheet, last.image);
  }
  function fresh(next) {
    remember();
    before = null;
    replace(next);
  }
  const penWidth = slider({
    label: "width", min: 8, max: 48, step: 2,
    onValue(value) {
      width = value;
      board.setNib(nib(), erasing);
    },
  });
  penWidth.set(PEN);

  el.append(html("section", {
    class: "mlp-figure draw_digit",
    "aria-label": "Live figure: draw a digit",
  },
  html("div", { class: "parts" },
    html("div", { class: "draw" },
      board.node,
      html("div", { class: "tools", role: "group", "aria-label": "Tools" }, ...tools.map(({ node }) => node),
        button("Undo", undo), button("Clear", () => fresh(emptySheet()))),
      penWidth.node,
      html("div", { class: "examples", role: "group", "aria-label": "Examples" },
        html("span", {}, "Example"),
        ...DIGITS.map((digit) => button(digit, () => fresh(exampleSheet(digit, PEN))))),
      html("p", {}, "Keys on the sheet: arrows move the pen, Space puts it down and lifts it.")),
    html("div", { class: "answer" },
      html("div", { class: "seen" }, html("div", { class: "frame" }, input.node),
        html("p", {}, "What the network gets: 28 × 28 pixels. The ink is scaled to 20 pixels along "
          + "its longer side, and its centre of mass is put on the cross.")),
      probabilities.node)),
  message.node,
  html("div", { class: "layer" },
    html("div", {}, html("p", {}, html("b", {}, "Hidden layer. "), "The larger the square, the more the unit "
      + "gives. A thin frame: what it gave before."), hidden.node),
    html("div", {}, html("p", {}, html("b", {}, "The strongest units, "), "with the weights into them: dark "
      + "where ink speaks for the unit, light where it speaks against it; your drawing in blue. Below: "
      + "what the unit adds to the logits."), strongest.node))));
  draw(stateNow());
  return stop;
}

export default { render };
