"""Which casts are proved: every scalar format of at most 8 bits, every lawful pair of policies."""

from collections.abc import Iterator
from itertools import product
from typing import Final

from ..formats import CATALOGUE, Cast, Fixed, FormatError, Minifloat, Overflow, Rounding, p3109

_WIDEST: Final = 8


def targets() -> dict[str, Fixed | Minifloat]:
    """The scalar formats of at most 8 bits by name: the catalogue's and the rest of P3109's.

    Examples
    --------
    >>> found = targets()
    >>> "OCP_E2M1" in found, "Binary8p5uf" in found, "BF16" in found
    (True, True, False)
    """
    found: dict[str, Fixed | Minifloat] = {}
    for name, format in CATALOGUE.items():
        if isinstance(format, Fixed | Minifloat) and format.bits <= _WIDEST:
            found[name] = format
    for signed, extended in product((True, False), repeat=2):
        for p in range(1, _WIDEST + (not signed)):
            format = p3109(_WIDEST, p, signed=signed, extended=extended)
            if format not in found.values():
                found[f"Binary{_WIDEST}p{p}{'us'[signed]}{'fe'[extended]}"] = format
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
        if rounding.is_stochastic:
            continue
        try:
            yield Cast(format=format, rounding=rounding, overflow=overflow)
        except FormatError:
            continue
