"""Dot products of coded operands under any accumulator, compiled where integers of 64 bits suffice.

| accumulator | kernel |
|---|---|
| sequential | `chain_kernels`; `register_kernels` where a tile product is wider than 60 bits |
| exact, fused without loss | `register_kernels` |
| fused | `fused_kernels` |
| binary tree | `tree_kernels` |
| integer, PINTA | `integer_kernels` |
| chunked | its two accumulators in turn |

Everything else, and whatever a width analysis finds too wide, goes through `dot_exact`, one number
at a time: slowly, with the same bits.
"""

import numpy as np
from numpy.typing import ArrayLike

from ..formats import Coded, Fixed, Minifloat
from .dot_accumulators import DotAccumulator
from .dot_exact import result_format
from .dot_lanes import Sums, fill
from .dots import Dots
from .errors import DatapathError
from .integer_accumulator import IntegerAccumulator
from .pinta_accumulator import PintaAccumulator


def dot(a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None = None) -> Dots:
    """``C + A B``, every element as ``accumulator`` forms it.

    Parameters
    ----------
    a, b
        Coded matrices of shapes (M, K) and (K, N), or vectors of shape (K,), in any formats but
        `Affine`, blocked along k where they are blocked.  The scale of a whole tensor (NVFP4) is
        no part of any unit and must be 1.0.
    accumulator
        How products become a sum.
    c
        Codes of the accumulator's format to start from, or integers for integer registers, of a
        shape that broadcasts to the result's; None: +0.  PINTA's register takes none.

    Returns
    -------
    Dots
        Of shape (M, N), or () for two vectors.

    Raises
    ------
    DatapathError
        If the operands do not fit each other or the accumulator, or a sum has no code there.

    Notes
    -----
    *Exactness*: the roundings of the accumulator and no other; the bits are those of `dot_exact`.

    Examples
    --------
    >>> from bitpde.emu import accumulator_preset
    >>> from bitpde.formats import OFP8_E4M3, Cast
    >>> a = Cast(format=OFP8_E4M3).encode([[448.0, 1.0, -448.0]])
    >>> b = Cast(format=OFP8_E4M3).encode([[1.0], [2.0**-6], [1.0]])
    >>> [dot(a, b, accumulator_preset(f"{name}_f8f6f4" if name[0] == "b" else f"{name}_fp8"))
    ...     .values().item() for name in ("blackwell", "hopper", "cdna3")]
    [0.015625, 0.0, 0.015625]
    """
    if not isinstance(accumulator, DotAccumulator):
        msg = f"{accumulator!r} is no accumulator: give one such as FusedAccumulator()"
        raise DatapathError(msg)
    left, right, shape = _rows(a, b)
    format = result_format(accumulator)
    sums = _start(format, accumulator, c, shape, (left.shape[0], right.shape[0]))
    fill(left, right, accumulator, sums, started=c is not None)
    if (sums.flags & 4).any():
        where = tuple(int(i) for i in np.argwhere(sums.flags & 4)[0])
        msg = f"the sum at {where} has no code in the accumulator: {accumulator} refuses it"
        raise DatapathError(msg)
    codes = sums.codes
    if format is not None:
        dtype = np.dtype(format.code_dtype)
        codes = codes.view(np.uint64) if dtype == np.uint64 else codes.astype(dtype)
    flags = sums.flags.reshape(shape)
    return Dots(
        format=format,
        codes=codes.reshape(shape),
        exponents=sums.exponents.reshape(shape) if format is None else None,
        overflowed=flags & 1 != 0,
        invalid=flags & 2 != 0,
        nan=flags & 8 != 0,
    )


def _rows(a: Coded, b: Coded) -> tuple[Coded, Coded, tuple[int, ...]]:
    """Both operands as matrices contracted along their columns, and the shape of the result."""
    if a.ndim == b.ndim == 1 and a.shape == b.shape:
        return _as_row(a), _as_row(b), ()
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        msg = f"shapes {a.shape} and {b.shape} do not multiply: give (M, K) and (K, N), or vectors"
        raise DatapathError(msg)
    return a, b.T, (a.shape[0], b.shape[1])


def _as_row(x: Coded) -> Coded:
    scales = None if x.scales is None else x.scales[None]
    return Coded.unchecked(x.format, x.codes[None], scales, x.tensor_scale)


def _start(
    format: Fixed | Minifloat | None,
    accumulator: DotAccumulator,
    c: ArrayLike | None,
    shape: tuple[int, ...],
    matrix: tuple[int, int],
) -> Sums:
    """The codes that kernels overwrite: C, or +0."""
    codes = np.zeros(matrix, np.int64)
    if c is not None:
        given = np.asarray(c)
        if given.dtype.kind not in "iu":
            msg = f"c is {given.dtype}: give codes, that is integers"
            raise DatapathError(msg)
        if isinstance(accumulator, PintaAccumulator):
            msg = "PINTA's register starts empty: leave c out"
            raise DatapathError(msg)
        least, greatest = _limits(format, accumulator)
        if given.size and not least <= int(given.min()) <= int(given.max()) <= greatest:
            msg = (
                f"c holds {given.min()} to {given.max()}: its codes run from {least} to {greatest}"
            )
            raise DatapathError(msg)
        try:
            spread = np.broadcast_to(given, shape)
        except ValueError as error:
            msg = f"c of shape {given.shape} does not fit the result's shape {shape}"
            raise DatapathError(msg) from error
        wide = spread.astype(np.uint64 if given.dtype.kind == "u" else np.int64)
        codes = np.array(wide.view(np.int64).reshape(matrix), order="C")
    return Sums(codes, np.zeros(matrix, np.uint8), np.zeros(matrix, np.int64))


def _limits(format: Fixed | Minifloat | None, accumulator: DotAccumulator) -> tuple[int, int]:
    if format is not None:
        return format.codes()[0], format.codes()[-1]
    return accumulator.limits if isinstance(accumulator, IntegerAccumulator) else (0, 0)
