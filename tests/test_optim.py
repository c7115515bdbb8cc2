"""Every optimiser: steps by hand, convergence, arguments, schedules."""

import numpy as np
import pytest

from mlp_lib import SGD, Adam, Momentum
from mlp_lib.optim import cosine_decay, exponential_decay

OPTIMISERS = {"SGD": SGD, "Momentum": Momentum, "Adam": Adam}
CURVATURE = np.array([1.0, 10.0])


def gradient(theta):
    """Of J = Σ c θ² / 2 with curvatures 1 and 10."""
    return CURVATURE * theta


def descend(optimiser, steps, start=(1.0, -2.0)):
    theta = np.array(start)
    for _ in range(steps):
        optimiser.step(theta, gradient(theta))
    return theta


def test_sgd_by_hand():
    np.testing.assert_allclose(descend(SGD(0.05), 1), [0.95, -1.0])
    np.testing.assert_allclose(descend(SGD(0.05), 3), [0.95**3, -2 * 0.5**3])


def test_momentum_by_hand():
    # velocity 1, then 0.5·1 + 0.9 = 1.4: 1 - 0.1·1 = 0.9, 0.9 - 0.1·1.4 = 0.76
    np.testing.assert_allclose(descend(Momentum(0.1, momentum=0.5), 2)[0], 0.76)
    np.testing.assert_array_equal(descend(Momentum(0.05, momentum=0.0), 5), descend(SGD(0.05), 5))


def test_adam_by_hand():
    g = np.array([[1.0, -20.0], [-3.0, 0.5]])
    theta, m, v = np.zeros(2), np.zeros(2), np.zeros(2)
    adam = Adam(lr=0.1, beta1=0.8, beta2=0.9, eps=1e-3)
    expected = np.zeros(2)
    for t in (1, 2):
        adam.step(theta, g[t - 1])
        m = 0.8 * m + 0.2 * g[t - 1]
        v = 0.9 * v + 0.1 * g[t - 1] ** 2
        expected = expected - 0.1 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3)
        np.testing.assert_allclose(theta, expected, rtol=1e-14)


def test_adam_is_the_papers_formula_over_many_steps():
    rng = np.random.default_rng(1)
    theta, m, v = np.ones(4), np.zeros(4), np.zeros(4)
    adam, expected = Adam(), theta.copy()
    for t in range(1, 251):
        g = rng.normal([-1, 1, 0, -1e-3])  # the sums have both signs
        adam.step(theta, g)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        expected -= 0.001 * m_hat / (np.sqrt(v_hat) + 1e-8)
        np.testing.assert_allclose(theta, expected, rtol=1e-12)


def test_momentum_keeps_nine_tenths_unless_told():
    np.testing.assert_array_equal(descend(Momentum(0.01), 5), descend(Momentum(0.01, 0.9), 5))


def test_the_first_step_of_adam_has_the_length_lr_in_every_direction():
    np.testing.assert_allclose(descend(Adam(lr=0.01), 1), [0.99, -1.99], rtol=1e-7)


