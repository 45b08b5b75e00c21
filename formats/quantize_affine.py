"""Quantizing float32 to values of affine integers in one pass, where they all are float32."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .affine_plan import AffinePlan, AffineTables, affine_tables
from .affine_rows import elements_together
from .carrier import Carrier
from .jit import kernels_are_compiled
from .kernel_views import kernel_views
from .layout import per_chunk
from .threads import split_work


def quantize_affine(
    x: Carrier, plan: AffinePlan, out: NDArray[Any] | None
) -> NDArray[np.float32] | None:
    """The values of the codes of ``x``, float32; None where this lane cannot tell.

    They are in ``out`` if it is contiguous and apart from ``x``, else in a new array.  None if
    ``x`` is not float32 or an element is infinite or NaN, and unless `AffinePlan.has_value_lane`;
    `encode_affine.encode_affine` then has the answer.

    Notes
    -----
    *Exactness*: one rounding per element, the one of encoding.
    """
    if x.dtype != np.float32 or not plan.has_value_lane or not kernels_are_compiled():
        return None
    tables = affine_tables(plan, elements_together(plan.format, x.shape))
    usable = out is not None and out.flags.c_contiguous and not np.may_share_memory(out, x)
    values = out if usable and out is not None else np.empty(x.shape, np.float32)
    if x.size == 0:
        return values
    failed: list[bool] = []
    words, its_values = kernel_views(*(array.view(np.uint32).reshape(-1) for array in (x, values)))
    work = partial(_quantize, words, its_values, tables, failed)
    split_work(work, tables.row_count(x.size), per_chunk(x.size, tables.columns))
    return None if failed else values


def _quantize(
    words: NDArray[np.uint32],
    values: NDArray[np.uint32],
    tables: AffineTables,
    failed: list[bool],
    start: int,
    stop: int,
) -> None:
    """Quantize rows start..stop, unless some have failed."""
    from .affine_kernels import quantize_affine_rows

    if not failed and not quantize_affine_rows(words, *tables, values, start, stop):
        failed.append(True)
