"""Reverse mode agrees with the complex step for every operation and for whole networks.

Both sides of the adjoint identity add up the same products ``v_i J_ij u_j`` in different orders.
With ``A = sum |v_i| |J_ij| |u_j|`` and u = 2^-53 each side is off by at most n u A, where n counts
the roundings on the way of one product (Higham, *Accuracy and Stability*, 3.1), so the two differ
by at most 2 n u A.  A is had from the tape itself: made of absolute values, with differences turned
into sums and tanh into the identity (|tanh x| <= |x|, tanh' <= 1), nothing cancels.

n: the arrays here have sides of at most 6, so a product, a broadcast and the two inner products
add fewer than 6 + 36 + 72 numbers, and an operation rounds at most 8 times besides (tanh' = 1 - y^2
is off by 2 |y| 3.5 ulp + 1.5 u < 9 u): 2 n < 256 for one operation, and for a small network of one
hidden layer, whose three stages add 4 + 4 numbers each and whose inner products add 32.  With two
hidden layers a value that is off by n u makes the derivative of the next tanh off by as much times
the sum of the magnitudes that entered it, at most 6 here: 2 n < 6 * 3 * 256.
"""

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import operator_cases
import pytest
from emu_cases import adjoint_check
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bitpde.emu import (
    DatapathError,
    GradientCheck,
    Node,
    SequentialAccumulator,
    check_gradient,
    ops,
    preset,
)
from bitpde.emu.tape import vjps
from bitpde.formats import FP64

U = 2.0**-53
SHALLOW, DEEP = 256, 6 * 3 * 256

Function = Callable[..., Node]
Shapes = Sequence[tuple[int, ...]]
WEIGHTS = np.random.default_rng(3).standard_normal((6, 6, 4))

sides = st.integers(1, 6)
any_shape = st.lists(st.integers(1, 4), max_size=3).map(lambda shape: [tuple(shape)])
matrix = st.tuples(sides, sides).map(lambda shape: [shape])
twice = st.tuples(sides, sides).map(lambda shape: [shape, shape])
chain = st.tuples(sides, sides, sides).map(lambda s: [(s[0], s[1]), (s[1], s[2])])
pair = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=1, max_side=4).map(
    lambda found: list(found.input_shapes)
)

even_rows = st.tuples(st.integers(1, 3), sides).map(lambda s: [(2 * s[0], s[1])])
#: Rows and the groups of rows that belong to them, an odd and an even one for each.
grouped = st.tuples(st.integers(1, 3), st.integers(1, 3), sides).map(
    lambda s: [(s[0], s[2]), (2 * s[0] * s[1], s[2])]
)

