"""Notebooks whose outputs come from MNIST also run, unchanged, on the embedded digits."""

import nbformat
import pytest

from tools.notebooks import book_notebooks
from tools.refresh import execute

MNIST_NOTEBOOKS = [
    path
    for path in book_notebooks()
    if nbformat.read(path, as_version=4).metadata.get("requires") == "mnist"
]


def test_the_book_has_a_chapter_on_mnist():
    assert MNIST_NOTEBOOKS


@pytest.mark.parametrize("path", MNIST_NOTEBOOKS, ids=lambda path: path.name)
def test_runs_on_the_embedded_digits(path, monkeypatch, tmp_path):
    monkeypatch.setenv("MLP_DATASET", "digits")
    # MNIST cannot be had here, so that the run proves that it was not used.
    monkeypatch.setenv("MLP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    execute(path)
