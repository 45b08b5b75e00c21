"""Memory of kernels: it begins where a line of the cache does, and some of it is kept.

A vector that lies across two lines is read and written as two.  The system clears new memory piece
by piece when it is first used, which on some machines takes as long as to multiply in it; so what a
call needs for itself is lent by `scratch`, which keeps it for the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from mmap import PAGESIZE
from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Shape = int | tuple[int, ...]
#: Bytes of a line of the cache, and of the longest vector.
_LINE = 64
#: Bytes that a thread keeps at most.
_MOST = 1 << 26


def aligned_empty(shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
    """Uninitialized numbers.

    Examples
    --------
    >>> aligned_empty(5, "f4").ctypes.data % 64
    0
    """
    return _from_a_line(np.empty(_bytes(shape, dtype), np.uint8), shape, dtype)


def aligned_zeros(shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
    """Zeros, of memory that the system clears where it has to anyway.

    Examples
    --------
    >>> aligned_zeros(3, "f8")
    array([0., 0., 0.])
    """
    return _from_a_line(np.zeros(_bytes(shape, dtype), np.uint8), shape, dtype)


def empty_apart(x: NDArray[Any]) -> NDArray[Any]:
    """Uninitialized numbers like those of a flat array, that begin half a page away from it.

    A processor that knows the last bits of addresses only lets loads wait for stores that lie where
    they do in a page, as those of arrays of equal size often do.

    Examples
    --------
    >>> empty_apart(np.ones(5, np.float32)).shape
    (5,)
    """
    if x.nbytes < 2 * PAGESIZE:
        return np.empty_like(x)
    room = np.empty(x.nbytes + PAGESIZE, np.uint8)
    start = (x.ctypes.data + PAGESIZE // 2 - room.ctypes.data) % PAGESIZE // _LINE * _LINE
    return room[start : start + x.nbytes].view(x.dtype)


@contextmanager
def scratch(shape: Shape, dtype: DTypeLike) -> Iterator[NDArray[Any]]:
    """Lend uninitialized numbers, which nobody may hold on to afterwards.

    Examples
    --------
    >>> with scratch(100, "f4") as numbers:
    ...     numbers.shape
    (100,)
    """
    room = _taken(_bytes(shape, dtype))
    try:
        yield _from_a_line(room, shape, dtype)
    finally:
        _keep(room)


class _Kept(local):
    """What a thread keeps, each its own, so that there is nothing to lock."""

    def __init__(self) -> None:
        self.rooms: list[NDArray[np.uint8]] = []


_kept = _Kept()


def _taken(count: int) -> NDArray[np.uint8]:
    """The smallest kept memory of so many bytes, or new one."""
    rooms = _kept.rooms
    enough = [k for k, room in enumerate(rooms) if room.size >= count]
    if not enough:
        return np.empty(count, np.uint8)
    return rooms.pop(min(enough, key=lambda k: rooms[k].size))


def _keep(room: NDArray[np.uint8]) -> None:
    """Keep memory, rather than what was kept before it."""
    rooms = _kept.rooms
    rooms.append(room)
    while sum(each.size for each in rooms) > _MOST:
        rooms.pop(0)


def _bytes(shape: Shape, dtype: DTypeLike) -> int:
    """Bytes of numbers, and of a line before them."""
    count = prod((shape,) if isinstance(shape, int) else shape)
    return count * np.dtype(dtype).itemsize + _LINE


def _from_a_line(room: NDArray[np.uint8], shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
    start = -room.ctypes.data % _LINE
    stop = start + _bytes(shape, dtype) - _LINE
    return room[start:stop].view(dtype).reshape(shape)
