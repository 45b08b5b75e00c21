"""Processes that check one cast each: between kernels the interpreter runs one thread at a time."""

import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from ..formats import set_thread_count


@contextmanager
def worker_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes, with one thread each; work that nobody waits for any more is dropped.

    An interruption from the keyboard reaches the caller alone.

    Examples
    --------
    >>> with worker_processes(1) as pool:
    ...     pool.submit(abs, -3).result()
    3
    """
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_start)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_thread_count(1)
