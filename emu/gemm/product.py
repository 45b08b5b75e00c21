"""Products of coded arrays: numbers from any accumulator.

`matmul` gives numbers, `dot` gives what the machine holds: codes and sticky flags.  They take the
same operands and have the same bits, so that a caller who needs both calls `dot`, whose result
says its `floats`.  What kind of result comes back depends on the name alone, on no argument.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import FP32, FP64, Cast, Coded, Fixed, FormatError, Minifloat, Overflow
from ..accumulators.accumulator import Accumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..dots.dot import dot
from ..dots.outside_scales import factored
from ..dots.paired_operands import as_row, paired
from ..errors import DatapathError
from ..exact.dot import result_format
from .gemm import has_lanes, multiply


def matmul(
    a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None = None
) -> NDArray[Any]:
    """``C + A B`` as ``accumulator`` forms it, in numbers.

    Parameters
    ----------
    a, b
        Coded arrays of shapes (..., M, K) and (..., K, N), paired as `numpy.matmul` pairs arrays:
        leading axes broadcast, vectors of shape (K,) are rows on the left and columns on the right.
        Any formats; tiles of one depth along k where the accumulator adds tile by tile; `Affine`
        ones only in an `IntegerAccumulator`, with one scale for all k.
    accumulator
        How products become a sum.
    c
        Numbers to start from that the accumulator holds, of a shape that broadcasts to the
        result's; None: +0.  PINTA's register takes none, nor do operands with a scale outside the
        unit, which would be a factor of it.

    Returns
    -------
    ndarray
        Of shape (..., M, N), without the axes of vectors: float16, float32 or float64 where the
        accumulator is in FP16, FP32 or FP64, float64 for every other format and for integers.  A
        NaN or an infinity in the operands gives what IEEE 754 gives.

    Raises
    ------
    DatapathError
        If the operands do not fit each other or the accumulator, a sum has no code there, or a
        register no float64.

    Notes
    -----
    *Exactness*: the roundings of the accumulator and no other, whichever lane runs; with scales of
    whole tensors (NVFP4) or of affine integers, which are factors of the sums, **one more**: of
    the product of sum and scales, to nearest even.

    Examples
    --------
    >>> from bitpde.emu import IntegerAccumulator, SequentialAccumulator, accumulator_preset
    >>> from bitpde.formats import INT8, SMX_INT8
    >>> a = Cast(format=SMX_INT8).encode([[1.0, 2.0], [3.0, 4.0]])
    >>> matmul(a, a.T, SequentialAccumulator()).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    >>> matmul(a, a.T, accumulator_preset("hopper_f16"), c=[100.0, 0.0]).tolist()
    [[105.0, 11.0], [111.0, 25.0]]
    >>> x = Cast(format=INT8).encode([100.0, 100.0])
    >>> matmul(x, x, IntegerAccumulator(bits=14)).item()
    8191.0
    """
    _require_accumulator(accumulator)
    if c is None and has_lanes(accumulator, a, b):
        return _batched(a, b, accumulator)
    if c is None or isinstance(accumulator, PintaAccumulator):
        return dot(a, b, accumulator, c).floats()
    left, right, factor = factored(a, b, accumulator)
    if factor is not None:
        msg = "c joins inside the unit, before the scales outside it: add it afterwards, or use dot"
        raise DatapathError(msg)
    exponent = left.element.lsb_min + right.element.lsb_min
    return dot(left, right, accumulator, _codes_of(c, accumulator, exponent)).floats()


def outer(a: Coded, b: Coded, accumulator: DotAccumulator) -> NDArray[Any]:
    """``a_i b_j`` of two vectors, (M,) and (N,), as ``accumulator`` holds it: `matmul` with K = 1.

    Raises
    ------
    DatapathError
        If they are no vectors, or not for this accumulator.

    Notes
    -----
    *Exactness*: the roundings of one step of the accumulator.

    Examples
    --------
    >>> from bitpde.emu import SequentialAccumulator
    >>> from bitpde.formats import INT8, OFP8_E4M3
    >>> a, b = (Cast(format=f).encode([1.0, 3.0]) for f in (OFP8_E4M3, INT8))
    >>> outer(a, b, SequentialAccumulator()).tolist()
    [[1.0, 3.0], [3.0, 9.0]]
    """
    if a.ndim != 1 or b.ndim != 1:
        msg = f"shapes {a.shape} and {b.shape} have no outer product here: give two vectors"
        raise DatapathError(msg)
    return matmul(as_row(a).T, as_row(b), accumulator)


def _require_accumulator(accumulator: object) -> None:
    if not isinstance(accumulator, DotAccumulator):
        msg = f"{accumulator!r} is no accumulator: give one such as SequentialAccumulator()"
        raise DatapathError(msg)


def _batched(a: Coded, b: Coded, accumulator: Accumulator) -> NDArray[Any]:
    """The products of all pairs of matrices by the lanes of `gemm`."""
    pairs = paired(a, b)
    if not pairs.batch:
        return multiply(pairs.left, pairs.right.T, accumulator).reshape(pairs.shape)
    out = np.empty(pairs.rows, np.float32 if accumulator.format == FP32 else np.float64)
    for index, left, right in pairs.matrices():
        out[index] = multiply(left, right.T, accumulator)
    return out.reshape(pairs.shape)


def _codes_of(c: ArrayLike, accumulator: DotAccumulator, exponent: int) -> NDArray[Any]:
    """The codes of numbers that the accumulator holds; registers count in ``2^exponent``."""
    numbers, format = np.asarray(c), result_format(accumulator)
    if format is None:
        return _registers(numbers, exponent)
    if numbers.dtype.kind != "f":
        msg = f"c is {numbers.dtype}: give numbers as floats, or codes to dot"
        raise DatapathError(msg)
    if (format, numbers.dtype.itemsize) in ((FP32, 4), (FP64, 8)):
        held = np.asarray(numbers, numbers.dtype.newbyteorder("="))
        return held.view(f"u{held.dtype.itemsize}")
    codes = _encoded(numbers, format)
    values = codes.values()
    wrong = (values != numbers) & ~(np.isnan(values) & np.isnan(numbers))
    if wrong.any():
        msg = f"c holds {numbers[wrong].flat[0]}, which {format} does not: round it first"
        raise DatapathError(msg)
    return codes.codes


def _encoded(numbers: NDArray[Any], format: Fixed | Minifloat) -> Coded:
    overflow = Overflow.INFINITY_OR_NAN if format.has_nan else Overflow.SATURATE
    try:
        return Cast(format=format, overflow=overflow).encode(numbers)
    except FormatError as error:
        msg = f"c is not for this accumulator: {error}"
        raise DatapathError(msg) from error


def _registers(numbers: NDArray[Any], exponent: int) -> NDArray[np.int64]:
    if exponent == 0 and numbers.dtype.kind in "iu":
        return numbers
    counts = np.ldexp(numbers.astype(np.float64), -exponent)
    if not np.all((counts == np.rint(counts)) & (np.abs(counts) < 2.0**63)):
        msg = f"c holds numbers that are no integers of 64 bits times 2^{exponent}: round it first"
        raise DatapathError(msg)
    return counts.astype(np.int64)
