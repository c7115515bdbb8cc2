"""What each question is asked, on inputs that no student has seen, and how the answers are marked.

The expressions run in the student's kernel and give arrays. Everything else runs in the teacher's
process, where an array from a student is a thing to be doubted: of any shape, with any content.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from homework.challenge import OwnData

# Shares of right predictions on new images for half the points and for all. Measured on 24 data
# sets of each kind: the reference reaches 91 to 95 % on MNIST and 93 to 99 % on the digits. Sixteen
# other choices of optimiser, batch size, activation, scaling and dropout, on three data sets each,
# reach 88 % or more on MNIST and 84 % on the digits, least with gradient descent at the rate 0.01.
ENOUGH, GOOD = 0.50, 0.80
# Share of predictions in which two runs with one seed may differ, by rounding where threads share
# the work. Two seeds differ in 0.7 % or more.
SAME = 0.0025
# What a network with a single hidden unit cannot reach; measured as above it reaches 10 to 34 %.
ONE_UNIT = 0.5

N_CANDIDATES, MOST_CANDIDATES = 5, 1000  # at least so many different architectures, and at most
REACH = 0.03  # the chosen one's validation accuracy may be so much below the best


@dataclass(frozen=True)
class Mark:
    """The points for one part of a question, with a sentence for the student."""

    points: float
    out_of: float
    message: str


class Failure(str):
    """An expression that raised, or gave no array of numbers; the text says what happened."""

    def reason(self) -> str:
        """Return the text as a part of a sentence, never empty."""
        return self.strip(" .\n") or "no answer"


Answer = np.ndarray | Failure
Arrays = dict[str, np.ndarray]
Answers = dict[str, Answer]


@dataclass(frozen=True)
class Question:
    """One marked question.

    Attributes
    ----------
    id : str
        The grade_id of its test cell.
    given : function (rng, own) -> dict of arrays
        The hidden inputs.
    expressions : dict
        What is evaluated in the student's kernel, where `given` are fresh copies each time.
    mark : function (given, answers, own) -> list of Mark
        It never raises, whatever the answers are.
    """

    id: str
    given: Callable[[np.random.Generator, OwnData], Arrays]
    expressions: dict[str, str]
    mark: Callable[[Arrays, Answers, OwnData], list[Mark]]


# What can be said of an answer.


def numbers(answer: Answer, shape: tuple[int, ...]) -> str | None:
    """Say why the answer is no array of finite numbers of this shape; None if it is one."""
    if isinstance(answer, Failure):
        return answer.reason()
    if answer.dtype.kind not in "iuf":
        return f"got {answer.dtype} values, expected numbers"
    if answer.shape != shape:
        return f"got the shape {answer.shape}, expected {shape}"
    if not np.isfinite(answer).all():
        return "got NaN or infinite values"
    return None


def agrees(answer: Answer, expected: np.ndarray, tolerance: float = 1e-4) -> str | None:
    """Say why the answer is not what is expected; None if it is.

    `tolerance` is relative to the largest expected entry: enough for single precision.
    """
    expected = np.asarray(expected, dtype=float)
    if problem := numbers(answer, expected.shape):
        return problem
    scale = max(np.abs(expected).max(), 1e-12)
    with np.errstate(all="ignore"):
        error = np.abs(answer.astype(float) - expected).max()
    return None if error <= tolerance * scale else "the values are not right"


def predicted_labels(answer: Answer, N: int, K: int) -> np.ndarray | str:
    """Labels (N,) from labels (N,) or (N, 1), or from scores (N, K); or what is wrong."""
    if isinstance(answer, Failure):
        return answer.reason()
    if answer.shape == (N, K) and answer.dtype.kind in "biuf":
        return "got NaN" if np.isnan(answer).any() else answer.argmax(axis=1)
    if answer.shape not in ((N,), (N, 1)):
        return f"got the shape {answer.shape}, expected ({N},) or ({N}, {K})"
    flat = answer.ravel()
    if flat.dtype.kind not in "iuf" or not np.isin(flat, np.arange(K)).all():
        return f"expected labels from 0 to {K - 1}"
    return flat.astype(int)


def share_right(answer: Answer, y: np.ndarray, K: int) -> float | str:
    """Share of right predictions, or what is wrong with them."""
    found = predicted_labels(answer, len(y), K)
    return found if isinstance(found, str) else float(np.mean(found == y))


def part(out_of: float, what: str, problem: str | None) -> Mark:
    """All points for a part without a problem, otherwise none."""
    if problem is None:
        return Mark(out_of, out_of, f"{what}: right.")
    return Mark(0, out_of, f"{what}: {problem}.")


def accuracy_part(out_of: float, what: str, right: float | str) -> Mark:
    """All points, half of them or none, by the share of right predictions."""
    if isinstance(right, str):
        return part(out_of, what, right)
    share = 1 if right >= GOOD else 0.5 if right >= ENOUGH else 0
    message = f"{what}: {100 * right:.1f} % of the new images right"
    if share < 1:
        message += f", expected {100 * GOOD:.0f} % ({100 * ENOUGH:.0f} % for half the points)"
    return Mark(share * out_of, out_of, f"{message}.")


def first(*problems: str | None) -> str | None:
    """Return the first problem, if there is one."""
    return next((problem for problem in problems if problem is not None), None)


# Question 1.


def relu_network(X: np.ndarray, W1, b1, W2, b2) -> np.ndarray:
    """Logits of a network with one hidden ReLU layer."""
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


def network_given(rng: np.random.Generator, N: int, d: int, width: int, K: int) -> Arrays:
    shapes = {"X": (N, d), "W1": (d, width), "b1": (width,), "W2": (width, K), "b2": (K,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def forward_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    many = network_given(rng, 7, 5, 9, 4)
    one = network_given(rng, 1, 11, 6, 2)
    return many | {"zero1": np.zeros(9), "zero2": np.zeros(4)} | suffixed(one, "_one")


def suffixed(arrays: Arrays, suffix: str) -> Arrays:
    return {name + suffix: array for name, array in arrays.items()}


def forward_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    g = given
    no_bias = relu_network(g["X"], g["W1"], g["zero1"], g["W2"], g["zero2"])
    batch = relu_network(g["X"], g["W1"], g["b1"], g["W2"], g["b2"])
    one = relu_network(*(g[f"{name}_one"] for name in ("X", "W1", "b1", "W2", "b2")))
    return [
        part(1, "A batch, all biases 0", agrees(answers["no_bias"], no_bias)),
        part(1, "A batch, with biases", agrees(answers["batch"], batch)),
        part(1, "A single sample, another network", agrees(answers["one"], one)),
    ]


# Question 2.


def stable_softmax(U: np.ndarray) -> np.ndarray:
    """Softmax of each row."""
    E = np.exp(U - U.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def softmax_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    # Quarters, which single precision holds exactly beside large numbers.
    large = rng.integers(-8, 9, size=(3, 6)) / 4 + 5000
    levels = np.array([[900], [0], [-900], [-40000]])
    apart = rng.integers(-8, 9, size=(4, 5)) / 4 + levels
    near = {"U": rng.normal(size=(5, 4)), "row": rng.normal(size=(1, 7))}
    return near | {"large": large, "apart": apart}


def softmax_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    problem = {name: agrees(answers[name], stable_softmax(given[name])) for name in given}
    return [
        part(1, "Logits near 0, many rows or one", first(problem["U"], problem["row"])),
        part(1, "Logits near 5000", problem["large"]),
        part(1, "Rows far apart, also far below 0", problem["apart"]),
    ]


# Question 3.


def gradient_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    N, d, K = 9, 6, 5
    T = np.eye(K)[rng.integers(K - 1, size=N)]  # the last class never occurs
    small = {"X_one": rng.normal(size=(1, 3)), "W_one": rng.normal(size=(3, 2))}
    small |= {"b_one": rng.normal(size=2), "T_one": np.eye(2)[:1]}
    point = {"A": rng.normal(size=(4, 3)), "theta": rng.normal(size=3)}
    matrix = rng.normal(size=(2, 4))
    point |= {"B": rng.normal(size=(2, 4)), "matrix": matrix, "centre": matrix}
    layer = {"X": rng.normal(size=(N, d)), "W": rng.normal(size=(d, K)), "b": rng.normal(size=K)}
    return layer | {"T": T} | small | point


def linear_gradient(X: np.ndarray, W, b, T) -> tuple[np.ndarray, np.ndarray]:
    """∂J/∂W and ∂J/∂b of softmax and cross-entropy on a linear layer."""
    D = (stable_softmax(X @ W + b) - T) / len(X)
    return X.T @ D, D.sum(axis=0)


def gradient_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    g = given
    gW, gb = linear_gradient(g["X"], g["W"], g["b"], g["T"])
    gW_one, gb_one = linear_gradient(g["X_one"], g["W_one"], g["b_one"], g["T_one"])
    # f(theta) = log of the sum of exp(A theta); its gradient is softmax(A theta) A.
    curved = stable_softmax((g["A"] @ g["theta"])[None])[0] @ g["A"]
    # f(theta) = sum of B * theta³ / 2 + |theta - centre|. The kink is at theta itself: differences
    # to one side find a slope of 1 there, central ones 0, whatever h is.
    cubic = 1.5 * g["B"] * g["matrix"] ** 2
    W_problem = first(agrees(answers["gW"], gW), agrees(answers["gW_one"], gW_one))
    b_problem = first(agrees(answers["gb"], gb), agrees(answers["gb_one"], gb_one))
    return [
        part(2, "gW", W_problem),
        part(1, "gb", b_problem),
        part(1, "Central differences, theta a vector", agrees(answers["curved"], curved)),
        part(1, "Central differences, theta a matrix", agrees(answers["cubic"], cubic)),
    ]


# Question 4.


def step_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    N, K = 11, 4
    T = np.eye(K)[rng.integers(K, size=N)]
    return network_given(rng, N, 6, 8, K) | {"T": T, "lr": np.array(rng.uniform(0.2, 0.6))}


def step(g: Arrays) -> Arrays:
    """All parameters after one step of gradient descent."""
    U1 = g["X"] @ g["W1"] + g["b1"]
    H = np.maximum(U1, 0)
    gW2, gb2 = linear_gradient(H, g["W2"], g["b2"], g["T"])
    D2 = (stable_softmax(H @ g["W2"] + g["b2"]) - g["T"]) / len(H)
    D1 = (D2 @ g["W2"].T) * (U1 > 0)
    gradients = {"W1": g["X"].T @ D1, "b1": D1.sum(axis=0), "W2": gW2, "b2": gb2}
    return {name: g[name] - g["lr"] * gradients[name] for name in gradients}


def step_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    expected = step(given)
    problem = {name: agrees(answers[name], expected[name], 1e-5) for name in expected}
    # Only who takes a step can spare the arguments.
    kept = [agrees(answers[f"{name}_kept"], given[name], 1e-12) for name in expected]
    arrays = not any(isinstance(answers[f"{name}_kept"], Failure) for name in expected)
    if arrays and first(*kept):
        kept = ["an argument of training_step has changed"]
    return [
        part(1, "The output layer, W2 and b2", first(problem["W2"], problem["b2"])),
        part(1, "The hidden layer, W1", problem["W1"]),
        part(1, "The hidden layer, b1", problem["b1"]),
        part(1, "The arguments stay as they were", first(problem["W2"], problem["b2"], *kept)),
    ]


# Question 5.


def images_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    visible = own.visible
    return {"X_train": visible.X_train, "y_train": visible.y_train, "X_new": own.X_new}


def fit_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    K = own.visible.n_classes
    names = ("one_layer", "two_layers", "one_unit")
    right = {name: share_right(answers[name], own.y_new, K) for name in names}
    widths = widths_problem(right["two_layers"], right["one_unit"])
    return [
        accuracy_part(2, "One hidden layer of 64 units", right["one_layer"]),
        part(1, "Other widths", widths),
        part(1, "The same seed again", same_labels(right["one_layer"], answers, own)),
    ]


def widths_problem(two_layers: float | str, one_unit: float | str) -> str | None:
    """Say why the network does not seem to have the widths that it was given."""
    for right in (two_layers, one_unit):
        if isinstance(right, str):
            return right
    if two_layers < GOOD:
        got = f"two hidden layers of 32 units got {100 * two_layers:.1f} % right"
        return f"{got}, expected {100 * GOOD:.0f} %"
    if one_unit > ONE_UNIT:
        return f"one hidden unit got {100 * one_unit:.1f} % right, so `hidden` seems not to be used"
    return None


def same_labels(right: float | str, answers: Answers, own: OwnData) -> str | None:
    """Say why two runs with one seed are not the same classifier."""
    if isinstance(right, str):
        return right
    if right < ENOUGH:
        return "this counts once the network has learned"
    size = len(own.y_new), own.visible.n_classes
    runs = [predicted_labels(answers[name], *size) for name in ("one_layer", "again")]
    if isinstance(runs[1], str):
        return runs[1]
    differ = int(np.sum(runs[0] != runs[1]))
    return f"{differ} of {size[0]} predictions differ" if differ > SAME * size[0] else None


# Question 6. The table is the student's own; what can be checked is that it hangs together.

DEEPEST = 8  # so many widths of each candidate are fetched, with zeros where there are fewer
CANDIDATE = (
    f"(list(np.ravel({{0}}['hidden'])) + [0] * {DEEPEST})[:{DEEPEST}]"
    " + [{0}['n_parameters'], {0}['validation_accuracy']]"
)


def search_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    # A sum of an image's pixels with random weights: a number that no two images share.
    return {"weights": rng.normal(size=own.visible.X_train.shape[1])}


def search_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    table = table_problem(answers)
    return [
        part(1, f"A table of {N_CANDIDATES} or more different candidates", table),
        part(1, "The numbers of parameters", table or parameters_problem(answers, own)),
        part(1, "Validation images set apart", validation_problem(given, answers, own)),
        part(1, "The choice", table or choice_problem(answers)),
    ]


def table_problem(answers: Answers) -> str | None:
    """Say what is wrong with the table: a row a candidate, widths, parameters, accuracy."""
    table, seconds = answers["table"], answers["seconds"]
    rows = 0 if isinstance(table, Failure) or table.ndim == 0 else len(table)
    if problem := first(numbers(table, (rows, DEEPEST + 2)), numbers(seconds, (rows,))):
        return problem
    if rows > MOST_CANDIDATES:
        return f"{rows} candidates, expected {MOST_CANDIDATES} at most"
    widths, accuracies = table[:, :DEEPEST], table[:, -1]
    different = len(np.unique(widths, axis=0))
    if different < N_CANDIDATES:
        return f"{different} different `hidden`, expected {N_CANDIDATES} or more"
    if widths.min() < 0 or widths.max() > 1e6 or np.mod(widths, 1).any():
        return "widths should be whole numbers, 1 or more"
    if accuracies.min() < 0 or accuracies.max() > 1 or seconds.min() < 0:
        return "accuracies should lie between 0 and 1, and seconds not below 0"
    if accuracies.max() < ENOUGH:
        return f"the best validation accuracy is {accuracies.max():.2f}, so nothing has learned"
    return None


def parameters_problem(answers: Answers, own: OwnData) -> str | None:
    """Say which number of parameters does not fit its widths.

    Between no bias at all and biases with BatchNorm's four numbers a unit, all is accepted.
    """
    visible = own.visible
    for row in answers["table"]:
        hidden = [width for width in row[:DEEPEST] if width > 0]
        sizes = np.array([visible.X_train.shape[1], *hidden, visible.n_classes])
        weights = np.sum(sizes[:-1] * sizes[1:])
        if not weights <= row[-2] <= weights + 5 * np.sum(sizes[1:]):
            return f"{row[-2]:.0f} parameters do not fit the widths {[int(w) for w in hidden]}"
    return None


def validation_problem(given: Arrays, answers: Answers, own: OwnData) -> str | None:
    """Say what speaks against `X_fit` and `X_val`, known by their weighted sums."""
    visible, found = own.visible, {}
    for name in ("X_fit", "X_val"):
        answer = answers[name]
        rows = 0 if isinstance(answer, Failure) or answer.ndim == 0 else len(answer)
        if problem := numbers(answer, (rows,)):
            return f"{name}: {problem}"
        found[name] = answer.astype(float)
    train, test = (X.astype(float) @ given["weights"] for X in (visible.X_train, visible.X_test))
    n_val = np.sum(occur(train, found["X_val"]))
    if np.any(occur(test, found["X_val"])):
        return "some of the validation images are test images"
    if np.any(occur(found["X_val"], found["X_fit"])):
        return "some images are in X_fit and in X_val"
    if len(found["X_val"]) > n_val:
        return "X_val should be different rows of data.X_train as they are"
    if n_val < 0.05 * len(train):
        return f"{n_val} validation images of {len(train)} are too few to compare candidates"
    if np.sum(occur(train, found["X_fit"])) < 0.4 * len(train):
        return "X_fit should have most of the other images of data.X_train"
    return None


def occur(wanted: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Whether each of the numbers `wanted` is among the others, up to rounding."""
    if len(among) == 0:
        return np.zeros(len(wanted), bool)
    among = np.sort(among)
    place = np.searchsorted(among, wanted).clip(1, len(among) - 1) if len(among) > 1 else 0
    near = np.minimum(np.abs(among[place] - wanted), np.abs(among[place - 1] - wanted))
    return near < 1e-9 * max(np.abs(wanted).max(initial=0), 1)


