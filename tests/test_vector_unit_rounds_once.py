"""Every operation of the vector unit rounds exactly where its docstring says.

Each is compared with rational arithmetic that rounds there and nowhere else.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from emu_cases import exact_product, round_once, rounded_sum, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bitpde.emu import Node, Tape, ops, preset
from bitpde.emu.functions import vector_unit
from bitpde.formats import FP32, FP64, Minifloat

FORMATS = {"fp32": FP32, "exact": FP64}
machines = pytest.mark.parametrize("name", FORMATS)


def numbers(name: str) -> st.SearchStrategy[float]:
    """Draw numbers whose products and sums stay finite: subnormals and both zeros included."""
    width, top = (32, 2.0**60) if name == "fp32" else (64, 2.0**500)
    near = st.integers(-(2**12), 2**12).map(float)
    return st.one_of(near, st.floats(-top, top, width=width))


def arrays(name: str, shape: Any) -> st.SearchStrategy[Any]:
    dtype = preset(name).dtype
    return hnp.arrays(dtype, shape, elements=numbers(name), fill=st.nothing())


def one(x: float) -> Fraction | float:
    """Return a number as a Fraction, a zero as the float it is."""
    return Fraction(x) if x else x


def product(x: float, y: float, format: Minifloat) -> float:
    return rounded_sum([exact_product(one(x), one(y))], format)


def total(terms: list[float], format: Minifloat) -> float:
    """Return the sum from +0 on, one after the other, each rounded."""
    result = 0.0
    for term in terms:
        result = rounded_sum([one(result), one(term)], format)
    return result


def equal(result: Any, expected: Any) -> bool:
    return same_bits(np.asarray(result, np.float64), np.asarray(expected, np.float64))


@machines
@given(data=st.data())
@settings(max_examples=50)
def test_add_subtract_multiply_and_scale_round_once(name: str, data: st.DataObject) -> None:
    format, dtype = FORMATS[name], preset(name).dtype
    found = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3))
    x, y = (data.draw(arrays(name, shape)) for shape in found.input_shapes)
    factor = data.draw(st.floats(-1e9, 1e9))
    record = Tape(preset(name))
    a, b = record.parameter(x), record.parameter(y)
    pairs = list(np.broadcast(x, y))
    shape = found.result_shape

    def each(rule: Callable[[float, float], float]) -> Any:
        return np.reshape([rule(float(p), float(q)) for p, q in pairs], shape)

    def added(p: float, q: float) -> float:
        return rounded_sum([one(p), one(q)], format)

    assert equal(ops.add(a, b).value, each(added))
    assert equal(ops.subtract(a, b).value, each(lambda p, q: added(p, -q)))
    assert equal(ops.multiply(a, b).value, each(lambda p, q: product(p, q, format)))
    rounded = float(dtype(factor))
    expected = [product(float(p), rounded, format) for p in x.ravel()]
    assert equal(ops.scale(a, factor).value, np.reshape(expected, x.shape))
    for node in (ops.add(a, b), ops.multiply(a, b), ops.scale(a, factor), ops.tanh(a)):
        assert isinstance(node.value, np.ndarray)
        assert node.value.dtype == dtype


@machines
@given(data=st.data(), p=st.integers(1, 3), j=st.integers(0, 5), q=st.integers(1, 3))
@settings(max_examples=40)
def test_contract_rounds_each_product_and_each_sum_in_order(
    name: str, data: st.DataObject, p: int, j: int, q: int
) -> None:
    format = FORMATS[name]
    x = data.draw(arrays(name, (p, j)))
    shape = data.draw(st.sampled_from([(j, q), (p, j, q), (1, j, q)]))
    weights = data.draw(arrays(name, shape))
    result = ops.contract(Tape(preset(name)).constant(x), weights).value
    full = np.broadcast_to(weights if weights.ndim == 3 else weights[None], (p, j, q))
    expected = [
        [
            total([product(float(x[r, k]), float(full[r, k, c]), format) for k in range(j)], format)
            for c in range(q)
        ]
        for r in range(p)
    ]
    assert equal(result, np.reshape(expected, (p, q)))


@machines
@given(data=st.data())
@settings(max_examples=60)
def test_mean_square_rounds_squares_their_sum_once_and_the_quotient(
    name: str, data: st.DataObject
) -> None:
    format = FORMATS[name]
    x = data.draw(arrays(name, st.integers(1, 8)))
    squares = [one(product(float(v), float(v), format)) for v in x]
    whole = rounded_sum([0.0, *squares], format)
    expected = round_once(Fraction(whole) / x.size, format)
    assert equal(ops.mean_square(Tape(preset(name)).constant(x)).value, expected)


def test_the_sum_of_squares_is_not_rounded_twice() -> None:
    # 1 + 2^-24 + 2^-60: to 53 bits it is a tie of float32, to 24 bits at once it is not.
    x = np.array([1, 2.0**-12, 2.0**-30], np.float32)
    assert float(vector_unit.exact_sum(x * x)) == 1 + 2.0**-23
    # And from below: 1 + 3 2^-24 - 2^-71, as the square of (1 - 2^-24) x is (1 - 2^-23) x^2.
    below = 1 - 2.0**-24
    y = np.array([1, 2.0**-12, 2.0**-12, 2.0**-12 * below, 2.0**-24, 2.0**-24 * below], np.float32)
    assert float(vector_unit.exact_sum(y * y)) == 1 + 2.0**-23


@machines
def test_a_sum_of_squares_beyond_the_format_is_infinite(name: str) -> None:
    top = np.sqrt(np.finfo(preset(name).dtype).max) * 0.9
    with pytest.warns(RuntimeWarning, match="overflow"):
        result = ops.mean_square(Tape(preset(name)).constant([top, top, top]))
    assert np.isinf(result.value)


@machines
@given(data=st.data(), axis=st.integers(0, 2))
@settings(max_examples=40)
def test_an_ordered_sum_rounds_once_per_addition_in_order(
    name: str, data: st.DataObject, axis: int
) -> None:
    x = data.draw(arrays(name, hnp.array_shapes(min_dims=3, max_dims=3, min_side=0, max_side=4)))
    result = vector_unit.ordered_sum(x, axis)
    moved = np.moveaxis(x, axis, 0)
    expected = np.zeros(moved.shape[1:])
    for index in np.ndindex(expected.shape):
        expected[index] = total([float(v) for v in moved[:, *index]], FORMATS[name])
    assert equal(result, expected)


def test_an_ordered_sum_is_not_pairwise() -> None:
    # 2^24 + 1 + 1 + ... stays 2^24 in order; any other grouping of the ones would not.
    x = np.ones((9, 1), np.float32)
    x[0] = 2.0**24
    assert float(vector_unit.ordered_sum(x, 0)[0]) == 2.0**24


@machines
@given(data=st.data())
@settings(max_examples=25)
def test_the_gradients_of_the_vector_unit_round_as_they_say(name: str, data: st.DataObject) -> None:
    format, dtype = FORMATS[name], preset(name).dtype
    shape = (data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3)))
    x, y, g = (data.draw(arrays(name, shape)) for _ in range(3))
    row = data.draw(arrays(name, shape[1]))

    def pulled(op: Callable[..., Node], *values: Any) -> list[Any]:
        record = Tape(preset(name))
        nodes = [record.parameter(value) for value in values]
        return record.pullback(op(*nodes), g, nodes)

    def each(rule: Callable[[float, float], float], p: Any, q: Any) -> Any:
        return [
            [rule(float(a), float(b)) for a, b in zip(*r, strict=True)]
            for r in zip(p, q, strict=True)
        ]

    def times(p: Any, q: Any) -> Any:
        return each(lambda a, b: product(a, b, format), p, q)

    assert equal(pulled(ops.multiply, x, y)[0], times(g, y))
    assert equal(pulled(ops.multiply, x, y)[1], times(g, x))
    column_sums = [total([float(v) for v in column], format) for column in g.T]
    assert equal(pulled(ops.add, x, row)[1], column_sums)
    negated = [total([-float(v) for v in column], format) for column in g.T]
    assert equal(pulled(ops.subtract, x, row)[1], negated)
    small = np.clip(x, -3, 3)
    values = vector_unit.tanh(small)
    slopes = each(lambda a, b: rounded_sum([Fraction(1), -one(product(a, b, format))], format),
                  values, values)  # fmt: skip
    assert equal(pulled(ops.tanh, small)[0], times(g, np.array(slopes)))
    half = float(dtype(0.3))
    assert equal(pulled(lambda a: ops.scale(a, 0.3), x)[0], times(g, np.full(shape, half)))
