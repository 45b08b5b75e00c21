"""Integer accumulators: a register of any width that saturates or wraps."""

from dataclasses import dataclass

from ...formats import Overflow
from ..spec_checks import require_range, require_types
from .registers import register_limits, require_register_overflow


@dataclass(frozen=True, kw_only=True)
class IntegerAccumulator:
    """A two's complement register of ``bits`` bits that adds the integer products of two `Fixed`.

    ``c <- overflow(c + exact sum of the next terms products)``, in order of k, from 0 or the ``c``
    that is given; the register is an integer in units of the product of the operands' steps.

    Parameters
    ----------
    bits
        Width of the register with its sign, 2 to 64.
    overflow
        ``SATURATE`` stops at the nearer end, ``SATURATE_SYMMETRIC`` at -(2^(bits-1) - 1) below,
        ``WRAP`` keeps the low bits.
    terms
        Products that are summed exactly before the register is limited: 1 to 2^20, one to limit
        it after every product; 0 to limit it once, after all of them.

    Notes
    -----
    *Exactness*: exact unless the sticky flag ``overflowed`` says that a step left the register.
    Operands must be `Fixed`: they have no NaN, no infinity and one zero.

    Examples
    --------
    >>> IntegerAccumulator(bits=24, terms=4).limits
    (-8388608, 8388607)
    """

    bits: int = 32
    overflow: Overflow = Overflow.SATURATE
    terms: int = 1

    def __post_init__(self) -> None:
        require_types(self)
        require_range(self, "bits", 2, 64)
        require_range(self, "terms", 0, 2**20)
        require_register_overflow(self)

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest integer the register is left with."""
        return register_limits(self.bits, self.overflow)
