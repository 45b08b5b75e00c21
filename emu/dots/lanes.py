"""The choice of the kernel of a dot product: the first that a width analysis finds wide enough."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Fixed, Minifloat, Overflow, Rounding, split_work
from ..accumulators.accumulator import ExactAccumulator, SequentialAccumulator
from ..accumulators.chunked import ChunkedAccumulator, Outer
from ..accumulators.fused import Addend, FusedAccumulator
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..accumulators.tree import Order, TreeAccumulator
from ..dot_vectors.lane import fill_vectors
from ..errors import DatapathError
from ..exact.dot import dot_exact, result_format
from ..gemm.blas_lanes import exact_column, fill_by_blas
from .paired_operands import row_of
from .sums import Sums
from .tile_depth import depth_for


def fill(a: Coded, b: Coded, accumulator: DotAccumulator, sums: Sums, *, started: bool) -> None:
    """Compute all sums: by BLAS if it can round none, else in vectors, else by integers."""
    if fill_by_blas(a, b, accumulator, sums, started=started):
        return
    general = partial(fill_by_integers, started=started)
    if not fill_vectors(a, b, accumulator, sums, general, started=started):
        general(a, b, accumulator, sums)


def fill_by_integers(
    a: Coded, b: Coded, accumulator: DotAccumulator, sums: Sums, *, started: bool
) -> None:
    """Compute all sums by the first integer kernel that is wide enough, or by the twin."""
    lanes: dict[type, Any] = {
        ExactAccumulator: _fill_exact,
        SequentialAccumulator: _fill_sequential,
        TreeAccumulator: _fill_tree,
        ChunkedAccumulator: _fill_chunks,
        FusedAccumulator: _fill_fused,
        IntegerAccumulator: _fill_integer,
        PintaAccumulator: _fill_pinta,
    }
    if not lanes[type(accumulator)](a, b, accumulator, sums):
        _fill_slowly(a, b, accumulator, sums, started=started)


def _fill_slowly(
    a: Coded, b: Coded, accumulator: DotAccumulator, sums: Sums, *, started: bool
) -> None:
    """One number at a time, in rational arithmetic."""
    for i, j in np.ndindex(sums.codes.shape):
        start = int(sums.codes[i, j]) if started else None
        format = result_format(accumulator)
        if start is not None and isinstance(format, Minifloat) and start < 0:
            start += 2**64
        result = dot_exact(row_of(a, i), row_of(b, j), accumulator, start)
        held = result.code - 2**64 if result.code >= 2**63 else result.code
        sums.codes[i, j] = held
        sums.flags[i, j] = result.overflowed + 2 * result.invalid
    if isinstance(accumulator, IntegerAccumulator):
        sums.exponents[:] = a.element.lsb_min + b.element.lsb_min


def _run(kernel: Any, arguments: tuple[Any, ...], sums: Sums, work: int) -> bool:
    """Run a kernel over the rows of the result."""
    rows = sums.codes.shape[0]
    split_work(partial(kernel, *arguments), rows, max(1, (1 << 15) // max(1, work)))
    return True


def _fill_sequential(a: Coded, b: Coded, unit: SequentialAccumulator, sums: Sums) -> bool:
    from . import widths
    from .chain_kernels import chain_rows
    from .operands import lanes_of

    depth = depth_for(unit, a, b)
    target = widths.target_integers(unit.format, unit.rounding, unit.overflow)
    mode = unit.rounding.code
    left, right = lanes_of(a), lanes_of(b)
    if widths.wraps_too_far(unit.format, unit.overflow, left, right):
        return False
    bits = left.bits + right.bits if depth == 1 else widths.step_bits(a, b, depth)
    if bits > widths.PRODUCT_BITS:
        return _fill_register((left, right), depth, 1, target, mode, sums)
    if depth > 1:
        left, right = lanes_of(a, fixed=True), lanes_of(b, fixed=True)
    arguments = (
        left.m, left.e, left.flags, left.special, right.m, right.e, right.flags, right.special,
        depth, target, mode, sums.codes, sums.flags,
    )  # fmt: skip
    return _run(chain_rows, arguments, sums, right.m.size)


def _fill_exact(a: Coded, b: Coded, unit: ExactAccumulator, sums: Sums) -> bool:
    from . import widths
    from .operands import lanes_of

    column = exact_column(a, b) if a.shape[1] > 1 else None
    if column is not None:
        one = Coded(format=Fixed(bits=2), codes=np.ones((1, 1), np.int8))
        codes, flags = sums.codes.reshape(-1, 1), sums.flags.reshape(-1, 1)
        return _fill_exact(column, one, unit, Sums(codes, flags, sums.exponents))
    left, right = lanes_of(a), lanes_of(b)
    if widths.wraps_too_far(unit.format, unit.overflow, left, right):
        return False
    target = widths.target_integers(unit.format, unit.rounding, unit.overflow)
    depth = max(1, a.shape[1])
    return _fill_register((left, right), depth, 0, target, unit.rounding.code, sums)


def _fill_register(
    lanes: Any, depth: int, what: int, target: Any, mode: int, sums: Sums, fused: Any = None
) -> bool:
    """Exact sums of ``depth`` products at a time; ``fused`` is (unit, result, nan code)."""
    from .kernels import NO_LIMIT
    from .register_kernels import register_rows
    from .widths import register_size, span_of

    left, right = lanes
    lowest, limbs = register_size(span_of(left, right), left.m.shape[1], target)
    unit, result, nan_code = fused or ((0,) * 15 + (NO_LIMIT,) + (0,) * 5, target, 0)
    arguments = (
        left.m, left.e, left.flags, left.special, right.m, right.e, right.flags, right.special,
        depth, what, lowest, limbs, unit, target, result, mode, nan_code, sums.codes, sums.flags,
    )  # fmt: skip
    return _run(register_rows, arguments, sums, right.m.size)


def _fill_fused(a: Coded, b: Coded, unit: FusedAccumulator, sums: Sums) -> bool:
    from . import widths
    from .fused_kernels import fused_rows
    from .operands import lanes_of

    fixed = unit.exact_terms > 1
    if fixed and widths.step_bits(a, b, unit.exact_terms) > widths.PRODUCT_BITS:
        return False
    if fixed and any(_cuts_tiles(x, unit.exact_terms) for x in (a, b)):
        return False
    left, right = (
        lanes_of(x, unit.zero_exponent, flush=unit.flush_inputs, fixed=fixed) for x in (a, b)
    )
    overflow = Overflow.INFINITY_OR_NAN
    mode = Rounding.NEAREST_EVEN if unit.overflow_to_infinity else unit.rounding
    target = widths.target_integers(unit.format, mode, overflow)
    result = widths.target_integers(unit.result, mode, overflow)
    integers, nan_code = widths.unit_integers(unit), unit.canonical_nan
    if unit.fraction_bits is None and unit.stride == 1 and unit.addend is Addend.ALIGNED:
        last = (integers, result, nan_code)
        return _fill_register((left, right), unit.terms, 2, target, 0, sums, last)
    if not widths.fused_fits(unit, a, b, (left, right)):
        return False
    arguments = (
        left.m, left.e, left.flags, left.scale_exponent, left.special, right.m, right.e,
        right.flags, right.scale_exponent, right.special, left.offset + right.offset, integers,
        target, result, nan_code, sums.codes, sums.flags,
    )  # fmt: skip
    return _run(fused_rows, arguments, sums, right.m.size)


def _cuts_tiles(x: Coded, group: int) -> bool:
    """Whether groups of neighbours would reach over the edge of a tile (refused by the twin)."""
    return x.scales is not None and x.format.tile[1] % group != 0  # type: ignore[union-attr]


def _fill_tree(a: Coded, b: Coded, unit: TreeAccumulator, sums: Sums) -> bool:
    from . import widths
    from .operands import lanes_of
    from .tree_kernels import tree_rows

    left, right = lanes_of(a, flush=unit.flush_inputs), lanes_of(b, flush=unit.flush_inputs)
    if unit.arity != 2 or left.bits + right.bits > widths.PRODUCT_BITS:
        return False
    if widths.wraps_too_far(unit.format, unit.overflow, left, right):
        return False
    target = widths.target_integers(unit.format, unit.rounding, unit.overflow)
    flushes = isinstance(unit.format, Minifloat)
    terms = min(unit.terms or 2**30, max(1, a.shape[1]))
    arguments = (
        left.m, left.e, left.flags, left.special, right.m, right.e, right.flags, right.special,
        terms, unit.order is Order.STRIDED, unit.flush_inputs and flushes,
        unit.flush_results and flushes, target, unit.rounding.code,
        unit.rounding is Rounding.DOWN, sums.codes, sums.flags,
    )  # fmt: skip
    return _run(tree_rows, arguments, sums, right.m.size)


def _fill_chunks(a: Coded, b: Coded, unit: ChunkedAccumulator, sums: Sums) -> bool:
    """Chunks by the inner accumulator; their results times one by the outer."""
    from .dot import dot

    depth_for(unit, a, b)
    if any(_cuts_tiles_at(x, unit.length) for x in (a, b)):
        return False
    starts = range(0, a.shape[1], unit.length)
    parts = [
        dot(a[:, first : first + unit.length], b[:, first : first + unit.length].T, unit.inner)
        for first in starts
    ]
    for part in parts:
        sums.flags[:] |= (part.overflowed + 2 * part.invalid).astype(np.uint8)
    if _add_floats(unit.outer, [part.codes for part in parts], sums):
        return True
    codes = np.empty((sums.codes.size, len(parts)), np.dtype(unit.inner.format.code_dtype))
    for n, part in enumerate(parts):
        codes[:, n] = part.codes.ravel()
    chunks = Coded(format=unit.inner.format, codes=codes)
    ones = Coded(format=Fixed(bits=2), codes=np.ones((len(parts), 1), np.int8))
    outer, column = _flushed_start(unit.outer, sums.codes.reshape(-1, 1))
    start = column.view(np.uint64) if np.any(column < 0) and not _is_fixed(unit) else column
    joined = dot(chunks, ones, outer, start)
    flags = joined.overflowed + 2 * joined.invalid
    sums.codes[:] = _held(joined.codes).reshape(sums.codes.shape)
    sums.flags[:] |= flags.astype(np.uint8).reshape(sums.flags.shape)
    return True


def _flushed_start(outer: Outer, c: NDArray[np.int64]) -> tuple[Outer, NDArray[np.int64]]:
    """A unit that flushes no operand, and the C that it starts from.

    The results of chunks are products to the outer unit: of what it flushes only C is there.
    """
    if not isinstance(outer, TreeAccumulator) or not outer.flush_inputs:
        return outer, c
    from .operands import INFINITE, NAN, parts_of

    if isinstance(outer.format, Minifloat):
        m, _e, flags = parts_of(outer.format, c, flush=True)
        c = np.where((m == 0) & (flags & (NAN | INFINITE) == 0), 0, c)
    return replace(outer, flush_inputs=False), c


def _add_floats(outer: Any, parts: list[NDArray[Any]], sums: Sums) -> bool:
    """Add matrices of FP32 to C in FP32, by the processor's adders; False if that is not the same.

    One addition of float32 is one step of the accumulator, and an infinity or NaN stays.
    """
    if outer != SequentialAccumulator() or any(codes.dtype != np.uint32 for codes in parts):
        return False
    total = sums.codes.astype(np.uint32).view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for codes in parts:
            total += codes.view(np.float32)
    if not np.isfinite(total).all():
        return False
    sums.codes[:] = total.view(np.uint32)
    return True


def _cuts_tiles_at(x: Coded, length: int) -> bool:
    return x.scales is not None and length % x.format.tile[1] != 0  # type: ignore[union-attr]


def _is_fixed(unit: ChunkedAccumulator) -> bool:
    return isinstance(unit.outer.format, Fixed)


def _held(codes: NDArray[Any]) -> NDArray[np.int64]:
    return codes.view(np.int64) if codes.dtype == np.uint64 else codes.astype(np.int64)


def _fill_integer(a: Coded, b: Coded, unit: IntegerAccumulator, sums: Sums) -> bool:
    from ..exact.integers import integer_step
    from .integer_kernels import integer_rows
    from .operands import lanes_of

    integer_step(a, b)
    sums.exponents[:] = a.element.lsb_min + b.element.lsb_min
    terms = min(unit.terms or 2**30, max(1, a.shape[1]))
    if max(a.element.bits + b.element.bits + terms.bit_length(), unit.bits) > 61:
        return False
    left, right = lanes_of(a), lanes_of(b)
    wraps = unit.overflow is Overflow.WRAP
    arguments = (left.m, right.m, terms, *unit.limits, wraps, sums.codes, sums.flags)
    return _run(integer_rows, arguments, sums, right.m.size)


def _fill_pinta(a: Coded, b: Coded, unit: PintaAccumulator, sums: Sums) -> bool:
    from ..exact.integers import check_pinta
    from .integer_kernels import pinta_rows
    from .operands import lanes_of
    from .widths import step_bits

    check_pinta(a, b)
    depth = depth_for(unit, a, b)
    if step_bits(a, b, depth) + unit.guard_bits > 61:
        msg = f"{unit} on tiles of depth {depth} needs more than 61 bits: choose fewer guard bits"
        raise DatapathError(msg)
    left, right = lanes_of(a), lanes_of(b)
    wraps = unit.overflow is Overflow.WRAP
    arguments = (
        left.m, left.e, left.flags, right.m, right.e, right.flags, depth, unit.guard_bits,
        *unit.limits, wraps, unit.rounding.code, sums.codes, sums.exponents, sums.flags,
    )  # fmt: skip
    _run(pinta_rows, arguments, sums, right.m.size)
    if a.shape[1]:
        sums.exponents[:] -= unit.guard_bits
    return True
