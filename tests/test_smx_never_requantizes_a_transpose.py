"""A square tile serves a product and both its gradients from one stored copy; a vector tile cannot.

The codes that the backward pass multiplies are those of the forward pass, the number of roundings
and of stored bytes is a closed form for each machine, and what comes back is the adjoint of the
quantized linear map: in rational arithmetic, with no rounding in between, exactly.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from emu_cases import numbers_of, product_oracle, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import ExactAccumulator, Ledger, Tape, ops, preset
from bitpde.emu.tape import products
from bitpde.formats import (
    FP32,
    Block,
    Cast,
    Coded,
    Format,
    Overflow,
    encode_array_exact,
)

sides = st.integers(1, 40)


class Net:
    """Two layers on one tape, and everything that was encoded and multiplied meanwhile."""

    def __init__(self, machine: str, b: int, d: int, h: int, o: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        tape = Tape(preset(machine))
        x = tape.constant(rng.standard_normal((b, d)))
        w1, w2 = (tape.parameter(rng.standard_normal(s)) for s in ((d, h), (h, o)))
        bias = tape.parameter(rng.standard_normal(h))
        self.encoded: list[Coded] = []
        self.multiplied: list[tuple[Coded, Coded]] = []
        encode, multiply = Cast.encode_counted, products.multiply_coded

        def spy_encode(cast: Cast, *arguments: Any) -> Any:
            found = encode(cast, *arguments)
            self.encoded.append(found[0])
            return found

        def spy_multiply(left: Coded, right: Coded, accumulator: Any) -> Any:
            self.multiplied.append((left, right))
            return multiply(left, right, accumulator)

        with (
            patch.object(Cast, "encode_counted", spy_encode),
            patch.object(products, "multiply_coded", spy_multiply),
        ):
            hidden = ops.tanh(ops.add(ops.matmul(x, w1), bias))
            loss = ops.mean_square(ops.matmul(hidden, w2))
            tape.gradient(loss, [w1, bias, w2])
        self.ledger = tape.ledger


def shares(a: Coded, b: Coded) -> bool:
    """Return whether codes and scales of one are views of those of the other."""
    scales = a.scales is b.scales
    if a.scales is not None and b.scales is not None:
        scales = np.shares_memory(a.scales, b.scales)
    return scales and np.shares_memory(a.codes, b.codes)


def test_the_backward_products_read_the_forward_codes() -> None:
    net = Net("smx8", 9, 5, 6, 3)
    (x, w1), (hidden, w2), (g2, w2_again), (hidden_again, g2_again), (x_again, g1) = net.multiplied
    assert shares(w2_again, w2)
    assert w2_again.equals(w2.T)
    assert shares(hidden_again, hidden)
    assert hidden_again.equals(hidden.T)
    assert shares(x_again, x)
    assert x_again.equals(x.T)
    assert shares(g2, g2_again)
    assert (w1.shape, g1.shape) == ((5, 6), (9, 6))
    assert len(net.encoded) == 8  # x, w1, hidden, w2; g2, dw2, g1, dw1


def test_the_vector_tile_keeps_a_second_and_different_copy() -> None:
    net = Net("mxint8", 70, 35, 40, 33)
    (x, w1), (hidden, w2), (g2, w2_again), (hidden_again, g2_again), (x_again, g1) = net.multiplied
    second = [(w2_again.T, w2), (hidden_again.T, hidden), (x_again.T, x), (g2_again, g2)]
    for one, other in second:
        assert one.shape == other.shape
        assert not np.shares_memory(one.codes, other.codes)
        assert not np.array_equal(one.values(), other.values())
    # The same eight as with square tiles, and x, hidden, w2 and g2 a second time.
    assert len(net.encoded) == 12
    assert (w1.shape, g1.shape) == ((35, 40), (70, 40))


def stored(format: Format, rows: int, columns: int) -> int:
    """Return the bytes of packed codes and of one scale per tile."""
    if not isinstance(format, Block):
        return -(-rows * columns * format.bits // 8)
    height, width = format.tile
    scales = -(-rows // height) * -(-columns // width)
    return -(-rows * columns * format.element.bits // 8) + scales


def expected(machine: str, b: int, d: int, h: int, o: int) -> tuple[int, int, int]:
    """Return quantizations, bytes and multiplications of forward and backward pass."""
    path = preset(machine)
    near, far = path.activation.format, path.gradient.format
    macs = b * d * h + b * h * o + 2 * b * h * o + b * d * h
    along_columns = [(near, b, d), (near, b, h), (far, b, o), (far, d, h), (far, h, o)]
    along_rows = [(near, d, h), (near, h, o), (far, b, h)]
    if isinstance(near, Block) and not near.square:
        along_columns += [(near, h, o)]  # W2 against the gradient
        along_rows += [(near, b, d), (near, b, h), (far, b, o)]
        along_rows = [(f.T, r, c) for f, r, c in along_rows if isinstance(f, Block)]
    every = along_columns + along_rows
    rounded = near != path.vector
    elements = sum(r * c for _, r, c in every) if rounded else 0
    return elements, sum(stored(*one) for one in every), macs


@pytest.mark.parametrize("machine", ["smx8", "mxint8", "fp32", "exact"])
@given(b=sides, d=sides, h=sides, o=sides)
@settings(max_examples=8)
def test_the_ledger_is_a_closed_form(machine: str, b: int, d: int, h: int, o: int) -> None:
    ledger = Net(machine, b, d, h, o).ledger
    found = ledger.quantizations, ledger.bytes_stored, ledger.macs
    assert found == expected(machine, b, d, h, o)


@given(b=sides, d=sides, h=sides, o=sides)
@settings(max_examples=8)
def test_the_vector_tile_costs_exactly_the_second_copies(b: int, d: int, h: int, o: int) -> None:
    square, vector = Net("smx8", b, d, h, o).ledger, Net("mxint8", b, d, h, o).ledger
    assert vector.macs == square.macs
    assert vector.quantizations - square.quantizations == b * d + b * h + h * o + b * o


def test_saturations_and_underflows_are_counted() -> None:
    tape = Tape(preset("smx8"))
    # 127.9 rounds to 128 of 2^0, which is clipped to 127; 0.25 rounds to 0; 0 is no underflow.
    x = tape.constant([[127.9, 0.25, 0.0, 1.0]])
    ops.matmul(x, tape.constant(np.zeros((4, 1))))
    assert tape.ledger == Ledger(
        macs_by_width={"8x8": 4},
        bytes_by_format={"SMX_INT8": 4 + 1 + 4 + 1},
        quantizations=8,
        saturations=1,
        underflows=1,
    )


def coded_by_hand(cast: Cast, x: Any, contracted: int) -> Coded:
    """Return the codes by the rational twin, tiles along the contracted axis."""
    format = cast.format
    if contracted == 0 and isinstance(format, Block):
        cast = replace(cast, format=format.T)
    return encode_array_exact(cast, x)


def drawn(seed: int, m: int, k: int, n: int, dtype: Any) -> list[Any]:
    rng = np.random.default_rng(seed)
    shapes = ((m, k), (k, n), (m, n))
    return [rng.standard_normal(s).astype(dtype) * 2.0 ** rng.integers(-9, 9) for s in shapes]


@pytest.mark.parametrize("machine", ["smx8", "mxint8", "fp32", "exact"])
@given(
    m=st.integers(1, 9), k=st.integers(1, 9), n=st.integers(1, 9), seed=st.integers(0, 2**32 - 1)
)
@settings(max_examples=8)
def test_both_gradients_are_the_oracle_products_of_the_codes(
    machine: str, m: int, k: int, n: int, seed: int
) -> None:
    path = preset(machine)
    x, w, g = drawn(seed, m, k, n, path.dtype)
    tape = Tape(path)
    nodes = tape.parameter(x), tape.parameter(w)
    y = ops.matmul(*nodes)
    dx, dw = tape.pullback(y, g, nodes)

    depth = {"smx8": 4, "mxint8": 32}.get(machine, 1)
    vector = path.vector
    a, b, c = path.activation, path.weight, path.gradient
    forward = product_oracle(coded_by_hand(a, x, 1), coded_by_hand(b, w, 0), depth, vector)
    assert same_bits(y.value.astype(np.float64), forward)
    to_x = product_oracle(coded_by_hand(c, g, 1), coded_by_hand(b, w, 1).T, depth, vector)
    assert same_bits(dx.astype(np.float64), to_x)
    to_w = product_oracle(coded_by_hand(a, x, 0).T, coded_by_hand(c, g, 0), depth, vector)
    assert same_bits(dw.astype(np.float64), encode_array_exact(c, to_w).values())


Rational = list[list[Any]]


def times(a: Rational, b: Rational) -> Rational:
    return [
        [sum(x * y for x, y in zip(r, c, strict=True)) for c in zip(*b, strict=True)] for r in a
    ]


def inner(a: Rational, b: Rational) -> Any:
    return sum(x * y for r, s in zip(a, b, strict=True) for x, y in zip(r, s, strict=True))


def rational(x: Any) -> Rational:
    return [[Fraction(v) for v in row] for row in np.asarray(x, np.float64).tolist()]


@given(
    m=st.integers(1, 6), k=st.integers(1, 6), n=st.integers(1, 6), seed=st.integers(0, 2**32 - 1)
)
@settings(max_examples=20)
def test_the_backward_pass_is_the_adjoint_of_the_quantized_map(
    m: int, k: int, n: int, seed: int
) -> None:
    # Numbers in [1/2, 2) have 7-bit codes under one of two scales, integer gradients have 7 bits,
    # and there are at most 6 terms: 8 + 8 + 3 bits, so FP32 rounds nothing anywhere.
    keep = Cast(format=FP32, overflow=Overflow.INFINITY_OR_NAN)
    path = replace(preset("smx8"), gradient=keep, accumulator=ExactAccumulator(format=FP32))
    rng = np.random.default_rng(seed)
    signs = [rng.choice([-1.0, 1.0], s) for s in ((m, k), (k, n), (m, k), (k, n))]
    x, w, dx, dw = (np.float32(s * rng.uniform(0.5, 1.99, s.shape)) for s in signs)
    g = rng.integers(-100, 101, (m, n)).astype(float)
    tape = Tape(path)
    nodes = tape.parameter(x), tape.parameter(w)
    y = ops.matmul(*nodes)
    to_x, to_w = tape.pullback(y, g, nodes)

    qx, qw = (rational(numbers_of(encode_array_exact(path.weight, v))) for v in (x, w))
    assert rational(y.value) == times(qx, qw)
    transposed = [list(row) for row in zip(*qw, strict=True)]
    assert rational(to_x) == times(rational(g), transposed)
    assert rational(to_w) == times([list(row) for row in zip(*qx, strict=True)], rational(g))
    # <G, dX Q(W) + Q(X) dW> = <to_x, dX> + <to_w, dW> for every direction (dX, dW).
    pushed = inner(rational(g), times(rational(dx), qw)) + inner(
        rational(g), times(qx, rational(dw))
    )
    assert pushed == inner(rational(to_x), rational(dx)) + inner(rational(to_w), rational(dw))


@given(rows=sides, columns=sides, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_vector_unit_copy_is_no_quantization(rows: int, columns: int, seed: int) -> None:
    tape = Tape(preset("fp32"))
    x = tape.constant(np.random.default_rng(seed).standard_normal((rows, columns)))
    product = ops.matmul(x, tape.constant(np.eye(columns)))
    assert tape.ledger.quantizations == 0
    assert product.value.tobytes() == (x.value + 0).tobytes()
    assert tape.ledger.bytes_stored == stored(FP32, rows, columns) + stored(FP32, columns, columns)
