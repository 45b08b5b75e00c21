"""What registers of integer accumulators have in common: how they overflow, and where they end."""

from typing import Any

from ...formats import Overflow
from ..errors import DatapathError

_LAWFUL = (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.WRAP)


def require_register_overflow(spec: Any) -> None:
    """Require that the field ``overflow`` is one that a register has.

    Raises
    ------
    DatapathError
        Naming the policy and the lawful ones.
    """
    if spec.overflow not in _LAWFUL:
        names = ", ".join(str(mode) for mode in _LAWFUL)
        msg = f"overflow of {type(spec).__name__} is {spec.overflow}: choose one of {names}"
        raise DatapathError(msg)


def register_limits(bits: int, overflow: Overflow) -> tuple[int, int]:
    """The least and the greatest integer that a register is left with.

    Examples
    --------
    >>> register_limits(8, Overflow.SATURATE_SYMMETRIC)
    (-127, 127)
    """
    top = int(2 ** (bits - 1))
    least = 1 - top if overflow is Overflow.SATURATE_SYMMETRIC else -top
    return least, top - 1
