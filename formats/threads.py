"""Threads for kernels: the work is split by index, so the answer cannot depend on how many.

Kernels release the interpreter lock, hence plain threads are enough.  A piece of work is a
half-open range of indices and writes the outputs of that range, no others; which thread runs
which range, and when, therefore leaves no trace in the result.
"""

import contextvars
import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

_VARIABLE = "BITPDE_NUM_THREADS"
_worker = threading.local()
_chosen: int | None = None


def thread_count() -> int:
    """Return how many threads :func:`split_work` may use.

    That is the number given to :func:`set_thread_count`, else the environment variable
    ``BITPDE_NUM_THREADS``, else the number of processors this process may run on.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        If the environment variable is set to something that is not a positive integer.

    Examples
    --------
    >>> thread_count() >= 1
    True
    """
    if _chosen is not None:
        return _chosen
    text = os.environ.get(_VARIABLE, "").strip()
    if not text:
        return _available()
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        message = f"{_VARIABLE} is {text!r}; set it to a positive integer, or unset it"
        raise ValueError(message)
    return int(text)


def set_thread_count(count: int | None) -> None:
    """Set the number of threads for this process; None returns to the default.

    Parameters
    ----------
    count : int or None
        A positive integer, or None.

    Raises
    ------
    ValueError
        If ``count`` is not a positive integer.

    Examples
    --------
    >>> set_thread_count(2)
    >>> thread_count()
    2
    >>> set_thread_count(None)
    """
    global _chosen
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        message = f"the number of threads is {count!r}; give a positive integer or None"
        raise ValueError(message)
    _chosen = count


def split_work(work: Callable[[int, int], object], count: int, chunk: int) -> None:
    """Run ``work(start, stop)`` over consecutive ranges that together cover ``range(count)``.

    The ranges are ``[0, chunk)``, ``[chunk, 2 * chunk)`` and so on, whatever the number of
    threads.  Work that itself calls :func:`split_work` runs the inner ranges in its own thread,
    and sees the context of the caller (``numpy.errstate``, say).

    Parameters
    ----------
    work : callable
        Computes the outputs of ``[start, stop)`` and writes no others.
    count : int
        How many indices there are; nothing runs when it is zero.
    chunk : int
        How many indices a range holds (the last may hold fewer); at least 1.

    Raises
    ------
    ValueError
        If ``count`` is negative or ``chunk`` is not positive.
    Exception
        Whatever ``work`` raises, the earliest range first; nothing runs any more by then, and
        later ranges may or may not have run.

    Notes
    -----
    *Exactness*: the outputs do not depend on the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> squares = np.zeros(10, dtype=np.int64)
    >>> def work(start, stop):
    ...     squares[start:stop] = np.arange(start, stop) ** 2
    >>> split_work(work, count=10, chunk=4)
    >>> squares.tolist()
    [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
    """
    if count < 0 or chunk < 1:
        message = f"count is {count} and chunk is {chunk}; give count >= 0 and chunk >= 1"
        raise ValueError(message)
    if count <= chunk:
        if count > 0:
            work(0, count)
        return
    threads = 1 if getattr(_worker, "busy", False) else thread_count()
    if threads == 1:
        for start in range(0, count, chunk):
            work(start, min(start + chunk, count))
        return
    _share(work, count, chunk, threads)


def _share(work: Callable[[int, int], object], count: int, chunk: int, threads: int) -> None:
    """Run the ranges here and on other threads; leave none running, even when interrupted.

    The others are asked first.  One that has not begun when all ranges are taken is asked no more:
    where work is short this thread has done it before another wakes.
    """
    ranges = _Ranges(work, count, chunk)
    others = min(threads, -(-count // chunk)) - 1
    pool = _pool(threads - 1, os.getpid())
    asked: list[Future[None]] = []
    try:
        for _ in range(others):
            asked.append(pool.submit(contextvars.copy_context().run, ranges.take_all))
        _worker.busy = True
        ranges.take_all()
    finally:
        _worker.busy = False
        ranges.stop()
        _outlast([other for other in asked if not other.cancel()])
    ranges.raise_first()


def _outlast(others: list[Future[None]]) -> None:
    """Wait until they have ended; what interrupts that is raised then.

    What they write to may be lent to others after.
    """
    interruption = None
    while True:
        try:
            wait(others)
            break
        except BaseException as error:
            interruption = error
    if interruption is not None:
        raise interruption


class _Ranges:
    """Ranges that threads take in turn, until one fails."""

    def __init__(self, work: Callable[[int, int], object], count: int, chunk: int) -> None:
        self._work, self._count, self._chunk = work, count, chunk
        self._next = 0
        self._lock = threading.Lock()
        self._errors: dict[int, BaseException] = {}

    def take_all(self) -> None:
        """Run what is left, as long as no range has failed."""
        while (start := self._taken()) < self._count:
            try:
                self._work(start, min(start + self._chunk, self._count))
            except BaseException as error:
                self._errors[start] = error
                self.stop()

    def _taken(self) -> int:
        with self._lock:
            start = self._next
            self._next += self._chunk
            return start

    def stop(self) -> None:
        """Give out no more."""
        with self._lock:
            self._next = self._count

    def raise_first(self) -> None:
        """Raise what the earliest range did, if one failed: all before it have been run."""
        if self._errors:
            raise self._errors[min(self._errors)]


@functools.lru_cache(maxsize=1)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Return the pool of other threads; a forked process has another number and gets its own."""
    name = f"bitpde-{process}"
    return ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=_mark_worker)


def _mark_worker() -> None:
    _worker.busy = True


def _available() -> int:
    """Return the number of processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
