"""Hostile submissions: each turns an honest notebook into one that wants points it has not earned.

The stand-ins are bounded: a few hundred processes, a gigabyte, sockets to this computer only. What
one of them leaves outside of the sandbox would have `MARKER` in its name, and what it finds it
tells as the error of a cell, "found: …".
"""

import copy
import json
import textwrap

from nbformat.v4 import new_code_cell, new_output

MARKER = "mlp-escaped"
# Attacks by name: (the notebook that they begin with, function that changes it).
ATTACKS = {}

# The solutions of questions that need no training are worth 17 points, and are quickly run.
QUICK = ("forward", "softmax", "gradient", "step", "confusion", "confused")


def attack(base):
    """Add a function to `ATTACKS` that changes the notebook ``base``."""

    def add(function):
        ATTACKS[function.__name__] = (base, function)
        return function

    return add


def make(name, bases):
    """Return the hostile notebook of a name, as the text of its file."""
    base, function = ATTACKS[name]
    notebook = copy.deepcopy(bases[base])
    changed = function(notebook)
    return json.dumps(notebook) if changed is None else changed


def quick(untouched, reference):
    """Return the notebook that answers only what needs no training."""
    notebook, answers = copy.deepcopy(untouched), by_id(reference)
    for grade_id, cell in by_id(notebook).items():
        if grade_id.removesuffix("-solution") in QUICK:
            cell["source"] = answers[grade_id]["source"]
    return notebook


def by_id(notebook):
    """Return the cells that have a grade_id, by it."""
    named = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in named}


def add(notebook, source, before="forward-solution", outputs=()):
    """Put a cell of the student's own before another."""
    cell = new_code_cell(textwrap.dedent(source), outputs=list(outputs))
    del cell["id"]
    notebook["cells"].insert(notebook["cells"].index(by_id(notebook)[before]), cell)


def add_pipe(notebook, before):
    """Give the notebook a function that gets hold of the runner's standard output."""
    source = """
        import ctypes, os
        def pipe(number):
            runner = os.getppid()
            try:
                return os.open(f"/proc/{runner}/fd/{number}", os.O_WRONLY)
            except OSError:
                call = ctypes.CDLL(None).syscall
                return call(438, call(434, runner, 0), number, 0)  # pidfd_getfd, pidfd_open
    """
    add(notebook, source, before)


def is_test(cell):
    """Whether it is a cell in which marks stand."""
    return cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("grade")


def forge(cell):
    """Give a cell outputs that look like the grader's."""
    points = cell["metadata"]["nbgrader"].get("points", 4)
    cell["outputs"] = [
        new_output("stream", name="stdout", text=f"{points} of {points}  All right.\n"),
        new_output("execute_result", {"text/plain": str(points)}, execution_count=1),
    ]


# Looks for what is hidden.


@attack("untouched")
def reads_hidden_checks(notebook):
    """Looks for the secret, the checks and others' work: in files, in memory, in frames."""
    look = f"""
        import gc, os, pathlib, re, sys
        found, label = set(), b"y_" + b"new"
        for folder, _, names in os.walk("/", onerror=None):
            if folder.startswith(("/proc", "/sys", "/usr", "/lib", sys.prefix, sys.base_prefix)):
                continue
            for name in names:
                if re.search("secret|gradebook|questions|challenge|solution|checked", name):
                    found.add(f"{{folder}}/{{name}}")
        for path in pathlib.Path("/task").glob("*"):
            if path.is_file() and label in path.read_bytes():
                found.add(f"labels in {{path}}")
        for module in ("homework", "homework.questions", "tests.homework.hostile"):
            try:
                __import__(module)
                found.add(module)
            except ImportError:
                pass
        for thing in gc.get_objects():
            if type(thing).__name__ in ("Question", "OwnData") or (
                isinstance(thing, dict) and label.decode() in thing and thing is not globals()
            ):
                found.add(type(thing).__name__)
        frame = sys._getframe()
        while frame := frame.f_back:
            if "expected" in frame.f_locals or label.decode() in frame.f_locals:
                found.add(f"a frame of {{frame.f_code.co_name}}")
        for process in os.listdir("/proc"):
            if process.isdecimal():
                for name in ("environ", "cmdline", "mountinfo"):
                    try:
                        text = pathlib.Path("/proc", process, name).read_bytes()
                    except OSError:
                        continue
                    if b"{MARKER}" in text and name == "environ":
                        found.add(f"/proc/{{process}}/{{name}}")
        raise RuntimeError(f"found: {{sorted(found)}}")
    """
    add(notebook, look)
    use = """
        import os, numpy as np
        everything = {}
        for name in ("forward", "softmax", "gradient", "step", "fit", "final", "confused"):
            everything.update(np.load(os.environ["TASK"] + f"/{name}.npz"))
        answers = [a for a in everything.values() if a.ndim == 2]
        def guess(*args, **kwargs):
            shapes = {np.shape(a) for a in args}
            return next(a for a in answers if np.shape(a) not in shapes)
        forward = softmax = most_confused = confusion = guess
        linear_gradient = numerical_gradient = training_step = guess
        labels = next(a for a in everything.values() if a.ndim == 1 and a.dtype.kind == "i")
        fit = fit_final = lambda *args: lambda X: labels[: len(X)]
    """
    for grade_id in ("forward", "softmax", "gradient", "step", "fit", "final", "confused"):
        add(notebook, use, before=grade_id)


