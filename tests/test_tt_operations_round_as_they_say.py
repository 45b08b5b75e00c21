"""A product on the vector unit rounds in order, and rearranging rounds nothing, both ways.

The oracle is rational arithmetic that rounds each product and each sum and nothing else.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from emu_cases import exact_product, rounded_sum, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bitpde.emu import DatapathError, Tape, ops, preset
from bitpde.formats import FP32, FP64

FORMATS = {"fp32": FP32, "exact": FP64, "smx8": FP32}
SIDES = st.integers(1, 3)
machines = pytest.mark.parametrize("name", FORMATS)


def numbers(name: str) -> st.SearchStrategy[float]:
    top = 2.0**60 if name != "exact" else 2.0**500
    near = st.integers(-(2**12), 2**12).map(float)
    return st.one_of(near, st.floats(-top, top, width=64 if name == "exact" else 32))


def in_order(name: str, a: Any, b: Any) -> Any:
    """Return ``A B`` from +0 on, a rounded product and a rounded sum for each inner index."""
    format = FORMATS[name]

    def one(x: Any) -> Any:
        return Fraction(float(x)) if x else float(x)

    result = np.zeros((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(result.shape):
        total = 0.0
        for x, y in zip(a[i], b[:, j], strict=True):
            product = rounded_sum([exact_product(one(x), one(y))], format)
            total = rounded_sum([one(total), one(product)], format)
        result[i, j] = total
    return result


@machines
@given(data=st.data(), m=SIDES, k=st.integers(1, 5), n=SIDES)
@settings(max_examples=25)
def test_products_and_their_gradients_round_each_product_and_sum_in_order(
    name: str, data: st.DataObject, m: int, k: int, n: int
) -> None:
    a, b, g = (
        data.draw(hnp.arrays(preset(name).dtype, shape, elements=numbers(name), fill=st.nothing()))
        for shape in ((m, k), (k, n), (m, n))
    )
    tape = Tape(preset(name))
    nodes = tape.parameter(a), tape.parameter(b)
    result = ops.vector_matmul(*nodes)
    to_a, to_b = tape.pullback(result, g, nodes)
    for found, expected in (
        (result.value, in_order(name, a, b)),
        (to_a, in_order(name, g, b.T)),
        (to_b, in_order(name, a.T, g)),
    ):
        assert found.dtype == preset(name).dtype
        assert same_bits(found.astype(np.float64), expected)
    assert tape.ledger.quantizations == 0
    assert tape.ledger.macs == 0


@pytest.mark.parametrize("constant", [0, 1])
def test_no_gradient_is_computed_for_a_constant(constant: int) -> None:
    tape = Tape(preset("fp32"))
    makers = [tape.parameter, tape.parameter]
    makers[constant] = tape.constant
    nodes = [make(np.eye(3)) for make in makers]
    result = ops.vector_matmul(*nodes)
    before = tape.ledger.vector_elements
    tape.pullback(result, np.ones((3, 3)), [nodes[1 - constant]])
    assert tape.ledger.vector_elements - before == 9


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_permutation_and_its_gradient_are_those_of_the_indices(
    data: st.DataObject, seed: int
) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=3))
    axes = tuple(data.draw(st.permutations(range(len(shape)))))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    tape = Tape(preset("fp32"))
    node = tape.parameter(x)
    result = ops.transpose(node, axes)
    g = rng.standard_normal(result.shape).astype(np.float32)
    (found,) = tape.pullback(result, g, [node])
    assert result.value.flags.c_contiguous
    for index in np.ndindex(*shape):
        moved = tuple(index[axis] for axis in axes)
        assert result.value[moved] == np.float32(x[index])
        assert found[index] == g[moved]


@given(rows=SIDES, columns=SIDES, more=st.integers(0, 3))
@settings(max_examples=30)
def test_padding_adds_zeros_whose_gradient_goes_nowhere(rows: int, columns: int, more: int) -> None:
    tape = Tape(preset("fp32"))
    x = np.arange(1.0, 1.0 + rows * columns).reshape(rows, columns)
    node = tape.parameter(x)
    result = ops.pad_columns(node, columns + more)
    assert np.array_equal(result.value, np.hstack([x, np.zeros((rows, more))]))
    g = np.arange(result.value.size).reshape(result.shape).astype(np.float32)
    assert np.array_equal(tape.pullback(result, g, [node])[0], g[:, :columns])


def test_a_shadow_follows() -> None:
    tape = Tape(preset("fp32"), shadow=True)
    a, b = tape.parameter([[0.1, 0.2]]), tape.parameter([[0.3], [0.7]])
    result = ops.pad_columns(ops.transpose(ops.vector_matmul(a, b), (1, 0)), 2)
    tape.pullback(result, np.ones((1, 2), np.float32), [a, b])
    assert tape.shadow is not None
    errors = [(error.op, error.local > 0) for error in tape.shadow.errors if error.parent is None]
    assert errors == [("vector_matmul", True), ("transpose", False), ("pad_columns", False)]


def test_shapes_that_do_not_fit_are_refused() -> None:
    tape = Tape(preset("fp32"))
    a, b = tape.parameter(np.ones((2, 3))), tape.parameter(np.ones((2, 3)))
    with pytest.raises(DatapathError, match=r"shapes \(2, 3\) and \(2, 3\) do not multiply"):
        ops.vector_matmul(a, b)
    with pytest.raises(DatapathError, match="do not multiply"):
        ops.vector_matmul(a, tape.parameter(np.ones(3)))
    with pytest.raises(DatapathError, match="different tapes"):
        ops.vector_matmul(a, Tape(preset("fp32")).parameter(np.ones((3, 2))))
    for axes in ((0,), (0, 0), (0, 2), (0, 1, 2)):
        with pytest.raises(DatapathError, match="give each of 0 to 1 once"):
            ops.transpose(a, axes)
    with pytest.raises(DatapathError, match="padded to 2 columns"):
        ops.pad_columns(a, 2)
    with pytest.raises(DatapathError, match="padded to 5 columns"):
        ops.pad_columns(tape.parameter(np.ones(3)), 5)
