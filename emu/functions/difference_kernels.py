"""Compiled odd and even parts of differences of tanh: the formulas of `differences`, in one pass.

Every operation is that of the array's own format, in the order written there.  Arrays of a kernel
are few, since a loop is vectorized only if it is soon told that they do not overlap.
"""

from typing import Any

from ...formats import kernel
from .differences import LEAST_DENOMINATOR


@kernel
def tanh_part_rows(p: Any, t: Any, parts: Any, near: Any, start: int, stop: int) -> None:
    """``differences.tanh_parts`` for rows start..stop.

    Of ``t`` and ``parts``, both (2, P, J, W), the first half belongs to the odd part o and the
    second to the even part e: ``t`` holds their tangents.  ``near``, (P,), says in which rows there
    are parts that are not for use.
    """
    one, least = p.dtype.type(1), p.dtype.type(LEAST_DENOMINATOR)
    for i in range(start, stop):
        small = False
        for j in range(t.shape[2]):
            for k in range(t.shape[3]):
                base, odd, even = p[i, k], t[0, i, j, k], t[1, i, j, k]
                slope, ss, rr = one - base * base, even * even, odd * odd
                steady, twist = even * (one - rr), ss - rr
                below = one - ss * rr + (base + base) * steady + base * base * twist
                small |= below < least
                parts[0, i, j, k] = slope * odd * (one - ss) / below
                parts[1, i, j, k] = slope * (steady + base * twist) / below
        near[i] = small


@kernel
def tanh_part_slopes(p: Any, parts: Any, g: Any, of_parts: Any, start: int, stop: int) -> None:
    """The adjoint after the operand's parts, for rows start..stop; all as in `tanh_part_rows`."""
    one = p.dtype.type(1)
    for i in range(start, stop):
        for j in range(parts.shape[2]):
            for k in range(parts.shape[3]):
                odd, even = parts[0, i, j, k], parts[1, i, j, k]
                whole = p[i, k] + even
                own, other = one - whole * whole - odd * odd, -(whole + whole) * odd
                of_parts[0, i, j, k] = g[0, i, j, k] * own + g[1, i, j, k] * other
                of_parts[1, i, j, k] = g[0, i, j, k] * other + g[1, i, j, k] * own


@kernel
def tanh_part_base_slopes(p: Any, parts: Any, g: Any, of_base: Any, start: int, stop: int) -> None:
    """The adjoint after a, (P, W), added to ``of_base``: the groups of a row in order."""
    for i in range(start, stop):
        for j in range(parts.shape[2]):
            for k in range(parts.shape[3]):
                base, odd, even = p[i, k], parts[0, i, j, k], parts[1, i, j, k]
                whole = base + even
                other = -(whole + whole) * odd
                steady = -even * ((base + base) + even) - odd * odd
                of_base[i, k] += g[0, i, j, k] * other + g[1, i, j, k] * steady
