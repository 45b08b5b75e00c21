"""Block formats: the elements of a tile share one power-of-two scale.

One `tile` parameter makes the family:

* ``tile=(1, 32)``: a row of 32 elements shares a scale, the vector blocks of OCP MX v1.0;
* ``tile=(4, 4)``: a square shares a scale, **SMX** (square-block MX).  Because the tiles of a
  transpose are the transposes of the tiles, ``Q(A.T) == Q(A).T`` and one stored copy serves a
  product from either side;
* ``tile=(1, 16)`` with a scale that is a small float, and one for the tensor: NVFP4;
* ``tile=(32, 1)``: what a row-blocked matrix becomes when it is transposed.

"SMX" here always means *square-block MX*, never the two-level "shared microexponents"
(arXiv 2302.08007) that share the abbreviation.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from .affine import Affine
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo
from .specs import check_fields

_E8M0 = PowerOfTwo(exponent_bits=8, bias=127)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Tiles of ``tile = (rows, columns)`` elements over the last two axes, one scale per tile.

    The value of an element is ``s p``: ``p`` the value of its code in ``element``, ``s`` that of
    its tile's scale (OCP MX v1.0, 5.1), times the scale of the whole tensor if the format has one.
    How encoding chooses scales is told by `Scaling`.  Ragged edges count as zero-padded; the NaN
    scale makes a whole tile NaN.

    Parameters
    ----------
    element
        Format of the elements, at most 16 bits.
    tile
        Rows and columns that share a scale.
    scale
        Format of the scales: a power of two, or an unsigned minifloat of at most 8 bits.
    tensor_scale
        Whether one binary32 scales the whole array as well (NVFP4's second level).

    Examples
    --------
    >>> smx = Block(element=Fixed(bits=8), tile=(4, 4))
    >>> smx.bits_per_element, smx.T == smx
    (Fraction(17, 2), True)
    >>> mx = Block(element=Fixed(bits=8, fraction_bits=6), tile=(1, 32))
    >>> mx.T.tile, float(mx.bits_per_element)
    ((32, 1), 8.25)
    """

    element: Fixed | Minifloat
    tile: tuple[int, int]
    scale: PowerOfTwo | Minifloat = _E8M0
    tensor_scale: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        tile = self.tile
        whole = isinstance(tile, tuple) and all(type(side) is int for side in tile)
        if not whole or len(tile) != 2 or min(tile) < 1:
            msg = f"tile is {tile!r}: give two positive integers (rows, columns), such as (4, 4)"
            raise FormatError(msg)
        if not isinstance(self.element, Fixed | Minifloat) or self.element.bits > 16:
            msg = f"element is {self.element!r}: give a Fixed or Minifloat of at most 16 bits"
            raise FormatError(msg)
        if not isinstance(self.scale, PowerOfTwo | Minifloat):
            msg = f"scale of a Block is {self.scale!r}: give a PowerOfTwo or an unsigned Minifloat"
            raise FormatError(msg)
        if isinstance(self.scale, Minifloat):
            self._check_minifloat_scale(self.scale)
        elif self.tensor_scale:
            msg = "a scale of the whole tensor belongs to minifloat scales: give one, such as UE4M3"
            raise FormatError(msg)
        least = self.scale.lsb_min if isinstance(self.scale, Minifloat) else self.scale.emin
        if self.element.lsb_min + least < -1074 or self.element.emax + self.scale.emax > 1022:
            msg = f"{self} reaches beyond binary64, the carrier of values: choose another bias"
            raise FormatError(msg)

    def _check_minifloat_scale(self, scale: Minifloat) -> None:
        if scale.signed or scale.bits > 8 or not scale.has_nan or not scale.fits_binary64:
            msg = f"scale is {scale}: give an unsigned Minifloat of at most 8 bits that has a NaN"
            raise FormatError(msg)
        if self.element.lsb_min < -900 or self.element.emax > 900:
            msg = f"{self.element} is too far from 1 for quotients: choose another bias"
            raise FormatError(msg)

    @property
    def has_power_of_two_scale(self) -> bool:
        """Whether scales are exponents alone, so that scaling only shifts."""
        return isinstance(self.scale, PowerOfTwo)

    @property
    def T(self) -> "Block":
        """The format of the transpose: the same with the sides of the tile exchanged."""
        return self if self.square else replace(self, tile=self.tile[::-1])

    @property
    def square(self) -> bool:
        """Whether tiles are square, so that transposing loses no bits."""
        return self.tile[0] == self.tile[1]

    @property
    def bits_per_element(self) -> Fraction:
        """Storage per element of a whole tile, its share of the scale, a byte, included."""
        return self.element.bits + Fraction(8, self.tile[0] * self.tile[1])

    def grid(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the scales of an array of ``shape``: the last two axes counted in tiles.

        A vector counts as one row.
        """
        rows, columns = self.tile
        if len(shape) == 2:
            return -(-shape[0] // rows), -(-shape[1] // columns)
        matrix = (1, 1, *shape)[-max(2, len(shape)) :]
        grid = (*matrix[:-2], -(-matrix[-2] // rows), -(-matrix[-1] // columns))
        return grid[len(matrix) - len(shape) :]


def element_of(format: Fixed | Minifloat | Affine | Block) -> Fixed | Minifloat:
    """The format of one code: a block's element, a scalar format itself."""
    return format if isinstance(format, Fixed | Minifloat) else format.element
