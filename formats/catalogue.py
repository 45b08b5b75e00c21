"""Named formats, each with the clause it comes from.

No name is ambiguous: "E4M3" alone names four different formats, so none is called that.
"""

from difflib import get_close_matches
from typing import Final

from .block import Block
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat, Specials
from .p3109 import p3109, p3109_named
from .power_of_two import PowerOfTwo

#: Two's complement integers; `Fixed(bits=b)` for every other width.
INT4: Final = Fixed(bits=4)
INT6: Final = Fixed(bits=6)
INT8: Final = Fixed(bits=8)
INT10: Final = Fixed(bits=10)
INT12: Final = Fixed(bits=12)
INT14: Final = Fixed(bits=14)
INT16: Final = Fixed(bits=16)
UINT4: Final = Fixed(bits=4, signed=False)
UINT8: Final = Fixed(bits=8, signed=False)
UINT16: Final = Fixed(bits=16, signed=False)

#: IEEE 754-2019 binary64, binary32 and binary16 (table 3.5).
FP64: Final = Minifloat(exponent_bits=11, significand_bits=52, bias=1023)
FP32: Final = Minifloat(exponent_bits=8, significand_bits=23, bias=127)
FP16: Final = Minifloat(exponent_bits=5, significand_bits=10, bias=15)
#: The upper halves of binary32 in use as bfloat16 (16 bits) and TensorFloat-32 (19 bits).
BF16: Final = Minifloat(exponent_bits=8, significand_bits=7, bias=127)
TF32: Final = Minifloat(exponent_bits=8, significand_bits=10, bias=127)

#: OCP 8-bit Floating Point (OFP8) v1.0, tables 1 and 2.
OFP8_E4M3: Final = Minifloat(
    exponent_bits=4, significand_bits=3, bias=7, specials=Specials.NAN_ONLY
)
OFP8_E5M2: Final = Minifloat(exponent_bits=5, significand_bits=2, bias=15)

#: The IEEE 754 pattern at 8 bits: like the OFP8 pair in all but infinities and NaNs.
IEEE_E4M3: Final = Minifloat(exponent_bits=4, significand_bits=3, bias=7)
IEEE_E3M4: Final = Minifloat(exponent_bits=3, significand_bits=4, bias=3)
#: Finite, one NaN, no -0: Graphcore's and AMD's 8-bit formats (arXiv 2206.02915; CDNA 3 ISA).
FNUZ_E4M3: Final = Minifloat(
    exponent_bits=4, significand_bits=3, bias=8, specials=Specials.NEGATIVE_ZERO_IS_NAN
)
FNUZ_E5M2: Final = Minifloat(
    exponent_bits=5, significand_bits=2, bias=16, specials=Specials.NEGATIVE_ZERO_IS_NAN
)
FNUZ_E4M3_B11: Final = Minifloat(
    exponent_bits=4, significand_bits=3, bias=11, specials=Specials.NEGATIVE_ZERO_IS_NAN
)
#: The unsigned scale of NVFP4 (PTX ISA, ue4m3): OFP8 E4M3 without its sign.
UE4M3: Final = Minifloat(
    exponent_bits=4, significand_bits=3, bias=7, specials=Specials.NAN_ONLY, signed=False
)
#: IEEE P3109 Interim Report v4.0: the formats of its required profile; `p3109` makes the others.
BINARY8P3SE: Final = p3109(8, 3)
BINARY8P4SE: Final = p3109(8, 4)
BINARY4P2SF: Final = p3109(4, 2, extended=False)
BINARY8P1UF: Final = p3109(8, 1, signed=False, extended=False)

#: OCP Microscaling Formats (MX) v1.0, 5.3: the 6-, 4- and 8-bit elements.
OCP_E3M2: Final = Minifloat(exponent_bits=3, significand_bits=2, bias=3, specials=Specials.NONE)
OCP_E2M3: Final = Minifloat(exponent_bits=2, significand_bits=3, bias=1, specials=Specials.NONE)
OCP_E2M1: Final = Minifloat(exponent_bits=2, significand_bits=1, bias=1, specials=Specials.NONE)
OCP_INT8: Final = Fixed(bits=8, fraction_bits=6)
#: OCP MX v1.0, 5.4.1: the scale.
E8M0: Final = PowerOfTwo(exponent_bits=8, bias=127)

#: OCP MX v1.0, table 1: the six concrete formats, 32 elements along a row to a scale.
MXFP8_E4M3: Final = Block(element=OFP8_E4M3, tile=(1, 32))
MXFP8_E5M2: Final = Block(element=OFP8_E5M2, tile=(1, 32))
MXFP6_E3M2: Final = Block(element=OCP_E3M2, tile=(1, 32))
MXFP6_E2M3: Final = Block(element=OCP_E2M3, tile=(1, 32))
MXFP4_E2M1: Final = Block(element=OCP_E2M1, tile=(1, 32))
MXINT8: Final = Block(element=OCP_INT8, tile=(1, 32))

#: Square-block MX with integer elements (arXiv 2512.09202): 4x4 tiles, value = 2^s q.
SMX_INT4: Final = Block(element=INT4, tile=(4, 4))
SMX_INT8: Final = Block(element=INT8, tile=(4, 4))
SMX_INT12: Final = Block(element=INT12, tile=(4, 4))
SMX_INT16: Final = Block(element=INT16, tile=(4, 4))
#: Square-block MX with the elements of OCP: 32x32 tiles, so that one scale serves 32 rows.
SMX_E4M3: Final = Block(element=OFP8_E4M3, tile=(32, 32))
SMX_E5M2: Final = Block(element=OFP8_E5M2, tile=(32, 32))
SMX_E3M2: Final = Block(element=OCP_E3M2, tile=(32, 32))
SMX_E2M3: Final = Block(element=OCP_E2M3, tile=(32, 32))
SMX_E2M1: Final = Block(element=OCP_E2M1, tile=(32, 32))

#: NVFP4 (arXiv 2509.25149, appendix B): 16 elements to a UE4M3 scale, a binary32 for the tensor.
NVFP4: Final = Block(element=OCP_E2M1, tile=(1, 16), scale=UE4M3, tensor_scale=True)

#: Every format above by its name; E8M0, which holds scales only, is not among them.
CATALOGUE: Final[dict[str, Fixed | Minifloat | Block]] = {
    name: value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, Fixed | Minifloat | Block)
}


def format_named(name: str) -> Fixed | Minifloat | Block:
    """The format of that catalogue name, or of a P3109 name such as ``Binary8p3se``.

    Upper and lower case are the same.

    Raises
    ------
    FormatError
        Naming the closest known names.

    Examples
    --------
    >>> format_named("smx_int8") == SMX_INT8, format_named("Binary6p2uf").bits
    (True, 6)
    """
    if not isinstance(name, str):
        msg = f"{name!r} is no name: give a string, such as 'OFP8_E4M3'"
        raise FormatError(msg)
    found = CATALOGUE.get(name.upper()) or p3109_named(name)
    if found is None:
        close = get_close_matches(name.upper(), CATALOGUE, n=5, cutoff=0.4) or list(CATALOGUE)
        msg = f"no format is called {name!r}: there are {', '.join(close)}, and P3109's Binary8p3se"
        raise FormatError(msg)
    return found