def choice_problem(answers: Answers) -> str | None:
    """Say why `chosen` is no candidate that a sensible rule could pick."""
    table, chosen = answers["table"], answers["chosen"]
    if problem := numbers(chosen, (DEEPEST + 2,)):
        return problem
    if not (table == chosen).all(axis=1).any():
        return "chosen is not an entry of search"
    below = table[:, -1].max() - chosen[-1]
    if below > REACH:
        return f"its accuracy is {below:.3f} below the best, more than {REACH} is out of reach"
    return None


# Question 7.

# The test labels are in the notebook. Whoever hands them in as predictions is better there than on
# new images; a difference like this is not luck.
TOO_GOOD = 0.05


def final_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    some = {"y_true": rng.integers(4, size=60), "y_pred": rng.integers(4, size=60)}
    rare = {
        "y_true_rare": np.array([1, 1, 1, 5, 3, 3]),
        "y_pred_rare": np.array([1, 4, 4, 5, 1, 3]),
    }
    classes = rng.permutation(7)
    return images_given(rng, own) | some | {name: classes[y] for name, y in rare.items()}


def final_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    right = share_right(answers["new"], own.y_new, own.visible.n_classes)
    some = counts(given["y_true"], given["y_pred"], 4)
    rare = counts(given["y_true_rare"], given["y_pred_rare"], 7)
    return [
        accuracy_part(2, "The final network", right),
        part(1, "y_pred and test_accuracy", test_problem(answers, right, own)),
        part(1, "Confusion matrix", counts_problem(answers["some"], some)),
        part(1, "Confusion matrix, absent classes", counts_problem(answers["rare"], rare)),
    ]


