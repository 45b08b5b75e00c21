"""The bits are those of the source: uncompiled, and on any number of threads, they are the same."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import bit_digests
import numpy as np
import pytest

from bitpde.formats import CATALOGUE, Cast, set_thread_count


@pytest.mark.parametrize(
    "suites",
    [
        bit_digests.SUITES,
        pytest.param([bit_digests.formats_under_every_cast], marks=pytest.mark.exhaustive),
    ],
    ids=["some casts", "all casts"],
)
def test_uncompiled_kernels_give_the_same_bits_and_no_warning(suites: list[Any]) -> None:
    names = [suite.__name__ for suite in suites]
    run = subprocess.run(
        [sys.executable, "-W", "error", bit_digests.__file__, *names],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    compiled, other = bit_digests.digests(suites), json.loads(run.stdout)
    assert [name for name in compiled if other.get(name) != compiled[name]] == []
    assert other.keys() == compiled.keys()


@pytest.fixture
def any_thread_count() -> Iterator[None]:
    """Return to the default number of threads."""
    yield
    set_thread_count(None)


@pytest.mark.usefixtures("any_thread_count")
@pytest.mark.parametrize("name", ["SMX_INT8", "MXFP8_E4M3", "INT8"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_number_of_threads_leaves_no_trace(name: str, dtype: type) -> None:
    # Two chunks of 2^17 elements and a part of one, cut between strips of tiles.
    x = bit_digests.reals((526, 523), 4).astype(dtype)
    outcomes = []
    for threads in (1, 3):
        set_thread_count(threads)
        coded, counts = Cast(format=CATALOGUE[name]).encode_counted(x)
        outcomes.append((coded, counts, coded.values()))
    (one, counts_of_one, values_of_one), (three, counts_of_three, values_of_three) = outcomes
    assert one.equals(three)
    assert counts_of_one == counts_of_three
    assert np.array_equal(values_of_one, values_of_three)
