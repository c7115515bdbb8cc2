"""MNIST: found on this computer or downloaded, and checked in either case."""

import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np
import pooch

from mlp_lib.data.idx import read_idx
from mlp_lib.data.images import ImageData

# Name of each file, its shape, and the SHA-256 of its unpacked bytes.
FILES = {
    "train-images-idx3-ubyte": (
        (60000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        (60000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        (10000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        (10000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
TIMEOUT = 10  # seconds without an answer after which a mirror is given up


class DataNotFoundError(OSError):
    """MNIST is neither on this computer nor could it be downloaded."""


def load_mnist(download: bool = True) -> ImageData:
    """Load MNIST: 60,000 training and 10,000 test images of handwritten digits.

    Each of the four files is looked for in the folder that the environment variable
    MLP_DATA_DIR names (as it is or with the ending .gz), then in the cache folder
    ``pooch.os_cache("mlp_lib")``. What is not there is downloaded into the cache, about
    12 MB in all. Every file is checked each time it is read, down to its SHA-256.

    Parameters
    ----------
    download : bool
        False: use only what is on this computer.

    Returns
    -------
    ImageData
        With 784 pixels an image. The original grey values 0 … 255 are divided by 255.

    Raises
    ------
    DataNotFoundError
        If a file is not found and cannot be downloaded. Derived from `OSError`.
    ValueError
        If a file in MLP_DATA_DIR is not the original one. It is left as it is. (A wrong
        file in the cache is removed and downloaded again.)

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied
    to document recognition. Proceedings of the IEEE 86(11), 2278–2324.
    """
    train_images, train_labels, test_images, test_labels = (_load(name, download) for name in FILES)
    return ImageData(
        name="MNIST",
        X_train=_pixels(train_images),
        y_train=train_labels.astype(np.int64),
        X_test=_pixels(test_images),
        y_test=test_labels.astype(np.int64),
        image_shape=train_images.shape[1:],
        n_classes=10,
    )


def _pixels(images: np.ndarray) -> np.ndarray:
    return np.divide(images.reshape(len(images), -1), 255, dtype=np.float32)


def _load(name: str, download: bool) -> np.ndarray:
    """Return the entries of one file of MNIST, from the first place that has it."""
    failures = []  # a line for each place: where, and why not there
    places = (_from_folder, _from_cache, _from_mirrors) if download else (_from_folder, _from_cache)
    for place in places:
        entries = place(name, failures)
        if entries is not None:
            return entries
    raise DataNotFoundError(
        f"MNIST cannot be loaded: {name} was not found.\n"
        + "".join(f"  - {failure}\n" for failure in failures)
        + "Do one of these:\n"
        + f"  1. Put the files {', '.join(FILES)}, as they are or with the ending .gz, into "
        + "a folder, and set the environment variable MLP_DATA_DIR to that folder.\n"
        + "  2. Connect to the internet and call load_mnist() again. The cache folder "
        + f"{_cache_path(name).parent} must be writable.\n"
        + "  3. Use load_digits() instead: smaller digits, always there, the same return type."
    )


def _read(path: Path, name: str) -> np.ndarray:
    if path.is_dir():
        raise ValueError("it is a folder, expected a file")
    return read_idx(path.read_bytes(), *FILES[name])


def _from_folder(name: str, failures: list[str]) -> np.ndarray | None:
    """Look in the user's own folder, in which nothing is ever changed."""
    folder = os.environ.get("MLP_DATA_DIR")
    if not folder:
        failures.append("MLP_DATA_DIR: this environment variable is not set")
        return None
    for path in (Path(folder, name).expanduser(), Path(folder, f"{name}.gz").expanduser()):
        try:
            return _read(path, name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:  # it may be there, but cannot be read
            failures.append(f"MLP_DATA_DIR: {path}: {error.strerror}")
            return None
        except ValueError as error:
            raise ValueError(
                f"{path} is not the original MNIST file: {error}. Replace it by a good "
                "copy, or unset MLP_DATA_DIR to have MNIST downloaded."
            ) from None
    failures.append(f"MLP_DATA_DIR={folder}: there is neither {name} nor {name}.gz")
    return None


def _cache_path(name: str) -> Path:
    return Path(pooch.os_cache("mlp_lib"), f"{name}.gz")


def _from_cache(name: str, failures: list[str]) -> np.ndarray | None:
    """Look in the cache, from which a wrong file is removed."""
    path = _cache_path(name)
    try:
        return _read(path, name)
    except OSError as error:
        failures.append(f"{path}: {error.strerror}")
    except ValueError as error:
        failures.append(f"{path}: {error}")
        with contextlib.suppress(OSError):  # where it cannot be removed, the download says so
            path.unlink()
    return None


def _from_mirrors(name: str, failures: list[str]) -> np.ndarray | None:
    """Download into the cache; a file gets its final name only after it was checked."""
    path = _cache_path(name)
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Inside the cache, so that os.replace is one step that no other process sees half done.
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder, path.name)
            for mirror in MIRRORS:
                try:
                    downloader(mirror + path.name, part, None)
                    entries = _read(part, name)
                except (OSError, ValueError) as error:  # requests' errors are OSErrors
                    failures.append(f"{mirror}{path.name}: {error}")
                else:
                    os.replace(part, path)
                    return entries
    except OSError as error:
        failures.append(f"{path.parent}: the cache folder cannot be written ({error})")
    return None