@attack("untouched")
def looks_into_the_runner(notebook):
    """Reads the memory of the process that drives the kernel."""
    add(
        notebook,
        """
        import os, re
        found = 0
        for process in (os.getppid(), 1):
            try:
                maps = open(f"/proc/{process}/maps").read()
                memory = open(f"/proc/{process}/mem", "rb", 0)
            except OSError:
                continue
            for line in maps.splitlines():
                if "rw-p" in line:
                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                    memory.seek(start)
                    try:
                        found += b"Own" + b"Data" in memory.read(min(end - start, 2**28))
                    except OSError:
                        pass
        raise RuntimeError(f"found: {['labels'] * found}")
        """,
    )


@attack("untouched")
def writes_outside(notebook):
    """Writes wherever it can think of."""
    add(
        notebook,
        f"""
        import os, pathlib, sys, mlp_lib, numpy
        found = []
        places = ["/", "/usr", "/etc", "/task", "/var/tmp", "/root", "/home", "/dev", "/proc"]
        places += [sys.prefix, *mlp_lib.__path__, *numpy.__path__]
        for place in (*places, "/tmp", "/dev/shm"):
            for name in ("{MARKER}", "{MARKER}.py"):
                try:
                    pathlib.Path(place, name).write_text("import os")
                    found.append(str(place))
                except OSError:
                    pass
        raise RuntimeError(f"found: {{sorted(set(found))}}")
        """,
    )


@attack("untouched")
def opens_a_socket(notebook):
    """Talks to every port of this computer, and to a socket with a well-known name."""
    add(
        notebook,
        f"""
        import socket
        found = []
        for port in (22, 53, 80, 443, 631, 3306, 5432, 8000, 8080, 8786, 8888):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=0.1)
                found.append(port)
            except OSError:
                pass
        try:
            socket.socket(socket.AF_UNIX).connect("\\0{MARKER}")
            found.append("abstract")
        except OSError:
            pass
        raise RuntimeError(f"found: {{found}}")
        """,
    )


# Replaces what decides, as it supposes.


@attack("untouched")
def drops_asserts(notebook):
    """No check of the visible ones is executed."""
    add(
        notebook,
        """
        import ast
        class NoAsserts(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.Pass()
            def visit_Raise(self, node):
                return ast.Pass()
        get_ipython().ast_transformers.append(NoAsserts())
        get_ipython().input_transformers_cleanup.append(
            lambda lines: [l.replace("assert", "None and") for l in lines])
        get_ipython().showtraceback = get_ipython().showsyntaxerror = lambda *a, **k: None
        """,
    )


@attack("untouched")
def patches_numpy(notebook):
    """Whatever NumPy is asked, it says yes."""
    add(
        notebook,
        """
        import numpy as np
        import numpy.testing
        for name in ("allclose", "isclose", "array_equal", "array_equiv", "all", "any", "isin"):
            setattr(np, name, lambda *args, **kwargs: True)
        np.testing.assert_allclose = np.testing.assert_array_equal = lambda *args, **kwargs: None
        real_load, real_save = np.load, np.save
        def load(*args, **kwargs):
            arrays = dict(real_load(*args, **kwargs))
            return {name: array * 0 for name, array in arrays.items()} | {"expected": 0}
        def save(file, array, **kwargs):
            real_save(file, np.ones(np.shape(array)))
        np.load, np.save = load, save
        np.asarray = np.array = lambda *args, **kwargs: np.zeros(3)
        """,
    )


