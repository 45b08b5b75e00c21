"""Dot products on which accumulators are likely to differ, in batches, from a seed.

Two accumulators differ where something is lost, and what is lost must matter: a large product that
cancels later, a small one beside it, and the place where one unit ends its step.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, Minifloat, Overflow
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.fused import FusedAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.tree import TreeAccumulator

Scalar = Fixed | Minifloat
Matrix = NDArray[np.float64]

#: Rows of a batch, which has so many dot products squared, and batches of a length at a time.
ROWS, ROUNDS = 64, 12
#: Saturates in every format.
FARTHEST = float(np.finfo(np.float64).max)
#: Half of the structured batches keep to magnitudes between 2^-24 and 2^24.
NEAR = 24
#: Formats of up to so many bits have all their codes multiplied by all.
FEW_BITS = 8


class Batch(NamedTuple):
    """All dot products of the rows of ``a`` with the rows of ``b``."""

    a: Coded
    b: Coded


def batches(
    one: DotAccumulator, other: DotAccumulator, formats: tuple[Scalar, Scalar], seed: int
) -> Iterator[Batch]:
    """Batches of dot products without end, shorter ones first.

    Length 1 is all pairs of codes where both formats are of few bits.  Then, for each length,
    structured batches and random ones in turn; then all lengths again.
    """
    if all(format.bits <= FEW_BITS for format in formats):
        yield Batch(*(_column(format, finite_codes(format)) for format in formats))
    palettes = [palette(format) for format in formats]
    for sweep in count():
        for length in lengths(one, other):
            for turn in range(ROUNDS):
                rng = np.random.default_rng([seed, sweep, length, turn])
                if turn < 9:
                    yield _structured(formats, palettes, length, rng, filled=turn > 5)
                else:
                    yield _random(formats, length, rng)


def lengths(one: DotAccumulator, other: DotAccumulator) -> list[int]:
    """How many products to try, in order: up to 9, and at the ends of the steps of both units.

    Examples
    --------
    >>> lengths(FusedAccumulator(terms=16), TreeAccumulator(terms=4))
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18, 32, 33, 34]
    """
    found = set(range(1, 10))
    for step in steps(one) | steps(other):
        found |= {n * step + more for n in (1, 2) for more in (0, 1, 2)}
    return sorted(found)


def steps(unit: DotAccumulator) -> set[int]:
    """How many products the unit takes at a time, if that is a number.

    Examples
    --------
    >>> sorted(steps(ChunkedAccumulator(inner=FusedAccumulator(terms=32), length=128)))
    [32, 128]
    """
    if isinstance(unit, ChunkedAccumulator):
        return {unit.length} | steps(unit.inner)
    if isinstance(unit, FusedAccumulator):
        return {unit.terms, unit.terms * unit.stride}
    return {unit.terms} - {0} if isinstance(unit, TreeAccumulator) else set()


def finite_codes(format: Scalar) -> NDArray[np.int64]:
    """The codes of all numbers of a format of few bits."""
    codes = np.array(format.codes(), np.int64)
    coded = Coded(format=format, codes=codes.astype(format.code_dtype))
    finite: NDArray[np.int64] = codes[np.isfinite(coded.values())]
    return finite


def palette(format: Scalar) -> Matrix:
    """Powers of two, one step beside them, and the largest number; all are of the format.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1
    >>> palette(OCP_E2M1).tolist()
    [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    """
    cast = Cast(format=format, overflow=Overflow.SATURATE)
    least, most = float(format.lsb), float(cast.quantize(FARTHEST))
    low, high = np.frexp([least, most])[1] - 1
    powers = np.ldexp(1.0, np.arange(low, high + 1))
    values: Matrix = cast.quantize(np.r_[powers, _beside(cast, format.bits, powers), most])
    return np.unique(values[(values > 0) & np.isfinite(values)])


def _beside(cast: Cast, bits: int, powers: Matrix) -> Matrix:
    """The numbers one step above the powers of two."""
    tries = powers[:, None] * (1 + np.ldexp(1.0, -np.arange(1, bits)))
    held = cast.quantize(tries) == tries
    last = held.shape[1] - 1 - np.argmax(held[:, ::-1], axis=1)
    beside: Matrix = np.where(held.any(axis=1), tries[np.arange(len(powers)), last], powers)
    return beside


def _column(format: Scalar, codes: NDArray[np.int64]) -> Coded:
    return Coded(format=format, codes=codes[:, None].astype(format.code_dtype))


def _structured(
    formats: tuple[Scalar, Scalar],
    palettes: list[Matrix],
    length: int,
    rng: np.random.Generator,
    *,
    filled: bool,
) -> Batch:
    """``x y``, ``u v`` and ``-x y`` in three places; elsewhere zeros, or ``u v`` if ``filled``."""
    places = _places(length, rng)
    rows = []
    near = rng.random() < 0.5
    for side, (format, every) in enumerate(zip(formats, palettes, strict=True)):
        values = every[(every > 2.0**-NEAR) & (every < 2.0**NEAR)] if near else every
        x, u = rng.choice(values, (2, ROWS))
        cast = Cast(format=format, overflow=Overflow.SATURATE)
        ends = cast.quantize(rng.choice([FARTHEST, -FARTHEST], (2, ROWS)))
        x, u = np.where(rng.random((2, ROWS)) < 0.25, ends, (x, u))
        row = np.repeat(u[:, None], length, axis=1) if filled else np.zeros((ROWS, length))
        sign = 1.0 - 2.0 * (rng.random(ROWS) < 0.25)
        for place, value in zip(places, (x, sign * u, -x if side == 0 else x), strict=False):
            row[:, place] = value
        rows.append(cast.encode(row))
    return Batch(*rows)


def _places(length: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Up to three places; half the time the first, the second and the last."""
    if rng.random() < 0.5:
        ends = np.unique(np.array([0, length // 2 if rng.random() < 0.5 else 1, length - 1]))
        ends = ends[ends < length]
        return rng.permutation(ends)
    return rng.permutation(length)[:3]


def _random(formats: tuple[Scalar, Scalar], length: int, rng: np.random.Generator) -> Batch:
    """Any finite codes; half the time the second half of the products cancels the first."""
    rows = []
    cancel = rng.random() < 0.5
    for side, format in enumerate(formats):
        low, high = format.codes()[0], format.codes()[-1]
        codes = rng.integers(low, high, (ROWS, length), endpoint=True, dtype=np.int64)
        values = Coded(format=format, codes=codes.astype(format.code_dtype)).values()
        values = np.where(np.isfinite(values), values, 0.0)
        if cancel:
            half = length // 2
            values[:, length - half :] = values[:, :half] * (-1 if side == 0 else 1)
        rows.append(Cast(format=format, overflow=Overflow.SATURATE).encode(values))
    return Batch(*rows)
