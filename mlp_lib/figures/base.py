"""What all live figures share: how one reaches JupyterLab and a published page.

A live figure is a JavaScript module `name.js` in this folder, an `anywidget
<https://anywidget.dev>`_ front end (``export default { render }``), and a small Python class that
holds its state. A new one takes four lines of Python, and its name in `__init__`::

    class Name(LiveFigure):
        module = "name"
        _esm = bundle(module)
        _css = style(module)

The style of all figures is in `figures.css`; what one figure needs for itself, in `name.css`, where
every rule names it (``.mlp-figure.name``): JupyterLab shows figures of all notebooks on one page.

Every trait tagged with ``sync=True`` is state: JupyterLab keeps it equal in Python and in the
browser, and a published page starts from the values that it had when the notebook was executed.
The functions in `checks` decide what a trait lets in. Where no script runs, a page shows what
`fallback` returns; `static` draws pictures and tables for it.

A figure whose settings shall stand in the page's address asks for `model.address`, which a page has
and JupyterLab has not: `read()` and `write(pairs)`, and `link(pairs)` for others (`live.js`).

The JavaScript modules may import from one another, and arrays from an `.npz` file of this folder.
JupyterLab takes one text, so `bundle` joins them. A page has the same text as a classic script,
because browsers refuse to load modules into a page that was opened as a file.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from ipywidgets import DOMWidget

FOLDER = Path(__file__).parent
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
IMPORT_ARRAYS = re.compile(r'^import (\w+) from "\./(\w+\.npz)";\n', re.MULTILINE)

HINT = (
    "<p><em>These numbers can be changed: in JupyterLab run the cell, elsewhere allow"
    " JavaScript.</em></p>"
)


def bundle(*modules: str) -> str:
    """Join modules and those that they import into the text of one module.

    Parameters
    ----------
    *modules : str
        Names of `.js` files of this folder, without the suffix; the last one keeps its exports.
        Imports are written ``import { a, b } from "./other.js";``, exports of the imported
        modules ``export function``, ``export const`` or ``export class``. The arrays of a file
        are imported as ``import name from "./file.npz"``, and read with `unpack.js`.

    Returns
    -------
    str
        Every module once, and before its first use.
    """
    included: list[str] = []
    texts: list[str] = []

    def include(name: str) -> None:
        included.append(name)
        text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
        for other in IMPORT.findall(text):
            if other not in included:
                include(other)
        text = IMPORT.sub("", text)
        text = IMPORT_ARRAYS.sub(lambda found: f"const {found[1]} = {packed(found[2])};\n", text)
        if name != modules[-1]:
            text = re.sub(r"^export (?=function|const|class)", "", text, flags=re.MULTILINE)
        texts.append(text)

    for module in modules:
        if module not in included:
            include(module)
    return "\n".join(texts)


def packed(file: str) -> str:
    """Write the numeric arrays of an `.npz` file of this folder as JSON, for `unpack.js`."""
    with np.load(FOLDER / file) as arrays:
        numeric = {name: arrays[name] for name in arrays.files if arrays[name].dtype.kind in "iuf"}
    return json.dumps(
        {
            name: {
                "type": array.dtype.name,
                "shape": array.shape,
                "base64": base64.b64encode(array.astype(array.dtype.newbyteorder("<"))).decode(),
            }
            for name, array in numeric.items()
        }
    )


def own_style(module: str) -> str:
    """Return the text of the module's own style sheet, empty if it has none."""
    path = FOLDER / f"{module}.css"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def style(module: str) -> str:
    """Return the style of all live figures, and after it what the module adds."""
    return own_style("figures") + own_style(module)


def to_lists(value: Any, widget: anywidget.AnyWidget | None = None) -> Any:
    """Turn arrays and mappings, also nested ones, into what JSON can hold (a trait's `to_json`)."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [to_lists(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_lists(item) for key, item in value.items()}
    return value


def show_number(value: float) -> str:
    """Write a number as the figures do: up to six digits, true minus, 1.5 × 10⁻⁷."""
    text = f"{value:.6g}"
    if "e" in text:
        digits, exponent = text.split("e")
        powers = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
        text = f"{digits} × 10{str(int(exponent)).translate(powers)}"
    return text.replace("-", "−")


class Checked(traitlets.TraitType):
    """A synchronised trait whose values go through a function.

    Parameters
    ----------
    check : function (value, name) -> value
        Returns the value to store, or raises a ValueError that names the trait.
    """

    def __init__(self, check: Callable[[Any, str], Any]) -> None:
        super().__init__()
        self.check = check
        self.tag(sync=True, to_json=to_lists)

    def validate(self, obj: traitlets.HasTraits, value: Any) -> Any:
        """Check a value before it is stored."""
        return self.check(value, self.name)


class LiveFigure(anywidget.AnyWidget):
    """Base of the live figures; see this module's docstring for how to add one."""

    module: str

    @classmethod
    def page_script(cls) -> str:
        """Return the figure as a classic script, which puts ``{ render }`` into `liveFigures`."""
        body = re.sub("^export default", "return", cls._esm, flags=re.MULTILINE)
        head = f"(globalThis.liveFigures ??= {{}}).{cls.module} = (() => {{"
        return f'{head}\n"use strict";\n{body}}})();\n'

    def state(self) -> dict[str, Any]:
        """Return what the browser draws the figure from: its own synchronised traits."""
        inherited = DOMWidget.class_traits(sync=True)
        names = (n for n in self.traits(sync=True) if n not in inherited and n[0] != "_")
        return {name: to_lists(getattr(self, name)) for name in sorted(names)}

    def fallback(self) -> str:
        """Return HTML with the figure's numbers, for where no script runs."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: dict) -> tuple[dict, dict]:
        """Add to the widget the HTML form from which a page without a kernel starts it."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        state = html.escape(json.dumps(self.state(), allow_nan=False))
        data["text/html"] = (
            f'<div class="live-figure" data-module="{self.module}" data-state="{state}">\n'
            f"{self.fallback()}\n{HINT}\n</div>"
        )
        return data, metadata
