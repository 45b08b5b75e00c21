"""The second roundings of sequential sums are to nearest even, of every significand of a carrier.

Each kernel computes 0 + s times 1, so that what it rounds is s; the reference rounds integers.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bitpde.emu.dot_vectors.panels import COLUMNS, ROWS
from bitpde.formats import kernels_are_compiled

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

Integers = NDArray[np.int64]

#: Significant bits of the carriers.
BITS: dict[Any, int] = {np.float32: 24, np.float64: 53}


def rounded(m: Integers, places: NDArray[Any] | int) -> Integers:
    """Return integers rounded to multiples of ``2^places``, ties to the even one."""
    half = np.int64(1) << (np.asarray(places) - 1)
    odd = (m >> places) & 1
    return ((m + half - 1 + odd) >> places) << places


def through(kernel: Any, rows: NDArray[Any], columns: NDArray[Any], *numbers: float) -> Any:
    """Return C of one panel, ``0 + row * column`` rounded by the kernel."""
    dtype = rows.dtype
    words = [int(np.array(x, dtype).view(f"u{dtype.itemsize}")) for x in numbers]
    seen = np.zeros(columns.size, f"u{dtype.itemsize}")
    c = np.zeros(ROWS * columns.size, dtype)
    kernel(rows, columns, c, seen, 1, columns.size, tuple(words), 0, 1)
    return c.reshape(ROWS, -1)


def by_splitting(significands: Integers, p: int, dtype: Any) -> None:
    from bitpde.emu.dot_vectors.tile_kernels import product_tiles

    d = BITS[dtype] - p
    scales = np.resize([1, -1, 2, -2, 2.0**-30, -(2.0**-30)], ROWS).astype(dtype)
    got = through(product_tiles, scales, significands.astype(dtype), 2.0**d + 1)
    expected = rounded(significands, d).astype(dtype)
    for scale, row in zip(scales, got, strict=True):
        assert np.array_equal(row / scale, expected)


def around_ties(p: int, carrier: int) -> Integers:
    """Return significands next to numbers of p bits and half way between them."""
    d = carrier - p
    few = np.random.default_rng(p).integers(2 ** (p - 1), 2**p, 4096)
    ends = np.r_[2 ** (p - 1) : 2 ** (p - 1) + 8, 2**p - 8 : 2**p]
    tops = np.arange(2 ** (p - 1), 2**p) if p <= 13 else np.unique(np.r_[few, ends])
    rests = {0, 1, 2 ** (d - 1) - 1, 2 ** (d - 1), 2 ** (d - 1) + 1, 2**d - 1}
    found = ((tops[:, None] << d) + np.array(sorted(rests))).ravel()
    return np.resize(found, -(-found.size // COLUMNS) * COLUMNS)


@pytest.mark.parametrize("p", [8, 11])
def test_every_significand_is_rounded_by_splitting(p: int) -> None:
    for first in range(2**23, 2**24, 2**20):
        by_splitting(np.arange(first, first + 2**20), p, np.float32)


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("excess", [*range(2, 23), 42])
def test_ties_and_their_neighbours_are_rounded_by_splitting(dtype: Any, excess: int) -> None:
    p = BITS[dtype] - excess
    if p > 0:
        by_splitting(around_ties(p, BITS[dtype]), p, dtype)


def by_addition(significands: Integers, p: int, dtype: Any, down: int) -> None:
    """Check rounding where the least normal number is 2^down times that of the significands."""
    from bitpde.emu.dot_vectors.tile_kernels import gradual_tiles

    d, emin = BITS[dtype] - p, BITS[dtype] - 1 + down
    rows, columns = np.tile(np.array([1, -1], dtype), ROWS // 2), significands.astype(dtype)
    got = through(gradual_tiles, rows, columns, 1.5 * 2.0**d, 2.0**emin)
    expected = rounded(significands, d + max(down, 0)).astype(dtype)
    assert np.array_equal(got, np.outer(rows, expected))


@pytest.mark.parametrize("p", [8, 11])
@pytest.mark.parametrize("down", [-3, 0, 2])
def test_every_significand_is_rounded_by_addition(p: int, down: int) -> None:
    for first in range(2**23, 2**24, 2**20):
        by_addition(np.arange(first, first + 2**20), p, np.float32, down)


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("p", [2, 4, 8, 11])
def test_ties_are_rounded_on_the_grid_of_subnormals(dtype: Any, p: int) -> None:
    for down in (-9, -1, 0, 1, 2, p - 1, p, p + 1):
        by_addition(around_ties(p, BITS[dtype]), p, dtype, down)
