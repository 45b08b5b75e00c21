"""Instances of a family, computed here or on several processes: the same ones."""

import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context

from ...formats import set_thread_count
from ..errors import RunError
from .errors import DataError
from .family import Family
from .trajectory import Trajectory

#: An instance, or why there is none.
Outcome = Trajectory | str


def outcomes(
    family: Family, seed: int, numbers: Iterable[int], workers: int
) -> Iterator[tuple[int, Outcome]]:
    """Yield each number with its instance, or with what its `RunError` says, as they are ready.

    One worker is this process; more are processes of their own, with one thread each, of which no
    result waits that was not asked for.

    Raises
    ------
    DataError
        If a process dies; what it computed is lost.
    """
    if workers == 1:
        yield from ((number, _outcome(family, seed, number)) for number in numbers)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start)
    try:
        yield from _from_pool(pool, family, seed, iter(numbers), 2 * workers)
    except BrokenProcessPool as error:
        msg = "a process that computes instances was ended from outside, perhaps for its memory: "
        raise DataError(msg + "generate again to go on, with fewer workers") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _from_pool(
    pool: ProcessPoolExecutor, family: Family, seed: int, numbers: Iterator[int], ahead: int
) -> Iterator[tuple[int, Outcome]]:
    """Yield outcomes with at most ``ahead`` of them computed or under way."""
    waiting: dict[Future[Outcome], int] = {}
    while True:
        for number in islice(numbers, ahead - len(waiting)):
            waiting[pool.submit(_outcome, family, seed, number)] = number
        if not waiting:
            return
        ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in ready:
            yield waiting.pop(future), future.result()


def _outcome(family: Family, seed: int, number: int) -> Outcome:
    try:
        return family.instance(seed, number)
    except RunError as error:
        return str(error)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_thread_count(1)
