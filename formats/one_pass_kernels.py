"""How many strips of tiles one pass over memory encodes together.

Where rows end within a vector it takes wider copies of them.  The zeros that these have besides
raise no scale, and count for nothing under any lawful low.
"""

from .jit import kernel

#: Elements of strips that are encoded together, if there are several: a few pages.
_ELEMENTS = 4096


@kernel
def strips_together(tile_rows, columns):
    """How many strips one pass takes, so that narrow matrices are not made of calls."""
    return max(1, _ELEMENTS // (tile_rows * columns))


@kernel
def widen_rows(source, start, columns, rows, wide):
    """Copy rows of ``columns`` from ``start`` of a flat array to the beginnings of wide ones."""
    for i in range(rows):
        for j in range(columns):
            wide[i, j] = source[start + i * columns + j]


@kernel
def narrow_rows(wide, first, last, results):
    """Copy the beginnings of wide rows to rows first..last."""
    for i in range(last - first):
        for j in range(results.shape[1]):
            results[first + i, j] = wide[i, j]
