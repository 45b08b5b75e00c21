"""Any number of steps of a linear map over GF(2) at once, by powers of its matrix.

A state is an integer, bit j its coordinate j; a map is the tuple of its *columns*, the images of
the single bits.  A^n is the product of the A^(2^k) for the bits k of n, and these are remembered.
"""

from collections.abc import Callable
from functools import lru_cache

Columns = tuple[int, ...]


def columns_of(step: Callable[[int], int], bits: int) -> Columns:
    """The columns of a linear map of states of so many bits; exact."""
    return tuple(step(1 << j) for j in range(bits))


def apply(columns: Columns, state: int) -> int:
    """The image of a state; exact.

    Examples
    --------
    >>> apply((0b10, 0b11), 0b11)
    1
    """
    image = 0
    while state:
        lowest = state & -state
        image ^= columns[lowest.bit_length() - 1]
        state ^= lowest
    return image


@lru_cache(maxsize=1024)
def squared(columns: Columns, times: int) -> Columns:
    """The columns of A^(2^times); exact."""
    if times == 0:
        return columns
    half = squared(columns, times - 1)
    return tuple(apply(half, column) for column in half)


def jump(columns: Columns, steps: int, state: int) -> int:
    """The state after so many steps, ``A^steps state``, in log2(steps) products; exact.

    Examples
    --------
    >>> rotate = columns_of(lambda s: (s << 1 | s >> 4) & 31, 5)
    >>> jump(rotate, 10**30 + 1, 0b00001)
    2
    """
    for k in range(steps.bit_length()):
        if steps >> k & 1:
            state = apply(squared(columns, k), state)
    return state
