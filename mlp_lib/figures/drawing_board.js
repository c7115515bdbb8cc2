// A sheet that is drawn on with the mouse, a finger, or keys.

import { html } from "./drawing.js";
import { PAPER } from "./ink.js";

const STEP = PAPER / 28; // an arrow key moves the pen by this: about a pixel of the image

/** The sheet to draw on, by pointer or by keys: `onLine(a, b)` while the pen is down. */
export function drawingBoard({ onDown, onLine, onUp, say }) {
  const canvas = html("canvas", {
    width: PAPER, height: PAPER, tabindex: 0, role: "application", "aria-label": "Sheet to draw on. "
      + "Arrow keys move the pen; Space puts it down, and lifts it. Or load an example.",
  });
  const cursor = html("div", { class: "cursor", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const pixels = new ImageData(PAPER, PAPER);
  let place = [PAPER / 2, PAPER / 2];
  let down = false;
  function moveTo(point) {
    if (down) onLine(place, point);
    place = point;
    cursor.style.left = `${(100 * point[0]) / PAPER}%`;
    cursor.style.top = `${(100 * point[1]) / PAPER}%`;
  }
  function press(point) {
    lift();
    moveTo(point);
    down = true;
    cursor.classList.add("down");
    onDown();
    moveTo(point);
  }
  function lift() {
    if (!down) return;
    down = false;
    cursor.classList.remove("down");
    onUp();
  }
  const pointOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * PAPER, ((event.clientY - box.top) / box.height) * PAPER];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    press(pointOf(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) moveTo(pointOf(event));
  });
  canvas.addEventListener("lostpointercapture", lift);
  canvas.addEventListener("blur", lift);
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault(); // the page is not scrolled
    if (move) moveTo(place.map((p, k) => Math.min(Math.max(p + move[k] * STEP, 0), PAPER)));
    else if (down) lift();
    else {
      press(place);
      say("The pen is down. Arrow keys draw; Space lifts it.");
    }
  });
  moveTo(place);
  function paint(sheet) {
    sheet.data.forEach((ink, n) => { pixels.data[4 * n + 3] = ink; }); // black, more or less opaque
    context.putImageData(pixels, 0, 0);
  }
  const node = html("div", { class: "board" }, canvas, cursor);
  function setNib(width, erases) {
    node.style.setProperty("--pen", width / PAPER);
    node.classList.toggle("erasing", erases);
  }
  return { node, paint, setNib };
}
