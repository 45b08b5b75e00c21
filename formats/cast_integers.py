"""What the kernels know of an element format and the policies of a cast: integers, made here once.

The policies for what lies beyond the format come down to four codes: of a value too large, of one
too small, and of the two infinities.
"""

from functools import lru_cache

from .errors import FormatError
from .fixed import Fixed
from .layout import sign_code
from .minifloat import Minifloat
from .overflow import Overflow
from .rounding import Rounding

#: In the place of a code: the policies leave this value none.
NO_CODE = -(2**62)

_SATURATING = (Overflow.SATURATE, Overflow.SATURATE_FINITE, Overflow.SATURATE_SYMMETRIC)


@lru_cache(maxsize=1024)
def cast_integers(
    element: Fixed | Minifloat, rounding: Rounding, overflow: Overflow
) -> tuple[int, ...]:
    """The integers of `scalar_kernels.element_code`, in its order.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> cast_integers(OFP8_E4M3, Rounding.NEAREST_EVEN, Overflow.SATURATE)[-4:]
    (126, 254, 126, 254)
    """
    if isinstance(element, Fixed):
        return _fixed(element, overflow)
    sign = sign_code(element)
    infinity, nan = element.infinity_code, element.nan_code
    codes = [
        _beyond(element, rounding, overflow, negative=negative, finite=finite)
        for finite in (True, False)
        for negative in (False, True)
    ]
    greatest = element.max_ordinal
    return (
        0, element.significand_bits, element.lsb_min, greatest, -greatest if element.signed else 0,
        NO_CODE if infinity is None else infinity, NO_CODE if nan is None else _held(element, nan),
        sign, int(element.has_negative_zero), 0, *(_held(element, code) for code in codes),
    )  # fmt: skip


def fixed_range(element: Fixed, overflow: Overflow) -> tuple[int, int]:
    """The least and the greatest code a cast produces."""
    least = element.codes()[0]
    if overflow is Overflow.SATURATE_SYMMETRIC:
        least = max(least, -element.max_ordinal)
    return least, element.max_ordinal


def _fixed(element: Fixed, overflow: Overflow) -> tuple[int, ...]:
    least, greatest = fixed_range(element, overflow)
    ends = (greatest, least) if overflow in _SATURATING else (NO_CODE, NO_CODE)
    modulus = int(2**element.bits) if overflow is Overflow.WRAP else 0
    return (
        1, element.significand_bits, element.lsb_min, greatest, least, NO_CODE, NO_CODE, 0, 0,
        modulus, *ends, NO_CODE, NO_CODE,
    )  # fmt: skip


def _held(element: Minifloat, code: int) -> int:
    """The code as the int64 that holds it."""
    return code - 2**64 if element.bits == 64 and code >= 2**63 else code


def _beyond(
    element: Minifloat, rounding: Rounding, overflow: Overflow, *, negative: bool, finite: bool
) -> int:
    """Code of a rounded value beyond the range on one side, or of the infinity there."""
    if overflow is Overflow.RAISE:
        return NO_CODE
    sided = element.signed or not negative
    sign = element.sign_code if negative else 0
    end = element.max_ordinal + sign if sided else 0
    infinity = None
    if element.infinity_code is not None and sided:
        infinity = element.infinity_code + sign
    if overflow in _SATURATING:
        kept = overflow is Overflow.SATURATE_FINITE and not finite and infinity is not None
        return infinity if kept and infinity is not None else end
    if finite and _is_inward(element, rounding, negative=negative):
        return end
    if infinity is not None:
        return infinity
    if overflow is Overflow.INFINITY_OR_MAX and sided:
        return end
    if element.nan_code is None:
        msg = f"{element} has no infinity or NaN: choose another overflow, such as SATURATE"
        raise FormatError(msg)
    return element.nan_code


def _is_inward(element: Minifloat, rounding: Rounding, *, negative: bool) -> bool:
    """Whether a rounding between the end of the range and infinity takes the end.

    To odd, infinity is taken where its code is the odd one.
    """
    if rounding is Rounding.TO_ODD:
        odd = element.infinity_code is not None and element.infinity_code % 2 == 1
        return not odd and (element.signed or not negative)
    return rounding in (Rounding.TOWARD_ZERO, Rounding.UP if negative else Rounding.DOWN)
