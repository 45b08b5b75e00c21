"""The codes of C, from which dot products start."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..errors import DatapathError
from ..exact.dot import result_format


def start_codes(
    accumulator: DotAccumulator, c: ArrayLike, shape: tuple[int, ...]
) -> NDArray[np.integer[Any]]:
    """The codes of C, as a view of ``shape``.

    Raises
    ------
    DatapathError
        If the accumulator takes no C, if these are no codes of its format, or do not broadcast.

    Examples
    --------
    >>> from bitpde.emu import SequentialAccumulator
    >>> start_codes(SequentialAccumulator(), 0x3F800000, (1, 2)).tolist()
    [[1065353216, 1065353216]]
    """
    if isinstance(accumulator, PintaAccumulator):
        msg = "PINTA's register starts empty: leave c out"
        raise DatapathError(msg)
    given: NDArray[np.integer[Any]] = np.asarray(c)
    if given.dtype.kind not in "iu":
        msg = f"c is {given.dtype}: give codes, that is integers"
        raise DatapathError(msg)
    least, greatest = _limits(accumulator)
    if given.size and not least <= int(given.min()) <= int(given.max()) <= greatest:
        msg = f"c holds {given.min()} to {given.max()}: its codes run from {least} to {greatest}"
        raise DatapathError(msg)
    try:
        return np.broadcast_to(given, shape)
    except ValueError as error:
        msg = f"c of shape {given.shape} does not fit the result's shape {shape}"
        raise DatapathError(msg) from error


def _limits(accumulator: DotAccumulator) -> tuple[int, int]:
    """The least and the greatest code."""
    if isinstance(accumulator, IntegerAccumulator):
        return accumulator.limits
    format = result_format(accumulator)
    return (0, 0) if format is None else (format.codes()[0], format.codes()[-1])