def counts(y_true: np.ndarray, y_pred: np.ndarray, K: int) -> np.ndarray:
    """Confusion matrix, rows true and columns predicted."""
    C = np.zeros((K, K))
    np.add.at(C, (y_true, y_pred), 1)
    return C


def counts_problem(answer: Answer, expected: np.ndarray) -> str | None:
    """Say what is wrong with a confusion matrix; transposed ones are named."""
    problem = agrees(answer, expected, 1e-9)
    if problem and agrees(answer, expected.T, 1e-9) is None:
        return "the rows should be the true classes, the columns the predicted ones"
    return problem


def test_problem(answers: Answers, right: float | str, own: OwnData) -> str | None:
    """Say why y_pred and test_accuracy are not the result of the final network."""
    visible = own.visible
    on_test = share_right(answers["y_pred"], visible.y_test, visible.n_classes)
    if isinstance(on_test, str):
        return f"y_pred: {on_test}"
    if problem := numbers(answers["test_accuracy"], ()):
        return f"test_accuracy: {problem}"
    stated = float(answers["test_accuracy"])
    if abs(stated - on_test) > 0.001:
        return f"test_accuracy is {stated:.4g}, but {on_test:.4g} of y_pred are right"
    if isinstance(right, str) or right < ENOUGH or on_test < ENOUGH:
        return "this counts once the network has learned"
    if on_test > right + TOO_GOOD:
        return "y_pred is far better than fit_final's network on new images"
    return None