#: For every operation, functions of (operations, nodes) and the shapes of their arguments.
CASES: dict[str, list[tuple[Function, st.SearchStrategy[Any]]]] = {
    "matmul": [(lambda o, x, w: o.matmul(x, w), chain)],
    "add": [(lambda o, a, b: o.add(a, b), pair)],
    "subtract": [(lambda o, a, b: o.subtract(a, b), pair)],
    "multiply": [(lambda o, a, b: o.multiply(a, b), pair)],
    "scale": [(lambda o, a: o.scale(a, -1.7), any_shape)],
    "tanh": [(lambda o, a: o.tanh(a), any_shape)],
    "difference_matmul": [(lambda o, x, w: o.difference_matmul(x, w), chain)],
    "sin": [(lambda o, a: o.sin(a), any_shape)],
    "cos": [(lambda o, a: o.cos(a), any_shape)],
    "tanh_difference": [(lambda o, a, b: o.tanh_difference(a, b), grouped)],
    "sin_difference": [(lambda o, a, b: o.sin_difference(a, b), grouped)],
    "tanh_parts": [(lambda o, a, b: o.tanh_parts(a, b), grouped)],
    "sin_parts": [(lambda o, a, b: o.sin_parts(a, b), grouped)],
    "weighted_sum": [(lambda o, a: o.weighted_sum(a, WEIGHTS[0, 0, :2]), even_rows)],
    "reshape": [(lambda o, a: o.reshape(a, (a.value.size, 1)), any_shape)],
    "columns": [(lambda o, a: o.columns(a, a.shape[1] // 2, a.shape[1]), matrix)],
    "contract": [
        (lambda o, a: o.contract(a, WEIGHTS[0, : a.shape[1]]), matrix),
        (lambda o, a: o.contract(a, WEIGHTS[: a.shape[0], : a.shape[1]]), matrix),
    ],
    "mean_square": [(lambda o, a: o.mean_square(a), any_shape)],
    "mean_product": [(lambda o, a, b: o.mean_product(a, b), twice)],
    "transpose": [(lambda o, a: o.transpose(a, (1, 0)), matrix)],
    "pad_columns": [(lambda o, a: o.pad_columns(a, a.shape[1] + 2), matrix)],
    "vector_matmul": [(lambda o, x, w: o.vector_matmul(x, w), chain)],
}
EVERY = [(name, function, shapes) for name, cases in CASES.items() for function, shapes in cases]


def test_every_operation_has_a_case() -> None:
    # Learned quantization is a staircase: test_learned_ranges_have_their_gradients.py has it.
    assert {*CASES, *operator_cases.CASES, "learned_quantize"} == set(vjps.VJPS)
    assert not {*CASES} & {*operator_cases.CASES}


@pytest.mark.parametrize(("name", "function", "shapes"), EVERY)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_every_operation_is_differentiated_right(
    name: str, function: Function, shapes: Any, data: st.DataObject, seed: int
) -> None:
    check, absolute = adjoint_check(function, data.draw(shapes), seed)
    assert abs(check.forward - check.reverse) <= SHALLOW * U * absolute


@pytest.mark.parametrize(("name", "function", "shapes"), EVERY)
def test_the_relative_error_is_below_1e_12(name: str, function: Function, shapes: Any) -> None:
    # 256 u = 2.9e-14, so 1e-12 leaves A / magnitude = 35.  The ratio is at most 1 where an input
    # reaches one output or an output has one input, and the seeds fix it elsewhere.
    for seed in range(20):
        check, absolute = adjoint_check(function, small_shapes(shapes), seed)
        assert absolute <= 35 * check.magnitude
        assert check.error <= 1e-12


def small_shapes(shapes: Any) -> Shapes:
    """Return one example of the shapes of a case."""
    if shapes is chain:
        return [(3, 4), (4, 2)]
    if shapes is pair:
        return [(3, 1, 2), (4, 1)]
    if shapes is twice:
        return [(3, 4), (3, 4)]
    return [(2, 3), (8, 3)] if shapes is grouped else [(4, 4)]


def shallow(o: Any, x: Node, w1: Node, b1: Node, w2: Node, b2: Node, target: Node) -> Node:
    """Return the loss of a network with one hidden layer."""
    hidden = o.tanh(o.add(o.matmul(x, w1), b1))
    return o.mean_square(o.subtract(o.add(o.matmul(hidden, w2), b2), target))


def deep(o: Any, x: Node, w1: Node, b1: Node, w2: Node, b2: Node, target: Node) -> Node:
    """Return the loss of two hidden layers, a skip connection, an estimator and products."""
    hidden = o.tanh(o.add(o.matmul(x, w1), b1))
    skipped = o.add(hidden, o.scale(o.multiply(hidden, hidden), 0.5))
    outputs = o.tanh(o.add(o.matmul(skipped, w2), b2))
    estimates = o.contract(outputs, WEIGHTS[0, : outputs.shape[1], :2])
    both = o.multiply(o.columns(estimates, 0, 1), o.columns(estimates, 1, 2))
    residual = o.subtract(o.reshape(both, (both.value.size, 1)), target)
    gram = o.pad_columns(o.vector_matmul(o.transpose(estimates, (1, 0)), estimates), 3)
    loss = o.add(o.mean_square(residual), o.scale(o.mean_square(estimates), 0.25))
    return o.add(loss, o.scale(o.mean_square(gram), 0.125))


def differing(o: Any, x: Node, w1: Node, b1: Node, w2: Node, b2: Node, target: Node) -> Node:
    """Return the loss of a network of differences, for an even number of rows."""
    inner = o.add(o.matmul(x, w1), b1)
    rises = o.difference_matmul(o.scale(x, 0.5), w1)
    both = o.add(o.tanh_difference(o.cos(inner), rises), o.sin_difference(o.sin(inner), rises))
    base = o.weighted_sum(inner, WEIGHTS[0, 0, :2])
    parts = o.add(o.tanh_parts(base, rises), o.sin_parts(base, rises))
    outputs = o.tanh(o.add(o.matmul(o.add(both, parts), w2), b2))
    error = o.subtract(o.columns(outputs, 0, 1), target)
    return o.mean_product(error, o.columns(outputs, 0, 1))


def network_shapes(m: int, k: int, h: int, n: int) -> Shapes:
    return [(m, k), (k, h), (h,), (h, n), (1, n), (m, 1)]


@pytest.mark.parametrize(("network", "roundings"), [(shallow, SHALLOW), (deep, DEEP)])
@given(
    shapes=st.builds(network_shapes, st.integers(1, 4), *[st.integers(1, 3)] * 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30)
def test_a_network_and_its_loss_are_differentiated_right(
    network: Function, roundings: int, shapes: Shapes, seed: int
) -> None:
    check, absolute = adjoint_check(network, shapes, seed, size=1.0)
    assert abs(check.forward - check.reverse) <= roundings * U * absolute


def test_the_relative_error_of_a_network_is_below_1e_12() -> None:
    for seed in range(20):
        check, absolute = adjoint_check(shallow, network_shapes(4, 3, 3, 2), seed, size=1.0)
        assert absolute <= 35 * check.magnitude
        assert check.error <= 1e-12


@pytest.mark.parametrize(("name", "function", "shapes"), EVERY)
@pytest.mark.parametrize("factor", [-1.0, 0.5, 1 + 1e-9])
def test_a_planted_wrong_derivative_is_caught(
    name: str, function: Function, shapes: Any, factor: float
) -> None:
    right: Any = vjps.VJPS[name]

    def wrong(entry: Any, g: Any) -> tuple[Any, ...]:
        first, *others = right(entry, g)
        return (factor * first, *others)

    with patch.dict(vjps.VJPS, {name: wrong}):
        check, _ = adjoint_check(function, small_shapes(shapes), 0)
    assert check.error > 1e-12


IN_DIFFERENCES = {name for name in CASES if "difference" in name or "parts" in name} | {
    "sin", "cos", "weighted_sum", "mean_product",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_planted_wrong_derivative_is_caught_in_a_network(name: str) -> None:
    right: Any = vjps.VJPS[name]

    def wrong(entry: Any, g: Any) -> tuple[Any, ...]:
        first, *others = right(entry, g)
        return (-first, *others)

    with patch.dict(vjps.VJPS, {name: wrong}):
        network = differing if name in IN_DIFFERENCES else deep
        check, absolute = adjoint_check(network, network_shapes(4, 3, 3, 2), 0, size=1.0)
    assert abs(check.forward - check.reverse) > DEEP * U * absolute


def test_where_nothing_depends_both_sides_vanish() -> None:
    check = check_gradient(lambda a: a.tape.constant([1.0, 2.0]), [[3.0]])
    assert check == GradientCheck(forward=0.0, reverse=0.0, magnitude=0.0)
    assert check.error == 0.0


def test_a_machine_that_rounds_below_float64_is_refused() -> None:
    exact, smx8 = preset("exact"), preset("smx8")
    half = type(exact)(
        name="half", activation=smx8.activation, weight=exact.weight, gradient=exact.gradient,
        accumulator=SequentialAccumulator(format=FP64), vector=FP64,
    )  # fmt: skip
    for machine in (smx8, half, preset("fp32")):
        with pytest.raises(DatapathError, match="check under 'exact'"):
            check_gradient(lambda a: ops.tanh(a), [[0.5]], datapath=machine)
