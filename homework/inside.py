"""Execute a notebook and fetch what the checks ask for. This runs inside the sandbox, as a script.

It gets two folders: one that holds ``task.json`` and the arrays, and one that it may write to. It
writes to its standard output, piece by piece, so that what was done before the end of a hostile or
broken notebook is not lost. Each piece is a line with its length in bytes and its name, and then
its content:

    cells/3                the error in which the cell number 3 of the task ended, as text
    answers/softmax/Y_hat  an array in NumPy's format .npy, what an expression gave
    failures/softmax/Y_hat why an expression gave no array, as text
    ended/                 why there is nothing more, as text

Nothing in it is trusted: a notebook can make this script write whatever it likes.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

MAX_ANSWER = 16 * 2**20  # bytes
MAX_TEXT = 300  # characters
AFTER_INTERRUPT = 60  # seconds for a cell to notice Ctrl-C

# What cells print is read by no one and may be any amount. Make no messages of it; and IPython,
# since version 9, keeps a copy of it all.
SILENCE = """\
import contextlib, os, sys
sys.stdout = sys.stderr = open(os.devnull, "w")
get_ipython()._tee = lambda channel, nothing=contextlib.nullcontext: nothing()
del contextlib, os, sys
"""
# Defined in the notebook's kernel for the time of one expression.
FETCH = """
def _fetch(source, given, place, reason):
    import numpy
    try:
        arrays = dict(numpy.load(given, allow_pickle=False))
        names = globals() | {{"given": arrays, "np": numpy}}
        answer = eval(source, names)
        if hasattr(answer, "detach"):
            answer = answer.detach().cpu()
        answer = numpy.asarray(answer)
        if answer.dtype.kind not in "biuf":
            raise TypeError(f"expected numbers, got {{answer.dtype}}")
        numpy.save(place, answer, allow_pickle=False)
    except Exception as error:
        text = f"{{type(error).__name__}}: {{error}}" if str(error) else type(error).__name__
        with open(reason, "w", encoding="utf-8") as file:
            file.write(text[:{limit}])
_fetch({source!r}, {given!r}, {place!r}, {reason!r})
del _fetch
"""


class DeadKernelError(RuntimeError):
    """Python has ended."""


class Runner:
    """Executes cells in a kernel, and listens to nothing but whether they ended in an error."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.blocking_client()
        self.client.start_channels(iopub=False, stdin=False, hb=False)

    def attempt(self, source: str) -> str:
        """Execute a cell; return the error in which it ended, or nothing."""
        # With stop_on_error, the kernel would drop what waits when a cell fails.
        sent = self.client.execute(source, allow_stdin=False, stop_on_error=False)
        if (reply := self._reply(sent, self.seconds)) is None:
            self.manager.provisioner.process.send_signal(signal.SIGINT)
            self._reply(sent, AFTER_INTERRUPT)
            return f"It took longer than {self.seconds:g} s."
        if reply.get("status") != "error":
            return ""
        return f"{reply.get('ename')}: {reply.get('evalue')}"[:MAX_TEXT]

    def _reply(self, sent: str, seconds: float) -> dict | None:
        """Return the kernel's answer to a message, or None if it does not come in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                message = self.client.get_shell_msg(timeout=0.5)
                if message["parent_header"]["msg_id"] == sent:
                    return dict(message["content"])
            except queue.Empty:
                if not self.manager.is_alive():
                    raise DeadKernelError from None
            except Exception:  # a message that is none, made by the notebook
                time.sleep(0.01)
        return None


def main(task_folder: Path, work_folder: Path) -> None:
    """Execute the notebook of the task."""
    os.chdir(work_folder)
    os.environ["TASK"] = str(task_folder)
    shutil.copytree(task_folder / "matplotlib", os.environ["MPLCONFIGDIR"])
    task = json.loads((task_folder / "task.json").read_text(encoding="utf-8"))
    runner, index = Runner(task["cell_seconds"]), 0
    try:
        runner.attempt(SILENCE)
        for index, cell in enumerate(task["cells"]):
            if error := runner.attempt(cell["source"]):
                emit(f"cells/{index}", error.encode(errors="replace"))
            if cell["question"]:
                for name, source in task["expressions"][cell["question"]].items():
                    given = task_folder / f"{cell['question']}.npz"
                    kind, content = fetch(runner, source, given)
                    emit(f"{kind}/{cell['question']}/{name}", content)
    except DeadKernelError:
        emit("ended/", f"Python ended in cell {index}".encode())
    finally:
        runner.manager.shutdown_kernel(now=True)


def emit(name: str, content: bytes) -> None:
    """Write a piece."""
    sys.stdout.buffer.write(f"{len(content)} {name}\n".encode() + content)
    sys.stdout.buffer.flush()


def fetch(runner: Runner, source: str, given: Path) -> tuple[str, bytes]:
    """Evaluate an expression in the notebook's kernel; return what came, and its content."""
    place, reason = Path("answer.npy").absolute(), Path("answer.txt").absolute()
    for path in (place, reason):
        path.unlink(missing_ok=True)
    code = FETCH.format(
        source=source, given=str(given), place=str(place), reason=str(reason), limit=MAX_TEXT
    )
    error = runner.attempt(code)
    if place.is_file():
        if place.stat().st_size <= MAX_ANSWER:
            return "answers", place.read_bytes()
        error = f"The answer is larger than {MAX_ANSWER // 2**20} MB."
    elif reason.is_file():
        error = reason.read_text(encoding="utf-8", errors="replace")
    return "failures", error[:MAX_TEXT].encode(errors="replace")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
