"""The marking: the reference gets all, honest variants too; what is wrong loses its part."""

import warnings

import numpy as np
import pytest

from homework.questions import QUESTIONS, Failure

QUESTION = {question.id: question for question in QUESTIONS}


def points(marks):
    return sum(mark.points for mark in marks)


@pytest.fixture(params=QUESTION)
def question(request):
    """Return one question after the other."""
    return QUESTION[request.param]


def test_questions_are_those_of_the_master(points_in_master, reference):
    assert list(QUESTION) == list(points_in_master)
    for question in QUESTIONS:
        out_of = sum(mark.out_of for mark in reference.marks(question))
        assert out_of == points_in_master[question.id], question.id
    assert sum(points_in_master.values()) == 30


def test_reference_gets_every_point(reference, question):
    marks = reference.marks(question)
    assert [mark for mark in marks if mark.points < mark.out_of] == []


def test_what_raises_gets_nothing(reference, question):
    names = question.expressions
    marks = reference.marks(question, **dict.fromkeys(names, Failure("NotImplementedError: ")))
    assert points(marks) == 0
    assert all("NotImplementedError" in mark.message for mark in marks)
    assert points(reference.marks(question, **dict.fromkeys(names, Failure("")))) == 0


# Arrays that a submission may send whatever it was asked for.