# Question 8.


def confused_given(rng: np.random.Generator, own: OwnData) -> Arrays:
    many = rng.permutation(36).reshape(6, 6) + 40 * np.eye(6, dtype=int)
    few = np.array([[20, 9, 1], [4, 0, 9], [4, 0, 30]])
    order = rng.permutation(3)
    return {"many": many, "few": few[np.ix_(order, order)]}


def confused_mark(given: Arrays, answers: Answers, own: OwnData) -> list[Mark]:
    return [
        part(1, "Six classes", pairs_problem(answers["many"], given["many"])),
        part(1, "Three classes, equal counts", pairs_problem(answers["few"], given["few"])),
    ]


def pairs_problem(answer: Answer, C: np.ndarray) -> str | None:
    """Say why these are not the three largest entries off the diagonal, the largest first."""
    if problem := numbers(answer, (3, 2)):
        return problem
    if not np.isin(answer, np.arange(len(C))).all():
        return f"expected classes from 0 to {len(C) - 1}"
    pairs = answer.astype(int)
    if np.any(pairs[:, 0] == pairs[:, 1]):
        return "a pair on the diagonal is no mistake"
    if len(np.unique(pairs, axis=0)) < 3:
        return "a pair occurs twice"
    largest = np.sort(C[~np.eye(len(C), dtype=bool)])[::-1][:3]
    if np.array_equal(C[pairs[:, 0], pairs[:, 1]], largest):
        return None
    if np.array_equal(C[pairs[:, 1], pairs[:, 0]], largest):
        return "the true class should come first in a pair"
    return "these are not the three largest counts, the largest first"


