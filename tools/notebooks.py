"""The book's notebooks: where they are, how they are run, what they need, how they are stored.

`make refresh` writes them and pytest compares them; what both must agree on is here.
"""

import functools
import hashlib
import importlib.util
import os
import re
from collections import Counter
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbval.plugin import get_sanitize_patterns

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
SANITISE = ROOT / "tests" / "sanitise.cfg"

CELL_TIMEOUT = 300  # seconds; the same in pyproject.toml for nbval

# What decides the last digits, and nothing else, is pinned. With more threads, or on another
# kind of CPU, OpenBLAS adds up in another order; NumPy's exp, log and power differ in the last
# bit between AVX-512 and AVX2. Where a CPU lacks a feature named here, nothing happens.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "OMP_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "PYTHONHASHSEED": "0",
    "TQDM_DISABLE": "1",
    # A configuration of our own: no one's matplotlibrc changes a figure.
    "MPLCONFIGDIR": str(ROOT / "_build" / "matplotlib"),
}

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
NOTEBOOK_METADATA = ("myst", "mystnb", "requires")  # what an author writes; the rest is dropped
CELL_METADATA = ("checks", "jupyter", "mystnb", "sources", "tags", "tolerance", "unchecked")


def pin_environment() -> None:
    """Set `ENVIRONMENT` for this process and its kernels; call it before NumPy is imported."""
    os.environ.update(ENVIRONMENT)
    os.environ.pop("MLP_DATASET", None)  # a reader's choice of data set; the book has its own
    # Builds the font cache here and now: inside a cell its message would be part of the output.
    import matplotlib.font_manager  # noqa: F401


def book_notebooks() -> list[Path]:
    """All notebooks of the book, in order."""
    return sorted(BOOK.glob("*.ipynb"))


@functools.cache
def _mnist_missing() -> str | None:
    from mlp_lib.data import DataNotFoundError, load_mnist

    try:
        load_mnist(download=False)
    except DataNotFoundError as error:
        return (
            f"{str(error).splitlines()[0]} Set MLP_DATA_DIR to its folder, or call "
            "mlp_lib.data.load_mnist() once, which downloads it."
        )
    return None


def torch_missing() -> str | None:
    """Why a cell tagged `needs-torch` cannot run here, or None if it can."""
    return None if importlib.util.find_spec("torch") else "PyTorch is not installed"


def data_missing(notebook: NotebookNode) -> str | None:
    """Why the notebook cannot be compared here, or None if it can.

    A notebook says what its stored outputs come from with `"requires": "mnist"` in its metadata.

    Raises
    ------
    ValueError
        If it requires something else than MNIST.
    """
    match notebook.metadata.get("requires"):
        case None:
            return None
        case "mnist":
            return _mnist_missing()
        case other:
            raise ValueError(f'a notebook can only require "mnist", this one requires "{other}"')


def needs_torch(cell: NotebookNode) -> bool:
    """Whether the cell is tagged `needs-torch`."""
    return "needs-torch" in cell.metadata.get("tags", [])


def stored_text(notebook: NotebookNode) -> str:
    """Text of the notebook's file in its one stored form: same content, same bytes.

    Metadata is that of the author and a fixed kernel; cell ids come from the content; code cells
    that were executed are numbered 1, 2, …; what differs from run to run (addresses, temporary
    names, the chunks of a stream, widget ids) is replaced. `notebook` is changed on the way.
    """
    kept = {key: notebook.metadata[key] for key in NOTEBOOK_METADATA if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict(kept | KERNEL)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: Counter[str] = Counter()
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        )
        digest = hashlib.sha1(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "code" and cell.execution_count is not None:
            count += 1
            cell.execution_count = count
            cell.outputs = _stored_outputs(cell.outputs, count)
    text = nbformat.writes(notebook, ensure_ascii=False).rstrip("\n") + "\n"
    # Each widget's random id becomes its number, wherever it stands.
    for number, name in enumerate(dict.fromkeys(re.findall(r'"model_id": "(\w{32})"', text))):
        text = text.replace(name, f"{number:032d}")
    return text


def _stored_outputs(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    stored: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if stored and stored[-1].get("name") == output.name:
                stored[-1].text = _sanitised(stored[-1].text + output.text)
                continue
            output.text = _sanitised(output.text)
        elif output.output_type in ("display_data", "execute_result"):
            for kind in ("text/plain", "text/html"):
                if kind in output.data:
                    output.data[kind] = _sanitised(output.data[kind])
            if output.output_type == "execute_result":
                output.execution_count = count
        stored.append(output)
    return stored


def _sanitised(text: str) -> str:
    for pattern, replacement in _sanitise_patterns():
        text = re.sub(pattern, replacement, text)
    return text


@functools.cache
def _sanitise_patterns() -> list[tuple[str, str]]:
    return get_sanitize_patterns(SANITISE.read_text(encoding="utf-8"))
