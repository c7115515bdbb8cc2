"""The data sets of the book: images, points in the plane, and their preparation."""

from mlp_lib.data.images import ImageData, load_digits
from mlp_lib.data.mnist import DataNotFoundError, load_mnist
from mlp_lib.data.preparation import split, standardise
from mlp_lib.data.synthetic import blobs, moons, spiral, xor

__all__ = [
    "DataNotFoundError",
    "ImageData",
    "blobs",
    "load_digits",
    "load_mnist",
    "moons",
    "spiral",
    "split",
    "standardise",
    "xor",
]
