"""The scale format of blocks: an exponent and nothing else."""

from dataclasses import dataclass
from fractions import Fraction

from .errors import FormatError
from .specs import check_fields


@dataclass(frozen=True, kw_only=True)
class PowerOfTwo:
    """``exponent_bits`` of biased exponent: code ``c`` is ``2^(c - bias)``, all ones is NaN.

    There is no sign and **no zero**: code 0 is the least scale.  With eight bits and bias 127 this
    is E8M0 (OCP MX v1.0, 5.4.1).

    Examples
    --------
    >>> e8m0 = PowerOfTwo(exponent_bits=8, bias=127)
    >>> e8m0.decode(127), e8m0.decode(0) == Fraction(1, 2**127), e8m0.decode(255)
    (Fraction(1, 1), True, nan)
    """

    exponent_bits: int = 8
    bias: int = 127

    def __post_init__(self) -> None:
        check_fields(self)
        if self.exponent_bits != 8 or not 0 <= self.bias <= 254:
            msg = (
                f"PowerOfTwo has {self.exponent_bits} bits and bias {self.bias}: scales are bytes, "
                "choose exponent_bits=8 and a bias of 0 to 254"
            )
            raise FormatError(msg)

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.exponent_bits

    @property
    def emin(self) -> int:
        """Least exponent."""
        return -self.bias

    @property
    def emax(self) -> int:
        """Greatest exponent; the code above it is NaN."""
        return self.nan_code - 1 - self.bias

    @property
    def nan_code(self) -> int:
        """The all-ones code."""
        return int(2**self.exponent_bits) - 1

    def codes(self) -> range:
        """All codes, NaN included."""
        return range(2**self.exponent_bits)

    def decode(self, code: int) -> Fraction | float:
        """What ``code`` stands for; exact."""
        if not 0 <= code <= self.nan_code:
            msg = f"{code} is no code of {self}: codes run from 0 to {self.nan_code}"
            raise FormatError(msg)
        return float("nan") if code == self.nan_code else Fraction(2) ** (int(code) - self.bias)
