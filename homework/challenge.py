"""A data set of each student's own, on which the student's notebook is graded.

MNIST is public: its labels could be memorised, and so could a confusion matrix. So the notebook is
run again on images that no one has seen in this form: a random selection with the pixels in
another order and the classes under other names. An MLP learns them as it learns the originals,
since it does not know which pixels are neighbours (exercise 20.3).
"""

import hashlib
import hmac
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from mlp_lib.data import ImageData

# Images for training, for the notebook's own test, and new ones for the grader.
SIZES = {"MNIST": (4000, 1000, 2000), "digits": (1000, 300, 400)}
# Relative change of each pixel. Background stays 0, or whoever standardises columns would get
# columns of pure noise.
NOISE = 0.05


@dataclass(frozen=True, eq=False)
class OwnData:
    """One student's data set.

    Attributes
    ----------
    visible : ImageData
        What the notebook gets as `data`, with the labels of its test images.
    X_new : ndarray of float32, shape (N, pixels)
        Images for the student's classifier, shown to it when the notebook has run.
    y_new : ndarray of int64, shape (N,)
        Their classes, which never leave the grader's process.
    """

    visible: ImageData
    X_new: np.ndarray
    y_new: np.ndarray


def student_rng(secret: bytes, student: str, purpose: str) -> np.random.Generator:
    """Random numbers for one student and one purpose, which no one can tell without the secret."""
    message = f"{student}\0{purpose}".encode()
    return np.random.default_rng(int.from_bytes(hmac.digest(secret, message, hashlib.sha256)))


def own_data(source: ImageData, rng: np.random.Generator) -> OwnData:
    """Draw a student's data set from all images of `source`, training and test images alike.

    The three parts have no image in common, and each has every class in its usual share.
    """
    X = np.concatenate([source.X_train, source.X_test])
    y = np.concatenate([source.y_train, source.y_test])
    n_train, n_test, n_new = SIZES[source.name]
    seeds = [int(seed) for seed in rng.integers(2**32, size=2)]  # scikit-learn knows no Generator
    rest, new = train_test_split(
        np.arange(len(y)), test_size=n_new, stratify=y, random_state=seeds[0]
    )
    train, test = train_test_split(
        rest, train_size=n_train, test_size=n_test, stratify=y[rest], random_state=seeds[1]
    )
    pixels, classes = rng.permutation(X.shape[1]), rng.permutation(source.n_classes)

    def images(rows: np.ndarray) -> np.ndarray:
        noise = 1 + NOISE * rng.standard_normal((len(rows), X.shape[1]), dtype=np.float32)
        return np.clip(X[np.ix_(rows, pixels)] * noise, 0, 1)

    visible = ImageData(
        source.name,
        images(train),
        classes[y[train]],
        images(test),
        classes[y[test]],
        source.image_shape,
        source.n_classes,
    )
    return OwnData(visible, images(new), classes[y[new]])
