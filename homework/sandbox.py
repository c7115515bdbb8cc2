"""Run a program that may be hostile: no network, no file of ours, and bounds on all it uses.

bubblewrap gives the program namespaces of its own: it sees Python, its packages and one folder,
all read-only, and small file systems in memory that vanish with it. What it produces comes
through a pipe. This process watches its time, memory, number of processes and output, and kills
all of it at the first excess.
"""

import contextlib
import importlib.util
import os
import selectors
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

import mlp_lib
from homework import seccomp

MB = 2**20
IMAGE = "mlp-homework"  # the container's
MLP_LIB = Path(mlp_lib.__file__).parent
INPUT, WORK = "/task", "/tmp"  # what the program finds: its folder, and where it may write


@dataclass(frozen=True)
class Limits:
    """What a program may use.

    Attributes
    ----------
    seconds : float
        From start to end.
    memory : int
        Bytes in use by all its processes together.
    files : int
        Bytes in each of the file systems in memory (``/tmp`` and ``/dev/shm``).
    processes : int
        Processes at the same time. Threads are bounded too, by four times this number.
    output : int
        Bytes that come through the pipe.
    """

    seconds: float = 900
    memory: int = 4096 * MB
    files: int = 512 * MB
    processes: int = 64
    output: int = 128 * MB


class SandboxError(RuntimeError):
    """There is no sandbox here, or it does not hold."""


KINDS = ("bubblewrap", "docker", "podman", "none")


def enclosed(kind: str, folder: Path, work: Path, limits: Limits, script: str) -> list[str]:
    """Return the command that runs a Python script of the folder in a sandbox.

    The script gets two arguments: its folder, as it sees it, and a folder to write to.

    Parameters
    ----------
    kind : str
        One of `KINDS`. With "none" it is not enclosed at all.
    folder, work : Path
        What it may read; where it writes, if it is not enclosed.
    limits : Limits
        The bounds that the kernel or the container's engine enforces; `run` watches the others.
    script : str
        Name of the file in `folder`.
    """
    if kind == "none":
        variables = [f"{name}={value}" for name, value in _environment(work).items()]
        return ["env", *variables, sys.executable, str(folder / script), str(folder), str(work)]
    if kind == "bubblewrap":
        command = [*bubblewrap(folder, limits), sys.executable]
    else:
        command = [*_container(kind, folder, limits), "python3"]
    return [*command, f"{INPUT}/{script}", INPUT, WORK]


def _container(engine: str, folder: Path, limits: Limits) -> list[str]:
    """Return the same for a container; its image is described in the folder ``container``."""
    command = [engine, "run", "--rm", "--network=none", "--read-only", "--user=65534:65534"]
    command += ["--cap-drop=ALL", "--security-opt=no-new-privileges"]
    command += [f"--memory={limits.memory}", f"--pids-limit={4 * limits.processes}"]
    command += [f"--shm-size={limits.files}", f"--ulimit=fsize={limits.files}", "--ulimit=core=0"]
    command += [f"--tmpfs={WORK}:rw,mode=1777,size={limits.files}", f"--workdir={WORK}"]
    command += [f"--volume={folder}:{INPUT}:ro", f"--volume={MLP_LIB}:/packages/mlp_lib:ro"]
    variables = _environment(Path(WORK)) | {"PYTHONPATH": "/packages"}
    del variables["PATH"]  # the image's own
    command += [f"--env={name}={value}" for name, value in variables.items()]
    # A container outlives the engine's client, so that its end is in it too.
    return [*command, IMAGE, "timeout", "--signal=KILL", f"{limits.seconds:g}"]


def bubblewrap(folder: Path, limits: Limits) -> list[str]:
    """Return the command line that puts the program written after it into the sandbox.

    Parameters
    ----------
    folder : Path
        What the program finds, read-only, as ``/task``.
    limits : Limits
        The bounds that the kernel enforces; `run` watches the others.
    """
    command = ["bwrap", "--unshare-all", "--new-session", "--die-with-parent", "--clearenv"]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for place in (WORK, "/dev/shm"):
        command += ["--perms", "1777", "--size", str(limits.files), "--tmpfs", place]
    for path in _readable():
        for parent in reversed(path.parents[:-1]):
            command += ["--perms", "0755", "--dir", str(parent)]
        if path.is_symlink():  # /bin and /lib on most systems
            command += ["--symlink", os.readlink(path), str(path)]
        else:
            command += ["--ro-bind", str(path), str(path)]
    for path in _hidden():
        command += ["--ro-bind", "/dev/null", str(path)]
    command += ["--ro-bind", str(folder), INPUT, "--chdir", WORK]
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in _environment(Path(WORK)).items():
        command += ["--setenv", name, value]
    command += ["--"]
    if os.geteuid() == 0:
        # The kernel does not bound root's processes. Inside, the program is a user whom nobody
        # else is: one for each process that grades.
        user = str(2**20 + os.getpid() % 2**20)
        command.remove("--unshare-all")
        command[1:1] = [f"--unshare-{kind}" for kind in ("ipc", "pid", "net", "uts", "cgroup-try")]
        command += ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        command += ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]
    # Virtual memory is larger than what is in use; above all, 20 GB are refused at once.
    bounds = {"nproc": 4 * limits.processes, "as": 2 * limits.memory + 2048 * MB, "core": 0}
    bounds |= {"fsize": limits.files, "nofile": 1024}
    return [*command, "prlimit", *(f"--{name}={value}" for name, value in bounds.items()), "--"]


