"""What a program in the sandbox can read, write, reach and use, and that nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="the homework needs psutil: make homework-test")

from homework import sandbox  # noqa: E402
from homework.sandbox import MB, Limits, SandboxError  # noqa: E402
from tests.homework.watching import needs_sandbox, nothing_runs, processes_with, wait_for  # noqa: E402

ROOT = Path(__file__).parents[2]
LIMITS = Limits(seconds=20, memory=500 * MB, files=20 * MB, processes=20, output=2 * MB)


@pytest.fixture
def folder(tmp_path):
    """Return the folder that a program finds as its own."""
    needs_sandbox()
    folder = tmp_path / "task"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture
def run(folder):
    """Return a function that runs Python in the sandbox; afterwards nothing of it may live."""

    def run(source, *arguments, limits=LIMITS):
        program = [sys.executable, "-c", textwrap.dedent(source), *map(str, arguments)]
        return sandbox.run([*sandbox.bubblewrap(folder, limits), *program], limits)

    yield run
    nothing_runs(folder)


def lines(outcome):
    assert outcome.ended == ""
    return outcome.output.decode().splitlines()


# Reading.


def test_no_file_of_the_teacher_is_seen(run, tmp_path):
    secret, other = tmp_path / "secret", tmp_path / "submitted" / "bob" / "digits_mlp.ipynb"
    other.parent.mkdir(parents=True)
    for path in (secret, other):
        path.write_text("not for everyone")
    hidden = [secret, other, ROOT / "homework" / "questions.py", ROOT / "pyproject.toml", __file__]
    hidden += ["/etc/passwd", "/etc/shadow", "/var", "/sys", "/run", Path.home() / ".ssh"]
    source = """
        import os, sys
        print([path for path in sys.argv[1:] if os.path.exists(path)])
    """
    assert lines(run(source, *hidden)) == ["[]"]


def test_of_the_repository_only_mlp_lib_is_seen(run):
    source = "import os, sys, mlp_lib; print(*os.listdir(sys.argv[1]))"
    seen = lines(run(source, ROOT))[0].split()
    assert "mlp_lib" in seen and set(seen) <= {"mlp_lib", ".venv"}


def test_home_is_not_seen(run):
    (seen,) = lines(
        run("import os, sys; print(os.path.exists(sys.argv[1]))", Path.home() / ".cache")
    )
    assert seen == "False"


def test_the_graders_environment_is_not_seen(run, monkeypatch):
    monkeypatch.setenv("MLP_TEST_TOKEN", "not-for-everyone")
    source = """
        import glob
        for path in ["/proc/self/environ", *glob.glob("/proc/[0-9]*/environ")]:
            try:
                print(open(path).read().replace("\\0", " "))
            except OSError:
                pass
    """
    assert "not-for-everyone" not in "".join(lines(run(source)))


def test_sklearns_labels_are_not_seen(run):
    source = """
        import sklearn.datasets
        try:
            print(len(sklearn.datasets.load_digits().target))
        except Exception as error:
            print("nothing")
    """
    assert lines(run(source)) == ["nothing"]


# Writing.


def test_only_two_folders_can_be_written_to(run, folder):
    source = """
        import os, sys
        for place, _, _ in os.walk("/"):
            if place.startswith(("/proc", "/usr/", "/lib")):
                continue
            try:
                open(os.path.join(place, "mlp-escaped"), "w").close()
                # The folders that lead to a project below /tmp are in the sandbox's own /tmp.
                own = os.stat(place).st_dev == os.stat("/tmp").st_dev
                print("/tmp" if own else place)
            except OSError:
                pass
    """
    assert set(lines(run(source))) == {"/tmp", "/dev/shm"}
    assert list(folder.iterdir()) == []
    assert not Path("/tmp/mlp-escaped").exists() and not Path("/dev/shm/mlp-escaped").exists()


def test_files_are_bounded_in_sum(run):
    source = """
        total = 0
        for place in ("/tmp/a", "/tmp/b", "/dev/shm/a", "/dev/shm/b"):
            with open(place, "wb", 0) as file:
                try:
                    for _ in range(100):
                        total += file.write(b"x" * 2**20)
                except OSError:
                    pass
        print(total / 2**20)
    """
    (total,) = lines(run(source))
    assert 0 < float(total) <= 2 * LIMITS.files / MB


# Network.


def test_this_computer_is_not_reached(run, tmp_path):
    path, name = tmp_path / "socket", f"\0mlp-{os.getpid()}"
    servers = [socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    for server, address in zip(servers, (("127.0.0.1", 0), str(path), name), strict=True):
        server.bind(address)
        server.listen()
        server.settimeout(0)
    source = """
        import socket, sys
        unix = lambda: socket.socket(socket.AF_UNIX)
        for connect in (
            lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2),
            lambda: socket.create_connection(("192.0.2.1", 80), 2),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 53)),
            lambda: unix().connect(sys.argv[2]),
            lambda: unix().connect("\\0" + sys.argv[3]),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        ):
            try:
                connect()
                print("reached")
            except OSError:
                print("not")
    """
    assert lines(run(source, servers[0].getsockname()[1], path, name[1:])) == ["not"] * 6
    for server in servers:
        with pytest.raises(BlockingIOError):
            server.accept()
        server.close()


# Processes.


def test_fork_bomb_is_bounded(run):
    source = """
        import os, time
        for _ in range(400):
            try:
                if os.fork() == 0:
                    time.sleep(30)
                    os._exit(0)
            except OSError:
                print("refused", flush=True)
                break
        time.sleep(30)
    """
    assert run(source).ended == "more than 20 processes"
    # Without `run` to look after them, the kernel bounds them.
    loose = Limits(seconds=3, processes=1000)
    assert run(source.replace("400", "5000"), limits=loose).ended


def test_the_kernel_bounds_processes(folder):
    source = "import os\nfor _ in range(1000): os.fork() or (os.read(0, 1), os._exit(0))"
    command = [*sandbox.bubblewrap(folder, LIMITS), sys.executable, "-c", source]
    outcome = sandbox.run(command, Limits(seconds=10, processes=10_000))
    assert "BlockingIOError" in outcome.ended
    nothing_runs(folder)


def test_a_daemon_ends_with_the_program(run, folder):
    source = """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 100)
                time.sleep(60)
            os._exit(0)
        time.sleep(0.5)
        print("end")
    """
    assert lines(run(source)) == ["end"]
    nothing_runs(folder)


def test_no_process_outside_is_seen(run):
    source = """
        import os, signal, sys
        print(len([name for name in os.listdir("/proc") if name.isdecimal()]) < 6)
        try:
            os.kill(int(sys.argv[1]), 0)
        except ProcessLookupError:
            print("no such process")
    """
    # A number that no process inside has.
    assert lines(run(source, max(os.getpid(), 1000))) == ["True", "no such process"]


def test_killing_everything_harms_only_oneself(run):
    outcome = run("import os, signal; os.kill(-1, signal.SIGKILL); os.kill(1, signal.SIGKILL)")
    assert outcome.ended.startswith("exit code") or outcome.ended == ""


def test_the_sandbox_ends_with_the_grader(folder):
    grader = f"""
        import sys
        from pathlib import Path
        from homework.sandbox import Limits, bubblewrap, run
        command = [*bubblewrap(Path({str(folder)!r}), Limits()), sys.executable, "-c"]
        run([*command, "import time, os; os.fork(); time.sleep(60)"], Limits())
    """
    program = [sys.executable, "-c", textwrap.dedent(grader)]
    process = subprocess.Popen(program, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    wait_for(lambda: len(processes_with(folder)) >= 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    nothing_runs(folder)


def test_nothing_is_mounted_or_unshared(run):
    source = """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
            print(libc.unshare(flag))
        print(libc.mount(b"none", b"/tmp", b"tmpfs", 0, b""), libc.syscall(250, 0, -3, 0))
        print(libc.shmget(0, 4096, 0o1600), libc.syscall(56, 0x10000011, 0, 0, 0, 0))
        try:
            os.memfd_create("hidden")
        except OSError as error:
            print(error.strerror)
        print(os.fork() >= 0)
    """
    found = lines(run(source))
    assert found[:4] == ["-1"] * 4
    if os.uname().machine == "x86_64":
        assert found[4:6] == ["-1 -1", "-1 -1"]
    assert found[6] == "Operation not permitted"


# Memory, time, output.


def test_20_gb_are_refused_at_once(run):
    source = """
        try:
            bytearray(20 * 2**30)
        except MemoryError:
            print("refused")
    """
    assert lines(run(source)) == ["refused"]


def test_growth_is_noticed(run):
    source = """
        import os, time
        os.fork()
        hog = []
        for _ in range(20):
            hog.append(b"x" * (25 * 2**20))
            time.sleep(0.1)
        time.sleep(10)
    """
    assert run(source).ended == "more than 500 MB of memory"


def test_time_is_bounded(run):
    start = time.monotonic()
    limits = Limits(seconds=1)
    assert run("while True: pass", limits=limits).ended == "longer than 1 s"
    # Closed pipes, and signals that are ignored, change nothing.
    deaf = """
        import os, signal
        for number in range(1, 32):
            try:
                signal.signal(number, signal.SIG_IGN)
            except OSError:
                pass
        os.closerange(0, 100)
        while True: pass
    """
    assert run(deaf, limits=limits).ended == "longer than 1 s"
    assert time.monotonic() - start < 15


def test_output_is_bounded(run):
    outcome = run("while True: print('x' * 2**16)")
    assert (outcome.output, outcome.ended) == (b"", "more than 2 MB of results")
    flood = "import sys\nfor _ in range(2000): sys.stderr.write('x' * 2**16)\nprint('end')"
    assert lines(run(flood)) == ["end"]


def test_what_was_written_before_the_end_is_kept(run):
    outcome = run("import os; print('so far', flush=True); os.kill(os.getpid(), 9)")
    assert outcome.output == b"so far\n"
    assert outcome.ended.startswith("exit code 137")


# Whether it holds.


def test_check_is_content(tmp_path):
    needs_sandbox()
    sandbox.check(tmp_path / "secret")


def test_check_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="no bwrap on this computer.*apt install bubblewrap"):
        sandbox.check()


def test_check_says_what_is_seen(monkeypatch):
    needs_sandbox()
    with pytest.raises(SandboxError, match="does not hold: it can read /usr/bin/env"):
        sandbox.check(Path("/usr/bin/env"))


def test_check_says_what_is_not_bounded(monkeypatch):
    needs_sandbox()
    monkeypatch.setattr("homework.seccomp.program", lambda: None)
    with pytest.raises(SandboxError, match="does not hold: its memory is not bounded"):
        sandbox.check()


def test_check_says_that_it_does_not_start(tmp_path, monkeypatch):
    needs_sandbox()
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SandboxError, match="does not start: exit code 1: bwrap: No permissions"):
        sandbox.check()
