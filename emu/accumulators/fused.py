"""Fused multi-term adders with truncated alignment: the dot product units of matrix engines.

One step adds ``terms`` products, and most often the accumulator, in one go: all of them are shifted
to the largest exponent among them, keep a fixed number of bits, are summed as integers, and the sum
is rounded once.  What the shift drops is lost, so the result depends on grouping and on magnitudes;
every unit drops in its own way, and each way is a field here.
"""

from dataclasses import dataclass
from enum import Enum

from ...formats import FP32, Minifloat, Rounding, Specials
from ..errors import DatapathError
from ..spec_checks import require_range, require_types


class Addend(Enum):
    """Where the accumulator C joins the sum of a step."""

    #: it is one more term of the alignment
    ALIGNED = "aligned"
    #: it is aligned with the finished sum of products, as a `LateAddend` says
    LATE = "late"
    #: the sum of products is rounded to ``format`` first, then a rounding adder adds C
    ROUNDED = "rounded"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


class Reference(Enum):
    """Which exponent a product of two operands is aligned by."""

    #: the sum of the operands' exponents; a subnormal operand has the least normal exponent
    OPERANDS = "operands"
    #: one more than that where the product of the significands is 2 or more
    CARRY = "carry"
    #: the exponent of the leading bit of the product
    LEADING_BIT = "leading_bit"

    __repr__ = Enum.__str__


@dataclass(frozen=True, kw_only=True)
class LateAddend:
    """How a finished sum of products and C are aligned with each other (`Addend.LATE`).

    Both are rounded to multiples of powers of two below the larger of their exponents.

    Parameters
    ----------
    sum_bits, addend_bits
        How many fraction bits the sum and C keep, 0 to 60 each.
    rounding
        Of both; ``DOWN`` is a two's complement shift.
    cutoff
        A C whose exponent is more than this below the sum's counts as zero; None for no such rule.
    """

    sum_bits: int = 31
    addend_bits: int = 24
    rounding: Rounding = Rounding.DOWN
    cutoff: int | None = None

    def __post_init__(self) -> None:
        require_types(self)
        require_range(self, "sum_bits", 0, 60)
        require_range(self, "addend_bits", 0, 60)
        _require_deterministic(self, "rounding")
        if self.cutoff is not None:
            require_range(self, "cutoff", 0, 1024)


