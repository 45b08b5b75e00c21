"""However many threads share the work, every index is done once and the result is the same."""

import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import wait
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.formats import set_thread_count, split_work, thread_count, threads


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Return to the default number of threads."""
    yield
    set_thread_count(None)


def run(script: str) -> tuple[int, str]:
    """Return the exit status and complaints of a process; one that hangs is ended."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@given(count=st.integers(0, 200), chunk=st.integers(1, 70), threads=st.integers(1, 5))
def test_every_index_is_done_once(count: int, chunk: int, threads: int) -> None:
    done = np.zeros(count, dtype=np.int64)

    def work(start: int, stop: int) -> None:
        assert 0 <= start < stop <= count
        assert start % chunk == 0
        assert stop - start <= chunk
        done[start:stop] += 1

    set_thread_count(threads)
    split_work(work, count, chunk)
    assert (done == 1).all()


@given(seed=st.integers(0, 2**32 - 1), chunk=st.integers(1, 40))
def test_the_result_does_not_depend_on_the_number_of_threads(seed: int, chunk: int) -> None:
    values = np.random.default_rng(seed).standard_normal((100, 7))

    def sums(threads: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        out = np.empty(100)

        def work(start: int, stop: int) -> None:
            for row in range(start, stop):
                out[row] = np.cumsum(values[row])[-1]

        set_thread_count(threads)
        split_work(work, 100, chunk)
        return out

    np.testing.assert_array_equal(sums(4), sums(1))


def test_several_threads_do_work_at_once() -> None:
    # Each range waits for the other: with one thread the barrier would break.
    meeting = threading.Barrier(2, timeout=60)
    set_thread_count(2)
    split_work(lambda start, stop: meeting.wait(), 2, 1)


def test_one_range_runs_in_the_thread_of_the_caller() -> None:
    where: list[threading.Thread] = []
    set_thread_count(4)
    split_work(lambda start, stop: where.append(threading.current_thread()), 10, 10)
    assert where == [threading.current_thread()]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_earliest_exception_is_raised(threads: int) -> None:
    def work(start: int, stop: int) -> None:
        if start >= 4:
            message = f"range {start}"
            raise ArithmeticError(message)

    set_thread_count(threads)
    with pytest.raises(ArithmeticError, match="range 4"):
        split_work(work, 20, 2)


def test_the_earliest_of_two_at_once_is_raised() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def work(start: int, stop: int) -> None:
        meeting.wait()
        message = f"range {start}"
        raise ArithmeticError(message)

    set_thread_count(2)
    with pytest.raises(ArithmeticError, match="range 0"):
        split_work(work, 2, 1)


def test_nothing_runs_any_more_once_an_exception_is_raised() -> None:
    running = 0
    lock = threading.Lock()

    def work(start: int, stop: int) -> None:
        nonlocal running
        if start == 0:
            raise ArithmeticError
        with lock:
            running += 1
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    set_thread_count(3)
    with pytest.raises(ArithmeticError):
        split_work(work, 200, 1)
    assert running == 0


@pytest.mark.parametrize("threads", [1, 3])
def test_an_interruption_of_a_range_is_raised(threads: int) -> None:
    def work(start: int, stop: int) -> None:
        if start == 5:
            raise KeyboardInterrupt

    set_thread_count(threads)
    with pytest.raises(KeyboardInterrupt):
        split_work(work, 20, 1)


def test_nobody_waits_for_a_thread_that_others_keep() -> None:
    set_thread_count(2)
    busy, release = threading.Barrier(3, timeout=60), threading.Event()
    released: list[bool] = []

    def keep(start: int, stop: int) -> None:
        busy.wait()
        released.append(release.wait(10))

    other = threading.Thread(target=split_work, args=(keep, 2, 1))
    other.start()
    busy.wait()  # the other caller and the only thread beside are both within its ranges
    done: list[int] = []
    split_work(lambda start, stop: done.append(start), 5, 1)
    release.set()
    other.join()
    assert done == [0, 1, 2, 3, 4]
    assert released == [True, True]


def test_an_interruption_of_the_waiting_outlasts_the_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_thread_count(2)
    begun, release = threading.Barrier(2, timeout=60), threading.Event()
    here, ended, waits = threading.current_thread(), list[bool](), iter([True])

    def work(start: int, stop: int) -> None:
        begun.wait()
        if threading.current_thread() is not here:
            ended.append(release.wait(10))

    def interrupted(others: Any) -> Any:
        if next(waits, False):
            raise KeyboardInterrupt
        release.set()
        return wait(others)

    monkeypatch.setattr(threads, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        split_work(work, 2, 1)
    assert ended == [True]


NESTED = """
from bitpde.formats import set_thread_count, split_work

done = [[0] * 8 for _ in range(8)]
def outer(row, row_stop):
    def inner(column, column_stop):
        done[row][column] += 1
    split_work(inner, 8, 1)

set_thread_count(2)
split_work(outer, 8, 1)
assert done == [[1] * 8] * 8
"""


def test_work_within_work_ends() -> None:
    # Workers that wait for ranges which only they could run would wait for ever.
    assert run(NESTED) == (0, "")


def test_workers_see_the_context_of_the_caller() -> None:
    def work(start: int, stop: int) -> None:
        np.divide(1.0, np.zeros(1))

    set_thread_count(2)
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        split_work(work, 4, 1)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        split_work(work, 4, 1)


FORK = """
import os, warnings
from bitpde.formats import set_thread_count, split_work
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tried here

def total():
    done = [0] * 50
    def work(start, stop):
        done[start:stop] = [1] * (stop - start)
    split_work(work, 50, 3)
    return sum(done)

set_thread_count(3)
assert total() == 50
child = os.fork()
if child == 0:
    os._exit(0 if total() == 50 else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or total() - 50)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
def test_a_forked_process_gets_threads_of_its_own() -> None:
    # A pool that was copied by the fork has no threads left, and would wait for ever.
    assert run(FORK) == (0, "")


def test_the_number_of_threads_comes_from_the_call_or_else_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BITPDE_NUM_THREADS", "3")
    assert thread_count() == 3
    set_thread_count(5)
    assert thread_count() == 5
    set_thread_count(None)
    monkeypatch.setenv("BITPDE_NUM_THREADS", "")
    assert thread_count() >= 1


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_a_wrong_variable_is_named_with_its_value(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BITPDE_NUM_THREADS", text)
    with pytest.raises(ValueError, match=r"BITPDE_NUM_THREADS is '.*'; set it to a positive"):
        thread_count()


@pytest.mark.parametrize("count", [0, -2, True, 1.0, "2"])
def test_a_wrong_number_of_threads_is_refused(count: object) -> None:
    with pytest.raises(ValueError, match=r"number of threads is .*; give a positive integer"):
        set_thread_count(count)  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "chunk"), [(-1, 1), (1, 0), (1, -1)])
def test_wrong_ranges_are_refused(count: int, chunk: int) -> None:
    with pytest.raises(ValueError, match=f"count is {count} and chunk is {chunk}"):
        split_work(lambda start, stop: None, count, chunk)
