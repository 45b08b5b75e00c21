"""Memory that steps free stays with the process, for the next one asks for as much again."""

import ctypes
import platform
from functools import cache
from mmap import PAGESIZE
from typing import Any

#: Parameters of glibc's mallopt: how much may lie free at the end, and how many blocks of its own
#: the system may be asked for.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
#: Linux's advice that large pages are welcome.
_HUGE_PAGES = 14
#: Addresses that are reserved, of which pages are taken as they are used.
_RESERVED = 1 << 30


@cache
def keep_freed_memory() -> bool:
    """Let this process keep what it frees, and say whether its C library could be asked.

    A training step frees hundreds of large arrays, and allocates as many again in the next.
    glibc gives large blocks back to the system, which clears each page again before it is used.
    From here on it does so no more: the process stays as large as it has been, in large pages
    where the system has some.  Other C libraries are left alone.  No number depends on it.

    Examples
    --------
    >>> keep_freed_memory() in (True, False)
    True
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    settings = ((_TRIM_THRESHOLD, -1), (_MMAP_MAX, 0))
    kept = all([library.mallopt(name, value) == 1 for name, value in settings])
    if kept:
        _reserve(library)
    return kept


def _reserve(library: Any) -> None:
    """Let the heap reach further, over addresses for which large pages are welcome."""
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library.malloc.restype = pointer
    library.malloc.argtypes = [size]
    library.free.argtypes = [pointer]
    library.madvise.argtypes = [pointer, size, ctypes.c_int]
    block = library.malloc(_RESERVED)
    if block:
        start = -(-block // PAGESIZE) * PAGESIZE
        library.madvise(start, _RESERVED - PAGESIZE, _HUGE_PAGES)  # advice: it may be refused
        library.free(block)
