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
from .fixed import Fixed
from .layout import power_of_two_scale
from .minifloat import Minifloat
from .overflow import NonFinite
from .scaling import ScaleOverflow, ScaleRule, Scaling, ZeroScale


def encode_tile_exact(
    cast: Cast, rows: Sequence[Sequence[Real]], random: Sequence[Sequence[int]] | None = None
) -> tuple[int, list[list[int]]]:
    """Return the scale code of one tile and the codes of its elements; one rounding each.

    With ``s`` the exponent of the scale that `scale_exact` chooses, an element becomes the code of
    ``x 2^-s`` (OCP MX v1.0, 6.3).  NaN or an infinity makes the scale NaN and the codes 0, unless
    the cast treats them element by element.

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
    element = replace(cast, format=block.element, scaling=Scaling())
    numbers = [x for row in rows for x in row]
    strange = [x for x in numbers if not is_finite(x)]
    if strange and cast.nonfinite is NonFinite.RAISE:
        encode_exact(element, strange[0])
    alone = cast.nonfinite is NonFinite.ELEMENT and len(strange) < len(numbers)
    top = max((abs(Fraction(x)) for x in numbers if is_finite(x)), default=Fraction(0))
    s = None if strange and not alone else scale_exact(block, cast.scaling, top)
    if s is None:
        return power_of_two_scale(block).nan_code, [[0 for _ in row] for row in rows]
    # Only a float can say -0, so a zero stays what it is.
    scaled = [
        [Fraction(x) / Fraction(2) ** s if x and is_finite(x) else x for x in row] for row in rows
    ]
    drawn = random or [[0 for _ in row] for row in rows]
    codes = [
        [encode_exact(element, x, r) for x, r in zip(*pair, strict=True)]
        for pair in zip(scaled, drawn, strict=True)
    ]
    return s + power_of_two_scale(block).bias, codes


def scale_exact(block: Block, scaling: Scaling, top: Fraction) -> int | None:
    """Return the exponent of the scale of a tile with largest magnitude ``top``, None for NaN.

    The rules are read as inequalities: OCP's is the greatest power of two with
    ``2^emax scale <= top``, the others double it when ``top`` is past their threshold.

    Examples
    --------
    >>> from bitpde.formats import MXFP4_E2M1, ScaleRule
    >>> [scale_exact(MXFP4_E2M1, Scaling(rule=rule), Fraction(13, 2)) for rule in ScaleRule][:5]
    [0, 1, 1, 0, 0]
    """
    element, scale = block.element, power_of_two_scale(block)
    if not top and scaling.zero is ZeroScale.LEAST:
        return scale.emin
    top = top or Fraction(2) ** -126
    s = floor_log2(top) - element.emax
    power, largest = Fraction(2) ** (s + element.emax), element.max * Fraction(2) ** s
    step = _step(element) * Fraction(2) ** s
    match scaling.rule:
        case ScaleRule.CEIL:
            s += top > power
        case ScaleRule.RCEIL:
            s += top > largest
        case ScaleRule.EVEN:
            s += top >= 2 * power - step / 2
        case ScaleRule.MIDMAX:
            s += top > (largest + 2 * power) / 2
    if s > scale.emax:
        return scale.emax if scaling.overflow is ScaleOverflow.CLAMP else None
    return max(s, scale.emin)


def _step(element: Fixed | Minifloat) -> Fraction:
    """Return the distance of values in the largest binade."""
    if isinstance(element, Fixed):
        return element.lsb
    return Fraction(2) ** (element.emax - element.significand_bits)


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
