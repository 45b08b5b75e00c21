"""Block formats: the elements of a tile share one power-of-two scale.

One `tile` parameter makes the family:

* ``tile=(1, 32)``: a row of 32 elements shares a scale, the vector blocks of OCP MX v1.0;
* ``tile=(4, 4)``: a square shares a scale, **SMX** (square-block MX).  Because the tiles of a
  transpose are the transposes of the tiles, ``Q(A.T) == Q(A).T`` and one stored copy serves a
  product from either side;
* ``tile=(32, 1)``: what a row-blocked matrix becomes when it is transposed.

"SMX" here always means *square-block MX*, never the two-level "shared microexponents"
(arXiv 2302.08007) that share the abbreviation.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo
from .specs import check_fields

_E8M0 = PowerOfTwo(exponent_bits=8, bias=127)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Tiles of ``tile = (rows, columns)`` elements over the last two axes, one scale per tile.

    The value of an element is ``2^s p``: ``p`` the value of its code in ``element``, ``s`` the
    exponent in its tile's scale (OCP MX v1.0, 5.1).  Encoding chooses
    ``s = floor(log2 max|tile|) - element.emax``, clamped to the scale's range (6.3).  Ragged edges
    count as zero-padded; a tile of zeros has the least scale; the NaN scale makes a whole tile NaN.

    Parameters
    ----------
    element
        Format of the elements, at most 16 bits.
    tile
        Rows and columns that share a scale.
    scale
        Format of the scales.

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
    scale: PowerOfTwo = _E8M0

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
        lowest = self.element.lsb_min + self.scale.emin
        if lowest < -1074 or self.element.emax + self.scale.emax > 1022:
            msg = f"{self} reaches beyond binary64, the carrier of values: choose another bias"
            raise FormatError(msg)

    @property
    def T(self) -> "Block":
        """The format of the transpose: the same with the sides of the tile exchanged."""
        return replace(self, tile=self.tile[::-1])

    @property
    def square(self) -> bool:
        """Whether tiles are square, so that transposing loses no bits."""
        return self.tile[0] == self.tile[1]

    @property
    def bits_per_element(self) -> Fraction:
        """Storage per element of a whole tile, its share of the scale included."""
        return self.element.bits + Fraction(self.scale.bits, self.tile[0] * self.tile[1])

    def grid(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the scales of an array of ``shape``: the last two axes counted in tiles.

        A vector counts as one row.
        """
        rows, columns = self.tile
        matrix = (1, 1, *shape)[-max(2, len(shape)) :]
        grid = (*matrix[:-2], -(-matrix[-2] // rows), -(-matrix[-1] // columns))
        return grid[len(matrix) - len(shape) :]


def element_of(format: Fixed | Minifloat | Block) -> Fixed | Minifloat:
    """The format of one code: a block's element, a scalar format itself."""
    return format.element if isinstance(format, Block) else format