def _readable() -> list[Path]:
    """Return the paths that every program may read: the system's programs, Python, packages."""
    python = [Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))]
    packages = [Path(path) for path in sys.path if path.endswith(("site-packages", ".zip"))]
    system = [Path("/") / name for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64")]
    system += [Path("/etc") / name for name in ("alternatives", "ld.so.cache", "localtime")]
    paths = {path for path in (*system, *python, *packages, MLP_LIB) if path.exists()}
    return sorted(path for path in paths if paths.isdisjoint(path.parents))


def _hidden() -> list[Path]:
    """Return what is not to be read in all that: scikit-learn's digits, with their labels.

    Sorted, the pixels of an image tell which one it is, whatever order they are given in.
    """
    folders = importlib.util.find_spec("sklearn").submodule_search_locations
    paths = (Path(folder) / "datasets" / "data" / "digits.csv.gz" for folder in folders)
    return [path for path in paths if path.exists()]


def _environment(work: Path) -> dict[str, str]:
    """Return all environment variables that the program gets."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        # mlp_lib alone: the rest of its folder is the teacher's.
        "PYTHONPATH": str(MLP_LIB.parent),
        "HOME": str(work),
        "USER": "student",
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": str(work / "matplotlib"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "LOKY_MAX_CPU_COUNT": "2",  # joblib's n_jobs=-1 would be as many as the computer has
        "TQDM_DISABLE": "1",
    }


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    output : bytes
        What the program wrote to its standard output, up to the limit.
    ended : str
        Nothing if it ended by itself, with exit code 0; otherwise why it was ended.
    """

    output: bytes
    ended: str


def run(command: list[str], limits: Limits) -> Outcome:
    """Run a command, in the sandbox that it begins with, until it ends or exceeds a limit."""
    options = {}
    with tempfile.TemporaryFile() as file:
        if command[0] == "bwrap":
            # The rest could be read inside: the environment of bubblewrap's own process is seen.
            options = {"env": {"PATH": os.environ["PATH"]}, "pass_fds": [file.fileno()]}
            if rules := seccomp.program():
                file.write(rules)
                file.seek(0)
                command = ["bwrap", "--seccomp", str(file.fileno()), *command[1:]]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
    try:
        return _watch(process, limits)
    finally:
        _end(process)
        process.stdout.close()
        process.stderr.close()


def _end(process: subprocess.Popen) -> None:
    """End the command and all that it started, which its sandbox does not outlive."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def _watch(process: subprocess.Popen, limits: Limits) -> Outcome:
    """Read the output until the program has ended or exceeds a limit."""
    deadline = time.monotonic() + limits.seconds
    tree = psutil.Process(process.pid)
    output, messages = bytearray(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        # A program may close its pipes long before its end, so ask for both.
        while selector.get_map() or process.poll() is None:
            for key, _ in selector.select(timeout=0.2):
                chunk = os.read(key.fd, MB)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    messages = (messages + chunk)[-2000:]
                else:
                    output += chunk
            if len(output) > limits.output:
                return Outcome(b"", f"more than {limits.output // MB} MB of results")
            memory, processes = _usage(tree)
            if memory > limits.memory:
                return Outcome(bytes(output), f"more than {limits.memory // MB} MB of memory")
            if processes > limits.processes:
                return Outcome(bytes(output), f"more than {limits.processes} processes")
            if time.monotonic() > deadline:
                return Outcome(bytes(output), f"longer than {limits.seconds:g} s")
    if process.returncode == 0:
        return Outcome(bytes(output), "")
    last = messages.decode(errors="replace").strip().rpartition("\n")[2]
    return Outcome(bytes(output), f"exit code {process.returncode}: {last}")


def _usage(tree: psutil.Process) -> tuple[int, int]:
    """Return bytes of memory in use, and number of processes."""
    memory = processes = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in tree.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                memory += child.memory_info().rss
                processes += 1
    return memory, processes


# Each line tries what must not be possible, and says so if it is.
_ESCAPES = """
import os, pathlib, socket, sys
def ends(what, attempt, *arguments):
    try:
        attempt(*arguments)
    except OSError:
        return
    print(what)
for path in sys.argv[1:]:
    ends(f"it can read {path}", open, path)
ends("it can write outside of its folder", pathlib.Path("/usr/escaped").touch)
ends("it can write to its input", pathlib.Path("/task/escaped").touch)
ends("it has a network", socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect, ("192.0.2.1", 9))
ends("its memory is not bounded", os.memfd_create, "hidden")
ends("its processes are not bounded", lambda: [os.fork() or os._exit(0) for _ in range(1000)])
print("end")
"""


def check(*hidden: Path) -> None:
    """Try the sandbox out.

    Parameters
    ----------
    *hidden : Path
        Files that must not be seen inside, besides this one.

    Raises
    ------
    SandboxError
        If there is none here, or it lets through what it should keep.
    """
    for program in ("bwrap", "prlimit", "setpriv"):
        if shutil.which(program) is None:
            raise SandboxError(
                f"there is no {program} on this computer. The sandbox needs Linux with bubblewrap "
                "and util-linux (on Debian and Ubuntu: apt install bubblewrap)."
            )
    files = [path.absolute() for path in (Path(__file__), *hidden)]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = [sys.executable, "-c", _ESCAPES, *map(str, files)]
        # That the kernel bounds the processes is tried, so `run` must not do it.
        command = [*bubblewrap(Path(folder), Limits(processes=16)), *program]
        outcome = run(command, Limits(seconds=60, processes=1000))
    found = outcome.output.decode(errors="replace").split("\n")[:-1]
    if outcome.ended or found[-1:] != ["end"]:
        raise SandboxError(f"the sandbox does not start: {outcome.ended or 'no answer'}")
    if len(found) > 1:
        raise SandboxError("the sandbox does not hold: " + "; ".join(found[:-1]))