def call(function: str, *names: str, rest: str = "") -> str:
    """Return the expression that calls a function of the student on given arrays."""
    return f"{function}({', '.join(f'given[{name!r}]' for name in names)}{rest})"


NETWORK = ("X", "W1", "b1", "W2", "b2")
PARAMETERS = ("W1", "b1", "W2", "b2")
STEP = call("training_step", "X", "T", *PARAMETERS, rest=", float(given['lr'])")


def fit_on(function: str, options: str) -> str:
    """Return the expression that trains on the visible images and predicts the new ones."""
    return call(function, "X_train", "y_train", rest=f", {options}") + "(given['X_new'])"


QUESTIONS = (
    Question(
        "forward",
        forward_given,
        {
            "no_bias": call("forward", "X", "W1", "zero1", "W2", "zero2"),
            "batch": call("forward", *NETWORK),
            "one": call("forward", *(f"{name}_one" for name in NETWORK)),
        },
        forward_mark,
    ),
    Question(
        "softmax",
        softmax_given,
        {name: call("softmax", name) for name in ("U", "row", "large", "apart")},
        softmax_mark,
    ),
    Question(
        "gradient",
        gradient_given,
        {
            "gW": call("linear_gradient", "X", "W", "b", "T") + "[0]",
            "gb": call("linear_gradient", "X", "W", "b", "T") + "[1]",
            "gW_one": call("linear_gradient", "X_one", "W_one", "b_one", "T_one") + "[0]",
            "gb_one": call("linear_gradient", "X_one", "W_one", "b_one", "T_one") + "[1]",
            "curved": "numerical_gradient(lambda t: np.log(np.sum(np.exp(given['A'] @ t))), "
            "given['theta'], 1e-3)",
            "cubic": "numerical_gradient(lambda t: np.sum(given['B'] * t**3 / 2 + "
            "np.abs(t - given['centre'])), given['matrix'], 1e-3)",
        },
        gradient_mark,
    ),
    Question(
        "step",
        step_given,
        {name: f"{STEP}[{i}]" for i, name in enumerate(PARAMETERS)}
        | {f"{name}_kept": f"({STEP}, given[{name!r}])[1]" for name in PARAMETERS},
        step_mark,
    ),
    Question(
        "fit",
        images_given,
        {
            "one_layer": fit_on("fit", "(64,), 40, np.random.default_rng(1)"),
            "again": fit_on("fit", "(64,), 40, np.random.default_rng(1)"),
            "two_layers": fit_on("fit", "(32, 32), 40, np.random.default_rng(2)"),
            "one_unit": fit_on("fit", "(1,), 40, np.random.default_rng(3)"),
        },
        fit_mark,
    ),
    Question(
        "search",
        search_given,
        {
            "table": f"[{CANDIDATE.format('row')} for row in search]",
            "seconds": "[row['seconds'] for row in search]",
            "chosen": CANDIDATE.format("chosen"),
            "X_fit": "np.asarray(X_fit, dtype=float) @ given['weights']",
            "X_val": "np.asarray(X_val, dtype=float) @ given['weights']",
        },
        search_mark,
    ),
    Question(
        "final",
        final_given,
        {
            "new": fit_on("fit_final", "np.random.default_rng(4)"),
            "y_pred": "y_pred",
            "test_accuracy": "test_accuracy",
            "some": call("confusion", "y_true", "y_pred", rest=", 4"),
            "rare": call("confusion", "y_true_rare", "y_pred_rare", rest=", 7"),
        },
        final_mark,
    ),
    Question(
        "confused",
        confused_given,
        {name: call("most_confused", name) for name in ("many", "few")},
        confused_mark,
    ),
)
