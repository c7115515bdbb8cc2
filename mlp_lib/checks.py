"""What is asked of an argument before any computation starts."""

import numpy as np


def check_matrix(X: np.ndarray, d: int, dtype: np.dtype, name: str = "X") -> np.ndarray:
    """Return X as an array; ValueError unless it is an (N, d) matrix of finite numbers, N ≥ 1."""
    X = np.asarray(X)
    if X.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {X.dtype}, expected numbers")
    if X.ndim != 2 or X.shape[1] != d:
        hint = f"; one sample is a row, {name}[None, :]" if X.shape == (d,) else ""
        raise ValueError(f"{name} has shape {X.shape}, expected (N, {d}){hint}")
    if len(X) == 0:
        raise ValueError(f"{name} has shape {X.shape}: an empty batch; expected one row or more")
    with np.errstate(over="ignore"):
        X = X.astype(dtype, copy=False)
    # The smallest entry is NaN if any is: two numbers tell, without a matrix of answers.
    if not (np.isfinite(X.min()) and np.isfinite(X.max())):
        finite = np.isfinite(X)
        n, i = np.argwhere(~finite)[0]
        raise ValueError(
            f"{name} holds {(~finite).sum()} values that are NaN or infinite in {dtype}, the first "
            f"in row {n}, column {i}; expected finite numbers only"
        )
    return X


def check_kind(value: object, kind: type, name: str, example: str) -> object:
    """Return `value`; ValueError unless it is an instance of `kind`."""
    if not isinstance(value, kind):
        hint = "; the brackets are missing" if isinstance(value, type) else ""
        raise ValueError(
            f"{name} is {value!r}, expected an instance of {kind.__name__}, e.g. {example}{hint}"
        )
    return value


def check_generator(rng: np.random.Generator, who: str) -> np.random.Generator:
    """Return `rng`; ValueError unless it is a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"{who} needs a numpy.random.Generator, got {rng!r}; "
            "pass rng=np.random.default_rng(seed)"
        )
    return rng


def check_state(state: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """ValueError unless `state` has real numbers under every name and in every shape expected."""
    if missing := expected.keys() - state.keys():
        raise ValueError(f"the saved state lacks {', '.join(sorted(missing))}")
    for name, own in expected.items():
        value = state[name]
        if value.shape != own.shape or value.dtype.kind != "f":
            raise ValueError(
                f"{name} in the saved state is {value.dtype} of shape {value.shape}, "
                f"expected {own.dtype} of shape {own.shape}"
            )
