"""The logic of the record, at a tiny scale on the embedded digits."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import record
from benchmarks.record_training import Average, Settings, fit, make_network, one_cycle, predict
from mlp_lib import Dropout
from mlp_lib.data import load_digits
from mlp_lib.deskew import deskew

DISTORTED = Settings(
    hidden=(24,),
    epochs=4,
    batch_size=128,
    lr=0.01,
    averaged=2,
    distortion={"rotation": 10.0, "shift": 0.5, "elastic": 0.3, "sigma": 2.0},
    copies=3,
)
PLAIN = Settings(
    hidden=(24,), epochs=4, batch_size=128, lr=0.01, averaged=1, dropout=0.1, deskew=False
)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture
def tiny(monkeypatch):
    """The whole series with two seeds and tiny networks."""
    monkeypatch.setattr(
        record, "KINDS", {"with distortions": DISTORTED, "without distortions": PLAIN}
    )
    monkeypatch.setattr(record, "SEEDS", (0, 1))


def train_part(data):
    return data.X_train, data.y_train, data.image_shape


class Guarded(SimpleNamespace):
    """Image data that tell when the test part is looked at."""

    def __getattribute__(self, name):
        if name in ("X_test", "y_test"):
            super().__getattribute__("looked").append(name)
        return super().__getattribute__(name)


def test_the_series_resumes_where_it_was_interrupted(tiny, digits, tmp_path, monkeypatch, capsys):
    complete, calls = record.fit, []

    def interrupted(*args, **kwargs):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return complete(*args, **kwargs)

    monkeypatch.setattr(record, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record.record(digits, tmp_path)
    after_two = json.loads((tmp_path / "record.json").read_text())
    assert list(after_two) == ["with distortions, seed 0", "with distortions, seed 1"]
    runs = record.record(digits, tmp_path)
    assert len(calls) == 5 and len(runs) == 4  # 2, the interrupted one, and 2
    assert {name: runs[name] for name in after_two} == after_two
    assert runs == json.loads((tmp_path / "record.json").read_text())
    assert capsys.readouterr().out.count("done before") == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["record.json", "record.npz"]
    assert "with distortions, 3 copies: " in record.summary(runs)


def test_a_run_with_other_settings_is_done_again(tiny, digits, tmp_path, monkeypatch):
    record.record(digits, tmp_path)
    monkeypatch.setitem(record.KINDS, "without distortions", replace(PLAIN, epochs=1))
    runs = record.record(digits, tmp_path)
    assert len(runs["without distortions, seed 1"]["log"]["cost"]) == 1
    assert len(runs["with distortions, seed 1"]["log"]["cost"]) == 4


def test_the_test_part_is_looked_at_after_training_only(tiny, digits, tmp_path, monkeypatch):
    looked, trained = [], []
    data = Guarded(**vars(digits), looked=looked)

    def watched(X, y, *args, **kwargs):
        before = len(looked)
        result = fit(X, y, *args, **kwargs)
        trained.append(before == len(looked) == 2 * len(trained))  # X and y, once for each run
        assert X is digits.X_train
        return result

    monkeypatch.setattr(record, "fit", watched)
    record.record(data, tmp_path)
    assert trained == [True] * 4 and len(looked) == 8


def test_validation_sees_the_training_part_only(digits):
    X, y, shape = train_part(digits)
    result = record.validate(X, y, shape, DISTORTED, 0)
    assert result["log"]["watched"][-1] == pytest.approx(
        result["validation"]["0 copies"]["error_percent"] * len(y) / 6 / 100, rel=0.5
    )
    wrong = result["validation"]["3 copies"]["wrong"]
    assert len(wrong) < 0.3 * len(y) / 6 and max(wrong) < len(y) / 6 + 1


def test_the_same_seed_gives_the_same_network(digits):
    nets = [fit(*train_part(digits), DISTORTED, seed)[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    assert (nets[0].theta != nets[2].theta).mean() > 0.9


def test_weights_and_statistics_are_averaged_over_the_last_epochs(digits):
    states = []
    net, log = fit(
        *train_part(digits), DISTORTED, 0, watch=lambda net: states.append(net.state()) or 0
    )
    assert len(log["cost"]) == len(states) == 4 and log["cost"][-1] < log["cost"][0]
    for name, value in net.state().items():
        expected = (states[-1][name] + states[-2][name].astype(float)) / 2
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-7)
    average = Average()
    for value in (1.0, 2.0, 6.0):
        average.add({"theta": np.array([value])})
    assert average.mean["theta"] == pytest.approx(3.0)


def test_an_interrupted_epoch_ends_the_run(digits, monkeypatch):
    class Interrupting(Dropout):
        def forward(self, X, train=False):
            raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.record_training.Dropout", Interrupting)
    with pytest.warns(match="interrupted"), pytest.raises(KeyboardInterrupt):
        fit(*train_part(digits), PLAIN, 0)


def test_the_kept_weights_give_the_reported_errors(tiny, digits, tmp_path):
    run = record.record(digits, tmp_path)["with distortions, seed 0"]
    net = make_network(DISTORTED, 64, 10, np.random.default_rng(9))
    net.load(tmp_path / "record.npz")
    with np.load(tmp_path / "record.npz") as file:
        assert {file[name].dtype for name in file if name != "layers"} == {np.dtype(np.float16)}
    for copies, settings in ((0, replace(DISTORTED, copies=0)), (3, DISTORTED)):
        P = predict(net, digits.X_test, digits.image_shape, settings)
        wrong = np.flatnonzero(P.argmax(axis=1) != digits.y_test)
        assert wrong.tolist() == run["test"][f"{copies} copies"]["wrong"]


def test_weights_too_large_for_half_precision_are_refused():
    net = make_network(PLAIN, 64, 10, np.random.default_rng(0))
    net.theta[0] = 1e6
    with pytest.raises(OverflowError, match="too large for half precision"):
        record.to_half(net)


def test_the_network_to_be_kept_fits_into_3_megabytes():
    net = make_network(record.DISTORTED, 784, 10, np.random.default_rng(0))
    assert 2 * sum(value.size for value in net.state().values()) < 2.99e6


def test_one_cycle_rises_evenly_and_falls_to_0():
    rate = one_cycle(0.5, steps=100, warm_up=0.2)
    rates = [rate(t) for t in range(1, 101)]
    np.testing.assert_allclose(rates[:20], 0.5 * np.arange(1, 21) / 20)
    assert np.argmax(rates) == 19 and (np.diff(rates[20:]) < 0).all()
    assert rate(61) == pytest.approx(0.25) and 0 < rates[-1] < 0.001


def test_predictions_from_copies_are_a_geometric_mean(digits):
    net, _ = fit(*train_part(digits), DISTORTED, 0)
    X = digits.X_test[:50]
    one = predict(net, X, (8, 8), replace(DISTORTED, copies=1, test_amount=0.0))
    np.testing.assert_allclose(one, net.predict(deskew(X, (8, 8))), rtol=1e-4, atol=1e-8)
    several = predict(net, X, (8, 8), DISTORTED)
    np.testing.assert_allclose(several.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(several - one).max() > 0.01
    np.testing.assert_array_equal(several, predict(net, X, (8, 8), DISTORTED))


def test_the_ablation_changes_one_thing_at_a_time(digits, tmp_path, monkeypatch):
    chosen, *changed = record.ABLATION.values()
    for settings in changed:
        differing = {k for k, v in vars(settings).items() if v != getattr(chosen, k)}
        assert len(differing - {"copies"}) == 1  # there are no distorted copies without distortions
        assert settings.copies == (chosen.copies if settings.distortion else 0)
    monkeypatch.setattr(record, "ABLATION", {"chosen": DISTORTED, "plain": PLAIN})
    runs = record.ablation((digits.X_train, digits.y_train), digits.image_shape, tmp_path)
    assert runs.keys() == {"chosen", "plain"} and "test" not in runs["plain"]
    assert [len(run["log"]["watched"]) for run in runs.values()] == [4, 4]
    assert runs["plain"]["validation"].keys() == {"0 copies"}
