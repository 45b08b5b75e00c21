"""Learned quantizers round as their integers say, and their gradients are those of the formulas.

The oracle is the definition, element by element in rational arithmetic: the integer is that of the
real quotient, and dy/dx, dy/ds, dy/dz are written down from the three cases of an element (inside
the range, below, above) before any sum is formed.  A second one needs no formula for the chain
rule: outside the range, where y is constant in x and smooth in the parameters, finite differences.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.emu import DatapathError, Sums, Tape, ops, preset
from bitpde.formats import Fixed
from bitpde.pde import RunError
from bitpde.pde.qat import MinMax, StepAndOffset, StepSize

KINDS = [StepSize, StepAndOffset, MinMax]
Array = np.ndarray[Any, Any]


def rounded(x: Fraction) -> int:
    """Return the nearest integer, the even one of two."""
    return round(x)


def pieces(x: float, g: float, s: float, z: int, n: int, p: int) -> tuple[int, Fraction, Fraction]:
    """Return the integer, and what the element adds to the sums a and c."""
    v = Fraction(x) / Fraction(s)
    q = min(max(rounded(v) + z, n), p)
    if v < n - z:
        return q, Fraction(g) * (n - z), Fraction(g)
    if v > p - z:
        return q, Fraction(g) * (p - z), Fraction(g)
    return q, Fraction(g) * (rounded(v) - v), Fraction(0)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Array, Array, tuple[Array, ...]]:
    """Draw a quantizer, numbers about its range, gradients, and its parameters."""
    kind = draw(st.sampled_from(KINDS))
    signed = draw(st.booleans())
    bits = draw(st.integers(2, 16))
    axis = draw(st.sampled_from([None, 0, 1, -1]))
    quantizer = kind(
        element=Fixed(bits=bits, signed=signed), axis=axis,
        symmetric=signed and draw(st.booleans()),
    )  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.standard_normal((5, 3)).astype(np.float32) * 2.0 ** draw(st.integers(-20, 20))
    reach = draw(st.sampled_from([0.1, 0.5, 1.0, 2.0]))
    channels = 1 if axis is None else x.shape[axis]
    low = -reach * np.abs(x).max() * rng.uniform(0.2, 1, channels)
    high = reach * np.abs(x).max() * rng.uniform(0.2, 1, channels)
    parameters = tuple(each.astype(np.float32) for each in quantizer.initial(low, high))
    return quantizer, x, rng.standard_normal((5, 3)).astype(np.float32), parameters


@given(case=cases())
def test_the_gradients_are_sums_of_the_three_cases(case: Any) -> None:
    quantizer, x, g, parameters = case
    tape = Tape(preset("fp32"))
    nodes = [tape.parameter(x), *(tape.parameter(each) for each in parameters)]
    y = ops.learned_quantize(*nodes, quantizer=quantizer)
    dx, *found = tape.pullback(y, g, nodes)
    format = quantizer.cast(*parameters).format
    n, p = quantizer.codes
    scales, zeros = (np.broadcast_to(part, x.shape) for part in format.columns(x.shape))
    channel = 0 if quantizer.axis is None else quantizer.axis % 2
    count = len(format.scale)
    a, c, size = [Fraction(0)] * count, [Fraction(0)] * count, [Fraction(0)] * count
    for index in np.ndindex(x.shape):
        s, z = float(scales[index]), int(zeros[index])
        q, step, outside = pieces(float(x[index]), float(g[index]), s, z, n, p)
        # One rounding of the exact product s (q - z).
        assert y.value[index] == np.float32(s * (q - z))
        assert dx[index] == (0 if outside else g[index])
        k = 0 if count == 1 else index[channel]
        a[k], c[k] = a[k] + step, c[k] + outside
        size[k] += abs(Fraction(float(g[index]))) * max(abs(n - z), abs(p - z))
    sums = Sums(np.array(a, float), np.array(c, float), x.size // count)
    wanted = quantizer.gradients(parameters, sums)
    # Each of the 15 terms is rounded thrice in binary64 (quotient, difference, product; each below
    # size), and the sum once for each: 4 * 15 u size.  What `gradients` makes of a and c multiplies
    # them by at most max(1, |z|, M / (M - m)) <= 2^16 for c, where the term of c is exact to 15 u
    # of sum |g| <= size / 1; then one rounding to binary32.
    for got, want in zip(found, wanted, strict=True):
        for k in range(count):
            slack = 64 * 15 * 2.0**-53 * float(size[k] + 1) * 2.0**16
            assert abs(float(got[k]) - want[k]) <= 2.0**-24 * abs(want[k]) + slack


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [-1, 1])
def test_outside_the_range_gradients_are_differences(kind: Any, side: int) -> None:
    # There y = s (n - z) or s (p - z).  With z free of rounding that is b + s n or b + s p, m or M:
    # linear in the parameters, so a central difference is exact but for its own roundings.
    quantizer = kind(element=Fixed(bits=8, signed=False))
    parameters = tuple(
        p.astype(np.float64) for p in quantizer.initial(np.array([-1.0]), np.array([1.55]))
    )
    zero = quantizer.zeros(*parameters)
    assert zero[0] == (0.0 if kind is StepSize else 100.0)
    n, p = quantizer.codes
    end = n if side < 0 else p

    def smooth(*values: Array) -> float:
        if kind is StepSize:
            return float(values[0][0]) * end
        if kind is StepAndOffset:
            return float(values[0][0] * end + values[1][0])
        return float(values[0][0] if side < 0 else values[1][0])

    sums = Sums(np.array([float(end - zero[0])]), np.array([1.0]), 1)
    scale = 1 / np.sqrt(255) if kind is not MinMax else 1.0
    found = quantizer.gradients(parameters, sums)
    for k, gradient in enumerate(found):
        moved = [tuple(v + h * (j == k) for j, v in enumerate(parameters)) for h in (0.5, -0.5)]
        difference = smooth(*moved[0]) - smooth(*moved[1])
        # A dozen operations in binary64 on numbers of at most 255.
        assert abs(gradient[0] - scale * difference) <= 16 * 2.0**-53 * 255


def test_the_ends_of_the_range_belong_to_it() -> None:
    quantizer = StepSize(element=Fixed(bits=4), symmetric=True)
    tape = Tape(preset("exact"))
    x, step = tape.parameter([-3.5, 3.5, np.nextafter(3.5, 4)]), tape.parameter([0.5])
    y = ops.learned_quantize(x, step, quantizer=quantizer)
    dx, ds = tape.pullback(y, np.ones(3), [x, step])
    assert dx.tolist() == [1.0, 1.0, 0.0]
    assert ds.tolist() == [7 / np.sqrt(3 * 7)]


def test_a_gradient_may_lie_in_memory_in_any_order() -> None:
    quantizer = StepSize(element=Fixed(bits=8))
    tape = Tape(preset("fp32"))
    x, step = tape.parameter(np.arange(12.0).reshape(3, 4)), tape.parameter([0.5])
    g = np.arange(12.0, dtype=np.float32).reshape(4, 3).T
    y = ops.learned_quantize(x, step, quantizer=quantizer)
    assert tape.pullback(y, g, [x])[0].tolist() == g.tolist()
    # The adjoint of a transposed pad hands over a view.
    z = ops.pad(ops.reshape(y, (1, 3, 4)), [(1, 2)])
    assert (
        tape.pullback(z, np.ones(z.shape, np.float32), [x])[0].tolist() == np.ones((3, 4)).tolist()
    )


def test_a_shadow_sees_what_quantization_adds() -> None:
    tape = Tape(preset("fp32"), shadow=True)
    x, step = tape.parameter([0.25, 0.5]), tape.parameter([0.5])
    y = ops.learned_quantize(x, step, quantizer=StepSize(element=Fixed(bits=4)))
    assert tape.shadow is not None
    assert y.value.tolist() == [0.0, 0.5]
    assert tape.shadow.twin(y).tolist() == [0.25, 0.5]
    (error,) = tape.shadow.errors
    assert error.local_max == 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_channels_lie_does_not_show(kind: Any) -> None:
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((3, 700)).astype(np.float32) for _ in range(2))
    found = []
    for axis, turn in ((0, np.asarray), (1, np.transpose)):  # long runs of a channel, and none
        quantizer = kind(element=Fixed(bits=4), axis=axis)
        first = quantizer.initial(np.full(3, -1.0), np.array([1.0, 0.5, 2.0]))
        tape = Tape(preset("fp32"))
        leaves = [tape.parameter(each) for each in (turn(x), *first)]
        y = ops.learned_quantize(*leaves, quantizer=quantizer)
        dx, *others = tape.pullback(y, np.ascontiguousarray(turn(g)), leaves)
        found.append([turn(y.value), turn(dx), *others])
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


def test_what_was_quantized_is_counted() -> None:
    tape = Tape(preset("fp32"))
    x, step = tape.constant([0.1, 0.5, 99.0]), tape.constant([0.5])
    ops.learned_quantize(x, step, quantizer=StepSize(element=Fixed(bits=4)))
    ledger = tape.ledgers["learned_quantize"]
    counts = ledger.quantizations, ledger.saturations, ledger.underflows
    assert (counts, dict(ledger.bytes_by_format)) == ((3, 1, 1), {"affine4": 2})


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_that_learning_closed_is_opened_again(kind: Any) -> None:
    quantizer = kind(element=Fixed(bits=8))
    first = quantizer.initial(np.array([-1e-4]), np.array([2e-4]))
    closed = tuple(np.zeros_like(each) for each in first)
    opened = quantizer.kept(closed, first)
    ratio = quantizer.steps(*opened) / quantizer.steps(*first)
    assert ratio[0] == pytest.approx(2.0**-10, rel=1e-6)
    kept = quantizer.kept(first, first)
    assert all((a == b).all() for a, b in zip(kept, first, strict=True))


def test_what_cannot_be_quantized_is_refused() -> None:
    tape = Tape(preset("fp32"))
    quantizer = StepSize(element=Fixed(bits=4))
    x = tape.constant([1.0])
    with pytest.raises(RunError, match=r"a step of a StepSize is 0\.0: give positive ones"):
        ops.learned_quantize(x, tape.constant([0.0]), quantizer=quantizer)
    with pytest.raises(DatapathError, match="different tapes"):
        ops.learned_quantize(x, Tape(preset("fp32")).constant([1.0]), quantizer=quantizer)
    with np.errstate(over="ignore"):
        large = ops.scale(ops.scale(x, 1e38), 1e38)
    with pytest.raises(DatapathError, match="cannot be quantized"):
        ops.learned_quantize(large, tape.constant([1.0]), quantizer=quantizer)
    with pytest.raises(RunError, match="no negative codes"):
        StepSize(element=Fixed(bits=4, signed=False), symmetric=True)
    with pytest.raises(RunError, match="at most 16"):
        StepSize(element=Fixed(bits=17))
    with pytest.raises(RunError, match="without fraction bits"):
        StepSize(element=Fixed(bits=8, fraction_bits=2))