GARBAGE = {
    "NaN": lambda right: np.full(right.shape, np.nan),
    "infinite": lambda right: np.full(right.shape, -np.inf),
    "huge": lambda right: np.full(right.shape, 1e308),
    "largest integers": lambda right: np.full(right.shape, 2**64 - 1, np.uint64),
    "zeros": lambda right: np.zeros(right.shape),
    "ones": lambda right: np.ones(right.shape, int),
    "minus one": lambda right: np.full(right.shape, -1),
    "half": lambda right: np.full(right.shape, 0.5, np.float16),
    "bool": lambda right: np.ones(right.shape, bool),
    "complex": lambda right: right.astype(complex),
    "empty": lambda right: np.zeros(0),
    "empty rows": lambda right: np.zeros((0, 10)),
    "a number": lambda right: np.array(1.0),
    "one row more": lambda right: np.zeros((len(np.atleast_1d(right)) + 1, *right.shape[1:])),
    "4-D": lambda right: np.zeros((2, 3, 4, 5)),
    "words": lambda right: np.array(["a", "b"]),
    "dates": lambda right: np.zeros(right.shape, "M8[s]"),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_gets_nothing_and_raises_nothing(reference, question, kind):
    _, answers = reference.fetched[question.id]
    garbage = {name: GARBAGE[kind](answer) for name, answer in answers.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        marks = reference.marks(question, **garbage)
    assert points(marks) == 0


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_in_one_place_raises_nothing(reference, question, kind):
    for name, answer in reference.fetched[question.id][1].items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            marks = reference.marks(question, **{name: GARBAGE[kind](answer)})
        if kind in ("NaN", "complex", "empty", "4-D"):
            assert points(marks) < sum(mark.out_of for mark in marks), name


def test_a_partly_right_array_gets_nothing(reference, question):
    for name, answer in reference.fetched[question.id][1].items():
        if answer.dtype.kind == "f" and question.id not in ("fit", "search", "final"):
            changed = answer.copy()
            changed.flat[0] += 0.01 * np.abs(answer).max()
            assert points(reference.marks(question, **{name: changed})) < points(
                reference.marks(question)
            ), name


# Answers that people give: the question, what they write, the points they keep.

WRONG = {
    "no ReLU": ("forward", "forward = lambda X, W1, b1, W2, b2: (X @ W1 + b1) @ W2 + b2", 0),
    "ReLU at the output too": (
        "forward",
        "def forward(X, W1, b1, W2, b2):\n"
        "    return np.maximum(np.maximum(X @ W1 + b1, 0) @ W2 + b2, 0)",
        0,
    ),
    "no biases": ("forward", "forward = lambda X, W1, b1, W2, b2: np.maximum(X @ W1, 0) @ W2", 1),
    "logits transposed": (
        "forward",
        "old = forward\ndef forward(*given): return old(*given).T",
        0,
    ),
    "the visible example only": ("forward", "forward = lambda *given: np.array([[1.5, 3]])", 0),
    "an argument given back": ("forward", "forward = lambda X, W1, b1, W2, b2: X @ W1 @ W2", 0),
    "plain softmax": (
        "softmax",
        "softmax = lambda U: np.exp(U) / np.exp(U).sum(axis=1, keepdims=True)",
        1,
    ),
    "one maximum for all rows": (
        "softmax",
        "def softmax(U):\n    E = np.exp(U - U.max())\n    return E / E.sum(1, keepdims=True)",
        2,
    ),
    "logits clipped": (
        "softmax",
        "def softmax(U):\n"
        "    E = np.exp(np.clip(U, -500, 500))\n    return E / E.sum(1, keepdims=True)",
        1,
    ),
    "softmax down the columns": (
        "softmax",
        "def softmax(U):\n    E = np.exp(U - U.max(axis=0))\n    return E / E.sum(axis=0)",
        0,
    ),
    "logits given back": ("softmax", "softmax = lambda U: U", 0),
    "uphill gradient": (
        "gradient",
        "old = linear_gradient\ndef linear_gradient(*given):\n    return [-g for g in old(*given)]",
        2,
    ),
    "a sum, not a mean": (
        "gradient",
        "old = linear_gradient\n"
        "def linear_gradient(X, *given): return [len(X) * g for g in old(X, *given)]",
        2,
    ),
    "gb of one sample": (
        "gradient",
        "def linear_gradient(X, W, b, T):\n"
        "    D = (softmax(X @ W + b) - T) / len(X)\n    return X.T @ D, D[0]",
        4,
    ),
    "gW transposed": (
        "gradient",
        "old = linear_gradient\ndef linear_gradient(*given): gW, gb = old(*given); return gW.T, gb",
        3,
    ),
    "differences to one side": (
        "gradient",
        "def numerical_gradient(f, theta, h=1e-5):\n"
        "    units = np.eye(theta.size).reshape(-1, *theta.shape)\n"
        "    g = np.array([(f(theta + h * e) - f(theta)) / h for e in units])\n"
        "    return g.reshape(theta.shape)",
        3,
    ),
    "differences to one side, with a tiny step": (
        "gradient",
        "def numerical_gradient(f, theta, h=1e-5):\n"
        "    units = np.eye(theta.size).reshape(-1, *theta.shape)\n"
        "    g = np.array([(f(theta + 1e-8 * e) - f(theta)) / 1e-8 for e in units])\n"
        "    return g.reshape(theta.shape)",
        4,
    ),
    "only vectors": (
        "gradient",
        "def numerical_gradient(f, theta, h=1e-5):\n"
        "    units = np.eye(len(theta))\n"
        "    return np.array([(f(theta + h * e) - f(theta - h * e)) / (2 * h) for e in units])",
        4,
    ),
    "all entries at once": (
        "gradient",
        "def numerical_gradient(f, theta, h=1e-5):\n"
        "    return np.full(theta.shape, (f(theta + h) - f(theta - h)) / (2 * h))",
        3,
    ),
    "a step uphill": (
        "step",
        "old = training_step\n"
        "def training_step(X, T, W1, b1, W2, b2, lr): return old(X, T, W1, b1, W2, b2, -lr)",
        0,
    ),
    "no step": ("step", "training_step = lambda X, T, *given: given[:4]", 0),
    "in place": (
        "step",
        "old = training_step\n"
        "def training_step(X, T, *given):\n"
        "    for part, new in zip(given, old(X, T, *given)):\n        part[...] = new\n"
        "    return given[:4]",
        3,
    ),
    "W2 moves first": (
        "step",
        "def training_step(X, T, W1, b1, W2, b2, lr):\n"
        "    U1 = X @ W1 + b1\n    H = np.maximum(U1, 0)\n"
        "    D2 = (softmax(H @ W2 + b2) - T) / len(X)\n"
        "    W2, b2 = W2 - lr * H.T @ D2, b2 - lr * D2.sum(axis=0)\n"
        "    D1 = (D2 @ W2.T) * (U1 > 0)\n"
        "    return W1 - lr * X.T @ D1, b1 - lr * D1.sum(axis=0), W2, b2",
        2,
    ),
    "no slope of ReLU": (
        "step",
        "def training_step(X, T, W1, b1, W2, b2, lr):\n"
        "    H = np.maximum(X @ W1 + b1, 0)\n"
        "    D2 = (softmax(H @ W2 + b2) - T) / len(X)\n    D1 = D2 @ W2.T\n"
        "    return (W1 - lr * X.T @ D1, b1 - lr * D1.sum(axis=0),\n"
        "            W2 - lr * H.T @ D2, b2 - lr * D2.sum(axis=0))",
        2,
    ),
    "always class 3": ("fit", "fit = lambda *given: lambda X: np.full(len(X), 3)", 0),
    "guesses": (
        "fit",
        "fit = lambda *given: lambda X: np.random.default_rng().integers(10, size=len(X))",
        0,
    ),
    "the test labels": ("fit", "fit = lambda *given: lambda X: np.resize(data.y_test, len(X))", 0),
    "the training labels": (
        "fit",
        "fit = lambda *given: lambda X: np.resize(data.y_train, len(X))",
        0,
    ),
    "other images when it counts": (
        "fit",
        "old = fit\n"
        "def fit(X, y, *given):\n    predict = old(X, y, *given)\n"
        "    return lambda X: predict(X) if len(X) == 200 else np.zeros(len(X), int)",
        0,
    ),
    "learned nothing but the seed": (
        "fit",
        "old = fit\ndef fit(X, y, hidden, epochs, rng): return old(X, y[::-1], hidden, 1, rng)",
        0,
    ),
    "no seed": (
        "fit",
        "old = fit\n"
        "def fit(X, y, hidden, epochs, rng):\n"
        "    return old(X, y, hidden, epochs, np.random.default_rng())",
        3,
    ),
    "widths not used": (
        "fit",
        "old = fit\ndef fit(X, y, hidden, *given): return old(X, y, (64,), *given)",
        3,
    ),
    "nearest neighbours": (
        "fit",
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "def fit(X, y, *given): return KNeighborsClassifier().fit(X, y).predict",
        3,
    ),
    "stopped early": (
        "fit",
        "old = fit\ndef fit(X, y, hidden, epochs, rng): return old(X, y, hidden, 4, rng)",
        2,
    ),
    "four candidates": ("search", "search = search[:4]; chosen = search[-1]", 1),
    "one candidate five times": ("search", "search = 5 * search[:1]; chosen = search[0]", 1),
    "percent": (
        "search",
        "for row in search:\n    row['validation_accuracy'] *= 100",
        1,
    ),
    "the worst chosen": (
        "search",
        "search[0]['validation_accuracy'] -= 0.2; chosen = search[0]",
        3,
    ),
    "something else chosen": ("search", "chosen = {**chosen, 'hidden': (7,)}", 3),
    "weights of another network": (
        "search",
        "for row in search:\n    row['n_parameters'] = 50_890",
        3,
    ),
    "validation images trained on": ("search", "X_fit, y_fit = data.X_train, data.y_train", 3),
    "test images for validation": ("search", "X_val, y_val = data.X_test, data.y_test", 3),
    "invented validation images": (
        "search",
        "X_val = np.random.default_rng(0).random((200, d))",
        3,
    ),
    "one validation image, many times": ("search", "X_val = np.repeat(X_val[:1], 200, axis=0)", 3),
    "ten validation images": ("search", "X_val = X_val[:10]", 3),
    "five hundred typed in": (
        "search",
        "search = [dict(hidden=(i,), n_parameters=0, seconds=0, validation_accuracy=1)\n"
        "          for i in range(5000)]; chosen = search[0]",
        1,
    ),
    "rows and columns exchanged": (
        "final",
        "old = confusion\n"
        "def confusion(y_true, y_pred, n_classes): return old(y_pred, y_true, n_classes)",
        3,
    ),
    "an empty confusion matrix": (
        "final",
        "confusion = lambda y_true, y_pred, n_classes: np.zeros((n_classes, n_classes))",
        3,
    ),
    "every pair counted once": (
        "final",
        "def confusion(y_true, y_pred, n_classes):\n"
        "    C = np.zeros((n_classes, n_classes))\n    C[y_true, y_pred] += 1\n    return C",
        3,
    ),
    "classes that occur only": (
        "final",
        "import sklearn.metrics\n"
        "confusion = lambda y_true, y_pred, K: sklearn.metrics.confusion_matrix(y_true, y_pred)",
        4,
    ),
    "shares": (
        "final",
        "old = confusion\ndef confusion(*given): C = old(*given); return C / C.sum()",
        3,
    ),
    "the matrix of the notebook": (
        "final",
        "C = confusion(data.y_test, y_pred, K); confusion = lambda *given: C",
        3,
    ),
    "accuracy typed in": ("final", "test_accuracy = 0.9915", 4),
    "accuracy in percent": ("final", "test_accuracy = 100 * test_accuracy", 4),
    "always class 0 on the test images": (
        "final",
        "y_pred = 0 * data.y_test; test_accuracy = np.mean(data.y_test == 0)",
        4,
    ),
    "a network without training": (
        "final",
        "fit_final = lambda X, y, rng: fit(X[:20], y[:20], (8,), 1, rng)",
        2,
    ),
    "the diagonal": (
        "confused",
        "def most_confused(C):\n"
        "    return [divmod(int(i), len(C)) for i in np.argsort(-C, axis=None)[:3]]",
        0,
    ),
    "predicted class first": (
        "confused",
        "old = most_confused\ndef most_confused(C): return [(j, i) for i, j in old(C)]",
        0,
    ),
    "both directions together": (
        "confused",
        "old = most_confused\ndef most_confused(C): return old(np.triu(C + C.T, 1))",
        0,
    ),
    "smallest first": (
        "confused",
        "old = most_confused\ndef most_confused(C): return old(C)[::-1]",
        0,
    ),
    "one pair three times": (
        "confused",
        "old = most_confused\ndef most_confused(C): return 3 * old(C)[:1]",
        0,
    ),
    "the visible answer": ("confused", "most_confused = lambda C: [(1, 3), (0, 2), (3, 1)]", 0),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_answer_loses_its_part(reference, case):
    name, code, kept = WRONG[case]
    marks = reference.marks_with(QUESTION[name], code)
    assert points(marks) == kept, [mark.message for mark in marks]
    assert all(mark.message.endswith(".") and len(mark.message) < 300 for mark in marks)


# Answers that are right in another way.

NUMPY_FIT = """
def fit(X, y, hidden, epochs, rng):  # without any library, tanh, and inputs scaled
    mean, T, lr = X.mean(axis=0), np.eye(K)[y], 0.1
    sizes = [X.shape[1], *hidden, K]
    W = [rng.normal(size=s) / s[0] ** 0.5 for s in zip(sizes, sizes[1:])]
    b = [np.zeros(size) for size in sizes[1:]]
    def forward(X):
        H = [X - mean]
        for l in range(len(W)):
            H.append(H[-1] @ W[l] + b[l])
            if l + 1 < len(W):
                H[-1] = np.tanh(H[-1])
        return H
    for epoch in range(epochs):
        for batch in np.array_split(rng.permutation(len(X)), len(X) // 20):
            *H, U = forward(X[batch])
            D = (softmax(U) - T[batch]) / len(batch)
            for l in reversed(range(len(W))):
                gW, gb, D = H[l].T @ D, D.sum(axis=0), (D @ W[l].T) * (1 - H[l] ** 2)
                W[l] -= lr * gW
                b[l] -= lr * gb
    return lambda X: softmax(forward(X)[-1])
"""
TORCH_FIT = """
import torch
def fit(X, y, hidden, epochs, rng):
    torch.manual_seed(int(rng.integers(2**31)))
    sizes = [X.shape[1], *hidden, K]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.Adam(net.parameters(), lr=0.002)
    X, y = torch.tensor(X), torch.tensor(y)
    for _ in range(epochs):
        for batch in torch.randperm(len(X)).split(32):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(X[batch]), y[batch]).backward()
            optimiser.step()
    return lambda X: net(torch.tensor(X)).argmax(dim=1).detach()
"""
PREDICTIONS = {
    "one-hot": "np.eye(K)[{}]",
    "one-hot, bool": "np.eye(K, dtype=bool)[{}]",
    "a column": "{}[:, None]",
    "floats": "{}.astype(np.float32)",
    "bytes": "{}.astype(np.uint8)",
    "a list": "{}.tolist()",
}
HONEST = {
    "single precision": (
        "forward",
        "old = forward\ndef forward(*g): return old(*(a.astype(np.float32) for a in g))",
    ),
    "hidden layer transposed": (
        "forward",
        "def forward(X, W1, b1, W2, b2):\n"
        "    H = np.maximum(W1.T @ X.T + b1[:, None], 0)\n    return (W2.T @ H).T + b2",
    ),
    "nested lists": ("forward", "old = forward\ndef forward(*g): return old(*g).tolist()"),
    "log softmax": (
        "softmax",
        "from scipy.special import log_softmax\nsoftmax = lambda U: np.exp(log_softmax(U, axis=1))",
    ),
    "softmax in single precision": (
        "softmax",
        "old = softmax\ndef softmax(U): return old(U.astype(np.float32))",
    ),
    "another step of the differences": (
        "gradient",
        "old = numerical_gradient\n"
        "def numerical_gradient(f, theta, h=1e-5): return old(f, theta, 1e-6)",
    ),
    "a list of gradients": (
        "gradient",
        "old = linear_gradient\ndef linear_gradient(*g): return [a.tolist() for a in old(*g)]",
    ),
    "theta changed and put back": (
        "gradient",
        "def numerical_gradient(f, theta, h=1e-5):\n"
        "    g = np.zeros_like(theta)\n"
        "    for i in np.ndindex(*theta.shape):\n"
        "        x = theta[i]\n        theta[i] = x + h\n        above = f(theta)\n"
        "        theta[i] = x - h\n        g[i] = (above - f(theta)) / (2 * h)\n"
        "        theta[i] = x\n"
        "    return g",
    ),
    "a list of parameters": (
        "step",
        "old = training_step\ndef training_step(*g): return list(old(*g))",
    ),
    "NumPy alone, tanh, probabilities": ("fit", NUMPY_FIT),
    "PyTorch": ("fit", TORCH_FIT),
    "columns standardised": (
        "fit",
        "old = fit\n"
        "def fit(X, *given):\n"
        "    mean, std = X.mean(axis=0), X.std(axis=0)\n    std[std == 0] = 1\n"
        "    predict = old((X - mean) / std, *given)\n"
        "    return lambda X: predict((X - mean) / std)",
    ),
    "another search": (
        "search",
        "search = [dict(hidden=h, n_parameters=n, seconds=0, validation_accuracy=0.9, note='x')\n"
        "          for h, n in (([8], 610), (np.array([4, 4]), 330), ((), 650), (32, 2410),\n"
        "                       ((16, 16, 16), 1784))]\n"
        "chosen = search[1]",
    ),
    "copies added to the training part": ("search", "X_fit = np.vstack([X_fit, 0.9 * X_fit])"),
    "images in double precision": ("search", "X_fit, X_val = X_fit.astype(float), X_val.tolist()"),
    "counted in a loop": (
        "final",
        "def confusion(y_true, y_pred, n_classes):\n"
        "    C = [[0] * n_classes for _ in range(n_classes)]\n"
        "    for i, j in zip(y_true, y_pred):\n        C[i][j] += 1\n    return C",
    ),
    "rounded accuracy": ("final", "test_accuracy = round(test_accuracy, 3)"),
    "pairs as an array": (
        "confused",
        "old = most_confused\ndef most_confused(C): return np.array(old(C), float)",
    ),
    "equal counts in another order": (
        "confused",
        "def most_confused(C):\n"
        "    pairs = [(i, j) for i in range(len(C)) for j in range(len(C)) if i != j]\n"
        "    return sorted(pairs, key=lambda p: -C[p])[:3]",
    ),
}
for kind, code in PREDICTIONS.items():
    HONEST[f"fit, {kind}"] = (
        "fit",
        "old = fit\n"
        "def fit(*g):\n    predict = old(*g)\n"
        f"    return lambda X: {code.format('predict(X)')}",
    )
    HONEST[f"final, {kind}"] = ("final", f"y_pred = {code.format('y_pred')}")


@pytest.mark.parametrize("case", HONEST)
def test_honest_variant_gets_every_point(reference, case):
    if case == "PyTorch":
        pytest.importorskip("torch")
    name, code = HONEST[case]
    marks = reference.marks_with(QUESTION[name], code)
    assert [mark for mark in marks if mark.points < mark.out_of] == []
