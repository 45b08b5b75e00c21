"""Operations on nodes: exact arithmetic between the casts of the tape's datapath.

Matrix products go through the operand casts and the accumulator; every other operation is the
vector unit's and rounds each elementary result once to its format.  Derivatives: `vjps.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import Cast, Coded
from ..dots.dot import dot
from ..errors import DatapathError
from ..functions import differences, vector_unit
from ..gemm.gemm import has_lanes
from ..gemm.product import matmul as multiply_coded
from .learned_quantization import learned_quantize as learned_quantize
from .ledger import Ledger
from .operand import Operand
from .operation import operation
from .tape import Node, Tape
from .unary import evaluate


@operation
def matmul(x: Node, w: Node) -> Node:
    """``X W`` with X coded as activation and W as weight: (M, K) by (K, N).

    *Exactness*: one rounding per operand element, then the accumulator's.
    """
    return _product("matmul", x, w, x.tape.datapath.activation)


@operation
def difference_matmul(x: Node, w: Node) -> Node:
    """`matmul` of differences of activations, which the datapath may code in another format.

    A parameter W that has been multiplied before is not stored again.
    """
    datapath = x.tape.datapath
    return _product("difference_matmul", x, w, datapath.difference or datapath.activation)


def _product(op: str, x: Node, w: Node, cast: Cast) -> Node:
    """The product as an operation called ``op``, with X coded by ``cast``."""
    tape = _tape(x, w)
    if x.value.ndim != 2 or w.value.ndim != 2 or x.shape[1] != w.shape[0]:
        msg = f"shapes {x.shape} and {w.shape} do not multiply: give (M, K) and (K, N)"
        raise DatapathError(msg)
    if np.iscomplexobj(x.value) or np.iscomplexobj(w.value):
        return tape.record(op, _complex_product(tape, x.value, w.value), (x, w), None)
    left = tape.stored(x, cast, f"the left operand of {op}")
    right = tape.stored(w, tape.datapath.weight, f"the right operand of {op}")
    return tape.record(op, product(tape, left, right), (x, w), (left, right))


def product(tape: Tape, left: Operand, right: Operand) -> NDArray[Any]:
    """The product of two stored operands in the machine's accumulator, entered in the ledger."""
    return contract_coded(tape, left.along_columns, right.along_rows)


def contract_coded(tape: Tape, a: Coded, b: Coded) -> NDArray[Any]:
    """``A B`` of coded matrices in the vector format, entered in the ledger."""
    accumulator = tape.datapath.accumulator
    if has_lanes(accumulator, a, b):
        sums = multiply_coded(a, b, accumulator)
        overflows = _infinities(sums)
    else:
        dots = dot(a, b, accumulator)
        sums, overflows = dots.floats(), int(np.count_nonzero(dots.overflowed))
    widths = f"{a.element.bits}x{b.element.bits}"
    macs = a.shape[0] * a.shape[1] * b.shape[1]
    tape.enter(Ledger(macs_by_width={widths: macs}, overflows=overflows))
    return np.asarray(sums, dtype=tape.datapath.dtype, order="C")


def _infinities(sums: NDArray[Any]) -> int:
    """How many elements are infinite; two quick passes where all are finite."""
    if sums.size == 0 or (np.isfinite(sums.max()) and np.isfinite(sums.min())):
        return 0
    return int(np.count_nonzero(np.isinf(sums)))


