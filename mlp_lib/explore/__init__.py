"""Widgets for experiments that need Python: a training run, and a confusion matrix.

In JupyterLab the controls work. A page, where no Python runs, shows the picture that stood below
them when the notebook was executed. Each is one line of a cell.
"""

from mlp_lib.explore.confusion import explore_confusion
from mlp_lib.explore.explorer import Explorer
from mlp_lib.explore.training import explore_training

__all__ = ["Explorer", "explore_confusion", "explore_training"]
