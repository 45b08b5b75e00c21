"""Inputs on which implementations part: ties, powers of two, the ends of every range.

Every array is a function of a key and a count alone.  Half of all elements lie on, half way
between or a few units in the last place beside the values of the format under test.
"""

from collections.abc import Iterator
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Fixed, Minifloat

Element = Fixed | Minifloat
Floats = NDArray[Any]

CHUNK = 1 << 18
_EXTREMES = np.array(
    [0, -0.0, np.inf, -np.inf, np.nan, 2.0**-126, 2.0**-149, 3.4028234663852886e38]
)


def chunk_sizes(count: int) -> Iterator[int]:
    """Sizes of chunks that together hold at least ``count`` elements, multiples of 1024.

    Examples
    --------
    >>> list(chunk_sizes(1500)), sum(chunk_sizes(10**6)) >= 10**6
    ([2048], True)
    """
    while count > 0:
        size = min(CHUNK, -(-count // 1024) * 1024)
        yield size
        count -= size


def generator(*names: object) -> np.random.Generator:
    """Random numbers that are a function of these names.

    Examples
    --------
    >>> bool(generator("a", 1).random() == generator("a", 1).random())
    True
    """
    key = crc32("/".join(map(str, names)).encode())
    return np.random.Generator(np.random.Philox(key=key))


def magnitudes(element: Element) -> NDArray[np.float64]:
    """The values of a format of at most 16 bits from 0 up, and the next power of two.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1
    >>> magnitudes(OCP_E2M1).tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0]
    """
    codes = np.arange(element.max_ordinal + 1).astype(element.code_dtype)
    values = Coded(format=element, codes=codes).values()
    return np.append(values, 2.0 * 2.0**element.emax)


def nudge(x: Floats, steps: NDArray[np.int64]) -> Floats:
    """``x`` moved by so many units in the last place, away from zero where positive.

    Examples
    --------
    >>> nudge(np.array([1.0, -1.0]), np.array([1, -1])).tolist() == [1 + 2**-52, -1 + 2**-53]
    True
    """
    words = x.view(np.uint32 if x.dtype == np.float32 else np.uint64)
    movable = np.isfinite(x) & (np.abs(x) > 16 * np.finfo(x.dtype).smallest_subnormal)
    moved = words + np.where(movable, steps, 0).astype(words.dtype)
    return moved.view(x.dtype)


def near(grid: NDArray[np.float64], rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Numbers on the grid, half way between two of it, a quarter, or anywhere; either sign."""
    low = rng.integers(0, grid.size - 1, count)
    part = rng.choice(np.array([0, 0, 0.5, 0.5, 0.5, 0.25, 0.75, -1]), count)
    part = np.where(part < 0, rng.random(count), part)
    return rng.choice([-1.0, 1.0], count) * (grid[low] + part * (grid[low + 1] - grid[low]))


def scalars(element: Element, rng: np.random.Generator, count: int, dtype: type) -> Floats:
    """Inputs for a cast to a scalar format, NaN and infinities included."""
    kinds = rng.integers(0, 16, count)
    info = np.finfo(dtype)
    random_bits: Floats = np.frombuffer(rng.bytes(count * info.bits // 8), dtype)
    powers = np.ldexp(rng.choice([-1.0, 1.0], count), rng.integers(-160, 128, count))
    grid = near(magnitudes(element), rng, count)
    with np.errstate(over="ignore", invalid="ignore"):
        x: Floats = np.where(kinds < 10, grid, powers).astype(dtype)
        x = np.where(kinds == 11, 2.0**element.emax * rng.standard_normal(count), x).astype(dtype)
        x = nudge(x, rng.choice([-2, -1, 0, 0, 0, 1, 2], count))
        x = np.where(kinds >= 13, random_bits, x)
        extreme = rng.choice(_EXTREMES, count)
    return np.where(kinds == 12, extreme, x).astype(dtype)


def blocks(element: Element, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Float32 inputs for casts to blocks of 32: shape ``(count, 32)``.

    The first element of most rows leads: it is the largest and lies at a threshold of one of the
    scale rules.  Rows reach from the subnormals to the largest float32; some have a NaN or an
    infinity, are zero throughout, or hold a different exponent in every element.
    """
    kinds = rng.integers(0, 64, (count, 1))
    spread = np.where(kinds < 6, rng.integers(0, 40, (count, 32)), rng.integers(0, 3, (count, 1)))
    rows = near(magnitudes(element), rng, count * 32).reshape(count, 32)
    m = float(element.max) * 2.0**-element.emax
    corners = np.array([1, m, (m + 2) / 2, 1.75, 1.875, 1.9375, 1.96875, 2, 1.5])
    rows[:, 0] = np.where(
        rng.random(count) < 0.7, rng.choice(corners, count) * 2.0**element.emax, rows[:, 0]
    ) * rng.choice([-1.0, 1.0], count)
    spread[:, 0] = 0
    exponent = rng.integers(-30, 31, (count, 1))
    exponent = np.where(kinds == 6, rng.integers(-150, -110, (count, 1)), exponent)
    exponent = np.where(kinds == 7, rng.integers(115, 129, (count, 1)) - element.emax, exponent)
    greatest = float(np.finfo(np.float32).max)
    exact = np.clip(np.ldexp(rows, exponent - spread), -greatest, greatest)
    x = nudge(exact.astype(np.float32), rng.choice([-40, -3, -1, 0, 0, 0, 0, 0, 1, 2], (count, 32)))
    x = np.where(kinds == 8, np.copysign(0, x), x).astype(np.float32)
    place = rng.integers(0, 32, count)
    strange = np.select([kinds[:, 0] == 9, kinds[:, 0] == 10], [np.nan, np.inf], np.nan)
    chosen = np.isin(kinds[:, 0], (9, 10))
    x[chosen, place[chosen]] = strange[chosen]
    return np.asarray(x, np.float32)
