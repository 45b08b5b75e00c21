"""How wide the vectors of this machine are: what micro-kernels fill, and nothing that shows."""

from functools import cache

from ..processor import is_compiled_for


@cache
def vector_bits() -> int:
    """The bits of a vector register: 512 where there are such, else 256.

    Twelve sums fill the registers of a machine with 256 bits and leave four for what is multiplied;
    with vectors twice as wide as a register half of them would go through memory at each product.
    Machines with 128 bits have twice as many registers.

    Notes
    -----
    *Exactness*: an element of a result is one chain of operations in one lane, however many lanes
    there are.  numba keys its cache with the same features, so that code for one width is not
    loaded on a machine with another.
    """
    return 512 if is_compiled_for("avx512f") else 256
