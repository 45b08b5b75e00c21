"""Which casts are proved: every scalar format of at most 8 bits, every lawful pair of policies."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from ..formats import CATALOGUE, Cast, Fixed, FormatError, Minifloat, Overflow, Rounding, Specials

_WIDEST: Final = 8

#: 8-bit formats in use that the catalogue does not name (the names are those of ml_dtypes).
_OTHERS: Final = {
    "float8_e4m3": (4, 7, Specials.IEEE),
    "float8_e3m4": (3, 3, Specials.IEEE),
    "float8_e4m3fnuz": (4, 8, Specials.NEGATIVE_ZERO_IS_NAN),
    "float8_e5m2fnuz": (5, 16, Specials.NEGATIVE_ZERO_IS_NAN),
    "float8_e4m3b11fnuz": (4, 11, Specials.NEGATIVE_ZERO_IS_NAN),
}


def targets() -> dict[str, Fixed | Minifloat]:
    """The scalar formats of at most 8 bits by name: the catalogue's and others in use.

    Examples
    --------
    >>> sorted(targets())[:4]
    ['INT4', 'INT6', 'INT8', 'OCP_E2M1']
    """
    found: dict[str, Fixed | Minifloat] = {}
    for name, format in CATALOGUE.items():
        if isinstance(format, Fixed | Minifloat) and format.bits <= _WIDEST:
            found[name] = format
    for name, (exponent_bits, bias, specials) in _OTHERS.items():
        format = Minifloat(
            exponent_bits=exponent_bits, significand_bits=_WIDEST - 1 - exponent_bits,
            bias=bias, specials=specials,
        )  # fmt: skip
        if format not in found.values():
            found[name] = format
    return found


def lawful_casts(format: Fixed | Minifloat) -> Iterator[Cast]:
    """Every deterministic cast to the format that can be made.

    Examples
    --------
    >>> from bitpde.formats import INT4
    >>> Overflow.INFINITY_OR_NAN in {cast.overflow for cast in lawful_casts(INT4)}
    False
    """
    for rounding, overflow in product(Rounding, Overflow):
        if rounding.value.startswith("stochastic"):
            continue
        try:
            yield Cast(format=format, rounding=rounding, overflow=overflow)
        except FormatError:
            continue
