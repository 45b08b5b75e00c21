"""Matrix products: through the operand casts and the accumulator, or on the vector unit."""

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, split_work
from ..dots.dot import dot
from ..errors import DatapathError
from ..gemm.gemm import has_lanes
from ..gemm.gemm import multiply as multiply_coded
from ..pieces import piece
from .counts import nan_count, nonfinite_counts
from .ledger import Ledger
from .operand import Operand
from .operation import operation, tape_of
from .tape import Node, Tape

#: Products that a piece of work on the vector unit has at least.
_PRODUCTS = 1 << 17


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


@operation
def batched_matmul(x: Node, w: Node) -> Node:
    """``X[b] W[b]`` for every b, each as `matmul` forms it: (B, M, K) by (B, K, N).

    *Exactness*: one rounding per operand element, then the accumulator's; the bits are those of B
    products, unless the format has a scale of the whole tensor, which is that of all B.
    """
    return _product("batched_matmul", x, w, x.tape.datapath.activation, batches=1)


def _product(op: str, x: Node, w: Node, cast: Cast, batches: int = 0) -> Node:
    """The product as an operation called ``op``, with X coded by ``cast``.

    A number of ``batches`` axes come first, the same ones for both.
    """
    tape = tape_of(x, w)
    if (
        x.value.ndim != batches + 2
        or w.value.ndim != batches + 2
        or x.shape[:batches] != w.shape[:batches]
        or x.shape[-1] != w.shape[-2]
    ):
        shapes = "(B, M, K) and (B, K, N)" if batches else "(M, K) and (K, N)"
        msg = f"shapes {x.shape} and {w.shape} do not multiply: give {shapes}"
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
    """``A B`` of coded matrices, or batches, in the vector format, entered in the ledger."""
    accumulator = tape.datapath.accumulator
    if has_lanes(accumulator, a, b):
        sums = multiply_coded(a, b, accumulator)
        nans, overflows = nonfinite_counts(sums)
    else:
        dots = dot(a, b, accumulator)
        sums, overflows = dots.floats(), int(np.count_nonzero(dots.overflowed))
        nans = nan_count(sums)
    widths = f"{a.element.bits}x{b.element.bits}"
    macs = prod(a.shape) * b.shape[-1]
    tape.enter(Ledger(macs_by_width={widths: macs}, overflows=overflows))
    result = np.asarray(sums, dtype=tape.datapath.dtype, order="C")
    tape.counted(result, nans)
    return result


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
def vector_matmul(a: Node, b: Node) -> Node:
    """``A B`` on the vector unit, without the casts of operands: (M, K) by (K, N).

    *Exactness*: a rounded product and a rounded sum for each k in order, in the vector format.
    """
    tape = tape_of(a, b)
    if a.value.ndim != 2 or b.value.ndim != 2 or a.shape[1] != b.shape[0]:
        msg = f"shapes {a.shape} and {b.shape} do not multiply: give (M, K) and (K, N)"
        raise DatapathError(msg)
    return tape.record("vector_matmul", ordered_product(a.value, b.value), (a, b), None)


def ordered_product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """``A B``, from +0 a product and a sum for each k in order, each rounded to their format."""
    total = np.zeros((a.shape[0], b.shape[1]), np.result_type(a, b))
    if np.iscomplexobj(total):
        for k in range(a.shape[1]):
            total += a[:, k, None] * b[k]
        return total
    from .order_kernels import add_products_in_order

    left, right = (np.ascontiguousarray(x).view() for x in (a, b))
    for x in (left, right):
        x.flags.writeable = False  # so that there is one kernel
    rows = piece(len(total), _PRODUCTS // max(1, right.size))
    split_work(partial(add_products_in_order, left, right, total), len(total), rows)
    return total
