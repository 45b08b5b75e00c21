"""The kinds of format that an array can be coded in."""

from functools import lru_cache
from typing import Final

from .affine import Affine
from .block import Block
from .catalogue import CATALOGUE
from .fixed import Fixed
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo

Format = Fixed | Minifloat | Affine | Block

#: Every class that the JSON of a format may name.
FORMAT_KINDS: Final[dict[str, type]] = {
    kind.__name__: kind for kind in (Fixed, Minifloat, Affine, Block, PowerOfTwo)
}


@lru_cache(maxsize=64)
def short_name(format: Format) -> str:
    """What to call a format in a message: its name in the catalogue if it has one.

    Examples
    --------
    >>> short_name(Fixed(bits=8)), short_name(Fixed(bits=7))
    ('INT8', 'Fixed(bits=7, fraction_bits=0, signed=True)')
    >>> short_name(CATALOGUE["MXINT8"].T)
    'MXINT8.T'
    """
    for name, known in CATALOGUE.items():
        if format == known:
            return name
    if isinstance(format, Block) and not format.square:
        for name, known in CATALOGUE.items():
            if known == format.T:
                return f"{name}.T"
    return repr(format)
