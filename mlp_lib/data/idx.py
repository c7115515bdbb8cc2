"""The IDX format, in which MNIST is published."""

import gzip
import hashlib
import math
import struct
import zlib

import numpy as np

GZIP_START = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08  # the format's code for the type of the entries


def read_idx(content: bytes, shape: tuple[int, ...], sha256: str) -> np.ndarray:
    """Read the bytes of an IDX file and check that they are the expected ones.

    An IDX file is a header of big-endian 32-bit integers, then the entries. The first
    integer, the magic number, is the code of the entries' type times 256 plus the number
    of axes; the others are the lengths of the axes.

    Parameters
    ----------
    content : bytes
        The whole file, as it is or compressed by gzip.
    shape : tuple of int
        The expected shape.
    sha256 : str
        The expected SHA-256 of the unpacked bytes, in hexadecimal. It does not depend on
        how the file was compressed.

    Returns
    -------
    ndarray of uint8, shape `shape`
        A view of the unpacked bytes; it cannot be written to.

    Raises
    ------
    ValueError
        If the bytes are not the expected file. The message says in what they differ.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges. The MNIST database of handwritten digits.
    """
    if content.startswith(GZIP_START):  # look at the bytes: some servers unpack in transit
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"the gzip data is damaged or cut off ({error})") from None

    magic = struct.pack(">I", 256 * UNSIGNED_BYTE + len(shape))
    if content[:4] != magic:
        raise ValueError(f"it starts with {content[:4]!r}, expected the magic number {magic!r}")
    header = 4 + 4 * len(shape)
    if len(content) < header:
        raise ValueError(f"it has {len(content)} bytes, expected a header of {header} bytes")
    found = struct.unpack(f">{len(shape)}I", content[4:header])
    if found != shape:
        raise ValueError(f"its header gives the shape {found}, expected {shape}")
    size = header + math.prod(shape)
    if len(content) != size:
        raise ValueError(f"it has {len(content)} bytes unpacked, expected {size}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ValueError(f"the SHA-256 of its unpacked bytes is {digest}, expected {sha256}")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
