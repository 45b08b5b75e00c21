"""What the lanes of a dot product fill."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Sums(NamedTuple):
    """What a kernel fills: (M, N) codes, their flags, and the exponents of registers."""

    codes: NDArray[np.int64]
    flags: NDArray[np.uint8]
    exponents: NDArray[np.int64]
