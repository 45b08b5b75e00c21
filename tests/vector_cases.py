"""What the tests of vector lanes share: matrices larger than a tile of registers, and both ways."""

from functools import partial
from typing import Any

import numpy as np
from accumulator_cases import any_coded, any_codes, cancelling, formats_for, pick
from numpy.typing import NDArray

from bitpde.emu import IntegerAccumulator
from bitpde.emu.dot_vectors import lane as vector_lane
from bitpde.emu.dots.lanes import fill_by_integers
from bitpde.emu.dots.sums import Sums
from bitpde.formats import Block, Coded, Fixed


def any_start(rng: np.random.Generator, unit: Any, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return codes of any C, or +0 everywhere."""
    if rng.random() < 0.5:
        return np.zeros(shape, np.int64)
    if isinstance(unit, IntegerAccumulator):
        return rng.integers(*unit.limits, shape, endpoint=True)
    codes = any_codes(unit.format, shape, int(rng.integers(2**32)), pick(rng, 0, 1, 1, 2, 3))
    held: NDArray[np.int64] = codes.astype(np.uint64).view(np.int64)
    return held if not isinstance(unit.format, Fixed) else codes.astype(np.int64)


def any_matrices(rng: np.random.Generator, unit: Any) -> tuple[Coded, Coded]:
    """Return operands, both contracted along their columns."""
    left, right = (pick(rng, *formats) for formats in formats_for(unit))
    turned = right.T if isinstance(right, Block) else right
    rows, columns = pick(rng, 1, 7, 12, 13, 25), pick(rng, 1, 15, 16, 33)
    inner, seed = pick(rng, 1, 3, 8, 16, 31, 32, 33, 70), int(rng.integers(2**32))
    kinds, scales = (1, 1, 1, 0, 2, 3), (0, 1, 1, 1, 2, 3)
    a = any_coded(left, (rows, inner), seed, pick(rng, *kinds), pick(rng, *scales))
    b = any_coded(turned, (inner, columns), seed + 9, pick(rng, *kinds), pick(rng, *scales))
    a, b = cancelling(a, b) if rng.random() < 0.25 else (a, b)
    if rng.random() < 0.6:
        a, b = finite(a), finite(b)
    return a, b.T


def finite(x: Coded) -> Coded:
    """Return the same with +0 in the place of what is no number."""
    if isinstance(x.format, Block):
        return x
    codes = np.where(np.isfinite(x.values()), x.codes, x.codes.dtype.type(0))
    return Coded(format=x.format, codes=codes)


def fresh(start: NDArray[np.int64]) -> Sums:
    return Sums(start.copy(), np.zeros(start.shape, np.uint8), np.zeros(start.shape, np.int64))


by_integers = partial(fill_by_integers, started=True)


def agree(a: Coded, b: Coded, unit: Any, start: NDArray[np.int64]) -> bool:
    """Compute both ways and compare; return whether vectors took it."""
    got, expected = fresh(start), fresh(start)
    if not vector_lane.fill_anyway(a, b, unit, got, by_integers, started=True):
        return False
    by_integers(a, b, unit, expected)
    for name, ours, theirs in zip(Sums._fields, got, expected, strict=True):
        assert np.array_equal(ours, theirs), (name, unit, a.format, b.format)
    return True
