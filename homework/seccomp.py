"""System calls that a submission does not get, as a filter for bubblewrap's ``--seccomp``.

They give memory that belongs to no process, so that no limit counts it (anonymous files, shared
segments, file systems of one's own in a new user namespace), or reach the keys of the teacher's
session. All others are allowed: this is no list of what is safe.
"""

import platform
import struct

# For each kind of processor: the kernel's name of it, then the numbers of the calls.
_NUMBERS = {
    "x86_64": {
        "arch": 0xC000003E,
        "clone": 56,
        "memfd_create": 319,
        "memfd_secret": 447,
        "shmget": 29,
        "msgget": 68,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "unshare": 272,
        "setns": 308,
        "mount": 165,
        "bpf": 321,
        "io_uring_setup": 425,
        "userfaultfd": 323,
    },
    "aarch64": {
        "arch": 0xC00000B7,
        "clone": 220,
        "memfd_create": 279,
        "memfd_secret": 447,
        "shmget": 194,
        "msgget": 186,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "unshare": 97,
        "setns": 268,
        "mount": 40,
        "bpf": 280,
        "io_uring_setup": 425,
        "userfaultfd": 282,
    },
}
_CLONE3 = 435  # its flags are out of reach of a filter; programs then use clone
_NAMESPACES = 0x7E020000  # flags of clone
_LOAD, _IF_EQUAL, _IF_LARGER, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ARCH, _NUMBER, _FIRST_ARGUMENT = 4, 0, 16  # places in the kernel's description of a call
_ALLOW, _NOT_PERMITTED, _UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026


def program() -> bytes | None:
    """Return the filter for this computer's processor, or None where the numbers are not known."""
    numbers = dict(_NUMBERS.get(platform.machine(), {}))
    if not numbers:
        return None
    arch, clone = numbers.pop("arch"), numbers.pop("clone")
    steps = [
        (_LOAD, 0, 0, _ARCH),
        (_IF_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _NOT_PERMITTED),  # calls of another kind of processor, as 32-bit ones
        (_LOAD, 0, 0, _NUMBER),
        (_IF_LARGER, 0, 1, 0x40000000),  # or of x32
        (_RETURN, 0, 0, _NOT_PERMITTED),
        (_IF_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    for number in numbers.values():
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOT_PERMITTED)]
    steps += [
        (_IF_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_ANY_BIT, 0, 1, _NAMESPACES),
        (_RETURN, 0, 0, _NOT_PERMITTED),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
