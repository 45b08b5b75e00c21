"""Compiled adjoints of what moves fields in a plane; a line is a plane of one row."""

from typing import Any

from ...formats import kernel


@kernel
def add_windows(
    parts: Any, size: tuple[int, int], stride: tuple[int, int], total: Any, start: int, stop: int
) -> None:
    """Add to each cell of samples start..stop its gradients in all windows, by place, from +0.

    parts : (B, windows along both axes, places, C).
    total : (B, cells along both axes, C), of zeros.
    """
    for b in range(start, stop):
        for y in range(total.shape[1]):
            for x in range(total.shape[2]):
                for above in range(size[0]):
                    row = y - above
                    if stride[0] > 1:  # a quotient costs as much as some cells
                        row //= stride[0]
                    if row * stride[0] != y - above or row < 0 or row >= parts.shape[1]:
                        continue
                    for before in range(size[1]):
                        column = x - before
                        if stride[1] > 1:
                            column //= stride[1]
                        apart = column * stride[1] != x - before
                        if apart or column < 0 or column >= parts.shape[2]:
                            continue
                        place = above * size[1] + before
                        for c in range(total.shape[3]):
                            total[b, y, x, c] += parts[b, row, column, place, c]
