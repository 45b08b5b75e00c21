"""Operands of dot products as the kernels take them: integers, exponents, and what is special."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Block, Coded, Fixed, Minifloat, PowerOfTwo, spread_tiles
from .unit_operands import require_unit_operand

Integers = NDArray[np.int64]

#: Bits of `Lanes.flags`; MADE: a NaN that is 0 times an infinity.
NAN, INFINITE, NEGATIVE, MADE = 1, 2, 4, 8


class Parts(NamedTuple):
    """What codes of a scalar format stand for: ``m 2^e``, and flags."""

    m: Integers
    e: Integers
    flags: NDArray[np.uint8]


class Lanes(NamedTuple):
    """A matrix contracted along its columns: every element is ``m 2^e``, m with its sign.

    The exponent that units align by is ``e + offset``, or for exact groups, which only see the
    exponents of the scales, ``scale_exponent``.
    """

    m: Integers
    e: Integers
    flags: NDArray[np.uint8]
    scale_exponent: Integers
    #: whether a row holds NaN or an infinity
    special: NDArray[np.bool_]
    #: bits of the largest |m| there can be
    bits: int
    offset: int


def lanes_of(
    coded: Coded, zero_exponent: int | None = None, *, flush: bool = False, fixed: bool = False
) -> Lanes:
    """The rows of a coded matrix.

    Parameters
    ----------
    coded
        Of shape (rows, K).
    zero_exponent
        Exponent of elements and scales that are zero; None: any, the caller skips them.
    flush
        Take subnormal elements for zeros.
    fixed
        Write every ``m`` in units of the least step of its format, so that the elements of a tile
        have one ``e``.

    Raises
    ------
    DatapathError
        For an `Affine` format, and for a scale of the whole tensor other than 1.

    Notes
    -----
    *Exactness*: exact.
    """
    require_unit_operand(coded)
    format, element = coded.format, coded.element
    own = parts_of(element, coded.codes, zero_exponent, flush=flush)
    offset, bits = _offset(element), _bits(element)
    if fixed:
        step = element.lsb_min
        # The exponent of a zero says nothing here: exact groups align by their scales.
        m = own.m << np.where(own.m == 0, 0, own.e - step)
        own = Parts(m, np.full_like(own.e, step), own.flags)
        bits = element.emax + 2 - element.lsb_min
    m, e, flags = own
    scale_exponent = np.zeros_like(e)
    if isinstance(format, Block) and coded.scales is not None:
        scales = parts_of(format.scale, coded.scales, zero_exponent)
        sm, se, sf = (spread_tiles(part, coded.shape, format) for part in scales)
        made = (flags & INFINITE != 0) & (sm == 0) & (sf & NAN == 0)
        m, e, flags = m * sm, e + se, flags | sf | np.where(made, NAN | MADE, 0).astype(np.uint8)
        offset += _offset(format.scale)
        bits += _bits(format.scale)
        scale_exponent = se + _offset(format.scale)
    return Lanes(
        m=np.ascontiguousarray(m),
        e=np.ascontiguousarray(e),
        flags=np.ascontiguousarray(flags),
        scale_exponent=np.ascontiguousarray(scale_exponent),
        special=np.asarray(np.any(flags & (NAN | INFINITE), axis=1)),
        bits=bits,
        offset=offset,
    )


def parts_of(
    format: Fixed | Minifloat | PowerOfTwo,
    codes: NDArray[Any],
    zero_exponent: int | None = None,
    *,
    flush: bool = False,
) -> Parts:
    """Codes of a scalar format taken apart; exact.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> m, e, flags = parts_of(OFP8_E4M3, np.array([0x38, 0x81, 0x7F], np.uint8))
    >>> m.tolist(), e.tolist(), flags.tolist()
    ([8, -1, 0], [-3, -9, -9], [0, 4, 1])
    """
    if isinstance(format, PowerOfTwo):
        nan = codes == format.nan_code
        e = codes.astype(np.int64) - format.bias
        return Parts(np.where(nan, 0, 1), e, nan.astype(np.uint8))
    if isinstance(format, Fixed):
        m = codes.astype(np.int64)
        e = np.full_like(m, format.lsb_min)
        flags = np.where(m < 0, NEGATIVE, 0).astype(np.uint8)
    else:
        m, e, flags = _minifloat(format, codes, flush=flush)
    if zero_exponent is not None:
        e = np.where((m == 0) & (flags & (NAN | INFINITE) == 0), zero_exponent - _offset(format), e)
    return Parts(m, e, flags)


def _minifloat(format: Minifloat, codes: NDArray[Any], *, flush: bool) -> Parts:
    wide = codes.astype(np.uint64)
    sign = np.uint64(format.sign_code)
    negative = (wide & sign) != 0
    magnitude = (wide & ~sign).astype(np.int64)
    trailing = magnitude & ((1 << format.significand_bits) - 1)
    field = magnitude >> format.significand_bits
    infinite = np.zeros(codes.shape, np.bool_)
    if format.infinity_code is not None:
        infinite = magnitude == format.infinity_code
    nan = (magnitude > format.max_ordinal) & ~infinite
    if format.nan_code is not None:
        nan |= wide == np.uint64(format.nan_code)
    m = np.where(field > 0, trailing | (1 << format.significand_bits), trailing)
    flushed = (field == 0) & (trailing != 0) & flush
    negative &= ~flushed
    gone = infinite | nan | flushed
    m = np.where(gone, 0, np.where(negative, -m, m))
    e = np.where(infinite | nan, 1, np.maximum(field, 1)) - format.bias - format.significand_bits
    flags = nan * NAN + infinite * INFINITE + negative * NEGATIVE
    return Parts(m, e, flags.astype(np.uint8))


def _offset(format: Fixed | Minifloat | PowerOfTwo) -> int:
    """From the exponent of the integers to the exponent of the numbers."""
    if isinstance(format, PowerOfTwo):
        return 0
    return format.emax - format.lsb_min if isinstance(format, Fixed) else format.significand_bits


def _bits(format: Fixed | Minifloat | PowerOfTwo) -> int:
    if isinstance(format, PowerOfTwo):
        return 0
    return format.bits if isinstance(format, Fixed) else format.significand_bits + 1
