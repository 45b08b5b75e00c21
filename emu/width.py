"""Width analysis: how many bits a product or a sum can need, from formats and actual scales.

A set of numbers is bounded by its *span*: every one is a multiple of ``2^lsb`` and below ``2^top``
in magnitude.  Spans multiply by adding, and a sum of n numbers raises ``top`` by ceil(log2 n).  A
sum whose span is at most 24 (53) bits wide is exact in float32 (float64) in any order, as long as
the exponents themselves fit.  Every fast lane of the matrix product is taken on such a proof.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..formats import Affine, Block, Coded, Fixed, Minifloat, spread_tiles

#: (significant bits, exponent of the least step, exponent of the first power that overflows)
LIMITS = {
    np.float16: (11, -24, 16), np.float32: (24, -149, 128), np.float64: (53, -1074, 1024),
}  # fmt: skip


class Span(NamedTuple):
    """Numbers that are multiples of ``2^lsb`` and less than or equal to ``2^top`` in magnitude."""

    lsb: int
    top: int

    @property
    def bits(self) -> int:
        """How many bits of significand hold every such number."""
        return self.top - self.lsb

    def times(self, other: "Span") -> "Span":
        """Span of the products."""
        return Span(self.lsb + other.lsb, self.top + other.top)

    def summed(self, count: int) -> "Span":
        """Span of the sums of at most ``count`` such numbers.

        Examples
        --------
        >>> Span(0, 7).times(Span(0, 7)).summed(4)
        Span(lsb=0, top=16)
        """
        return Span(self.lsb, self.top + max(count - 1, 0).bit_length())

    def shifted(self, least: int, greatest: int) -> "Span":
        """Span of the numbers times powers of two with exponents least..greatest."""
        return Span(self.lsb + least, self.top + greatest)


def element_span(element: Fixed | Minifloat) -> Span:
    """Span of a scalar format's finite values."""
    if isinstance(element, Fixed):
        return Span(element.lsb_min, element.bits - element.signed + element.lsb_min)
    return Span(element.lsb_min, element.emax + 1)


def scale_range(coded: Coded) -> tuple[int, int]:
    """``(l, g)``: scales are multiples of ``2^l`` and at most ``2^g``.

    Those of NaN tiles and of tiles of zeros do not count.
    """
    if coded.scales is None or not isinstance(coded.format, Block):
        return 0, 0
    scale = coded.format.scale
    if isinstance(scale, Minifloat):
        return _small_float_range(scale, coded.scales)
    least, greatest = int(coded.scales.min(initial=0xFF)), int(coded.scales.max(initial=0))
    if 0 < least <= greatest < scale.nan_code:
        return least - scale.bias, greatest - scale.bias
    used = coded.scales[(coded.scales != scale.nan_code) & (coded.scales > 0)]
    least = 0 if _least_scale_is_used(coded) or used.size == 0 else int(used.min())
    greatest = int(used.max()) if used.size else 0
    return least - scale.bias, greatest - scale.bias


def _small_float_range(scale: Minifloat, codes: NDArray[np.uint8]) -> tuple[int, int]:
    """The last place of the least scale above 0, and a power of two above the greatest."""
    used = codes[(codes > 0) & (codes <= scale.max_ordinal)]
    if used.size == 0:
        return 0, 0
    least, greatest = (
        max(int(code) >> scale.significand_bits, 1) - scale.bias
        for code in (used.min(), used.max())
    )
    return least - scale.significand_bits, greatest + 1


def _least_scale_is_used(coded: Coded) -> bool:
    """Whether a tile with scale code 0 holds anything but zeros."""
    if coded.scales is None or not isinstance(coded.format, Block):
        return False
    least = coded.scales == 0
    if not least.any():
        return False
    return bool(np.any(coded.codes[spread_tiles(least, coded.shape, coded.format)] != 0))


def tile_rows(coded: Coded) -> int:
    """How many rows of a matrix share a tile of scales; 1 without.

    Examples
    --------
    >>> from bitpde.formats import FP16, SMX_INT8, Cast
    >>> [tile_rows(Cast(format=f).encode(np.ones((4, 4)))) for f in (FP16, SMX_INT8)]
    [1, 4]
    """
    return coded.format.tile[0] if isinstance(coded.format, Block) else 1


def value_span(coded: Coded) -> Span:
    """Span of all finite values of an array, its scales included."""
    return element_span(coded.element).shifted(*scale_range(coded))


def has_shifting_scales(x: Coded) -> bool:
    """Whether values are codes times powers of two, without zero points."""
    if isinstance(x.format, Block):
        return x.format.has_power_of_two_scale
    return not isinstance(x.format, Affine)
