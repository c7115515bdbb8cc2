"""Still pictures and tables: what stands in a page in place of a live figure without JavaScript.

Pictures are SVG: text, so that notebooks store them exactly; coordinates are rounded to a tenth of
a pixel. Colours come from the classes in `figures.css`, which follow the page's theme.
"""

from collections.abc import Iterable, Sequence
from html import escape

Pair = tuple[float, float]


def element(tag: str, *children: str, **attributes: object) -> str:
    """Return an SVG element; `class_` stands for class, and `_` in a name for `-`."""
    names = {name: name.rstrip("_").replace("_", "-") for name in attributes}
    text = "".join(f' {names[name]}="{_text(value)}"' for name, value in attributes.items())
    return f"<{tag}{text}>{''.join(children)}</{tag}>"


def picture(label: str, width: float, height: float, *parts: str) -> str:
    """Return a whole picture; `label` says in words what it shows."""
    box = f"0 0 {width} {height}"
    return element("svg", *parts, class_="still", viewBox=box, role="img", aria_label=label)


def text(words: str, x: float, y: float, anchor: str = "middle", class_: str = "label") -> str:
    """Return words whose base line starts, ends or has its middle at (x, y)."""
    return element("text", escape(words), x=x, y=y, text_anchor=anchor, class_=class_)


def table(heads: Iterable[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table in HTML; the first entry of each row is its head."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    lines = [f"<tr>{head}</tr>"]
    for name, *cells in rows:
        lines.append(f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    if caption:
        lines.insert(0, f"<caption>{caption}</caption>")
    return "\n".join(['<table class="table">', *lines, "</table>"])


class Axes:
    """A rectangle of a picture, with scales: turns numbers into places.

    Parameters
    ----------
    x, y : (low, high)
        What the two sides of the rectangle stand for.
    left, top, width, height : float
        The rectangle, in the units of the picture.
    """

    def __init__(
        self, x: Pair, y: Pair, left: float, top: float, width: float, height: float
    ) -> None:
        self.x, self.y = x, y
        self.left, self.top, self.width, self.height = left, top, width, height

    def place(self, x: float, y: float) -> Pair:
        """Return where the point (x, y) stands in the picture."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def frame(
        self, x_ticks: Sequence[float], y_ticks: Sequence[float], x_name="", y_name=""
    ) -> str:
        """Return grid lines with their numbers, and the names of the axes."""
        right, bottom = self.left + self.width, self.top + self.height
        parts = []
        for tick in x_ticks:
            x, _ = self.place(tick, self.y[0])
            parts += [
                element("line", x1=x, y1=self.top, x2=x, y2=bottom, class_="grid"),
                text(_number(tick), x, bottom + 16),
            ]
        for tick in y_ticks:
            _, y = self.place(self.x[0], tick)
            parts += [
                element("line", x1=self.left, y1=y, x2=right, y2=y, class_="grid"),
                text(_number(tick), self.left - 6, y + 4, "end"),
            ]
        parts.append(text(x_name, right, bottom + 34, "end", "name"))
        parts.append(text(y_name, self.left, self.top - 8, "start", "name"))
        return "".join(parts)

    def curve(self, points: Iterable[Pair], class_: str) -> str:
        """Return a line through the points."""
        places = " ".join(",".join(map(_text, self.place(*point))) for point in points)
        return element("polyline", points=places, class_=class_, fill="none")

    def dots(self, points: Iterable[Pair], class_: str, r: float = 4) -> str:
        """Return a dot at every point."""
        places = (self.place(*point) for point in points)
        return "".join(element("circle", cx=x, cy=y, r=r, class_=class_) for x, y in places)


def _text(value: object) -> str:
    return _short(round(value, 1)) if isinstance(value, int | float) else escape(str(value))


def _number(value: float) -> str:
    return _short(value).replace("-", "−")


def _short(value: float) -> str:
    return f"{value + 0:g}"  # + 0 turns -0 into 0
