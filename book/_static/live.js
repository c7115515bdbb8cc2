// Starts the live figures of a page: each <div class="live-figure" data-module data-state>, which a
// notebook has stored, is drawn by the script that has put itself into `liveFigures`. There is no
// kernel here, so a plain object takes the place of the model that JupyterLab would hand over.

function createModel(state) {
  const listeners = {}; // event name -> functions
  return {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    on: (event, listener) => { (listeners[event] ??= []).push(listener); },
    off(event, listener) {
      listeners[event] = (listeners[event] ?? []).filter((other) => other !== listener);
    },
    save_changes() {}, // nobody to send them to
  };
}

for (const place of document.querySelectorAll(".live-figure")) {
  const { module, state } = place.dataset;
  const el = document.createElement("div");
  globalThis.liveFigures[module].render({ model: createModel(JSON.parse(state)), el });
  place.replaceChildren(el); // only now: if drawing has failed, the static numbers are still there
}
