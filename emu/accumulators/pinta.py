"""PINTA's accumulator: integers that share an exponent, aligned by one shift per pair of tiles."""

from dataclasses import dataclass

from ...formats import Overflow, Rounding
from ..errors import DatapathError
from ..spec_checks import require_range, require_types
from .registers import register_limits, require_register_overflow


@dataclass(frozen=True, kw_only=True)
class PintaAccumulator:
    """An integer register and an exponent that square tiles of integers are added to.

    For each pair of tiles along k, in order: the products of the elements are summed exactly to an
    integer ``p``; one addition of the two scales' exponents gives ``e``; with
    ``E' = max(E, e)`` the register ``acc``, worth ``acc 2^(E - guard_bits)``, becomes::

        acc <- overflow(round(acc 2^(E - E')) + round(p 2^(guard_bits + e - E'))),   E <- E'

    All elements of a tile share their scale, so that one shift amount serves every accumulator of
    the array.  The register starts empty: the first pair of tiles sets ``E``, whatever it holds.

    Parameters
    ----------
    bits
        Width of the register with its sign, 2 to 62.
    guard_bits
        Bits of the register below the unit of the integer products, 0 to 32.
    rounding
        Of both shifts: ``DOWN`` is the arithmetic shift of the array; any deterministic one.
    overflow
        ``SATURATE``, ``SATURATE_SYMMETRIC`` or ``WRAP``, asked after each pair of tiles.

    Notes
    -----
    *Exactness*: two roundings per pair of tiles, exact where no bit falls below the guard bits;
    the sticky flag ``overflowed`` says that the register saturated or wrapped.  A NaN scale makes
    the result NaN.  Elements must be `Fixed`, scales powers of two.

    Examples
    --------
    >>> PintaAccumulator().limits
    (-2147483648, 2147483647)
    """

    bits: int = 32
    guard_bits: int = 8
    rounding: Rounding = Rounding.DOWN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        require_types(self)
        require_range(self, "bits", 2, 62)
        require_range(self, "guard_bits", 0, 32)
        if self.rounding.is_stochastic:
            msg = f"PintaAccumulator aligns by {self.rounding}: choose a deterministic mode"
            raise DatapathError(msg)
        require_register_overflow(self)

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest integer the register is left with."""
        return register_limits(self.bits, self.overflow)
