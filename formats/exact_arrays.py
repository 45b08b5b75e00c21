"""Tiles and arrays in rational arithmetic: the slow twin of block encoding."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from .block import Block
from .cast import Cast
from .coded import Coded
from .errors import FormatError
from .exact import floor_log2
from .exact_encode import Real, encode_exact, is_finite
from .overflow import NonFinite


def encode_tile_exact(
    cast: Cast, rows: Sequence[Sequence[Real]], random: Sequence[Sequence[int]] | None = None
) -> tuple[int, list[list[int]]]:
    """Return the scale code of one tile and the codes of its elements; one rounding each.

    With ``s = floor(log2 max|x|) - element.emax``, clamped to the scale's exponents, an element
    becomes the code of ``x 2^-s`` (OCP MX v1.0, 6.3).  A tile of zeros has the least scale; NaN or
    an infinity makes the scale NaN and the codes 0.

    Parameters
    ----------
    cast
        A cast to a `Block`.
    rows
        The elements of a whole tile, zeros where it hangs over the edge of an array.
    random
        Random bits of each element, for stochastic rounding only.

    Raises
    ------
    FormatError
        If the policies of the cast refuse an element, or if its format has no tiles.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> encode_tile_exact(Cast(format=SMX_INT8), [[1.0, -0.5], [0.25, 3.0]])
    (122, [[32, -16], [8, 96]])
    """
    block = cast.format
    if not isinstance(block, Block):
        msg = f"{block} has no tiles: give a Block, or use encode_exact"
        raise FormatError(msg)
    element = replace(cast, format=block.element)
    strange = [x for row in rows for x in row if not is_finite(x)]
    if strange and cast.nonfinite is NonFinite.RAISE:
        encode_exact(element, strange[0])
    if strange:
        return block.scale.nan_code, [[0 for _ in row] for row in rows]
    top = max(abs(Fraction(x)) for row in rows for x in row)
    wanted = floor_log2(top) - block.element.emax if top else block.scale.emin
    s = min(max(wanted, block.scale.emin), block.scale.emax)
    # Only a float can say -0, so a zero stays what it is.
    scaled = [[Fraction(x) / Fraction(2) ** s if x else x for x in row] for row in rows]
    drawn = random or [[0 for _ in row] for row in rows]
    codes = [
        [encode_exact(element, x, r) for x, r in zip(*pair, strict=True)]
        for pair in zip(scaled, drawn, strict=True)
    ]
    return s + block.scale.bias, codes


def encode_array_exact(cast: Cast, x: ArrayLike, bits: ArrayLike | None = None) -> Coded:
    """Return what ``cast.encode(x, bits)`` must be, built number by number.

    Raises
    ------
    FormatError
        If the policies of the cast refuse an element.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> cast = Cast(format=SMX_INT8)
    >>> encode_array_exact(cast, [[0.3]]).equals(cast.encode([[0.3]]))
    True
    """
    array = np.asarray(x)
    drawn = np.zeros(array.shape, np.int64) if bits is None else np.asarray(bits)
    codes = np.zeros(array.shape, cast.element.code_dtype)
    block = cast.format
    if not isinstance(block, Block):
        for index in np.ndindex(array.shape):
            codes[index] = encode_exact(cast, array[index].item(), drawn[index].item())
        return Coded(format=block, codes=codes)
    scales = np.zeros(block.grid(array.shape), np.uint8)
    for place in np.ndindex(scales.shape):
        sides = block.tile[2 - min(array.ndim, 2) :]
        batch, tile = place[: len(place) - len(sides)], place[len(place) - len(sides) :]
        window = batch + tuple(slice(k * n, (k + 1) * n) for k, n in zip(tile, sides, strict=True))
        part = np.atleast_2d(array[window])
        padding = [(0, n - have) for n, have in zip(block.tile, part.shape, strict=True)]
        rows, draws = (np.pad(p, padding).tolist() for p in (part, np.atleast_2d(drawn[window])))
        scales[place], padded = encode_tile_exact(cast, rows, draws)
        inside = np.array(padded, codes.dtype)[: part.shape[0], : part.shape[1]]
        codes[window] = inside.reshape(codes[window].shape)
    return Coded(format=block, codes=codes, scales=scales)