def _complex_product(tape: Tape, x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
    """The four real products of a complex one, for complex-step derivatives."""

    def real(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        casts: tuple[Cast, Cast] = (tape.datapath.activation, tape.datapath.weight)
        left, right = Operand(tape, a, casts[0], "matmul"), Operand(tape, b, casts[1], "matmul")
        return product(tape, left, right)

    xr, xi, wr, wi = np.real(x), np.imag(x), np.real(w), np.imag(w)
    value: NDArray[Any] = 1j * (real(xr, wi) + real(xi, wr))
    value += real(xr, wr) - real(xi, wi)
    return value


@operation
def add(a: Node, b: Node) -> Node:
    """``a + b`` with NumPy broadcasting; one rounding."""
    return _tape(a, b).record("add", a.value + b.value, (a, b), None)


@operation
def subtract(a: Node, b: Node) -> Node:
    """``a - b`` with NumPy broadcasting; one rounding."""
    return _tape(a, b).record("subtract", a.value - b.value, (a, b), None)


@operation
def multiply(a: Node, b: Node) -> Node:
    """``a b`` element by element with NumPy broadcasting; one rounding."""
    return _tape(a, b).record("multiply", a.value * b.value, (a, b), None)


@operation
def scale(a: Node, factor: float) -> Node:
    """``factor a``; the factor rounds once to the vector format, the product once."""
    rounded = a.tape.datapath.dtype(factor)
    return a.tape.record("scale", a.value * rounded, (a,), rounded)


@operation
def tanh(a: Node) -> Node:
    """Hyperbolic tangent: by the datapath's unit, if it has one, else `vector_unit.tanh`."""
    return a.tape.record("tanh", evaluate(a.tape, "tanh", a.value, vector_unit.tanh), (a,), None)


@operation
def sin(a: Node) -> Node:
    """Sine: by the datapath's unit, if it has one, else `vector_unit.sin`."""
    return a.tape.record("sin", _sine(a.tape, a.value), (a,), None)


@operation
def cos(a: Node) -> Node:
    """Cosine: by the datapath's unit, if it has one, else `vector_unit.cos`."""
    return a.tape.record("cos", _cosine(a.tape, a.value), (a,), None)


@operation
def tanh_difference(a: Node, b: Node) -> Node:
    """``tanh(a + b) - tanh a`` without cancellation: (P, W) and (P J, W) to (P J, W).

    Rows ``p J`` to ``p J + J - 1`` of b are the differences that belong to row p of a.

    *Exactness*: the roundings of both tangents, which the datapath's unit evaluates if it has one,
    and the 6 of `differences.tanh_difference`.
    """
    base, b_value = grouped(a, b)
    p, q = (evaluate(a.tape, "tanh", x, vector_unit.tanh) for x in (base, b_value))
    value, near = differences.tanh_difference(p, q)
    if near.any():
        ends = evaluate(a.tape, "tanh", (base + b_value)[near], vector_unit.tanh)
        value[near] = ends - np.broadcast_to(p, near.shape)[near]
    return _tape(a, b).record("tanh_difference", value.reshape(b.shape), (a, b), p)


@operation
def sin_difference(a: Node, b: Node) -> Node:
    """``sin(a + b) - sin a`` without cancellation, of rows as in `tanh_difference`.

    *Exactness*: ``2 cos(a + b/2) sin(b/2)``; the roundings of both functions and of the sum, and
    that of their product; halves and doubles are exact but for subnormals.
    """
    base, b_value = grouped(a, b)
    half = b_value / 2
    turn = _sine(a.tape, half)
    value = 2 * _cosine(a.tape, base + half) * turn
    return _tape(a, b).record("sin_difference", value.reshape(b.shape), (a, b), (half, turn))


@operation
def tanh_parts(a: Node, b: Node) -> Node:
    """`tanh_difference` of pairs ``e + o`` and ``e - o``, by their odd and even parts.

    Of b, (2 P J, W), the first half of the rows holds o and the second half e, each as in
    `tanh_difference`; of the result, likewise, half the difference of the two differences of each
    pair and half their sum.

    *Exactness*: the roundings of three tangents and those of `differences.tanh_parts`.
    """
    base, odd, even = _halves(a, b)
    p, s, r = (evaluate(a.tape, "tanh", x, vector_unit.tanh) for x in (base, even, odd))
    *both, near = differences.tanh_parts(p, s, r)
    parts = np.stack(both)
    if near.any():
        sums = ((base + even) + odd)[near], ((base + even) - odd)[near]
        upper, lower = (evaluate(a.tape, "tanh", x, vector_unit.tanh) for x in sums)
        middle = (upper + lower) / 2 - np.broadcast_to(p, near.shape)[near]
        parts[:, near] = (upper - lower) / 2, middle
    return _tape(a, b).record("tanh_parts", parts.reshape(b.shape), (a, b), p)


@operation
def sin_parts(a: Node, b: Node) -> Node:
    """The same of the sine.

    *Exactness*: the roundings of the functions and those of the formulas of `differences`.
    """
    base, odd, even = _halves(a, b)
    half, turned = even / 2, base + even
    whole, quarter = _sine(a.tape, turned), _sine(a.tape, odd / 2)
    steady = 2 * _cosine(a.tape, base + half) * _sine(a.tape, half)
    parts = np.stack(
        [_cosine(a.tape, turned) * _sine(a.tape, odd), steady - 2 * whole * quarter * quarter]
    )
    return _tape(a, b).record("sin_parts", parts.reshape(b.shape), (a, b), whole)


def _halves(a: Node, b: Node) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Rows (P, 1, W), and the odd and even parts that belong to them, (P, J, W) each."""
    if b.value.ndim != 2 or b.shape[0] % 2:
        msg = f"shape {b.shape} has no odd and even half: give (2 P J, W)"
        raise DatapathError(msg)
    base, parts = grouped(a, b)
    odd, even = parts.reshape(2, a.shape[0], -1, a.shape[1])
    return base, odd, even


def _sine(tape: Tape, x: NDArray[Any]) -> NDArray[Any]:
    return evaluate(tape, "sin", x, vector_unit.sin)


def _cosine(tape: Tape, x: NDArray[Any]) -> NDArray[Any]:
    return evaluate(tape, "cos", x, vector_unit.cos)


@operation
def reshape(a: Node, shape: tuple[int, ...]) -> Node:
    """The same numbers in C order under another shape; exact."""
    return a.tape.record("reshape", a.value.reshape(shape), (a,), None)


@operation
def columns(a: Node, start: int, stop: int) -> Node:
    """Columns start..stop of a matrix; exact."""
    if a.value.ndim != 2 or not 0 <= start < stop <= a.shape[1]:
        msg = f"columns {start}..{stop} of shape {a.shape}: give 0 <= start < stop <= columns"
        raise DatapathError(msg)
    return a.tape.record("columns", a.value[:, start:stop].copy(), (a,), (start, stop))


@operation
def contract(a: Node, c: ArrayLike) -> Node:
    """``sum_j a[p, j] c[j, q]`` (or ``c[p, j, q]``) with constant c: (P, J) to (P, Q).

    *Exactness*: a rounded product and a rounded sum for each j in order, in the vector format.
    """
    weights = np.array(c, dtype=a.tape.datapath.dtype)  # a copy: the backward pass needs it
    weights = weights if weights.ndim == 3 else weights[None]
    if (
        (a.value.ndim, weights.ndim) != (2, 3)
        or weights.shape[0] not in (1, a.shape[0])
        or weights.shape[1] != a.shape[1]
    ):
        shapes = f"{a.shape} and {np.shape(c)}"
        msg = f"shapes {shapes} do not contract: give (P, J) and (J, Q) or (P, J, Q)"
        raise DatapathError(msg)
    total = np.zeros((a.shape[0], weights.shape[2]), a.value.dtype)
    for j in range(a.shape[1]):
        total += a.value[:, j, None] * weights[:, j]
    return a.tape.record("contract", total, (a,), weights)


@operation
def mean_square(a: Node) -> Node:
    """``sum a^2 / n``: squares rounded, their sum exact and rounded once, one division."""
    if a.value.size == 0:
        msg = "the mean square of no numbers is undefined: give at least one"
        raise DatapathError(msg)
    value = vector_unit.exact_sum(a.value * a.value) / a.tape.datapath.dtype(a.value.size)
    return a.tape.record("mean_square", value, (a,), None)


@operation
def mean_product(a: Node, b: Node) -> Node:
    """``sum a b / n``: products rounded, their sum exact and rounded once, one division."""
    if a.value.size == 0 or a.shape != b.shape:
        msg = f"shapes {a.shape} and {b.shape} have no mean product: give equal ones, not empty"
        raise DatapathError(msg)
    tape = _tape(a, b)
    value = vector_unit.exact_sum(a.value * b.value) / tape.datapath.dtype(a.value.size)
    return tape.record("mean_product", value, (a, b), None)


@operation
def weighted_sum(a: Node, weights: ArrayLike) -> Node:
    """``sum_s weights[s] a[p S + s, :]`` with constant weights (S,): (P S, W) to (P, W).

    *Exactness*: a rounded product and a rounded sum for each s in order, in the vector format.
    """
    factors = np.array(weights, dtype=a.tape.datapath.dtype)
    if a.value.ndim != 2 or factors.ndim != 1 or a.shape[0] % max(1, factors.size):
        msg = f"shapes {a.shape} and {factors.shape} have no sums: give (P S, W) and (S,)"
        raise DatapathError(msg)
    terms = a.value.reshape(-1, factors.size, a.shape[1]) * factors[:, None]
    return a.tape.record("weighted_sum", vector_unit.ordered_sum(terms, 1), (a,), factors)


def grouped(a: Node, b: Node) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows (P, W) and their groups (P J, W) as (P, 1, W) and (P, J, W)."""
    if (
        a.value.ndim != 2
        or b.value.ndim != 2
        or a.shape[1] != b.shape[1]
        or (b.shape[0] % max(1, a.shape[0]))
    ):
        msg = f"shapes {a.shape} and {b.shape} do not belong together: give (P, W) and (P J, W)"
        raise DatapathError(msg)
    rows, width = a.shape
    return a.value[:, None, :], b.value.reshape(rows, -1, width)


@operation
def transpose(a: Node, axes: tuple[int, ...]) -> Node:
    """The same numbers with axis ``axes[k]`` in place ``k``; exact."""
    if sorted(axes) != list(range(a.value.ndim)):
        msg = f"axes {axes} of shape {a.shape}: give each of 0 to {a.value.ndim - 1} once"
        raise DatapathError(msg)
    return a.tape.record("transpose", np.transpose(a.value, axes).copy(), (a,), axes)


@operation
def pad_columns(a: Node, width: int) -> Node:
    """The columns of a matrix and zeros after them, ``width`` columns in all; exact."""
    if a.value.ndim != 2 or width < a.shape[1]:
        msg = f"shape {a.shape} padded to {width} columns: give a matrix of at most {width}"
        raise DatapathError(msg)
    value = np.zeros((a.shape[0], width), a.value.dtype)
    value[:, : a.shape[1]] = a.value
    return a.tape.record("pad_columns", value, (a,), None)


@operation
def vector_matmul(a: Node, b: Node) -> Node:
    """``A B`` on the vector unit, without the casts of operands: (M, K) by (K, N).

    *Exactness*: a rounded product and a rounded sum for each k in order, in the vector format.
    """
    tape = _tape(a, b)
    if a.value.ndim != 2 or b.value.ndim != 2 or a.shape[1] != b.shape[0]:
        msg = f"shapes {a.shape} and {b.shape} do not multiply: give (M, K) and (K, N)"
        raise DatapathError(msg)
    return tape.record("vector_matmul", ordered_product(a.value, b.value), (a, b), None)


def ordered_product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """``A B``, from +0 a product and a sum for each k in order, each rounded to their format."""
    total = np.zeros((a.shape[0], b.shape[1]), np.result_type(a, b))
    for k in range(a.shape[1]):
        total += a[:, k, None] * b[k]
    return total


def _tape(a: Node, b: Node) -> Tape:
    if a.tape is not b.tape:
        msg = "the operands belong to different tapes: build the whole computation on one"
        raise DatapathError(msg)
    return a.tape