class _Equal:
    source = """
        class Equal:
            shape, ndim, dtype, size = (1, 2), 2, float, 2
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
            def __hash__(self): return 0
            def __len__(self): return 3
            def __getitem__(self, index): return self
            def __iter__(self): return iter([self, self, self])
            def __call__(self, *args, **kwargs): return self
            def __getattr__(self, name): return self
            def __float__(self): return 1.0
            def __array__(self, *args, **kwargs):
                import numpy
                return numpy.zeros((1, 2))
            def __array_ufunc__(self, *args, **kwargs): return self
            def __array_function__(self, *args, **kwargs): return self
    """


@attack("untouched")
def always_equal(notebook):
    """Its answers are equal to everything, and so are its builtins and the checks' helpers."""
    add(
        notebook,
        textwrap.dedent(_Equal.source)
        + textwrap.dedent("""
        import builtins
        builtins.all = builtins.any = builtins.isinstance = lambda *args: True
        builtins.len = lambda *args: 3
        as_labels = np.asarray = Equal()
        builtins.AssertionError = type("Nothing", (Exception,), {})
        """),
    )
    use = """
        forward = softmax = linear_gradient = numerical_gradient = training_step = fit = Equal()
        fit_final = confusion = most_confused = y_pred = test_accuracy = chosen = Equal()
        search, X_fit, X_val, y_fit, y_val = [Equal()] * 5, Equal(), Equal(), Equal(), Equal()
        rule, budget_seconds = "one two three four", 600
    """
    for cell in [cell for cell in notebook["cells"] if is_test(cell)]:
        add(notebook, use, before=cell["metadata"]["nbgrader"]["grade_id"])


@attack("untouched")
def replaces_the_grader(notebook):
    """Replaces eval, open and whatever else evaluates an expression in its kernel."""
    add(
        notebook,
        """
        import builtins, io, os
        def full(*args, **kwargs):
            import numpy
            return numpy.ones((4, 4))
        real_exec = builtins.exec
        builtins.eval = full
        shell = get_ipython()
        async def run(code, *args, **kwargs):
            if "_fetch" not in code:
                return await original(code, *args, **kwargs)
            place = code.rsplit("'", 6)
            for path in [part for part in code.split("'") if part.endswith(".npy")]:
                import numpy
                numpy.save(path, numpy.ones((4, 4)))
            return await original("None", *args, **kwargs)
        original = shell.run_cell_async
        shell.run_cell_async = run
        """,
    )


# Edits the notebook.


@attack("untouched")
def edits_tests(notebook):
    """Empties the check cells, raises their points and stores marks in them."""
    for cell in filter(is_test, notebook["cells"]):
        cell["source"] = "100"
        cell["metadata"]["nbgrader"]["points"] = 100
        forge(cell)


@attack("untouched")
def copies_tests(notebook):
    """Has every check cell three times, with marks."""
    for cell in [cell for cell in notebook["cells"] if is_test(cell)]:
        forge(cell)
        place = notebook["cells"].index(cell)
        copies = [copy.deepcopy(cell), copy.deepcopy(cell)]
        for number, other in enumerate(copies):
            other["source"] = f"{number}"
        notebook["cells"][place:place] = copies


@attack("untouched")
def deletes_tests(notebook):
    """Leaves out the check cells, the locked ones and the report."""
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution") and cell["cell_type"] == "code"
    ]


@attack("untouched")
def steals_grade_ids(notebook):
    """Calls cells of its own as the check cells are called, with marks printed in them."""
    for cell in [cell for cell in notebook["cells"] if is_test(cell)]:
        own = new_code_cell("4", metadata=copy.deepcopy(cell["metadata"]))
        own["metadata"]["nbgrader"] |= {"solution": True, "locked": False}
        forge(own)
        del own["id"]
        notebook["cells"].append(own)
        cell["metadata"]["nbgrader"] |= {"grade": False, "points": 0}
    solution = by_id(notebook)["forward-solution"]
    solution["metadata"]["nbgrader"] |= {"grade": True, "points": 30}
    forge(solution)