@dataclass(frozen=True, kw_only=True)
class FusedAccumulator:
    """``c <- round(c + sum of terms products)``, the terms aligned to a window of bits first.

    With ``e`` the largest of the terms' reference exponents, every term is rounded by ``alignment``
    to a multiple of ``2^(e - fraction_bits)``; the sum of these is exact and is rounded once.

    Parameters
    ----------
    terms
        Products per step, 1 to 1024.  The last step may have fewer.
    stride
        1: a step takes neighbours.  s > 1: within each run of ``terms s`` products (an
        instruction), step i takes the products i, i + s, i + 2 s, ...; 1 to 64.
    lanes
        A step deals its products to this many lanes in turn (2: even and odd ones), each aligned
        by itself; then the lanes' sums are aligned to the largest by ``lane_rounding``.  1 to 8;
        more than one needs a C that is not ``ALIGNED``.
    exact_terms
        1: every product is a term.  n > 1: the sum of n neighbours, exact, is one term, whose
        reference exponent is that of the *scales* they share; divides ``terms``.
    fraction_bits
        Bits kept below the largest exponent, -64 to 60; None: none is ever lost.
    alignment
        Rounding of a term: ``TOWARD_ZERO`` truncates the magnitude, ``DOWN`` the two's complement,
        ``TO_ODD`` jams what is lost into the last bit.  A sticky bit *below* the last one is
        ``TO_ODD`` with one fraction bit more.
    lane_rounding
        Of a lane's sum when lanes are aligned.
    reference
        Which exponent a product has.
    addend, late
        Where C joins; ``late`` is given exactly if that is ``LATE``.
    exponent_floor
        Least exponent that terms are aligned to; None for no such limit.
    zero_exponent
        The exponent of an operand, scale or C that is zero; None: a term that is zero takes no
        part in the alignment.
    product_limit
        Products of magnitude ``2^product_limit`` or more count as infinite; None: never.
    flush_inputs
        Elements that are subnormal in their format, and a subnormal C, count as zero.
    flush_results
        A subnormal result becomes zero.
    format
        Of C and the result; a `Minifloat` with infinities as in IEEE 754.
    result_bits
        Trailing significand bits the result is rounded to, 1 to those of ``format``; None: all
        of them.
    rounding
        Of the sum of a step.
    overflow_to_infinity
        Whether a result that rounds beyond the largest value is infinite in every mode; otherwise
        modes that round toward zero there stop at the largest value (IEEE 754-2019, 7.4).
    signed_underflow
        Whether a negative sum that becomes zero is -0; an exact zero is always +0.
    nan_code
        Code of a NaN result; None: the format's own.

    Notes
    -----
    *Exactness*: per step one rounding per term and one of the sum.  A NaN operand, 0 times an
    infinity, or infinities of both signs among products and C give NaN; else an infinity gives
    itself.  Neither takes part in an alignment.

    Examples
    --------
    >>> FusedAccumulator(terms=16, fraction_bits=25, rounding=Rounding.TOWARD_ZERO).result == FP32
    True
    """

    terms: int = 8
    stride: int = 1
    lanes: int = 1
    exact_terms: int = 1
    fraction_bits: int | None = 24
    alignment: Rounding = Rounding.TOWARD_ZERO
    lane_rounding: Rounding = Rounding.DOWN
    reference: Reference = Reference.OPERANDS
    addend: Addend = Addend.ALIGNED
    late: LateAddend | None = None
    exponent_floor: int | None = None
    zero_exponent: int | None = None
    product_limit: int | None = None
    flush_inputs: bool = False
    flush_results: bool = False
    format: Minifloat = FP32
    result_bits: int | None = None
    rounding: Rounding = Rounding.TOWARD_ZERO
    overflow_to_infinity: bool = True
    signed_underflow: bool = False
    nan_code: int | None = None

    def __post_init__(self) -> None:
        require_types(self)
        for name, least, greatest in _RANGES:
            require_range(self, name, least, greatest)
        for name, least, greatest in _OPTIONAL_RANGES:
            if getattr(self, name) is not None:
                require_range(self, name, least, greatest)
        for name in ("alignment", "lane_rounding", "rounding"):
            _require_deterministic(self, name)
        self._check_groups()
        self._check_format()

    def _check_groups(self) -> None:
        if self.terms % self.exact_terms:
            msg = f"exact_terms is {self.exact_terms}: choose a divisor of terms, {self.terms}"
            raise DatapathError(msg)
        if self.exact_terms > 1 and (self.lanes > 1 or self.stride > 1):
            msg = "exact groups are of neighbours: leave lanes and stride at 1"
            raise DatapathError(msg)
        if self.lanes > 1 and self.addend is Addend.ALIGNED:
            msg = f"{self.lanes} lanes are aligned by themselves: let C join LATE or ROUNDED"
            raise DatapathError(msg)
        if (self.late is not None) != (self.addend is Addend.LATE) or (
            self.late is not None and not isinstance(self.late, LateAddend)
        ):
            msg = f"late is {self.late!r} where C is {self.addend}: give a LateAddend just for LATE"
            raise DatapathError(msg)

    def _check_format(self) -> None:
        if self.format.specials is not Specials.IEEE or not self.format.signed:
            msg = f"format is {self.format}: give a signed Minifloat with IEEE 754's infinities"
            raise DatapathError(msg)
        if self.result_bits is not None and self.result_bits > self.format.significand_bits:
            most = self.format.significand_bits
            msg = f"result_bits is {self.result_bits}: the format has {most}, choose at most these"
            raise DatapathError(msg)
        if self.nan_code is not None and self.nan_code not in range(2**self.format.bits):
            msg = f"nan_code is {self.nan_code!r}: give a code of {self.format}"
            raise DatapathError(msg)
        code = self.canonical_nan
        value = self.format.decode(code)
        if value == value:
            msg = f"nan_code {code:#x} is {value} in {self.format}: give the code of a NaN"
            raise DatapathError(msg)

    @property
    def canonical_nan(self) -> int:
        """Code of every NaN result."""
        code = self.format.nan_code if self.nan_code is None else self.nan_code
        return 0 if code is None else code

    @property
    def result(self) -> Minifloat:
        """The format that the sum is rounded to; each of its values is one of ``format``."""
        bits = self.format.significand_bits if self.result_bits is None else self.result_bits
        exponents, bias = self.format.exponent_bits, self.format.bias
        return Minifloat(exponent_bits=exponents, significand_bits=bits, bias=bias)


_RANGES = (("terms", 1, 1024), ("stride", 1, 64), ("lanes", 1, 8), ("exact_terms", 1, 1024))
_OPTIONAL_RANGES = (
    ("fraction_bits", -64, 60),
    ("exponent_floor", -4096, 4096),
    ("zero_exponent", -4096, 4096),
    ("product_limit", -4096, 4096),
    ("result_bits", 1, 52),
)


def _require_deterministic(spec: FusedAccumulator | LateAddend, name: str) -> None:
    mode = getattr(spec, name)
    if mode.is_stochastic:
        msg = f"{name} of {type(spec).__name__} is {mode}: choose a deterministic mode"
        raise DatapathError(msg)
