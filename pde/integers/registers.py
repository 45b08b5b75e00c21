"""Width analysis: how large sums of integer products can become, whatever the operands.

A bound holds for every partial sum in every order, since it is one of sums of magnitudes.
Registers have 32 bits where the bound allows it, else 64; where it does not allow these either, the
network is refused.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError

#: The largest magnitude a register of so many bits may reach: below its ends, which spares every
#: later step the question whether -2^31 has a negative.
LARGEST: Final = {32: 2**31 - 1, 64: 2**62 - 1}
#: Types in which no integer of at most this magnitude is rounded, the fastest first.
CARRIERS: Final[tuple[tuple[int, Any], ...]] = ((2**24, np.float32), (2**53, np.float64))


def largest_sum(weights: NDArray[Any], largest: int) -> int:
    """Return ``max_j sum_k largest |w_kj|``, which no sum of products with weights exceeds.

    They are (..., K, N).

    Examples
    --------
    >>> largest_sum(np.array([[3, -1], [-4, 1]]), 255)
    1785
    """
    if weights.size == 0:
        return 0
    return largest * int(np.abs(weights.astype(np.int64)).sum(axis=-2).max())


def register_bits(bound: int, what: str) -> int:
    """Return 32 or 64, the width of a register that reaches ``bound``.

    Raises
    ------
    RunError
        If 64 bits could wrap.

    Examples
    --------
    >>> register_bits(2**31 - 1, "a sum"), register_bits(2**31, "a sum")
    (32, 64)
    """
    for bits, most in LARGEST.items():
        if bound <= most:
            return bits
    msg = f"{what} may reach {bound}, beyond registers of 64 bits: sum fewer products, or narrower "
    raise RunError(msg + "operands")


def carrier(bound: int) -> Any:
    """Return the fastest type that holds all integers up to ``bound``.

    Examples
    --------
    >>> [carrier(2**n).__name__ for n in (24, 25, 60)]
    ['float32', 'float64', 'int64']
    """
    return next((dtype for most, dtype in CARRIERS if bound <= most), np.int64)
