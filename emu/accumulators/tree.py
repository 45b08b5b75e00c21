"""Trees of adders: products meet in pairs, or k at a time, and every adder rounds."""

from dataclasses import dataclass
from enum import Enum

from ...formats import FP32, Cast, Fixed, Minifloat, Overflow, Rounding
from ..spec_checks import require_range, require_types
from .accumulator import accumulator_cast


class Order(Enum):
    """Which operands an adder of a tree takes."""

    #: neighbours: of n operands and arity r, adder i takes r i, r i + 1, ..., r i + r - 1
    ADJACENT = "adjacent"
    #: far ones: with m = ceil(n / r) adders, adder i takes i, i + m, i + 2 m, ...
    STRIDED = "strided"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


@dataclass(frozen=True, kw_only=True)
class TreeAccumulator:
    """Products are rounded, meet in a tree of adders, and the root is added to ``c``.

    The products of each group of ``terms`` consecutive ones are leaves: ``round(0 + product)``.
    Every adder sums its operands exactly and rounds once; one with a single operand passes it on.
    Then ``c <- round(c + root)`` for the groups in order of k, from +0 or the ``c`` that is given.
    A group at the end may be short; products that are not there are left out.

    Parameters
    ----------
    format, rounding, overflow
        Of every leaf, adder and sum, as in `SequentialAccumulator`.
    arity
        Operands of an adder, 2 to 1024.
    order
        Which operands those are.
    terms
        Products of a tree, 1 to 2^20; 0 for one tree over the whole length.
    flush_inputs
        Elements of ``a`` and ``b`` that are subnormal in their format, and a ``c`` that is
        subnormal or -0, count as +0 (`Minifloat` only).
    flush_results
        A subnormal result of a leaf, an adder or a sum becomes a zero of its sign.

    Notes
    -----
    *Exactness*: one rounding per leaf, adder and group.  NaN, infinities and zeros follow
    IEEE 754-2019, clause 6, at every step.

    Examples
    --------
    >>> TreeAccumulator(arity=4, order=Order.STRIDED).cast.format == FP32
    True
    """

    format: Fixed | Minifloat = FP32
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.INFINITY_OR_NAN
    arity: int = 2
    order: Order = Order.ADJACENT
    terms: int = 0
    flush_inputs: bool = False
    flush_results: bool = False

    def __post_init__(self) -> None:
        require_types(self)
        require_range(self, "arity", 2, 1024)
        require_range(self, "terms", 0, 2**20)
        _ = self.cast

    @property
    def cast(self) -> Cast:
        """The rounding of every step."""
        return accumulator_cast(self.format, self.rounding, self.overflow, type(self).__name__)
