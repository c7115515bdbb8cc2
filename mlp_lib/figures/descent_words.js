// What the figure of the descent says of its state, in plain words.

import { counted, short, show } from "./drawing.js";

const AT_REST = 1e-6; // J above its lowest value below which a path counts as arrived

export const TITLES = { SGD: "Gradient descent", Momentum: "Momentum", Adam: "Adam" };
const inText = (name) => (name === "Adam" ? name : TITLES[name].toLowerCase());

/** Plain words: what the optimisers did, and why; which of them is lowest. */
export function describe(state, cost, paths) {
  const { steps, batch, shown } = state;
  if (steps === 0) {
    return "Step 0. Press Run or Step. Choose another start: drag the ring, click on the map, or press the arrow keys on the ring.";
  }
  const parts = [];
  const gone = shown.filter((name) => paths[name].length <= steps);
  for (const name of gone) {
    parts.push(`${TITLES[name]} ran away: after step ${paths[name].length - 1} the numbers are too large to go on.`);
  }
  const { x, y } = state.surfaces[state.surface];
  const within = (value, [low, high]) => low <= value && value <= high;
  for (const name of shown.filter((other) => !gone.includes(other))) {
    const [a, b] = paths[name].at(-1);
    if (!within(a, x) || !within(b, y)) parts.push(`${TITLES[name]} is off the map.`);
  }
  if (batch !== null && batch < cost.N) {
    parts.push(`Each step knows ${batch} of the ${cost.N} samples, so with a fixed rate no path comes to rest.`);
  } else if (paths.SGD) {
    parts.push(cost.best ? onBowl(state.lr.SGD, cost, paths.SGD) : onNetwork(state.lr.SGD, cost, paths.SGD));
  }
  const J = (name) => cost.value(paths[name].at(-1));
  const rest = shown.filter((name) => !gone.includes(name)).sort((a, b) => J(a) - J(b));
  const [lowest, second] = rest;
  const taken = counted(steps, "step");
  if (second && J(rest.at(-1)) - cost.low < AT_REST) parts.push(`After ${taken} all paths have reached a lowest J.`);
  else if (second) parts.push(`After ${taken} ${inText(lowest)} is lowest: J = ${short(J(lowest))}.`);
  else if (lowest) parts.push(`After ${taken} ${gone.length ? `${inText(lowest)} has ` : ""}J = ${short(J(lowest))}.`);
  return parts.join(" ");
}

/** About gradient descent where the curvature is the same everywhere (eq. 8.6). */
function onBowl(lr, cost, path) {
  const limit = 2 / cost.curvature;
  if (lr > limit) return "The rate of gradient descent is above its limit: in the steep direction each jump is longer than the last.";
  if (cost.value(path.at(-1)) - cost.low < AT_REST) return "Gradient descent has come to rest at the lowest point.";
  if (lr > limit / 2) return "The rate of gradient descent is over half its limit: in the steep direction each step jumps to the other side, but comes closer.";
  return "The rate of gradient descent is at most half its limit: no step jumps to the other side, and the flat direction takes long.";
}

/** About gradient descent on the network's surface, where the curvature changes from place to place. */
function onNetwork(lr, cost, path) {
  const [before, after] = path.map((theta) => cost.value(theta));
  const end = path.at(-1);
  let text = "";
  if (after > before) text = `The first step took J up from ${show(before)} to ${show(after)}: it was too long. `;
  else if (after < before) text = `The first step took J down from ${show(before)} to ${show(after)}. `;
  if (cost.value(end) < AT_REST) return `${text}Gradient descent has come to rest at a minimum.`;
  if (cost.input(end) <= 0) {
    return `${text}Gradient descent stands still where u = 2w₂ + 5 is not above 0: the hidden unit is closed, J = 400, the gradient 0.`;
  }
  if (lr * cost.curvature > 2) return `${text}No minimum is stable at this rate: gradient descent bounces from side to side.`;
  return text.trim();
}
