"""load_mnist: where it looks, what it checks, what it says, and what it leaves behind.

Most tests replace the table of files by four tiny ones of the same format and the mirrors
by a web server on this computer. The tests of the true files are at the end.
"""

import errno
import functools
import gzip
import hashlib
import http.server
import os
import socket
import struct
import sys
import threading

import numpy as np
import pooch
import pytest
import tqdm

from mlp_lib.data import DataNotFoundError, ImageData, load_mnist, mnist

SHAPES = {
    "train-images-idx3-ubyte": (5, 3, 2),
    "train-labels-idx1-ubyte": (5,),
    "t10k-images-idx3-ubyte": (4, 3, 2),
    "t10k-labels-idx1-ubyte": (4,),
}
FIRST = "train-images-idx3-ubyte"
REMEDIES = ("MLP_DATA_DIR", "Connect to the internet", "load_digits()")


def idx(array, shape=None):
    """The bytes of an IDX file of unsigned bytes; `shape` puts a false one in the header."""
    shape = array.shape if shape is None else shape
    return struct.pack(f">{len(shape) + 1}I", 0x0800 + len(shape), *shape) + array.tobytes()


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        name: rng.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8)
        for name, shape in SHAPES.items()
    }


@pytest.fixture
def contents(arrays):
    return {name: idx(array) for name, array in arrays.items()}