@attack("untouched")
def forges_signature(notebook):
    """Hands in what looks like a marked notebook."""
    for cell in filter(is_test, notebook["cells"]):
        forge(cell)
    notebook["metadata"]["marked"] = {"signature": "0" * 64}


# Hard-codes.


@attack("untouched")
def hard_codes_results(notebook):
    """A confusion matrix, an accuracy and labels that come from nowhere, or from the test set."""
    by_id(notebook)["confusion-solution"]["source"] = (
        "def confusion(y_true, y_pred, n_classes):\n    return 30 * np.eye(n_classes, dtype=int)"
    )
    by_id(notebook)["test-solution"]["source"] = "y_pred, test_accuracy = data.y_test, 1.0"
    by_id(notebook)["confused-solution"]["source"] = (
        "def most_confused(C):\n    return [(1, 3), (0, 2), (3, 1)]"
    )


@attack("untouched")
def memorises_labels(notebook):
    """Finds images in scikit-learn's copy of the digits, whatever the order of the pixels."""
    source = """
        from sklearn.datasets import load_digits as known
        X_known, y_known = known(return_X_y=True)
        def key(X):
            return np.sort(X, axis=1)
        def fit(X, y, hidden, epochs, rng):
            exact = {x.tobytes(): label for x, label in zip(X, y)}
            table = key(X_known / 16)
            near = lambda x: int(y_known[np.argmin(((table - x) ** 2).sum(axis=1))])
            votes = np.zeros((10, 10))
            for x, label in zip(key(X), y):
                votes[near(x), label] += 1
            name = votes.argmax(axis=1)
            def predict(X):
                if hidden == (1,):
                    return np.zeros(len(X), int)
                return np.array([exact.get(x.tobytes(), name[near(k)]) for x, k in zip(X, key(X))])
            return predict
        fit_final = lambda X, y, rng: fit(X, y, (64,), 1, rng)
    """
    add(notebook, source, before="fit")
    add(notebook, source, before="final")


# Uses too much.


@attack("quick")
def exits(notebook):
    """Ends Python after question 4."""
    add(notebook, "import os; os._exit(0)", before="fit-solution")


@attack("quick")
def loops(notebook):
    """One cell never ends."""
    add(notebook, "while True: pass", before="fit-solution")


