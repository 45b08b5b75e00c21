"""Which part of codes and scales an index means, where it keeps every tile whole."""

from types import EllipsisType
from typing import Any

import numpy as np

from .block import Block
from .errors import FormatError
from .kinds import Format, short_name

Key = tuple[Any, ...]


def window(format: Format, shape: tuple[int, ...], index: Any) -> tuple[Key, Key]:
    """The basic NumPy indices into codes and into scales that ``index`` means.

    Parameters
    ----------
    format
        Of the array: any basic index is lawful for a scalar format.
    shape
        Of the array.
    index
        What stands between the brackets.

    Raises
    ------
    FormatError
        If the index would cut a tile, or is no basic index.
    IndexError
        If there are more indices than axes, or one is out of bounds.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> window(Block(element=INT8, tile=(4, 4)), (10,), np.s_[4:])
    ((slice(4, 10, 1), Ellipsis), (slice(1, 3, 1), Ellipsis))
    """
    key = index if isinstance(index, tuple) else (index,)
    for item in key:
        basic = isinstance(item, int | np.integer | slice | EllipsisType) or item is None
        if not basic or isinstance(item, bool):
            msg = f"index {item!r} would copy: give integers and slices, or index values()"
            raise FormatError(msg)
    if not isinstance(format, Block):
        return (*key, ...) if ... not in key else key, ()
    if None in key:
        msg = f"a new axis among those of {short_name(format)}: use reshape"
        raise FormatError(msg)
    key = _one_for_each_axis(key, len(shape))
    sides = {len(shape) - 1: format.tile[1], len(shape) - 2: format.tile[0]}
    both = [
        _along_axis(format, shape, axis, item, sides[axis]) if axis in sides else (item, item)
        for axis, item in enumerate(key)
    ]
    return (*(of_codes for of_codes, _ in both), ...), (*(of_scales for _, of_scales in both), ...)


def _one_for_each_axis(key: Key, ndim: int) -> Key:
    """The same index with every axis named."""
    given = len(key) - key.count(...)
    if given > ndim or key.count(...) > 1:
        msg = f"{len(key)} indices for an array of {ndim} axes: give each axis one"
        raise IndexError(msg)
    place = key.index(...) if ... in key else len(key)
    return (*key[:place], *[slice(None)] * (ndim - given), *key[place + 1 :])


def _along_axis(
    format: Block, shape: tuple[int, ...], axis: int, item: Any, side: int
) -> tuple[Any, Any]:
    """The part of the codes and of the scales that one index means along a tiled axis."""
    length = shape[axis]
    if isinstance(item, slice):
        start, stop, step = item.indices(length)
        stop = max(start, stop)
        if step == 1 and all(end % side == 0 or end == length for end in (start, stop)):
            return slice(start, stop, 1), slice(-(-start // side), -(-stop // side), 1)
        remedy = f"start and stop at multiples of {side} or at the end {length}, in steps of 1"
    else:
        # The rows become the last axis when the columns go: their tiles must not notice.
        last_of_many = axis == len(shape) - 1 and len(shape) > 1
        if side == 1 and not (last_of_many and format.tile[0] > 1):
            return item, item
        first = int(item) % max(1, length) // side * side
        remedy = f"take the slice {first}:{min(first + side, length)}, or index values()"
    msg = (
        f"index {_written(item)} on axis {axis} cuts tiles {format.tile} of {short_name(format)}: "
        f"{remedy}"
    )
    raise FormatError(msg)


def _written(item: Any) -> str:
    """An index as one writes it between brackets."""
    if not isinstance(item, slice):
        return str(item)
    ends = ["" if end is None else str(end) for end in (item.start, item.stop)]
    return ":".join(ends if item.step is None else [*ends, str(item.step)])
