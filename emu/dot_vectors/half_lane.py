"""Sequential sums in FP16 by the processor's own fused multiply-add, where it has one.

One FMA of binary16 is one step of the accumulator: the exact product and sum, rounded once to
nearest even.  An infinity or NaN stays, so that the end tells of overflow.
"""

from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import FP16, Coded, split_work
from ..aligned import aligned_zeros
from ..gemm.panel_lanes import Spanned
from ..processor import is_compiled_for
from ..width import value_span
from .lane import Found
from .panels import Floats, panels_of

Halves = NDArray[np.uint16]

#: What LLVM calls the instructions: those of x86 and of ARM.
_INSTRUCTIONS = ("avx512fp16", "fullfp16")


def half_lane(a: Coded, b: Coded, start: Floats | None) -> Found | None:
    """C by chains of FMA; None if the processor, or FP16, cannot hold what it takes."""
    from .half_vectors import COLUMNS, ROWS

    if not (_is_held(a) and _is_held(b) and has_half_fma()):
        return None
    shape, inner = (a.shape[0], b.shape[0]), a.shape[1]
    rows, row_length = -(-shape[0] // ROWS) * ROWS, -(-shape[1] // COLUMNS) * COLUMNS
    c = aligned_zeros((rows, row_length), np.float16)
    if start is not None:
        c[: shape[0], : shape[1]] = start
    with panels_of(_halves(a), ROWS) as left, panels_of(_halves(b), COLUMNS) as right:
        _run(left, right, c.view(np.uint16), inner)
    values = c[: shape[0], : shape[1]].astype(np.float32)
    return Found(values, ~np.isfinite(values))


@cache
def has_half_fma() -> bool:
    """Whether the processor that kernels are compiled for has FMA of binary16, and it rounds once.

    Without the instruction LLVM calls functions that no library need have, so that kernels must not
    even be tried.
    """
    return is_compiled_for(*_INSTRUCTIONS) and _rounds_once()


def _rounds_once() -> bool:
    """Whether a sum a little above the midpoint ``1 + 2^-11`` is told from it: 545 481 = 2^18 + 1.

    It is not where the sum is rounded to binary32 first.
    """
    from .half_vectors import COLUMNS, ROWS

    a, b = np.zeros((ROWS, 1), np.float16), np.zeros((COLUMNS, 1), np.float16)
    a[:], b[:] = 545 * 2.0**-9, 481 * 2.0**-20
    c = np.ones((ROWS, COLUMNS), np.float16)
    _run(a.reshape(-1).view(np.uint16), b.reshape(-1).view(np.uint16), c.view(np.uint16), 1)
    return bool((c == np.float16(1 + 2.0**-10)).all())


def _is_held(x: Coded) -> bool:
    """Whether every finite number is one of FP16."""
    return x.format == FP16 or Spanned(x, value_span(x)).fits(np.float16)


def _halves(x: Coded) -> Halves:
    """The numbers as bits of FP16; exact."""
    if x.format == FP16:
        return x.codes
    return x.values(np.float32).astype(np.float16).view(np.uint16)


def _run(a: Halves, b: Halves, c: Any, inner: int) -> None:
    from .half_kernels import half_tiles
    from .half_vectors import ROWS

    panels = c.shape[0] // ROWS
    chunk = max(1, min(-(-panels // 8), 32), (1 << 14) // max(1, c.shape[1] * inner))
    split_work(partial(half_tiles, a, b, c.reshape(-1), inner, c.shape[1]), panels, chunk)
