"""Which changes of shape keep every tile whole and its scale where it belongs."""

import math

from .affine import Affine
from .block import Block
from .errors import FormatError
from .kinds import Format


def check_reshape(format: Format, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    """Require that arrays of these shapes in C order have the same tiles in the same order.

    Any change is lawful for a scalar format and for an array without elements.  For tiles of
    (r, c), with R rows and C columns (a vector is one row, and all axes before the last two are
    the batch), it is lawful if

    * C stays, and R stays or r divides it before and after: only the batch is split or merged, or
      whole strips of tiles move between the batch and the rows;
    * or r = 1 and c divides C before and after: every row is a sequence of whole tiles.

    A change that keeps tiles only because of the padding at ragged edges is refused.

    Preconditions: both shapes have as many elements.

    Raises
    ------
    FormatError
        If tiles would be cut.

    Examples
    --------
    >>> from bitpde.formats import MXINT8, SMX_INT8
    >>> check_reshape(SMX_INT8, (2, 8, 5), (16, 5))
    >>> check_reshape(MXINT8, (3, 64), (192,))
    >>> check_reshape(SMX_INT8, (8, 8), (4, 8, 2))
    Traceback (most recent call last):
        ...
    bitpde.formats.errors.FormatError: (8, 8) to (4, 8, 2) cuts tiles (4, 4): keep the 8 columns
    """
    if not isinstance(format, Block) or math.prod(old) == 0:
        return
    (rows, columns), (new_rows, new_columns) = ((1, 1, *shape)[-2:] for shape in (old, new))
    high, wide = format.tile
    if columns == new_columns and (rows == new_rows or rows % high == new_rows % high == 0):
        return
    if high == 1 and columns % wide == new_columns % wide == 0:
        return
    remedy = f"keep the {columns} columns"
    if high == 1:
        remedy += f" or have multiples of {wide}"
    elif columns == new_columns:
        remedy = f"keep the {rows} rows or have multiples of {high}"
    msg = f"{old} to {new} cuts tiles {format.tile}: {remedy}"
    raise FormatError(msg)


def check_channels(format: Format) -> None:
    """Require that codes may change places: the scales of channels name their axis by number.

    Raises
    ------
    FormatError
        If the format has a scale for each channel.
    """
    if isinstance(format, Affine) and format.axis is not None:
        msg = f"channels on axis {format.axis} have scales of their own: take the part of values()"
        raise FormatError(msg)
