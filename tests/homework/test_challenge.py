"""A student's own data set: its own, learnable, and of no use to who knows the original."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from homework import challenge
from homework.challenge import SIZES, own_data, student_rng
from mlp_lib.data import DataNotFoundError, load_digits, load_mnist


@pytest.fixture(scope="module", params=["digits", "MNIST"])
def source(request):
    """Return the whole data set; MNIST where it is at hand."""
    if request.param == "digits":
        return load_digits()
    try:
        return load_mnist(download=False)
    except DataNotFoundError as error:
        pytest.skip(str(error).splitlines()[0])


def draw(source, student="ada", secret=b"secret"):
    return own_data(source, student_rng(secret, student, "data"))


def parts(own):
    visible = own.visible
    return [
        (visible.X_train, visible.y_train),
        (visible.X_test, visible.y_test),
        (own.X_new, own.y_new),
    ]


def test_random_numbers_depend_on_secret_student_and_purpose():
    def numbers(*arguments):
        return student_rng(*arguments).random(4).tolist()

    same = numbers(b"secret", "ada", "data")
    assert numbers(b"secret", "ada", "data") == same
    others = [(b"Secret", "ada", "data"), (b"secret", "eda", "data"), (b"secret", "ada", "fit")]
    others.append((b"secret", "adad", "ata"))
    assert all(numbers(*arguments) != same for arguments in others)


def test_is_the_same_again_and_another_for_another_student(source):
    first, again, other = draw(source), draw(source), draw(source, "eda")
    for (X, y), (X_again, y_again), (X_other, y_other) in zip(
        parts(first), parts(again), parts(other), strict=True
    ):
        assert np.array_equal(X, X_again) and np.array_equal(y, y_again)
        assert not np.array_equal(X, X_other) and not np.array_equal(y, y_other)


def test_has_the_form_of_the_original(source):
    own = draw(source)
    assert [len(y) for _, y in parts(own)] == list(SIZES[source.name])
    for name in ("name", "image_shape", "n_classes"):
        assert getattr(own.visible, name) == getattr(source, name)
    for X, y in parts(own):
        assert X.dtype == source.X_train.dtype and y.dtype == source.y_train.dtype
        assert X.min() == 0 and 0.9 < X.max() <= 1
        share = np.bincount(y, minlength=source.n_classes) / len(y)
        assert share.min() > 0.08 and share.max() < 0.12


def test_no_image_is_in_two_parts(source, monkeypatch):
    monkeypatch.setattr(challenge, "NOISE", 0)
    rows = [[x.tobytes() for x in X] for X, _ in parts(draw(source))]
    images = {x.tobytes() for X in (source.X_train, source.X_test) for x in X}
    copies = len(source.X_train) + len(source.X_test) - len(images)
    assert len({x for part in rows for x in part}) >= sum(map(len, rows)) - copies


def test_no_image_is_stored_as_in_the_original(source):
    pixels = {np.sort(x).tobytes() for X in (source.X_train, source.X_test) for x in X}
    assert not any(np.sort(x).tobytes() in pixels for X, _ in parts(draw(source)) for x in X)


def test_who_knows_the_original_only_guesses(source):
    own = draw(source)
    original = KNeighborsClassifier(1).fit(source.X_train[:2000], source.y_train[:2000])
    learned = KNeighborsClassifier(1).fit(own.visible.X_train, own.visible.y_train)
    assert np.mean(original.predict(own.X_new) == own.y_new) < 0.35
    assert np.mean(learned.predict(own.X_new) == own.y_new) > 0.9


def test_the_original_stays_as_it_was():
    source = load_digits()
    before = source.X_train.copy()
    draw(source)
    assert np.array_equal(source.X_train, before)
