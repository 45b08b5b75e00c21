"""Layer and group norms in FP32 are the exact formula rounded once, within float64's own errors.

``y = z gain + bias`` with ``z = (x - m) r``.  In float64, with n numbers in a mean, ``u = 2^-53``
and ``s = max|x| r``, m is off by at most ``n u max|x|`` and z by ``n u s`` for it; v is off by
``(n + 6) u`` relatively, for the error of m enters squared, and z by ``(n/2 + 3) u |z|`` for that,
where ``|z| <= 2 s``.  With two roundings of z and one of the product: ``(2 n + 16) u |gain| s``.
The oracle is in rational arithmetic but for one square root, of 60 digits.
"""

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from bitpde.emu import DatapathError, Tape, ops, preset

U = 2.0**-53
EPS = 1e-5
F32: Any = np.float32


def exact(numbers: Any) -> Any:
    """Return mean and ``1 / sqrt(v + eps)`` of numbers."""
    values = [Fraction(float(x)) for x in numbers]
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum(((x - mean) ** 2 for x in values), Fraction(0)) / len(values) + Fraction(EPS)
    root = mpmath.sqrt(mpf(variance.numerator) / variance.denominator)
    return mpf(mean.numerator) / mean.denominator, 1 / root


def inputs(shape: tuple[int, ...], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) * np.exp2(
        rng.integers(-6, 7, (shape[0],) + (1,) * (len(shape) - 1))
    )
    x += rng.integers(-3, 4, shape[:1] + (1,) * (len(shape) - 1)) * 10.0
    gain, bias = rng.standard_normal((2, shape[-1]))
    return [F32(v) for v in (x, gain, bias)]


@pytest.mark.parametrize(
    ("shape", "groups"),
    [((7, 9), 0), ((5, 1), 0), ((3, 4, 6), 2), ((2, 3, 2, 4), 1), ((2, 3, 2), 2)],
)
def test_a_norm_is_its_formula_rounded_once(shape: tuple[int, ...], groups: int) -> None:
    x, gain, bias = inputs(shape, 0)
    tape = Tape(preset("fp32"))
    a, one, other = (tape.constant(v) for v in (x, gain, bias))
    found = ops.group_norm(a, groups, one, other) if groups else ops.layer_norm(a, one, other)
    parts = x.reshape(shape[0], -1, max(groups, 1), shape[-1] // max(groups, 1))
    values = found.value.reshape(parts.shape)
    with mpmath.workdps(60):
        for b, group in np.ndindex(shape[0], max(groups, 1)):
            part = parts[b, :, group]
            mean, factor = exact(part.ravel())
            most = float(np.abs(part).max())
            for s, c in np.ndindex(part.shape):
                channel = group * part.shape[1] + c
                z = (mpf(float(part[s, c])) - mean) * factor
                expected = z * float(gain[channel]) + float(bias[channel])
                size = abs(float(gain[channel])) * most * factor
                allowed = (2 * part.size + 16) * U * size + U * abs(expected)
                allowed += mpf(float(np.spacing(np.abs(np.float32(float(expected)))))) / 2
                assert abs(mpf(float(values[b, s, group, c])) - expected) <= allowed


def test_groups_of_all_channels_of_one_cell_are_a_layer_norm() -> None:
    x, gain, bias = inputs((37, 8), 1)  # rows are added sixteen at a time
    tape = Tape(preset("fp32"))
    a, one, other = (tape.parameter(v) for v in (x, gain, bias))
    layer = ops.layer_norm(a, one, other)
    group = ops.group_norm(ops.reshape(a, (37, 1, 8)), 1, one, other)
    assert np.array_equal(layer.value, group.value[:, 0])
    g = F32(np.random.default_rng(2).standard_normal((37, 8)))
    expected = tape.pullback(layer, g, [a, one, other])
    found = tape.pullback(group, g[:, None], [a, one, other])
    for left, right in zip(expected, found, strict=True):
        assert np.array_equal(left, right)


def test_an_output_without_spread_is_the_bias() -> None:
    tape = Tape(preset("fp32"))
    x, gain, bias = np.full((2, 3, 4), 7.3), np.ones(4), np.arange(4.0)
    a, one, other = (tape.constant(v) for v in (x, gain, bias))
    for found in (ops.layer_norm(a, one, other), ops.group_norm(a, 2, one, other)):
        assert np.array_equal(found.value, np.broadcast_to(np.float32(bias), x.shape))


def test_what_is_not_finite_spoils_its_group_and_no_other() -> None:
    for bad in (np.nan, np.inf, -np.inf):
        x = np.ones((2, 3, 4))
        x[1, 0, 2] = bad
        tape = Tape(preset("exact"))
        a, one = tape.lift(x, differentiable=True), tape.parameter(np.ones(4))
        found = np.isnan(ops.group_norm(a, 2, one, one).value)
        assert found[1, :, 2:].all()
        assert found.sum() == 6


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda t, a, c: ops.layer_norm(a, c, t.constant([1.0])), r"give \(4,\) for both"),
        (lambda t, a, c: ops.layer_norm(a, c, c, 0.0), "eps of layer_norm is 0.0"),
        (lambda t, a, c: ops.layer_norm(t.constant(1.0), c, c), "at least one element"),
        (lambda t, a, c: ops.group_norm(a, 3, c, c), r"3 groups of .* shape \(2, 3, 4\)"),
        (lambda t, a, c: ops.group_norm(t.constant([[1.0] * 4]), 2, c, c), "is no field"),
    ],
)  # fmt: skip
def test_what_has_no_norm_is_refused(build: Any, words: str) -> None:
    tape = Tape(preset("fp32"))
    with pytest.raises(DatapathError, match=words):
        build(tape, tape.constant(np.ones((2, 3, 4))), tape.constant(np.ones(4)))
