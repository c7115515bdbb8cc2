"""What an image data set is, and the small one that is always at hand."""

from dataclasses import dataclass

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split


@dataclass(frozen=True, eq=False)
class ImageData:
    """Grey-scale images with their classes, in a training and a test part.

    Attributes
    ----------
    name : str
        The name of the data set, for titles.
    X_train, X_test : ndarray of float32, shape (N, pixels)
        One image a row, read line by line; 0 is background, 1 is full ink.
    y_train, y_test : ndarray of int64, shape (N,)
        The class of each image, 0 to ``n_classes - 1``.
    image_shape : tuple of int
        Height and width: ``X_train[0].reshape(image_shape)`` is a picture.
    n_classes : int
        The number of classes.
    """

    name: str
    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple[int, int]
    n_classes: int

    def __repr__(self) -> str:
        """Return one line instead of all the numbers."""
        height, width = self.image_shape
        return (
            f"ImageData({self.name}: {len(self.X_train)} training and {len(self.X_test)} test "
            f"images of {height} × {width} pixels, {self.n_classes} classes)"
        )


def load_digits() -> ImageData:
    """Load the 8 × 8 handwritten digits that come with scikit-learn.

    No file and no network is needed. The 1,797 images are split once and for all,
    class by class (stratified, seed 0): 1,437 for training and 360 for the test.

    Returns
    -------
    ImageData
        With 64 pixels an image. The original grey values 0 … 16 are divided by 16.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits.
    UCI Machine Learning Repository. https://doi.org/10.24432/C50P49
    """
    X, y = datasets.load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y.astype(np.int64), test_size=360, stratify=y, random_state=0
    )
    return ImageData("digits", X_train, y_train, X_test, y_test, image_shape=(8, 8), n_classes=10)
