"""Honest submissions that look otherwise than the reference get all the points too."""

import copy
import json

import pytest

pytest.importorskip("nbgrader", reason="the homework needs nbgrader: make homework-test")
pytest.importorskip("jupytext", reason="the homework needs jupytext: make homework-test")

from joblib import parallel_config  # noqa: E402
from nbformat.v4 import new_output  # noqa: E402

from homework import grade  # noqa: E402
from homework.notebooks import solution_notebook  # noqa: E402
from tests.homework.hostile import add, by_id  # noqa: E402
from tests.homework.watching import needs_sandbox  # noqa: E402
from tools.notebooks import torch_missing  # noqa: E402

VARIANTS = {}


def variant(change):
    """Add a function that changes the reference."""
    VARIANTS[change.__name__] = change
    return change


def replace(notebook, grade_id, *pairs):
    """Change an answer."""
    cell = by_id(notebook)[grade_id]
    for old, new in pairs:
        assert old in cell["source"], old
        cell["source"] = cell["source"].replace(old, new)


@variant
def noisy(notebook):
    """Warns, prints, draws, uses magics, a shell, await; has outputs as JupyterLab stores them."""
    add(
        notebook,
        """
        import asyncio, logging, sys, warnings
        warnings.warn("something is deprecated")
        print("to stderr", file=sys.stderr)
        logging.warning("and in the log")
        np.log(np.zeros(3)) / 0
        %matplotlib inline
        %timeit -n 1 -r 1 1 + 1
        !echo "the shell"
        await asyncio.sleep(0.01)
        for _ in range(3):
            plt.plot([1, 2])
            plt.show()
        1 / 0
        """,
    )
    for grade_id, cell in list(by_id(notebook).items()):
        if grade_id.endswith("-solution") and cell["cell_type"] == "code":
            add(notebook, f"print('before {grade_id}'); helper = lambda x: x", grade_id)
            cell["source"] = (
                "import sys, warnings\nwarnings.warn('a')\nprint('b', file=sys.stderr)\n"
                + cell["source"]
            )
            cell["execution_count"] = 7
            cell["outputs"] = [
                new_output("stream", name="stderr", text="UserWarning: a\n"),
                new_output(
                    "display_data",
                    {
                        "application/vnd.jupyter.widget-view+json": {"model_id": "a"},
                        "text/plain": "HBox(children=())",
                    },
                ),
                new_output("display_data", {"text/html": "<b>x</b>", "text/plain": "x"}),
            ]
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    warn = "    import warnings; warnings.warn('again'); print('in forward')\n"
    replace(notebook, "forward-solution", ("    H = ", warn + "    H = "))


@variant
def other_forms(notebook):
    """Lists, single precision, transposed arrays; one-hot labels, predictions in one-hot form."""
    replace(notebook, "forward-solution", ("return H @ W2 + b2", "return (H @ W2 + b2).tolist()"))
    replace(
        notebook,
        "softmax-solution",
        ("E = np.exp(U - U.max(axis=1, keepdims=True))", "U = np.asarray(U).T"),
        (
            "return E / E.sum(axis=1, keepdims=True)",
            "E = np.exp(U - U.max(axis=0))\n    return (E / E.sum(axis=0)).T",
        ),
    )
    replace(
        notebook,
        "gradient-solution",
        (
            "return X.T @ D, D.sum(axis=0)",
            "return [(D.T @ X).T.astype(np.float32), D.sum(0).tolist()]",
        ),
    )
    replace(
        notebook,
        "step-solution",
        ("return W1_new, b1_new, W2_new, b2_new", "return [W1_new, b1_new, W2_new, b2_new]"),
    )
    replace(
        notebook,
        "fit-solution",
        ("Adam(0.001)", "Momentum(0.05)"),
        ("batch_size=64", "batch_size=32"),
        ("    layers, d_in", "    T = np.eye(K)[y]\n    y = T.argmax(axis=1)\n    layers, d_in"),
        ("net.predict(X).argmax(axis=1)", "np.eye(K)[net.predict(X).argmax(axis=1)]"),
    )
    by_id(notebook)["fit-solution"]["source"] = (
        "from mlp_lib import Momentum\n" + by_id(notebook)["fit-solution"]["source"]
    )
    replace(
        notebook,
        "search-solution",
        ("np.mean(predict(X_val) == y_val)", "np.mean(predict(X_val).argmax(1) == y_val)"),
        ('"hidden": hidden', '"hidden": list(hidden)'),
        ("[(16,), (64,)", "[(24,), (48,)"),
    )
    replace(
        notebook,
        "test-solution",
        ("np.mean(y_pred == data.y_test)", "float(np.mean(y_pred.argmax(1) == data.y_test))"),
    )
    replace(notebook, "confusion-solution", ("return C", "return C.astype(float).tolist()"))
    replace(notebook, "images-solution", ("y_pred", "y_pred.argmax(1)"))


@variant
def in_parallel(notebook):
    """Searches with joblib in all processors, and has renamed the file."""
    replace(
        notebook,
        "search-solution",
        (
            "search = [try_out(hidden) for hidden in [",
            "from joblib import Parallel, delayed\n\n"
            "search = Parallel(n_jobs=-1)(delayed(try_out)(hidden) for hidden in [",
        ),
        ("(256, 64)]]", "(256, 64)])"),
    )


@variant
def torch(notebook):
    """Uses PyTorch from question 5 on."""
    by_id(notebook)["fit-solution"]["source"] = """\
import torch


def fit(X, y, hidden, epochs, rng):
    torch.manual_seed(int(rng.integers(2**31)))
    sizes = [X.shape[1], *hidden, K]
    layers = []
    for d_in, d_out in zip(sizes[:-1], sizes[1:]):
        layers += [torch.nn.Linear(d_in, d_out), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
    optimiser = torch.optim.Adam(net.parameters(), 0.002)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(64):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(X[rows]), y[rows]).backward()
            optimiser.step()
    return lambda X: net(torch.tensor(X, dtype=torch.float32)).argmax(dim=1)
"""
    replace(
        notebook,
        "search-solution",
        ("np.mean(predict(X_val) == y_val)", "np.mean(predict(X_val).numpy() == y_val)"),
    )
    replace(
        notebook,
        "test-solution",
        ("np.mean(y_pred == data.y_test)", "np.mean(y_pred.numpy() == data.y_test)"),
    )
    replace(notebook, "images-solution", ("y_pred", "y_pred.numpy()"))


@pytest.fixture(scope="module")
def rows(new_course, tmp_path_factory):
    """Return the rows of all variants, graded together."""
    needs_sandbox()
    place = new_course(tmp_path_factory.mktemp("honest") / "course")
    reference = solution_notebook("digits")
    for student, change in VARIANTS.items():
        if student == "torch" and torch_missing():
            continue
        notebook = copy.deepcopy(reference)
        change(notebook)
        path = place.path("submitted", student)
        path.parent.mkdir(parents=True)
        name = "digits_mlp (1).ipynb" if student == "in_parallel" else path.name
        path.with_name(name).write_text(json.dumps(notebook), encoding="utf-8")
    with parallel_config(n_jobs=2):
        return {row.student: row for row in grade.grade(place, lambda x, **options: x)}


@pytest.mark.parametrize("student", VARIANTS)
def test_all_points(rows, student):
    if student == "torch" and (reason := torch_missing()):
        pytest.skip(reason)
    row = rows[student]
    assert (row.status, row.reason, sum(row.points.values())) == ("graded", "", 30), row
