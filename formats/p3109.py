"""The formats of IEEE P3109: binary floating point of K bits at precision P.

P3109 is a draft (Interim Report v4.0); this implements the semantics it describes.
"""

import re

from .errors import FormatError
from .minifloat import Minifloat, Specials

_NAME = re.compile(r"binary(\d+)p(\d+)([su])([ef])", re.IGNORECASE)


def p3109(k: int, p: int, *, signed: bool = True, extended: bool = True) -> Minifloat:
    """The format ``BinaryKpP``: K bits, P significand bits with the implied one.

    The bias is ``2^(K-P-1)`` (signed) or ``2^(K-P)`` (unsigned); there is one zero and one NaN;
    an extended format has infinities.

    Parameters
    ----------
    k
        Width, 3 to 16.
    p
        Precision, from 1 to ``k - 1`` (signed) or ``k`` (unsigned).
    signed, extended
        Sign bit or none; infinities or none.

    Examples
    --------
    >>> p3109(8, 4).max, p3109(8, 4, extended=False).max, p3109(8, 1).decode(0x41)
    (Fraction(224, 1), Fraction(240, 1), Fraction(2, 1))
    """
    widest = k - 1 if signed else k
    if not 3 <= k <= 16 or not 1 <= p <= widest:
        msg = f"P3109 has no format with K = {k}, P = {p}: choose K from 3 to 16, P from 1 to "
        msg += "K - 1 (signed) or K (unsigned)"
        raise FormatError(msg)
    finite = Specials.NEGATIVE_ZERO_IS_NAN if signed else Specials.NAN_ONLY
    return Minifloat(
        exponent_bits=k - p + (not signed),
        significand_bits=p - 1,
        bias=2 ** (k - p - signed),
        specials=Specials.ONE_NAN_AND_INFINITY if extended else finite,
        signed=signed,
    )


def p3109_named(name: str) -> Minifloat | None:
    """The format of that P3109 name, such as ``Binary8p3se``; None if it is no such name.

    Examples
    --------
    >>> p3109_named("Binary4p2sf") == p3109(4, 2, extended=False)
    True
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    k, p, sign, domain = match.groups()
    return p3109(int(k), int(p), signed=sign.lower() == "s", extended=domain.lower() == "e")
