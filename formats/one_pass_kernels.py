"""Which strips of tiles one pass over memory encodes, and how many together.

Where rows end within a vector it takes wider copies of them.  The zeros that these have besides
raise no scale, and count for nothing under any lawful low.
"""

from .jit import kernel
from .vector_tables import RANDOM, WRAPPING

#: Elements of strips that are encoded together, if there are several: a few pages.
_ELEMENTS = 4096


@kernel
def one_pass_width(tile_rows, tile_columns, kind):
    """The columns that one pass takes side by side; 0 if strips take two."""
    if kind in (RANDOM, WRAPPING):
        return 0
    if tile_rows == 1 and tile_columns == 32:
        return 32
    return 16 if tile_columns == 4 or tile_columns == 8 else 0


@kernel
def strips_together(width, tile_rows, columns):
    """How many strips one pass takes, so that narrow matrices are not made of calls."""
    return max(1, _ELEMENTS // (tile_rows * columns)) if width > 0 else 1


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
