"""A cast to a P3109 format is the projection of the draft: in every mode, at every edge.

The oracle is written from the draft alone (``p3109_oracle.py``): round to precision, saturate,
encode, in rationals.  The draft's saturation modes are policies of ours: SatFinite is SATURATE,
SatPropagate is SATURATE_FINITE, SatNone is INFINITY_OR_MAX.
"""

from fractions import Fraction
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from p3109_oracle import (
    Datum,
    Format,
    Saturation,
    encode,
    formats,
    round_to_precision,
    saturate,
)

from bitpde.formats import Cast, Overflow, Rounding, encode_exact, p3109

Numbers = NDArray[Any]
Integers = NDArray[np.int64]
MODES = {
    Rounding.NEAREST_EVEN: "NearestTiesToEven",
    Rounding.NEAREST_AWAY: "NearestTiesToAway",
    Rounding.TOWARD_ZERO: "TowardZero",
    Rounding.UP: "TowardPositive",
    Rounding.DOWN: "TowardNegative",
    Rounding.TO_ODD: "ToOdd",
    Rounding.STOCHASTIC: "StochasticA",
    Rounding.STOCHASTIC_B: "StochasticB",
    Rounding.STOCHASTIC_C: "StochasticC",
}
POLICIES: dict[Overflow, Saturation] = {
    Overflow.SATURATE: "finite",
    Overflow.SATURATE_FINITE: "propagate",
    Overflow.INFINITY_OR_MAX: "none",
}
RANDOM_BITS = 3
#: Every kind: signed or not, with infinities or not, of one bit of precision, of the most bits.
KINDS = [*formats(range(3, 4)), *(f for f in formats(range(5, 6)) if f.p in (1, 3))]
MORE = [f for f in formats(range(4, 9, 2)) if f.k < 8 or f.p in (1, 2, 4, 7, 8)]
EVERY_EDGE = [*KINDS, *(pytest.param(f, marks=pytest.mark.exhaustive) for f in MORE)]


def cast(f: Format, rounding: Rounding, overflow: Overflow) -> Cast:
    format = p3109(f.k, f.p, signed=f.signed, extended=f.extended)
    bits = RANDOM_BITS if rounding.is_stochastic else 0
    return Cast(format=format, rounding=rounding, overflow=overflow, random_bits=bits)


def rounded(f: Format, rounding: Rounding, x: Numbers, random: Integers) -> list[Datum]:
    bits = RANDOM_BITS if rounding.is_stochastic else 0
    data = [n if n != n or n in (inf, -inf) else Fraction(n) for n in x.tolist()]
    pairs = zip(data, random.tolist(), strict=True)
    return [round_to_precision(f, MODES[rounding], n, bits, draw) for n, draw in pairs]


def projected(f: Format, mode: str, saturation: Saturation, data: list[Datum]) -> list[int]:
    return [encode(f, saturate(f, mode, saturation, datum)) for datum in data]


def encoded(cast: Cast, x: Numbers, random: Integers) -> list[int]:
    """Codes of the finite numbers, then of the others: these may go another way."""
    finite = np.isfinite(x)
    codes = np.empty(x.shape, np.int64)
    for some in (finite, ~finite):
        bits = random[some] if cast.rounding.is_stochastic else None
        codes[some] = cast.encode(x[some], bits=bits).codes
    return [int(code) for code in codes]


def edges(f: Format, dtype: type) -> Numbers:
    """Every value and midpoint, what lies beside them, what lies beyond, of both signs."""
    values = [f.decode(code) for code in range(f.max_code + 1)]
    steps = [(Fraction(a), Fraction(b)) for a, b in pairwise(values)]
    beyond = f.max + (steps[-1][1] - steps[-1][0])  # or less, where a binade ends at the maximum
    steps += [(f.max, beyond), (f.max, 2 * f.max), (beyond, 4 * beyond)]
    parts = 8 if f.k < 5 else 2  # eighths are where three random bits change their mind
    inner = [a + (b - a) * Fraction(k, parts) for a, b in steps for k in range(parts)]
    centres = np.array([float(x) for x in inner]).astype(dtype)
    beside = [np.nextafter(centres, dtype(-np.inf)), centres, np.nextafter(centres, dtype(np.inf))]
    least, greatest = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    positive = np.unique(np.abs([*np.concatenate(beside), least, greatest, dtype(np.inf)]))
    return np.concatenate([positive, -positive, [dtype(np.nan)]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("f", EVERY_EDGE, ids=str)
def test_every_value_midpoint_and_neighbour_is_projected(f: Format, dtype: type) -> None:
    x = edges(f, dtype)
    assert x.dtype == dtype
    random = np.arange(x.size) * 5 % 2**RANDOM_BITS
    for rounding, mode in MODES.items():
        data = rounded(f, rounding, x, random)
        for overflow, saturation in POLICIES.items():
            this = cast(f, rounding, overflow)
            wanted = projected(f, mode, saturation, data)
            triples = zip(x.tolist(), encoded(this, x, random), wanted, strict=True)
            wrong = [triple for triple in triples if triple[1] != triple[2]]
            assert wrong == [], (this, wrong[:5])


FORMATS = st.sampled_from(list(formats(range(3, 9))))


@st.composite
def near_a_value(draw: st.DrawFn, f: Format) -> float:
    """A number at some hair's breadth from a value or a midpoint, or past the largest one."""
    low = f.decode(draw(st.integers(0, f.max_code)))
    eighths = draw(st.integers(0, 16))
    x = float(low * (1 + Fraction(eighths, 8)) if low else f.decode(1) * Fraction(eighths, 8))
    x = np.nextafter(x, draw(st.sampled_from([x, 0.0, np.inf])))
    return float(x) * draw(st.sampled_from([1.0, -1.0]))


@settings(max_examples=50)
@given(f=FORMATS, dtype=st.sampled_from([np.float32, np.float64]), data=st.data())
def test_any_number_is_projected(f: Format, dtype: type, data: st.DataObject) -> None:
    number = st.one_of(near_a_value(f), st.floats(), st.floats(-4, 4))
    draw = st.integers(0, 2**RANDOM_BITS - 1)
    pairs = data.draw(st.lists(st.tuples(number, draw), min_size=1, max_size=8))
    with np.errstate(over="ignore"):
        x = np.array([number for number, _ in pairs]).astype(dtype)
    random = np.array([draw for _, draw in pairs])
    for rounding, mode in MODES.items():
        rationals = rounded(f, rounding, x, random)
        for overflow, saturation in POLICIES.items():
            this = cast(f, rounding, overflow)
            wanted = projected(f, mode, saturation, rationals)
            assert encoded(this, x, random) == wanted
            twins = zip(x.tolist(), random.tolist(), strict=True)
            assert [encode_exact(this, a, r) for a, r in twins] == wanted


def test_zeros_of_both_signs_are_the_one_zero() -> None:
    for f in formats(range(3, 9)):
        for rounding in MODES:
            codes = cast(f, rounding, Overflow.SATURATE).encode(
                np.array([0.0, -0.0]), bits=[0, 7] if rounding.is_stochastic else None
            )
            assert codes.codes.tolist() == [0, 0]
