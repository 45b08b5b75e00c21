"""Decode and project as the P3109 draft defines them, in rationals and with no code of the library.

Source: IEEE SA P3109 interim report v4.0: 3.1 (formats), 4.7.2 (decoding), 4.7.4 (rounding to
precision), 4.7.5 (saturation), 4.7.6 (encoding).  A datum is a Fraction, or a float for the
infinities and NaN; there is no -0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from math import floor, inf, isinf, isnan, nan
from typing import Literal

Datum = Fraction | float
Saturation = Literal["finite", "propagate", "none"]


@dataclass(frozen=True)
class Format:
    """The four parameters of a format."""

    k: int
    p: int
    signed: bool
    extended: bool

    def __str__(self) -> str:
        return f"Binary{self.k}p{self.p}{'us'[self.signed]}{'fe'[self.extended]}"

    @property
    def bias(self) -> int:
        return int(2 ** (self.k - self.p - (1 if self.signed else 0)))

    @property
    def nan_code(self) -> int:
        return int(2 ** (self.k - 1)) if self.signed else int(2**self.k) - 1

    @property
    def positive(self) -> int:
        """The greatest code of a positive number or +infinity."""
        return (int(2 ** (self.k - 1)) if self.signed else int(2**self.k) - 1) - 1

    @property
    def max_code(self) -> int:
        return self.positive - self.extended

    @cached_property
    def max(self) -> Fraction:
        significand, exponent = self.fields(self.max_code)
        return significand * two_to(exponent)

    def fields(self, code: int) -> tuple[int, int]:
        """Integer significand and exponent of the magnitude of a positive finite code."""
        field, trailing = divmod(code, 2 ** (self.p - 1))
        significand = trailing if field == 0 else trailing + 2 ** (self.p - 1)
        return significand, max(field, 1) - self.bias - (self.p - 1)

    def pair(self, code: int) -> tuple[int, int] | str:
        """Signed significand and exponent of any code; a word for infinities and NaN."""
        if code == self.nan_code:
            return "nan"
        negative = self.signed and code >= 2 ** (self.k - 1)
        magnitude = code - 2 ** (self.k - 1) if negative else code
        if self.extended and magnitude == self.positive:
            return "-inf" if negative else "inf"
        significand, exponent = self.fields(magnitude)
        return -significand if negative else significand, exponent

    def decode(self, code: int) -> Datum:
        pair = self.pair(code)
        return float(pair) if isinstance(pair, str) else pair[0] * two_to(pair[1])


@cache
def two_to(exponent: int) -> Fraction:
    """The power of two."""
    return Fraction(2) ** exponent


def formats(bits: range) -> Iterator[Format]:
    """Every format of the draft with that many bits."""
    for k in bits:
        for signed in (True, False):
            for p in range(1, k if signed else k + 1):
                for extended in (True, False):
                    yield Format(k, p, signed, extended)


def round_to_precision(f: Format, mode: str, x: Datum, n: int = 0, r: int = 0) -> Datum:
    """Clause 4.7.4; what it returns may lie beyond the format."""
    if isinstance(x, float) or x == 0:
        return x
    q = max(_floor_log2(Fraction(abs(x))), 1 - f.bias) - f.p + 1
    scaled = abs(x) * two_to(-q)
    below = floor(scaled)
    nu = scaled - below
    even = below % 2 == 0 if f.p > 1 else below == 0 or (q + f.bias) % 2 == 0
    half = Fraction(1, 2)
    match mode:
        case "TowardPositive":
            away = nu > 0 and x > 0
        case "TowardNegative":
            away = nu > 0 and x < 0
        case "NearestTiesToAway":
            away = nu >= half
        case "NearestTiesToEven":
            away = nu > half or (nu == half and not even)
        case "ToOdd":
            away = nu > 0 and even
        case "StochasticA":
            away = floor(nu * 2**n) + r >= 2**n
        case "StochasticB":
            away = floor(nu * 2 ** (n + 1)) + 2 * r + 1 >= 2 ** (n + 1)
        case "StochasticC":
            away = round(nu * 2**n) + r >= 2**n
        case _:
            away = False  # TowardZero
    magnitude = (below + away) * two_to(q)
    return magnitude if x > 0 else -magnitude


def saturate(f: Format, mode: str, saturation: Saturation, x: Datum) -> Datum:
    """Clause 4.7.5, row by row."""
    low = -f.max if f.signed else Fraction(0)
    if low <= x <= f.max or x != x:
        return x
    clamped = f.max if x > 0 else low
    match saturation:
        case "finite":
            return clamped
        case "propagate":
            return x if isinstance(x, float) and f.extended and (x > 0 or f.signed) else clamped
    if x > 0:
        if not f.extended:
            return f.max
        if isinstance(x, float):
            return inf
        inward = mode in ("TowardZero", "TowardNegative") or (mode == "ToOdd" and not f.signed)
        return f.max if inward else inf
    if isinstance(x, float):
        return nan if not f.signed else -inf if f.extended else low
    if mode in ("TowardZero", "TowardPositive"):
        return low
    if not f.signed:
        return nan
    return -inf if f.extended else low


def encode(f: Format, x: Datum) -> int:
    """Clause 4.7.6, for a datum of the format."""
    if isinstance(x, float) and isnan(x):
        return f.nan_code
    if x < 0:
        return encode(f, -x) + int(2 ** (f.k - 1))
    if isinstance(x, float) and isinf(x):
        return f.positive
    if x == 0:
        return 0
    exponent = max(_floor_log2(Fraction(x)), 1 - f.bias)
    significand = x * two_to(f.p - 1 - exponent)
    trailing = int(significand) % 2 ** (f.p - 1)
    if significand < 2 ** (f.p - 1):
        return trailing
    return int(trailing + (exponent + f.bias) * 2 ** (f.p - 1))


def _floor_log2(x: Fraction) -> int:
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if two_to(e) <= x else e - 1