@pytest.mark.parametrize(("name", "lr"), [("SGD", 0.1), ("Momentum", 0.03), ("Adam", 0.05)])
def test_all_reach_the_minimum(name, lr):
    np.testing.assert_allclose(descend(OPTIMISERS[name](lr), 2000), 0, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_theta_is_changed_in_place_and_grad_is_not(name):
    optimiser = OPTIMISERS[name](0.1)
    for dtype in (np.float64, np.float32):
        theta, grad = np.ones(3, dtype), np.full(3, 2, dtype)
        optimiser.t = 0
        for _ in range(3):
            optimiser.step(theta, grad)
        assert (theta < 1).all() and theta.dtype == dtype
        np.testing.assert_array_equal(grad, 2)
        remembered = [value for value in vars(optimiser).values() if isinstance(value, np.ndarray)]
        assert all(value.dtype == dtype for value in remembered)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_lr_may_be_a_function_of_the_step(name):
    seen = []

    def halve(t):
        seen.append(t)
        return 0.1 * 0.5**t

    theta = descend(OPTIMISERS[name](halve), 4)
    assert seen == [1, 2, 3, 4]
    if name == "SGD":
        assert theta[0] == pytest.approx((1 - 0.05) * (1 - 0.025) * (1 - 0.0125) * (1 - 0.00625))


def test_the_rate_is_a_plain_number():
    """A NumPy float64 would turn every product with float32 vectors into a float64 one."""
    for lr in (np.float64(0.1), lambda t: np.float64(0.1), cosine_decay(0.1, 10)):
        assert type(SGD(lr).rate(1)) is float


@pytest.mark.parametrize("size", [5, 6, 7])
def test_adam_updates_every_entry_in_blocks_of_any_size(monkeypatch, size):
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=size), rng.normal(size=(3, size))
    thetas = []
    for block in (100, 3):
        monkeypatch.setattr(Adam, "BLOCK", block)
        theta, adam = start.copy(), Adam(0.1)
        for grad in grads:
            adam.step(theta, grad)
        thetas.append(theta)
    np.testing.assert_array_equal(*thetas)


def test_schedules_start_at_lr_and_fall():
    cosine, exponential = cosine_decay(0.2, 100), exponential_decay(0.2, 0.5, 10)
    assert cosine(1) == exponential(1) == 0.2
    assert cosine(51) == pytest.approx(0.1)
    assert cosine(101) == cosine(500) == pytest.approx(0, abs=1e-17)
    assert exponential(11) == pytest.approx(0.1)
    assert exponential(21) == pytest.approx(0.05)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("lr", [0.0, -1.0, np.nan, np.inf])
def test_a_rate_that_is_not_positive_is_refused(name, lr):
    with pytest.raises(ValueError, match=f"{name}: lr is {lr}, expected a positive number"):
        OPTIMISERS[name](lr)


def test_a_schedule_must_not_climb():
    with pytest.raises(ValueError, match="the schedule gives lr = -1.0 at step 1, expected 0"):
        descend(SGD(lambda t: -1.0), 1)


def test_shares_outside_0_to_1_are_refused():
    for make, name in [
        (lambda: Momentum(0.1, momentum=1.0), "momentum is 1.0, expected 0 <= momentum < 1"),
        (lambda: Adam(beta1=-0.1), "beta1 is -0.1"),
        (lambda: Adam(beta2=1.5), "beta2 is 1.5"),
        (lambda: Adam(eps=-1e-8), "Adam: eps is -1e-08, expected 0 or more"),
        (lambda: Adam(eps=np.nan), "Adam: eps is nan, expected 0 or more"),
    ]:
        with pytest.raises(ValueError, match=name):
            make()


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("shape", [(1,), (4,), (3, 1), ()])
def test_a_gradient_of_another_shape_is_refused_and_changes_nothing(name, shape):
    optimiser, theta = OPTIMISERS[name](0.1), np.ones(3)
    with pytest.raises(ValueError, match=r"grad has shape \(.*\), theta has \(3,\)"):
        optimiser.step(theta, np.ones(shape))
    assert optimiser.t == 0 and (theta == 1).all()


@pytest.mark.parametrize("name", ["Momentum", "Adam"])
def test_an_optimiser_serves_one_network(name):
    optimiser = OPTIMISERS[name](0.1)
    optimiser.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="remembers 3 parameters, theta has 4"):
        optimiser.step(np.ones(4), np.ones(4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adams_sums_shrink_to_zero_and_not_into_denormal_numbers(dtype):
    optimiser, theta = Adam(1e-3, beta2=0.97), np.ones(3, dtype)
    optimiser.step(theta, np.full(3, 1e-3, dtype))
    nothing, smallest = np.zeros(3, dtype), np.finfo(dtype).smallest_normal
    for _ in range(30_000):
        optimiser.step(theta, nothing)
        for total in (optimiser.sum_g, optimiser.sum_gg):
            assert ((total == 0) | (total >= smallest)).all()
    assert not optimiser.sum_g.any() and not optimiser.sum_gg.any()
