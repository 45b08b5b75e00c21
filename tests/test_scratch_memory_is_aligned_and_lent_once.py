"""Memory that kernels borrow: on a line of the cache, nobody else's meanwhile, and kept a while."""

import gc
import threading
import weakref
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.emu.aligned import aligned_empty, aligned_zeros, scratch

DTYPES = [np.uint8, np.float16, np.int32, np.float64]
SHAPES = st.one_of(st.integers(0, 300), st.lists(st.integers(0, 9), max_size=3).map(tuple))


@given(shape=SHAPES, dtype=st.sampled_from(DTYPES))
def test_arrays_begin_on_a_line(shape, dtype):
    shapes = (shape,) if isinstance(shape, int) else shape
    with scratch(shape, dtype) as lent:
        for x in (aligned_empty(shape, dtype), aligned_zeros(shape, dtype), lent):
            assert (x.shape, x.dtype) == (shapes, dtype)
            assert all((x.flags.c_contiguous, x.flags.writeable, x.flags.aligned))
            assert x.ctypes.data % 64 == 0 or x.size == 0
    assert not aligned_zeros(shape, dtype).any()


@given(sizes=st.lists(st.integers(1, 2000), min_size=2, max_size=6))
def test_what_is_lent_is_lent_once(sizes):
    with ExitStack() as lenders:
        lent = [lenders.enter_context(scratch(size, np.int32)) for size in sizes]
        for k, x in enumerate(lent):
            x[:] = k
        assert all((x == k).all() for k, x in enumerate(lent))


def test_the_next_caller_gets_the_same_memory():
    with scratch(1 << 16, np.float32) as first:
        place = first.ctypes.data
    with scratch(1 << 16, np.float32) as second:
        assert second.ctypes.data == place


def test_an_error_gives_it_back():
    places = []

    def fail():
        with scratch(3 << 14, np.float32) as first:
            places.append(first.ctypes.data)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with scratch(3 << 14, np.float32) as second:
        assert [second.ctypes.data] == places


def test_threads_share_none():
    """Each writes its own number and reads it after all have written."""
    everyone, found = threading.Barrier(4), []

    def work(number):
        with scratch(1 << 12, np.int64) as mine:
            mine[:] = number
            everyone.wait()
            found.append(bool((mine == number).all()))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [True] * 4


def test_more_than_the_most_is_not_kept():
    """What is larger than all that may be kept goes back to the system at once."""
    with scratch((1 << 26) + 1, np.uint8) as large:
        room = large.base
        while room.base is not None:
            room = room.base
        watched = threading.Event()
        weakref.finalize(room, watched.set)
    del large, room
    gc.collect()
    assert watched.is_set()
