"""What the explorers share: controls, a sentence and a picture."""

import base64
import html
import io
from typing import Any

import anywidget
import ipywidgets as widgets
from matplotlib.figure import Figure

CLASS = "mlp-explorer"


class OwnKeys(anywidget.AnyWidget):
    """Invisible: lets the keys that are pressed in a control of an explorer be for the control.

    JupyterLab takes them for its own commands, unless the focused element is marked.
    """

    _esm = f"""function render() {{
        const mark = ({{ target }}) => {{
            if (target.closest(".{CLASS}")) target.dataset.lmSuppressShortcuts = "true";
        }};
        document.addEventListener("focusin", mark);
        return () => document.removeEventListener("focusin", mark);
    }}
    export default {{ render }};"""


class Explorer(widgets.VBox):
    """Controls, and below them a sentence and a picture.

    Attributes
    ----------
    controls : dict of widgets
        By name; set the `value` of one from Python to do what the reader does.
    sentence : str
        What the picture shows, in words.
    """

    def __init__(self, controls: dict[str, widgets.Widget]) -> None:
        self.controls = controls
        self._words, self._picture = widgets.HTML(), widgets.HTML()
        row = widgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"})
        keys = OwnKeys(layout={"display": "none"})
        super().__init__([row, self._words, self._picture, keys])
        self.add_class(CLASS)

    def show(self, figure: Figure, sentence: str) -> None:
        """Replace the sentence and the picture."""
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=200, metadata={"Software": None})
        self.sentence, self._png = sentence, base64.b64encode(file.getvalue()).decode()
        self._size = {"width": int(figure.bbox.width), "height": int(figure.bbox.height)}
        text = html.escape(sentence)
        self._words.value = f"<p>{text}</p>"
        size = " ".join(f'{name}="{pixels}"' for name, pixels in self._size.items())
        source = f"data:image/png;base64,{self._png}"
        self._picture.value = f'<img src="{source}" {size} alt="{text}">'

    def __repr__(self) -> str:
        return f"Explorer({', '.join(self.controls)})"

    def _repr_mimebundle_(self, **kwargs: dict) -> tuple[dict, dict]:
        """Add to the widget the picture, for where no Python runs."""
        data = super()._repr_mimebundle_(**kwargs)
        return data | {"image/png": self._png}, {"image/png": self._size}


def dropdown(label: str, options: dict[str, Any], value: Any) -> widgets.Dropdown:
    """Return a choice among `options`, {text to read: value}, with its label."""
    wide = {"description_width": "8em"}
    return widgets.Dropdown(description=label, options=options, value=value, style=wide)