@pytest.fixture
def cache(tmp_path, monkeypatch, contents):
    """The tiny set in place of MNIST, an empty cache, no MLP_DATA_DIR and no mirror."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(pooch, "os_cache", lambda project: folder / project)
    monkeypatch.setattr(mnist, "MIRRORS", ())
    monkeypatch.setattr(mnist, "TIMEOUT", 5)
    files = {n: (SHAPES[n], hashlib.sha256(c).hexdigest()) for n, c in contents.items()}
    monkeypatch.setattr(mnist, "FILES", files)
    monkeypatch.delenv("MLP_DATA_DIR", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # wins over NO_PROXY
    return folder / "mlp_lib"


class Mirror:
    """A web server on this computer that answers with `body`, in the way of `answer`."""

    def __init__(self, contents):
        self.good = {f"{name}.gz": gzip.compress(c) for name, c in contents.items()}
        self.body = dict(self.good)
        self.answer = self.send
        self.requests = []
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/")[-1]
                mirror.requests.append(name)
                mirror.answer(self, mirror.body[name])

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/data/"
        self.closing = threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def send(self, handler, body, promised=None, headers=()):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) if promised is None else promised))
        for header in headers:
            handler.send_header(*header)
        handler.end_headers()
        handler.wfile.write(body)

    def break_off(self, handler, body):
        self.send(handler, body[: len(body) // 2], promised=len(body))

    def not_found(self, handler, body):
        handler.send_error(404)

    def stall(self, handler, body):
        self.closing.wait()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirrors(cache, contents, monkeypatch):
    """Two mirrors that have the right files."""
    pair = (Mirror(contents), Mirror(contents))
    monkeypatch.setattr(mnist, "MIRRORS", tuple(mirror.address for mirror in pair))
    yield pair
    for mirror in pair:
        mirror.close()


def listing(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def fill(folder, contents, ending=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        packed = gzip.compress(content) if ending else content
        (folder / f"{name}{ending}").write_bytes(packed)


def check(data, arrays):
    """Assert that `data` is the tiny set."""
    assert isinstance(data, ImageData)
    assert (data.name, data.image_shape, data.n_classes) == ("MNIST", (3, 2), 10)
    for X, y, part in [(data.X_train, data.y_train, "train"), (data.X_test, data.y_test, "t10k")]:
        images, labels = arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]
        assert X.dtype == np.float32 and y.dtype == np.int64
        np.testing.assert_array_equal(X, (images.reshape(-1, 6) / 255).astype(np.float32))
        np.testing.assert_array_equal(y, labels)


def all_files():
    return sorted(f"{name}.gz" for name in SHAPES)


# What may be wrong with the first file: the bytes in its place, and what the error must say.

RIGHT_MAGIC = repr(b"\x00\x00\x08\x03")


def truncated(array):
    return gzip.compress(idx(array))[:-12], ["gzip data is damaged or cut off"]


def wrong_check_sum(array):
    packed = bytearray(gzip.compress(idx(array)))
    packed[-5] ^= 1  # in the check sum at the end
    return bytes(packed), ["gzip data is damaged or cut off", "CRC"]


def damaged_stream(array):
    packed = bytearray(gzip.compress(idx(array)))
    packed[10] = 0xFF  # the first byte after the header: a type of block that does not exist
    return bytes(packed), ["gzip data is damaged or cut off", "invalid block type"]


def wrong_magic(array):
    content = b"\x00\x00\x0d\x03" + idx(array)[4:]  # 0x0d: floating-point entries
    return gzip.compress(content), [repr(content[:4]), RIGHT_MAGIC]


def labels_for_images(array):
    return gzip.compress(idx(array[:, 0, 0])), [repr(b"\x00\x00\x08\x01"), RIGHT_MAGIC]


def wrong_count(array):
    return gzip.compress(idx(array[:-1])), ["shape (4, 3, 2)", "expected (5, 3, 2)"]


def wrong_size(array):
    return gzip.compress(idx(array, (5, 2, 3))), ["shape (5, 2, 3)", "expected (5, 3, 2)"]


def too_short(array):
    return gzip.compress(idx(array)[:-1]), ["45 bytes", "expected 46"]


def too_long(array):
    return gzip.compress(idx(array) + b"\0"), ["47 bytes", "expected 46"]


def header_cut_off(array):
    return idx(array)[:9], ["9 bytes", "header of 16 bytes"]


def changed_byte(array):
    good, changed = idx(array), idx(array ^ np.eye(1, 30, 17, dtype=np.uint8).reshape(5, 3, 2))
    assert (
        len(good) == len(changed) and sum(a != b for a, b in zip(good, changed, strict=True)) == 1
    )
    sums = [hashlib.sha256(content).hexdigest() for content in (changed, good)]
    return gzip.compress(changed), ["SHA-256", sums[0], "expected " + sums[1]]


def html_page(array):
    page = b"<!DOCTYPE html><html><title>Log in to the guest network</title></html>"
    return page, [repr(b"<!DO"), RIGHT_MAGIC]


def empty(array):
    return b"", ["starts with b''", RIGHT_MAGIC]


FAULTS = [
    truncated,
    damaged_stream,
    wrong_check_sum,
    wrong_magic,
    labels_for_images,
    wrong_count,
    wrong_size,
    too_short,
    too_long,
    header_cut_off,
    changed_byte,
    html_page,
    empty,
]
each_fault = pytest.mark.parametrize("fault", FAULTS)


# The user's own folder.


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_folder_holds_the_files_packed_or_not(
    cache, mirrors, contents, arrays, monkeypatch, ending
):
    own = cache.parent / "own"
    fill(own, contents, ending)
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    before = listing(own)
    check(load_mnist(download=False), arrays)
    check(load_mnist(), arrays)
    assert listing(own) == before
    assert listing(cache) == [] and mirrors[0].requests == []


def test_how_a_file_was_compressed_does_not_matter(cache, contents, arrays, monkeypatch):
    own = cache.parent / "own"
    fill(own, contents)
    again = gzip.compress(contents[FIRST], compresslevel=0, mtime=1)
    assert again != (own / f"{FIRST}.gz").read_bytes()
    (own / f"{FIRST}.gz").write_bytes(again)
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    check(load_mnist(download=False), arrays)


def test_file_that_cannot_be_read_is_named(cache, mirrors, contents, arrays, monkeypatch):
    own = cache.parent / "own"
    fill(own, contents)
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    read = mnist.Path.read_bytes

    def locked(path):
        if path.parent == own:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(mnist.Path, "read_bytes", locked)
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist(download=False)
    for phrase in [f"MLP_DATA_DIR: {own / FIRST}: Permission denied", *REMEDIES]:
        assert phrase in str(caught.value)
    check(load_mnist(), arrays)
    assert listing(cache) == all_files()


def test_folder_may_be_named_from_the_home_folder(cache, contents, arrays, monkeypatch):
    fill(cache.parent / "own", contents)
    monkeypatch.setenv("HOME", str(cache.parent))
    monkeypatch.setenv("USERPROFILE", str(cache.parent))  # the same on Windows
    monkeypatch.setenv("MLP_DATA_DIR", os.path.join("~", "own"))
    check(load_mnist(download=False), arrays)


def test_folder_comes_before_the_cache(cache, contents, arrays, monkeypatch):
    fill(cache.parent / "own", contents)
    fill(cache, {name: b"wrong" for name in contents})
    monkeypatch.setenv("MLP_DATA_DIR", str(cache.parent / "own"))
    check(load_mnist(), arrays)
    assert listing(cache) == all_files()


def test_file_that_the_folder_lacks_is_taken_from_elsewhere(
    cache, mirrors, contents, arrays, monkeypatch
):
    own = cache.parent / "own"
    fill(own, contents)
    (own / f"{FIRST}.gz").unlink()
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    check(load_mnist(), arrays)
    assert listing(cache) == mirrors[0].requests == [f"{FIRST}.gz"]
    assert f"{FIRST}.gz" not in listing(own)


@each_fault
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_wrong_file_in_the_folder_is_named_and_kept(
    cache, mirrors, contents, arrays, monkeypatch, fault, ending
):
    own = cache.parent / "own"
    fill(own, contents, ending)
    wrong, phrases = fault(arrays[FIRST])
    path = own / f"{FIRST}{ending}"
    path.write_bytes(wrong)
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    with pytest.raises(ValueError) as caught:
        load_mnist()
    for phrase in [str(path), *phrases, "Replace it", "unset MLP_DATA_DIR"]:
        assert phrase in str(caught.value)
    assert caught.value.__suppress_context__  # one error, not two
    assert path.read_bytes() == wrong
    assert listing(cache) == [] and mirrors[0].requests == []

    path.write_bytes(contents[FIRST])
    check(load_mnist(), arrays)


def test_subfolder_in_place_of_a_file_is_named_and_kept(cache, contents, arrays, monkeypatch):
    own = cache.parent / "own"
    fill(own, contents)
    path = own / f"{FIRST}.gz"
    path.unlink()
    path.mkdir()
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    with pytest.raises(ValueError) as caught:
        load_mnist()
    for phrase in [str(path), "is a folder, expected a file", "Replace it"]:
        assert phrase in str(caught.value)
    assert path.is_dir()

    path.rmdir()
    path.write_bytes(gzip.compress(contents[FIRST]))
    check(load_mnist(), arrays)


# The cache.


def test_download_fills_the_cache_and_happens_once(cache, mirrors, arrays):
    check(load_mnist(), arrays)
    assert sorted(mirrors[0].requests) == listing(cache) == all_files()
    check(load_mnist(), arrays)
    check(load_mnist(download=False), arrays)
    assert len(mirrors[0].requests) == 4 and mirrors[1].requests == []


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_CACHE_HOME is Linux's own")
def test_cache_is_where_the_operating_system_has_caches(tmp_path, monkeypatch):
    monkeypatch.delenv("MLP_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist(download=False)
    assert str(tmp_path / "mlp_lib" / f"{FIRST}.gz") in str(caught.value)


@each_fault
def test_wrong_file_in_the_cache_is_replaced(cache, mirrors, contents, arrays, fault):
    fill(cache, contents)
    (cache / f"{FIRST}.gz").write_bytes(fault(arrays[FIRST])[0])
    check(load_mnist(), arrays)
    assert mirrors[0].requests == [f"{FIRST}.gz"]
    assert listing(cache) == all_files()
    assert (cache / f"{FIRST}.gz").read_bytes() == mirrors[0].good[f"{FIRST}.gz"]


@each_fault
def test_wrong_file_in_the_cache_is_removed_without_network(
    cache, mirrors, contents, arrays, fault
):
    fill(cache, contents)
    wrong, phrases = fault(arrays[FIRST])
    path = cache / f"{FIRST}.gz"
    path.write_bytes(wrong)
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist(download=False)
    for phrase in [str(path), *phrases, *REMEDIES]:
        assert phrase in str(caught.value)
    assert listing(cache) == sorted(set(all_files()) - {path.name})
    assert mirrors[0].requests == []

    check(load_mnist(), arrays)


def test_subfolder_in_place_of_a_cached_file(cache, mirrors, contents, arrays):
    fill(cache, contents)
    path = cache / f"{FIRST}.gz"
    path.unlink()
    path.mkdir()
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    for phrase in [f"{path}: it is a folder, expected a file", "cannot be written", *REMEDIES]:
        assert phrase in str(caught.value)
    assert listing(cache) == all_files()  # the folder is still there, and nothing else

    path.rmdir()
    check(load_mnist(), arrays)


def test_cache_below_a_file_cannot_be_written(cache, mirrors, contents, arrays, monkeypatch):
    """Holds for root too, whom permissions do not bind."""
    cache.parent.write_text("a file where the cache folder should be")
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    for phrase in [str(cache), "cache folder cannot be written", *REMEDIES]:
        assert phrase in str(caught.value)
    assert mirrors[0].requests == []  # seen before anything is downloaded
    assert cache.parent.is_file()

    fill(cache.parent.parent / "own", contents)  # the first remedy
    monkeypatch.setenv("MLP_DATA_DIR", str(cache.parent.parent / "own"))
    check(load_mnist(), arrays)


@pytest.fixture
def read_only(monkeypatch):
    """Make every way of writing that mnist.py uses fail, as on a read-only disk."""

    def fail(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(mnist.tempfile, "TemporaryDirectory", fail)
    monkeypatch.setattr(mnist.Path, "mkdir", fail)
    monkeypatch.setattr(mnist.Path, "unlink", fail)
    monkeypatch.setattr(mnist.os, "replace", fail)


def test_full_cache_on_a_read_only_disk_is_enough(cache, contents, arrays, request):
    fill(cache, contents)
    request.getfixturevalue("read_only")
    check(load_mnist(), arrays)


def test_wrong_file_on_a_read_only_disk(cache, mirrors, contents, arrays, request):
    fill(cache, contents)
    (cache / f"{FIRST}.gz").write_bytes(b"wrong")
    request.getfixturevalue("read_only")
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    for phrase in [f"{cache / FIRST}.gz: it starts with b'wron'", "Read-only", *REMEDIES]:
        assert phrase in str(caught.value)
    assert mirrors[0].requests == []


@pytest.fixture
def locked(cache):
    """The cache folder with write permission taken away."""
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    if os.access(cache, os.W_OK):
        pytest.skip("permissions of folders do not bind this user (root, or Windows)")
    yield cache
    cache.chmod(0o700)


def test_locked_cache_cannot_be_written(locked, mirrors, arrays):
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    for phrase in [str(locked), "cache folder cannot be written", "Permission denied", *REMEDIES]:
        assert phrase in str(caught.value)
    assert listing(locked) == [] and mirrors[0].requests == []

    locked.chmod(0o700)
    check(load_mnist(), arrays)


def test_full_locked_cache_is_enough(locked, contents, arrays):
    locked.chmod(0o700)
    fill(locked, contents)
    locked.chmod(0o500)
    check(load_mnist(), arrays)


# The mirrors.


def refuse(cache, mirrors, arrays, phrases):
    """Assert that neither mirror is of use now; then mend both, and the second try succeeds."""
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    for phrase in [FIRST, *(mirror.address for mirror in mirrors), *phrases, *REMEDIES]:
        assert phrase in str(caught.value)
    assert listing(cache) == []

    for mirror in mirrors:
        mirror.body, mirror.answer = mirror.good, mirror.send
    check(load_mnist(), arrays)
    assert listing(cache) == all_files()
    return str(caught.value)


def second_mirror_helps(cache, mirrors, arrays):
    """Assert that the second mirror is asked after the first one failed."""
    check(load_mnist(), arrays)
    assert f"{FIRST}.gz" in mirrors[0].requests and f"{FIRST}.gz" in mirrors[1].requests
    assert listing(cache) == all_files()


@each_fault
def test_mirrors_serve_a_wrong_file(cache, mirrors, arrays, fault):
    wrong, phrases = fault(arrays[FIRST])
    for mirror in mirrors:
        mirror.body[f"{FIRST}.gz"] = wrong
    refuse(cache, mirrors, arrays, phrases)


@each_fault
def test_one_mirror_serves_a_wrong_file(cache, mirrors, arrays, fault):
    mirrors[0].body[f"{FIRST}.gz"] = fault(arrays[FIRST])[0]
    second_mirror_helps(cache, mirrors, arrays)


def test_mirrors_break_off(cache, mirrors, arrays):
    for mirror in mirrors:
        mirror.answer = mirror.break_off
    lines = refuse(cache, mirrors, arrays, []).splitlines()
    for mirror in mirrors:
        (line,) = [line for line in lines if mirror.address in line]
        # Older versions of urllib3 do not notice; then the gzip data has no end.
        assert "IncompleteRead" in line or "cut off" in line


def test_one_mirror_breaks_off(cache, mirrors, arrays):
    mirrors[0].answer = mirrors[0].break_off
    second_mirror_helps(cache, mirrors, arrays)


def test_mirrors_have_no_such_file(cache, mirrors, arrays):
    for mirror in mirrors:
        mirror.answer = mirror.not_found
    assert refuse(cache, mirrors, arrays, []).count("404 Client Error") == 2


def test_one_mirror_has_no_such_file(cache, mirrors, arrays):
    mirrors[0].answer = mirrors[0].not_found
    second_mirror_helps(cache, mirrors, arrays)


def test_mirrors_do_not_answer(cache, mirrors, arrays, monkeypatch):
    monkeypatch.setattr(mnist, "TIMEOUT", 0.5)
    for mirror in mirrors:
        mirror.answer = mirror.stall
    assert refuse(cache, mirrors, arrays, []).count("timeout=0.5") == 2


def test_mirror_that_unpacks_in_transit(cache, mirrors, contents, arrays):
    header = ("Content-Encoding", "gzip")
    mirrors[0].answer = lambda handler, body: mirrors[0].send(handler, body, headers=[header])
    check(load_mnist(), arrays)
    assert (cache / f"{FIRST}.gz").read_bytes() == contents[FIRST]
    check(load_mnist(download=False), arrays)


def test_interrupt_by_the_user_leaves_nothing(cache, mirrors, arrays):
    def interrupt(downloader, url, output_file, pooch):
        with open(output_file, "wb") as file:
            file.write(mirrors[0].good[f"{FIRST}.gz"][:20])
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load_mnist()
    assert listing(cache) == []
    check(load_mnist(), arrays)


def test_two_downloads_at_once(cache, mirrors, arrays):
    """Each answer waits until both have asked, so both write at the same time."""
    both = threading.Barrier(2, timeout=20)

    def together(handler, body):
        both.wait()
        mirrors[0].send(handler, body)

    mirrors[0].answer = together
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_mnist())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and len(mirrors[0].requests) == 8
    for data in found:
        check(data, arrays)
    assert listing(cache) == all_files()
    check(load_mnist(download=False), arrays)


def test_download_shows_a_progress_bar(cache, mirrors, monkeypatch, capsys):
    shown = functools.partial(tqdm.tqdm, disable=False)  # even where TQDM_DISABLE is set
    monkeypatch.setattr(pooch.downloaders, "tqdm", shown)
    load_mnist()
    assert capsys.readouterr().err.count("100%") == 4


# No network.


def test_no_server(cache, mirrors, arrays, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    good = mnist.MIRRORS
    monkeypatch.setattr(mnist, "MIRRORS", (f"http://127.0.0.1:{port}/",))
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    for phrase in [FIRST, f"http://127.0.0.1:{port}/{FIRST}.gz", *REMEDIES]:
        assert phrase in str(caught.value)
    assert listing(cache) == []

    monkeypatch.setattr(mnist, "MIRRORS", good)
    check(load_mnist(), arrays)


def test_no_network(cache, mirrors, arrays):
    def no_name(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", no_name)
        addresses = ("https://one.example/mnist/", "https://two.example/mnist/")
        patch.setattr(mnist, "MIRRORS", addresses)
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.delenv(variable, raising=False)
            patch.delenv(variable.lower(), raising=False)
        with pytest.raises(OSError) as caught:
            load_mnist()
    assert caught.type is DataNotFoundError
    assert caught.value.__cause__ is None and caught.value.__context__ is None  # one error
    for phrase in ["MLP_DATA_DIR: this environment variable is not set", *REMEDIES]:
        assert phrase in str(caught.value)
    for address in addresses:
        assert f"{address}{FIRST}.gz: " in str(caught.value)
    assert listing(cache) == []
    check(load_mnist(), arrays)


def test_without_download_no_mirror_is_asked(cache, mirrors, arrays, monkeypatch):
    own = cache.parent / "own"
    monkeypatch.setenv("MLP_DATA_DIR", str(own))
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist(download=False)
    for phrase in [f"MLP_DATA_DIR={own}", f"{cache / FIRST}.gz", *SHAPES, *REMEDIES]:
        assert phrase in str(caught.value)
    assert mirrors[0].requests == mirrors[1].requests == []
    assert not cache.parent.exists()  # no empty folders either
    check(load_mnist(), arrays)


# The true MNIST.


@pytest.fixture(scope="module")
def true_mnist():
    try:
        return load_mnist(download=False)
    except DataNotFoundError:
        pytest.skip("MNIST is not on this computer: set MLP_DATA_DIR to its folder")


def test_mnist_has_the_documented_form(true_mnist):
    assert true_mnist.X_train.shape == (60000, 784) and true_mnist.y_train.shape == (60000,)
    assert true_mnist.X_test.shape == (10000, 784) and true_mnist.y_test.shape == (10000,)
    assert true_mnist.image_shape == (28, 28) and true_mnist.n_classes == 10
    for X, y in [
        (true_mnist.X_train, true_mnist.y_train),
        (true_mnist.X_test, true_mnist.y_test),
    ]:
        assert X.dtype == np.float32 and y.dtype == np.int64
        assert X.min() == 0 and X.max() == 1
        assert len(np.unique(X)) == 256
        assert np.array_equal(np.unique(y), np.arange(10))
    assert repr(true_mnist) == (
        "ImageData(MNIST: 60000 training and 10000 test images of 28 × 28 pixels, 10 classes)"
    )


def test_mnist_has_the_known_values(true_mnist):
    assert true_mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert true_mnist.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(true_mnist.y_train).tolist() == train
    assert np.bincount(true_mnist.y_test).tolist() == test
    # The mean and standard deviation that many programs write into their code.
    assert round(float(true_mnist.X_train.mean(dtype=np.float64)), 4) == 0.1307
    assert round(float(true_mnist.X_train.std(dtype=np.float64)), 4) == 0.3081


def test_mnist_images_are_upright(true_mnist):
    """The first test image is a 7: a bar above, one stroke below and to the left."""
    image = true_mnist.X_test[0].reshape(true_mnist.image_shape)
    inked = image > 0.5
    rows = np.flatnonzero(inked.any(axis=1))
    widths = inked.sum(axis=1)
    assert widths[rows[1]] > 10 > widths[rows[-1]]
    assert np.flatnonzero(inked[rows[-1]]).mean() < np.flatnonzero(inked[rows[8]]).mean()
