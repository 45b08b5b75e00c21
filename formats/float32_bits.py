"""Parts of binary32 as words, for kernels."""

from typing import Final

import numpy as np

ZERO: Final = np.uint32(0)
ONE: Final = np.uint32(1)
ONES: Final = np.uint32(0xFFFFFFFF)

SIGN: Final = np.uint32(0x80000000)
MAGNITUDE: Final = np.uint32(0x7FFFFFFF)
EXPONENT: Final = np.uint32(0x7F800000)
FRACTION: Final = np.uint32(0x7FFFFF)
INFINITY: Final = EXPONENT

SIGN_SHIFT: Final = np.uint32(31)
EXPONENT_SHIFT: Final = np.uint32(23)
#: Exponent field of the largest finite numbers.
LAST_FIELD: Final = np.uint32(254)