@attack("quick")
def loops_on(notebook):
    """One cell never ends, and cannot be interrupted."""
    add(
        notebook,
        """
        import signal
        signal.signal(signal.SIGINT, lambda *arguments: None)
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
        before="fit-solution",
    )


@attack("quick")
def allocates_20_gb(notebook):
    """Asks for it at once."""
    add(
        notebook,
        """
        import numpy as np
        try:
            hog = np.ones(20 * 2**30, np.uint8)
        except MemoryError:
            raise RuntimeError("found: []") from None
        raise RuntimeError("found: ['20 GB']")
        """,
        before="fit-solution",
    )


@attack("quick")
def allocates_slowly(notebook):
    """Takes more and more, up to a gigabyte and a half, in several processes."""
    add(
        notebook,
        """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                hog = []
                for _ in range(10):
                    hog.append(b"x" * (50 * 2**20))
                    time.sleep(0.1)
                time.sleep(60)
                os._exit(0)
        time.sleep(60)
        """,
        before="fit-solution",
    )


@attack("quick")
def hides_memory(notebook):
    """Takes memory that belongs to no process: anonymous files, shared segments."""
    add(
        notebook,
        """
        import ctypes, os
        found = []
        try:
            descriptors = [os.memfd_create("hog") for _ in range(3)]
            for descriptor in descriptors:
                os.write(descriptor, b"x" * 2**20)
            found.append("memfd")
        except OSError:
            pass
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.shmget(0, 2**20, 0o1600) >= 0:
            found.append("shmget")
        if libc.unshare(0x10000000) == 0:
            found.append("user namespace")
        raise RuntimeError(f"found: {found}")
        """,
        before="fit-solution",
    )


@attack("quick")
def forks(notebook):
    """Makes a few hundred processes, of which each makes one more."""
    add(
        notebook,
        """
        import os, time
        for _ in range(300):
            try:
                if os.fork() == 0:
                    os.setsid()
                    try:
                        os.fork()
                    except OSError:
                        pass
                    time.sleep(60)
                    os._exit(0)
            except OSError:
                pass
        time.sleep(60)
        """,
        before="fit-solution",
    )


@attack("quick")
def fills_the_disk(notebook):
    """Writes up to a gigabyte wherever it may."""
    add(
        notebook,
        f"""
        found = []
        for place in ("/tmp/{MARKER}", "/dev/shm/{MARKER}", "/var/tmp/{MARKER}"):
            total = 0
            try:
                for part in range(5):
                    with open(f"{{place}}{{part}}", "wb") as file:
                        for _ in range(200):
                            total += file.write(b"x" * 2**20)
            except OSError:
                pass
            found.append(total // 2**20)
        import os
        for place in ("/tmp", "/dev/shm"):
            for name in os.listdir(place):
                if name.startswith("{MARKER}"):
                    os.unlink(f"{{place}}/{{name}}")
        raise RuntimeError(f"found: {{found}}")
        """,
        before="fit-solution",
    )


@attack("quick")
def prints_a_gigabyte(notebook):
    """On standard output, standard error, and below them."""
    add(
        notebook,
        """
        import os, sys
        line = "x" * 2**20
        for _ in range(350):
            print(line)
            print(line, file=sys.stderr)
            os.write(1, line.encode())
        sys.stdout = sys.stderr = sys.__stdout__
        for _ in range(100):
            print(line)
        """,
        before="fit-solution",
    )


@attack("quick")
def shows_too_much(notebook):
    """Displays many large figures and texts."""
    add(
        notebook,
        """
        import base64, os
        from IPython.display import HTML, Javascript, Image, display, publish_display_data
        for _ in range(40):
            display(HTML("<script>alert(1)</script>" + "x" * 5 * 2**20))
            publish_display_data({"image/png": base64.b64encode(os.urandom(2**20)).decode()})
        fig, axes = plt.subplots(figsize=(200, 200))
        plt.show()
        """,
        before="fit-solution",
    )


# Attacks the grader's process, or the one that drives the kernel.


@attack("quick")
def pickles_a_payload(notebook):
    """Answers with objects, and writes pickles where arrays are expected."""
    add(
        notebook,
        f"""
        import pickle
        class Payload:
            def __reduce__(self):
                import os
                return os.system, ("touch /tmp/{MARKER} /dev/shm/{MARKER}",)
        objects = np.empty(3, object)
        objects[:] = [Payload(), Payload(), Payload()]
        fit_answer = lambda *args: (lambda X: objects)
        fit = fit_final = fit_answer
        real_save = np.save
        turn = iter(range(1000))
        def save(file, array, **kwargs):
            number = next(turn)
            if number % 3 == 0:
                with open(file, "wb") as out:
                    pickle.dump([Payload()], out)
            elif number % 3 == 1:
                real_save(file, objects, allow_pickle=True)
            else:
                with open(file, "wb") as out:
                    header = "{{'descr': '|O', 'fortran_order': False, 'shape': (1,), }}".encode()
                    out.write(b"\\x93NUMPY\\x01\\x00" + len(header).to_bytes(2, "little") + header)
                    pickle.dump([Payload()], out)
        """,
        before="fit",
    )
    add(notebook, "fit, np.save = lambda *args: (lambda X: np.zeros(400)), save", before="final")


@attack("untouched")
def forges_answers(notebook):
    """Writes answers of its own into the pipe of the process that drives it, of every kind."""
    add_pipe(notebook, "confused")
    add(
        notebook,
        """
        import os, struct
        def npy(header, body=b""):
            return b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(header)) + header + body
        bad = [
            npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
            npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999999999), }"),
            npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -2), }", b"x" * 32),
            npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (True, True), }", b"x" * 8),
            npy(b"{'descr': \\"", b""),
            npy(b"(" * 900),
            npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (), }", b"cos\\nsystem\\n"),
            b"", b"\\x93NUMPY", b"\\0" * 1000,
        ]
        out = pipe(1)
        names = ["forward/no_bias", "forward/batch", "forward/one", "softmax/U", "softmax/row",
                 "softmax/large", "softmax/apart", "gradient/gW", "gradient/gb", "fit/one_layer",
                 "search/table", "final/y_pred", "final/new", "confused/many", "no/such"]
        for number, name in enumerate(names):
            content = bad[number % len(bad)]
            os.write(out, f"{len(content)} answers/{name}\\n".encode() + content)
        for kind in ("cells/999999999", "cells/x", "failures/forward/batch"):
            text = b"=cmd|' /C calc'!A0\\n\\0\\x1b[31m<script>alert(1)</script>\\xff"
            os.write(out, f"{len(text)} {kind}\\n".encode() + text)
        text = b"=HYPERLINK(\\"http://192.0.2.1\\")\\n\\r\\n,,,30,30"
        os.write(out, f"{len(text)} ended/\\n".encode() + text)
        """,
        before="confused",
    )


@attack("quick")
def garbles_the_pipe(notebook):
    """Writes what is no answer at all into the same pipe."""
    add_pipe(notebook, "fit-solution")
    add(
        notebook,
        """
        import os
        out = pipe(1)
        os.write(out, b"999999999 answers/fit/one_layer\\n" + os.urandom(1000))
        os.write(pipe(2), b"\\xff=1+1\\n" * 1000)
        """,
        before="fit-solution",
    )


@attack("quick")
def floods_the_pipe(notebook):
    """Writes more answers than anyone will take."""
    add_pipe(notebook, "fit-solution")
    add(
        notebook,
        """
        import os
        out = pipe(1)
        for _ in range(1000):
            os.write(out, b"1048576 answers/fit/one_layer\\n" + b"x" * 2**20)
        """,
        before="fit-solution",
    )


@attack("quick")
def kills_its_parent(notebook):
    """Ends whatever process it can name."""
    add(
        notebook,
        """
        import os, signal
        for process in (1, os.getppid()):
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        os.kill(-1, signal.SIGKILL)
        """,
        before="fit-solution",
    )


@attack("quick")
def leaves_a_daemon(notebook):
    """Starts a process that closes everything, and wants to go on after the grading."""
    add(
        notebook,
        f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 1000)
                while True:
                    time.sleep(1)
                    try:
                        open("/tmp/{MARKER}", "w").close()
                    except OSError:
                        pass
            os._exit(0)
        """,
        before="fit-solution",
    )


