"""Activations and softmax are the numbers of mpmath, within the ulp that their docstrings state.

Only extremes are asked: the random part is fixed by its seed, and the arguments at which formulas
change (0, the subnormals, where tails underflow, the infinities) are all listed.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from bitpde.emu import DatapathError, Node, Tape, ops, preset
from bitpde.emu.tape import activation_functions as functions

U = 2.0**-53
F32: Any = np.float32
Real = Callable[[Any], Any]
EDGES = [
    0.0, 5e-324, 1e-310, 1e-45, 1e-38, 1e-8, 0.34, 0.75, 1.0, 5.0, 8.5, 14.2, 37.5, 38.4, 39.9,
    40.0, 41.0, 87.0, 89.0, 103.9, 709.0, 745.0, 799.0, 801.0, 1e30,
]  # fmt: skip


def points(dtype: type, reach: float, count: int = 250) -> Any:
    rng = np.random.default_rng(0)
    near, far = rng.standard_normal(count), rng.uniform(-reach, reach, count)
    small = rng.standard_normal(50) * np.exp2(rng.integers(-60, 0, 50))
    with np.errstate(under="ignore"):
        return np.concatenate([near, far, small, EDGES, np.negative(EDGES)]).astype(dtype)


def phi(x: Any) -> Any:
    return mpmath.npdf(x)


def cdf(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def gelu(x: Any) -> Any:
    return x * cdf(x)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def ulp(x: Any, dtype: type) -> Any:
    """Return the step of the format at a number."""
    return mpf(float(np.spacing(np.abs(dtype(float(x))))))


@pytest.mark.parametrize(
    ("function", "real", "ulps", "floor"),
    [(functions.gelu, gelu, 8, 2.0**-1068), (functions.sigmoid, sigmoid, 5, 2.0**-1073)],
)
def test_a_function_is_within_its_ulps(
    function: Callable[[Any], Any], real: Real, ulps: int, floor: float
) -> None:
    with mpmath.workdps(60):
        for dtype, reach, bound in ((np.float64, 60, ulps), (np.float32, 60, 0.51)):
            x = points(dtype, reach)
            for a, found in zip(x.tolist(), function(x).tolist(), strict=True):
                expected = real(mpf(a))
                allowed = max(bound * ulp(expected, dtype), mpf(floor))
                assert abs(found - expected) <= allowed


def test_the_slope_of_gelu_is_within_its_bound() -> None:
    with mpmath.workdps(60):
        x = points(np.float64, 45)
        for a, found in zip(x.tolist(), functions.gelu_slope(x).tolist(), strict=True):
            parts = cdf(mpf(a)), mpf(a) * phi(mpf(a))
            allowed = 8 * U * (parts[0] + abs(parts[1])) + mpf(2.0**-1068)
            assert abs(found - sum(parts)) <= allowed
        x = points(np.float32, 45)
        for a, found in zip(x.tolist(), functions.gelu_slope(x).tolist(), strict=True):
            parts = cdf(mpf(a)), mpf(a) * phi(mpf(a))
            whole = sum(parts)
            allowed = 8 * U * (parts[0] + abs(parts[1])) + ulp(whole, np.float32) / 2
            assert abs(found - whole) <= allowed * (1 + U)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_zeros_and_nan_have_their_limits(dtype: type) -> None:
    x = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype)
    cases: list[tuple[Callable[[Any], Any], list[float]]] = [
        (functions.gelu, [-0.0, -0.0, 0.0, np.inf, np.nan]),
        (functions.gelu_slope, [0.0, 0.5, 0.5, 1.0, np.nan]),
        (functions.sigmoid, [0.0, 0.5, 0.5, 1.0, np.nan]),
        (relu, [0.0, 0.0, 0.0, np.inf, np.nan]),
    ]
    for function, expected in cases:
        found = function(x)
        assert found.dtype == dtype
        assert repr(found.round(15).tolist()) == repr(expected)  # a slope in float64 has 8 u


def relu(x: Any) -> Any:
    tape = Tape(preset("fp32" if x.dtype == np.float32 else "exact"))
    return ops.relu(Node(tape, 0, x, False)).value


def test_relu_passes_the_gradient_of_positive_numbers_and_of_nan() -> None:
    tape = Tape(preset("exact"))
    a = tape.lift(np.array([-1.0, -0.0, 0.0, 5e-324, np.inf, np.nan]), differentiable=True)
    (g,) = tape.pullback(ops.relu(a), np.full(6, 3.0), [a])
    assert g.tolist() == [0.0, 0.0, 0.0, 3.0, 3.0, 3.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_softmax_and_its_adjoint_are_within_their_bounds(dtype: type) -> None:
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((6, 9)) * [[0.1], [1.0], [10.0], [100.0], [300.0], [1e-9]]).astype(
        dtype
    )
    x[0, 3] = -np.inf
    g = rng.standard_normal(x.shape).astype(dtype)
    y = functions.softmax(x)
    back = functions.softmax_adjoint(y, g)
    half = mpf(2.0**-150 if dtype == np.float32 else 2.0**-1074)
    n = x.shape[1]
    with mpmath.workdps(60):
        for row, found, incoming, outgoing in zip(x, y, g, back, strict=True):
            below = [mpf(float(v)) - mpf(float(row.max())) for v in row]
            powers = [mpmath.exp(d) for d in below]
            total = mpmath.fsum(powers)
            for d, power, value in zip(below, powers, found.tolist(), strict=True):
                exact = power / total
                away = 0 if dtype == np.float32 or mpmath.isinf(d) else abs(d)
                allowed = (n + 8 + away) * U * exact + half
                allowed += ulp(exact, dtype) / 2 * (dtype == np.float32)
                assert abs(value - exact) <= allowed * (1 + 1e-6)
            weights = [mpf(float(v)) for v in found]
            terms = [w * mpf(float(h)) for w, h in zip(weights, incoming, strict=True)]
            mean, size = mpmath.fsum(terms), mpmath.fsum(abs(t) for t in terms)
            for w, h, value in zip(weights, incoming.tolist(), outgoing.tolist(), strict=True):
                exact = w * (mpf(h) - mean)
                allowed = (n + 3) * U * w * (abs(mpf(h)) + size) + half
                allowed += ulp(exact, dtype) / 2 * (dtype == np.float32)
                assert abs(value - exact) <= allowed * (1 + 1e-6)


def test_a_softmax_knows_no_shift_and_refuses_to_guess() -> None:
    x = F32([[1, 2, 3], [1000, 1001, 1002], [-1000, -999, -998]])
    y = functions.softmax(x)
    assert np.array_equal(y, y[[0, 0, 0]])
    odd: Any = np.array([[np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf], [-np.inf, 7.0]])
    assert repr(functions.softmax(odd).tolist()) == repr([[np.nan] * 2] * 3 + [[0.0, 1.0]])
    with pytest.raises(DatapathError, match=r"\(2, 0\): give a last axis"):
        ops.softmax(Tape(preset("fp32")).constant(np.ones((2, 0))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_and_its_slope_are_those_of_two_evaluations(dtype: type) -> None:
    x = np.r_[points(dtype, 9, 700), dtype(np.nan)]  # more than a block of the kernel
    found = functions.gelu_and_slope(x)
    for one, alone in zip(found, (functions.gelu(x), functions.gelu_slope(x)), strict=True):
        assert one.tobytes() == alone.tobytes()
