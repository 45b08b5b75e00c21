"""Named formats, each with the clause it comes from.

No name is ambiguous: "E4M3" alone names four different formats, so none is called that.
"""

from typing import Final

from .block import Block
from .fixed import Fixed
from .minifloat import Minifloat, Specials
from .power_of_two import PowerOfTwo

#: Two's complement integers; `Fixed(bits=b)` for every other width.
INT4: Final = Fixed(bits=4)
INT6: Final = Fixed(bits=6)
INT8: Final = Fixed(bits=8)
INT10: Final = Fixed(bits=10)
INT12: Final = Fixed(bits=12)
INT14: Final = Fixed(bits=14)
INT16: Final = Fixed(bits=16)

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

#: Every format above by its name; E8M0, which holds scales only, is not among them.
CATALOGUE: Final[dict[str, Fixed | Minifloat | Block]] = {
    name: value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, Fixed | Minifloat | Block)
}
