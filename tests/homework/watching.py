"""What the tests of the grader share: is there a sandbox, and what still runs in it?"""

import contextlib
import os
import shutil
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import psutil
import pytest


def needs_sandbox():
    """Skip the test where bubblewrap is missing; fail where it must not be."""
    if shutil.which("bwrap") is None:
        reason = "bubblewrap is not installed: no submission can be run"
        if os.environ.get("MLP_REQUIRE_SANDBOX") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def wait_for(condition, seconds=20):
    """Wait until something is so; fail if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def nothing_runs(folder):
    """Wait until no process shows anything of the folder; large ones take a moment to end."""
    wait_for(lambda: processes_with(folder) == [], seconds=5)


def processes_with(folder):
    """Return the command lines of all processes of sandboxes that show something of the folder."""
    # Without the beginning, which may be a file system of its own.
    name, found = "/".join(folder.parts[-3:]), []
    for process in psutil.process_iter():
        try:
            mounts = Path("/proc", str(process.pid), "mountinfo").read_text()
            if name in mounts and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.cmdline())
        except (OSError, psutil.Error):
            pass
    return found


@contextlib.contextmanager
def no_traces():
    """Take back what the notebook sets for all: the style of figures, where errors go."""
    with plt.rc_context(), contextlib.redirect_stderr(sys.stderr):
        yield
    plt.close("all")
