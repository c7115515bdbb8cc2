// The state of a live figure, shared with Python, and when it is drawn anew.

/**
 * Call `draw(state)` after every change of the traits `names`, whoever made it. Returns `change`,
 * which sets several at once, here and in Python, and draws once; and `stop`, for when the figure goes.
 */
export function connect(model, names, draw) {
  let changing = false;
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const redraw = () => { if (!changing) draw(state()); };
  function change(values) {
    changing = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    changing = false;
    model.save_changes();
    redraw();
  }
  for (const name of names) model.on(`change:${name}`, redraw);
  return { state, change, stop: () => names.forEach((name) => model.off(`change:${name}`, redraw)) };
}
