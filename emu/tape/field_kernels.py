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
            for above in range(size[0]):
                row = (y - above) // stride[0]
                if row * stride[0] != y - above or row < 0 or row >= parts.shape[1]:
                    continue
                for before in range(size[1]):
                    place = above * size[1] + before
                    for column in range(parts.shape[2]):
                        x = column * stride[1] + before
                        for c in range(total.shape[3]):
                            total[b, y, x, c] += parts[b, row, column, place, c]
