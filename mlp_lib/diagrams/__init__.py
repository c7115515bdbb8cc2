"""Networks and computational graphs with the numbers on them.

Values are blue and upright; gradients stand below them, slanted, on a tinted ground.
"""

from mlp_lib.diagrams.graph import draw_graph
from mlp_lib.diagrams.network import draw_network

__all__ = ["draw_graph", "draw_network"]
