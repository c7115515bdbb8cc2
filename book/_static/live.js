// Starts the live figures of a page: each <div class="live-figure" data-module data-state>, which a
// notebook has stored, is drawn by the script of that module, which puts itself into `liveFigures`.
// The script is loaded when the reader comes near. There is no kernel here, so a plain object takes
// the place of the model that JupyterLab would hand over.

const NEAR = "800px"; // above and below what is on the screen
const folder = new URL("live/", document.currentScript.src);
const scripts = {}; // module -> promise of its script

/**
 * The settings of a figure in the address of the page, `?module=name:value,name:value`: a link to the
 * page can set them. For figures that ask for `model.address`, which JupyterLab does not have.
 */
function createAddress(module, place) {
  const others = (part) => part && !part.startsWith(`${module}=`);
  function withSettings(pairs) {
    const url = new URL(location);
    const own = `${module}=${pairs.map((pair) => pair.join(":")).join(",")}`;
    url.search = [...url.search.slice(1).split("&").filter(others), own].join("&");
    return url;
  }
  return {
    /** What the address says, as pairs [name, text]. */
    read() {
      const text = new URLSearchParams(location.search).get(module) ?? "";
      return text.split(",").filter(Boolean).map((pair) => {
        const [name, ...value] = pair.split(":");
        return [name.trim(), value.join(":").trim()];
      });
    },
    /** The address with these settings, and with the section in which the figure stands. */
    link(pairs) {
      const url = withSettings(pairs);
      url.hash = place.closest("section[id]")?.id ?? "";
      return url.href;
    },
    /** Show it in the address bar, so that reloading keeps the settings. */
    write(pairs) {
      try {
        history.replaceState(history.state, "", withSettings(pairs));
      } catch { /* Browsers forbid it in a page that was opened as a file. */ }
    },
  };
}

function createModel(state, address) {
  const listeners = {}; // event name -> functions
  return {
    address,
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

/** Load the script of a module, once. Not as a module: a page opened as a file may load none. */
function load(module) {
  scripts[module] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: new URL(`${module}.js`, folder), onload: resolve, onerror: reject });
    document.head.append(script);
  });
  return scripts[module];
}

async function start(place) {
  const { module, state } = place.dataset;
  await load(module);
  const el = document.createElement("div");
  const model = createModel(JSON.parse(state), createAddress(module, place));
  globalThis.liveFigures[module].render({ model, el });
  place.replaceChildren(el); // only now: if drawing has failed, the still picture is there
}

const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    start(target);
  }
}, { rootMargin: NEAR });
for (const place of document.querySelectorAll(".live-figure")) watcher.observe(place);
