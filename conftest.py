"""How pytest runs the notebooks: in the pinned environment, and what it skips, by name.

At the top level because it is for `book/` as much as for `tests/`.
"""

import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell

from tools.notebooks import data_missing, needs_torch, pin_environment, torch_missing
from tools.tolerance import settle

pin_environment()

compare_exactly = IPyNbCell.compare_outputs


def compare_outputs(self: IPyNbCell, test: list, ref: list, skip_compare=None) -> bool:
    """Compare as nbval does, once numbers within the cell's tolerance have been settled."""
    tolerance = self.cell.metadata.get("tolerance")
    if tolerance and [output.output_type for output in test] == [o.output_type for o in ref]:
        test = [
            NotebookNode(output, text=settle(output.text, stored.text, tolerance))
            if output.output_type == stored.output_type == "stream"
            else output
            for output, stored in zip(test, ref, strict=True)
        ]
    return compare_exactly(self, test, ref, skip_compare)


IPyNbCell.compare_outputs = compare_outputs


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