@attack("untouched")
def tampers_with_the_gradebook(notebook):
    """Looks for the marks and for others' work, everywhere up from where they could be."""
    add(
        notebook,
        """
        import os, pathlib, shutil, sqlite3
        found = []
        places = [pathlib.Path.cwd(), pathlib.Path.home(), *map(pathlib.Path, ("/task", "/course"))]
        for place in (*places, *pathlib.Path("/tmp").glob("*/*")):
            for name in ("gradebook.db", "secret", "submitted", "checked", "results", "autograded"):
                for path in (place / name, place / ".." / name, place / "course" / name):
                    if path.exists():
                        found.append(str(path))
                        shutil.rmtree(path, ignore_errors=True)
        for level in range(1, 8):
            for path in pathlib.Path("../" * level).glob("*/gradebook.db"):
                found.append(str(path))
        raise RuntimeError(f"found: {found}")
        """,
    )


@attack("quick")
def breaks_the_protocol(notebook):
    """Closes the kernel's sockets, and answers in place of them."""
    add(
        notebook,
        """
        kernel = get_ipython().kernel
        kernel.iopub_socket.close() if kernel.iopub_socket else None
        kernel.shell_stream.close() if hasattr(kernel, "shell_stream") else None
        import sys
        sys.exit(3)
        """,
        before="fit-solution",
    )


# Files that are no notebooks, or hardly.


@attack("untouched")
def no_json(notebook):
    """Is a text."""
    return "This is my homework."


@attack("untouched")
def deep_json(notebook):
    """Is nested deeper than Python can follow."""
    return '{"cells":' + "[" * 100_000 + "]" * 100_000 + "}"


@attack("untouched")
def half_a_letter(notebook):
    """Has surrogates, null characters and deep data in its outputs and texts."""
    bad = "\ud800 \0 \udfff"
    deep = current = []
    for _ in range(300):
        current.append([])
        current = current[0]
    by_id(notebook)["forward-solution"]["source"] += f"\n# {bad}"
    by_id(notebook)["report"]["source"] = bad
    by_id(notebook)["forward-solution"]["outputs"] = [
        {"output_type": "error", "ename": bad, "evalue": deep, "traceback": [bad]},
        {"output_type": "stream", "name": bad, "text": [bad]},
    ]
    add(notebook, f"raise ValueError({bad!r})")
