"""Dot products of coded operands under any accumulator, compiled where integers of 64 bits suffice.

| accumulator | kernel |
|---|---|
| sequential | `chain_kernels`; `register_kernels` where a tile product is wider than 60 bits |
| exact, fused without loss | `register_kernels` |
| fused | `fused_kernels` |
| binary tree | `tree_kernels` |
| integer, PINTA | `integer_kernels` |
| chunked | its two accumulators in turn |
| any but fused and PINTA, where no sum can be rounded | BLAS: `blas_lanes` |
| exact, where the sum is exact in a NumPy float | BLAS, then one rounding |
| exact, where that of slices of the operands is | BLAS, then one rounding of all: `slices` |

Everything else, and whatever a width analysis finds too wide, goes through `dot_exact`, one number
at a time: slowly, with the same bits.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import Coded
from ..accumulators.kinds import DotAccumulator
from ..errors import DatapathError
from ..exact.dot import result_format
from .dots import Dots
from .lanes import fill
from .outside_scales import factored
from .paired_operands import paired
from .start_codes import start_codes
from .sums import Sums


def dot(a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None = None) -> Dots:
    """``C + A B``, every element as ``accumulator`` forms it: its code, and its sticky flags.

    Parameters
    ----------
    a, b
        Coded arrays of shapes (..., M, K) and (..., K, N), paired as `numpy.matmul` pairs arrays:
        leading axes broadcast, vectors of shape (K,) are rows on the left and columns on the right.
        Any formats, blocked along k where they are blocked; `Affine` ones only in an
        `IntegerAccumulator`, with one scale for all k.
    accumulator
        How products become a sum.
    c
        Codes of the accumulator's format to start from, or integers for integer registers, of a
        shape that broadcasts to the result's; None: +0.  PINTA's register takes none.  A scale
        outside the unit is a factor of it as well.

    Returns
    -------
    Dots
        Of shape (..., M, N), without the axes of vectors.  Scales of whole tensors (NVFP4) and of
        affine integers are no part of any unit: they are in its ``scale``.

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
    left, right, factor = factored(a, b, accumulator)
    pairs = paired(left, right)
    shape, format = pairs.shape, result_format(accumulator)
    sums = _start(accumulator, c, shape, pairs.rows)
    for index, one, other in pairs.matrices():
        here = Sums(*(part[index] for part in sums))
        fill(one, other, accumulator, here, started=c is not None)
    overflowed, invalid, refused, nan = _flags(sums.flags.reshape(shape))
    if refused.any():
        where = tuple(int(i) for i in np.argwhere(refused)[0])
        msg = f"the sum at {where} has no code in the accumulator: {accumulator} refuses it"
        raise DatapathError(msg)
    codes = sums.codes
    if format is not None:
        dtype = np.dtype(format.code_dtype)
        codes = codes.view(np.uint64) if dtype == np.uint64 else codes.astype(dtype)
    return Dots(
        format=format,
        codes=codes.reshape(shape),
        exponents=sums.exponents.reshape(shape) if format is None else None,
        overflowed=overflowed,
        invalid=invalid,
        nan=nan,
        scale=None if factor is None else np.broadcast_to(factor, pairs.full).reshape(shape),
    )


def _start(
    accumulator: DotAccumulator, c: ArrayLike | None, shape: tuple[int, ...], rows: tuple[int, ...]
) -> Sums:
    """The codes that kernels overwrite: C, or +0."""
    codes = np.zeros(rows, np.int64)
    if c is not None:
        given = start_codes(accumulator, c, shape)
        wide = given.astype(np.uint64 if given.dtype.kind == "u" else np.int64)
        codes = np.array(wide.view(np.int64).reshape(rows), order="C")
    return Sums(codes, np.zeros(rows, np.uint8), np.zeros(rows, np.int64))


def _flags(flags: NDArray[np.uint8]) -> list[NDArray[np.bool_]]:
    """The flags that kernels set, bit by bit: mostly none is, and then none is looked for."""
    if not flags.any():
        return [np.zeros(flags.shape, np.bool_) for _ in range(4)]
    return [np.asarray(flags & 1 << bit != 0) for bit in range(4)]
