"""Sums, copies and counts of large arrays are NumPy's, however many threads share them.

Arrays are just large enough to be shared; every part of a result has one, and only one, author.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bitpde.emu import Tape, ops, preset
from bitpde.emu.tape.counts import nan_count, nonfinite_counts
from bitpde.emu.tape.products import ordered_product
from bitpde.emu.tape.shared_work import copied, elementwise
from bitpde.formats import set_thread_count

F32: Any = np.float32
ROWS = 1 << 13


@pytest.fixture(params=[1, 3], autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Share work between one thread, and between three."""
    set_thread_count(request.param)
    yield
    set_thread_count(None)


def field(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype(F32)


@pytest.mark.parametrize("other", [(ROWS, 80), (80,), (1, 80), (ROWS, 1), (1, 1), ()])
def test_functions_of_elements_broadcast_as_numpy_does(other: tuple[int, ...]) -> None:
    a, b = field(ROWS, 80), field(*other)
    for function in (np.add, np.subtract, np.multiply):
        assert np.array_equal(elementwise(function, a, b), function(a, b))
        assert np.array_equal(elementwise(function, b, a), function(b, a))


def test_both_sides_may_be_repeated() -> None:
    a, b = field(ROWS, 1), field(1, 80)
    assert np.array_equal(elementwise(np.add, a, b), a + b)


def test_views_are_copied_in_their_own_order() -> None:
    x = field(64, 128, 80)
    for axes in ((0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)):
        found = copied(x.transpose(axes))
        assert found.flags.c_contiguous
        assert np.array_equal(found, x.transpose(axes))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found_in_every_part(bad: float) -> None:
    x = field(3 << 20)
    assert (nan_count(x), nonfinite_counts(x)) == (0, (0, 0))
    for place in (0, 1 << 20, (1 << 21) - 1, 1 << 21, x.size - 1):
        y = x.copy()
        y[place] = bad
        nans = int(np.isnan(bad))
        assert (nan_count(y), nonfinite_counts(y)) == (nans, (nans, 1 - nans))
        assert nonfinite_counts(y.reshape(3, -1).T) == (nans, 1 - nans)


@pytest.mark.parametrize("shape", [(1, 1, 1), (0, 4, 3), (4, 0, 3), (300, 16, 512), (513, 8, 33)])
def test_products_in_order_are_sums_of_rounded_products(shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    a, b = field(k, m).T, field(k, n)
    total = np.zeros((m, n), F32)
    for i in range(k):
        total += a[:, i, None] * b[i]
    assert ordered_product(a, b).tobytes() == total.tobytes()


def test_each_result_has_its_own_nans_counted() -> None:
    # Counts of products are told to the tape, which must not take them for those of other arrays.
    x, w = np.array([[1.0, 3e38], [1.0, 0.0]], F32), np.array([[1.0, 2.0], [-1.0, 9.0]], F32)
    tape = Tape(preset("fp32"))
    with np.errstate(all="ignore"):
        a, b = tape.parameter(x), tape.parameter(w)
        y = ops.matmul(a, b)  # inf at [0, 1]
        spoiled = ops.subtract(y, y)  # NaN at [0, 1]
        last = ops.matmul(spoiled, b)  # NaN in the first row
        assert (tape.ledgers["matmul"].nans, tape.ledgers["subtract"].nans) == (2, 1)
        da, db = tape.pullback(last, np.ones((2, 2), F32), [a, b])
    backwards = tape.ledgers["matmul adjoint"].nans
    # of the last product: the gradient of `spoiled` has none, that of b two, for column 1 of it
    # meets NaN; of the first: nothing, since the two gradients of y cancel, and x, w are finite
    assert backwards == 2
    assert (np.isnan(da).sum(), np.isnan(db).sum()) == (0, 2)
