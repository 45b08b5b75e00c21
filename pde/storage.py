"""What an optimizer keeps between steps, in the formats of the datapath."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Cast, RandomBits

Arrays = tuple[NDArray[Any], ...]


def kept(arrays: Sequence[NDArray[Any]], cast: Cast | None, bits: RandomBits) -> Arrays:
    """Return the arrays as they are read back from storage in the format of ``cast``.

    Parameters
    ----------
    arrays
        float32 or float64 matrices.
    cast
        How they are stored; None: as they are.
    bits
        Whence a stochastic cast draws: array k from the stream called ``<stream>/k``.

    Notes
    -----
    *Exactness*: one rounding per element, of the cast.

    Examples
    --------
    >>> from bitpde.formats import BF16
    >>> kept([np.float32([[1.00390625]])], Cast(format=BF16), RandomBits(seed=0))[0].tolist()
    [[1.0]]
    """
    if cast is None:
        return tuple(arrays)
    stored = []
    for k, array in enumerate(arrays):
        name = f"{bits.stream}/{k}"
        rng = RandomBits(seed=bits.seed, stream=name, step=bits.step) if cast.random_bits else None
        stored.append(np.asarray(cast.quantize(array, rng=rng), array.dtype))
    return tuple(stored)
