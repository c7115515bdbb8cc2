"""How pytest runs the notebooks: in the pinned environment, and what it skips, by name.

At the top level because it is for `book/` as much as for `tests/`.
"""

import pytest
from nbval.plugin import IPyNbCell

from tools.notebooks import data_missing, needs_torch, pin_environment, torch_missing

pin_environment()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs MNIST or PyTorch; skip what cannot run, before a kernel is started."""
    for item in items:
        if isinstance(item, IPyNbCell):
            if "requires" in item.parent.nb.metadata:
                item.add_marker("mnist")
                if reason := data_missing(item.parent.nb):
                    item.add_marker(pytest.mark.skip(reason=reason))
            if any(map(needs_torch, item.parent.nb.cells)):
                item.add_marker("torch")
            if needs_torch(item.cell) and (reason := torch_missing()):
                item.add_marker(pytest.mark.skip(reason=reason))
