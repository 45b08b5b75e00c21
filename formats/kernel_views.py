"""Arrays as the few types for which kernels are compiled."""

from typing import Any

from numpy.typing import NDArray

from .coded_checks import read_only
from .jit import kernels_are_compiled


def kernel_views(x: NDArray[Any], codes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """What a kernel reads, and where it stores integers, as the types for which it is compiled.

    What is read is read-only whether or not the caller's is, and codes are unsigned words: one
    compilation does for four kinds of arrays.  Uncompiled kernels store Python's integers, which
    keep their signs.

    Examples
    --------
    >>> import numpy as np
    >>> x, codes = kernel_views(np.zeros(2), np.zeros(2, np.int8))
    >>> x.flags.writeable, codes.dtype
    (False, dtype('uint8'))
    """
    if not kernels_are_compiled():
        return x, codes
    return read_only(x), codes if codes.dtype.kind == "u" else codes.view(f"u{codes.itemsize}")
