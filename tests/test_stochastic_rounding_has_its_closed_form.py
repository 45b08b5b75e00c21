"""Of the ``2^N`` random integers a known number steps up, and these are the largest ones.

With the fraction nu of a step the number is ``floor(nu 2^N)`` in variant A, ``floor(nu 2^N + 1/2)``
in B (whose definition says ``floor(nu 2^(N+1)) + 2R + 1 >= 2^(N+1)``, that is, R is at least
``2^N - floor((floor(nu 2^(N+1)) + 1) / 2)``) and ``nu 2^N`` to nearest even in C.  The mean over
all random bits is thus known exactly: A loses half of ``2^-N`` of a step on average over nu, B and
C nothing.
"""

from fractions import Fraction
from itertools import product
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    OFP8_E4M3,
    SMX_INT8,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Rounding,
    p3109,
)

A, B, C = Rounding.STOCHASTIC, Rounding.STOCHASTIC_B, Rounding.STOCHASTIC_C
VARIANTS = [A, B, C]
NUS = [0.0, 2.0**-12, 2.0**-9, 0.25, 1 / 3, 0.5, 0.625, 1 - 2.0**-8, 1 - 2.0**-12]
#: A format, a value of it and the distance to the next larger one.
STEPS: dict[str, tuple[Fixed | Minifloat, float, float]] = {
    "normal": (OFP8_E4M3, 9.0, 1.0),
    "normal of an even code": (OFP8_E4M3, 10.0, 1.0),
    "top of a binade": (OFP8_E4M3, 15.0, 1.0),
    "subnormal": (OFP8_E4M3, 3 * 2.0**-9, 2.0**-9),
    "below the least value": (OFP8_E4M3, 0.0, 2.0**-9),
    "last subnormal": (OFP8_E4M3, 7 * 2.0**-9, 2.0**-9),
    "one bit of precision": (p3109(8, 1), 2.0, 2.0),
    "fixed point": (Fixed(bits=8, fraction_bits=3), 2.625, 0.125),
}
FINER = 3  # nu takes every multiple of 2^-(N + FINER)


def stochastic(
    format: Fixed | Minifloat | Block, bits: int, variant: Rounding = Rounding.STOCHASTIC
) -> Cast:
    return Cast(format=format, rounding=variant, random_bits=bits)


def how_many_step_up(variant: Rounding, scaled: Fraction) -> int:
    """The closed form, of ``nu 2^N``."""
    if variant is A:
        return floor(scaled)
    return floor(scaled + Fraction(1, 2)) if variant is B else round(scaled)


def fractions(bits: int) -> list[Fraction]:
    return [Fraction(k, 2 ** (bits + FINER)) for k in range(2 ** (bits + FINER))]


def steps_up(
    variant: Rounding, bits: int, name: str, sign: int, dtype: type = np.float64
) -> NDArray[np.bool_]:
    """Whether each fraction (row) steps up under each random integer (column)."""
    format, below, step = STEPS[name]
    x = (below + step * np.array(fractions(bits), float)).astype(dtype)
    every = np.broadcast_to(np.arange(2**bits), (x.size, 2**bits))
    wide = np.broadcast_to(sign * x[:, None], every.shape)
    sizes = sign * stochastic(format, bits, variant).encode(wide, every).values()
    up: NDArray[np.bool_] = sizes == below + step
    assert np.array_equal(up, sizes != below)
    return up


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(
    "many", [range(8), pytest.param(range(8, 11), marks=pytest.mark.exhaustive)]
)
def test_the_largest_random_integers_step_up_as_many_as_the_closed_form_says(
    name: str, variant: Rounding, many: range
) -> None:
    for bits in many:
        counts = [how_many_step_up(variant, nu * 2**bits) for nu in fractions(bits)]
        expected = np.arange(2**bits) >= 2**bits - np.array(counts)[:, None]
        for sign, dtype in product((1, -1), (np.float32, np.float64)):
            assert np.array_equal(steps_up(variant, bits, name, sign, dtype), expected)


@pytest.mark.parametrize("variant", VARIANTS)
def test_more_random_bits_have_the_same_closed_form(variant: Rounding) -> None:
    for bits, sign, dtype in ((8, 1, np.float32), (9, -1, np.float64), (10, 1, np.float32)):
        counts = [how_many_step_up(variant, nu * 2**bits) for nu in fractions(bits)]
        up = steps_up(variant, bits, "top of a binade", sign, dtype)
        assert np.array_equal(up, np.arange(2**bits) >= 2**bits - np.array(counts)[:, None])


@pytest.mark.parametrize(
    "bits", [*range(8), *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (8, 9, 10))]
)
def test_the_bias_is_known_exactly(bits: int) -> None:
    # In units of 2^-N: nu runs over the multiples of 1 / 2^FINER.  Floor loses 0, 1, ... of them,
    # the nearest integer loses and gains alike but for the tie: up in B; in C down and up in turn,
    # or down where 0 is the only even integer (N = 0).
    finest, half = Fraction(1, 2**FINER), Fraction(1, 2)
    mean = {A: -(1 - finest) / 2, B: finest / 2, C: 0 if bits else -finest / 2}
    largest = half if bits else half - finest
    worst = {A: (finest - 1, 0), B: (finest - half, half), C: (-half, largest)}
    for variant in VARIANTS:
        up = steps_up(variant, bits, "normal", 1)
        shares = [Fraction(int(count), 2**bits) for count in up.sum(axis=1)]
        biases = [share - nu for share, nu in zip(shares, fractions(bits), strict=True)]
        assert sum(biases) / len(biases) * 2**bits == mean[variant]
        assert (min(biases) * 2**bits, max(biases) * 2**bits) == worst[variant]


def test_no_random_bits_leave_a_rounding_of_another_name() -> None:
    x = np.concatenate([sign * np.arange(0, 20, 1 / 8) for sign in (1, -1)])
    alike = {A: Rounding.TOWARD_ZERO, B: Rounding.NEAREST_AWAY, C: Rounding.NEAREST_ZERO}
    for variant, rounding in alike.items():
        for format, dtype in product((OFP8_E4M3, Fixed(bits=8)), (np.float32, np.float64)):
            codes = stochastic(format, 0, variant).encode(x.astype(dtype)).codes
            assert np.array_equal(codes, Cast(format=format, rounding=rounding).encode(x).codes)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("format", [Fixed(bits=8), OFP8_E4M3, SMX_INT8])
def test_the_share_of_steps_up_is_that_of_the_definition(
    format: Fixed | Minifloat | Block, bits: int
) -> None:
    # 8 to 16 is a binade in which OFP8_E4M3 has step 1, and a 64 gives its tile the scale 1.
    every = np.arange(2**bits)
    for base in (8, 9, -8, -14):
        for nu in NUS:
            x = np.full((2**bits, 1), base + np.copysign(nu, base))
            x = np.hstack([x, np.full_like(x, 64.0)])
            draws = np.repeat(every[:, None], 2, axis=1)
            for variant in VARIANTS:
                values = stochastic(format, bits, variant).encode(x, draws).values()[:, 0]
                # the fraction of the number that is in x, which base + nu has rounded
                exact = abs(Fraction(x[0, 0])) - abs(base)
                up = np.array([definition(variant, exact, bits, int(r)) for r in every])
                assert np.array_equal(np.abs(values), abs(base) + up)


def definition(variant: Rounding, nu: Fraction, n: int, r: int) -> bool:
    """Whether nu steps up under the random integer r, as the P3109 draft has it in 4.7.4."""
    if variant is A:
        return floor(nu * 2**n) + r >= 2**n
    if variant is B:
        return floor(nu * 2 ** (n + 1)) + 2 * r + 1 >= 2 ** (n + 1)
    return round(nu * 2**n) + r >= 2**n


@given(
    variant=st.sampled_from(VARIANTS),
    bits=st.integers(0, 32),
    m=st.integers(0, 2**40),
    k=st.integers(0, 1074),
    data=st.data(),
)
def test_any_width_and_any_distance_below_the_step_is_right(
    variant: Rounding, bits: int, m: int, k: int, data: st.DataObject
) -> None:
    nu = float(Fraction(m, 2**41) / 2**k) if k < 1000 else 5e-324
    last = 2**bits - 1
    edge = max(0, last - how_many_step_up(variant, Fraction(nu) * 2**bits))
    drawn = st.one_of(st.integers(0, last), st.sampled_from([last, edge, min(edge + 1, last)]))
    random = data.draw(drawn)
    up = definition(variant, Fraction(nu), bits, random)
    for format in (Fixed(bits=8), Fixed(bits=32)):
        assert stochastic(format, bits, variant).encode(nu, random).codes == up
        assert stochastic(format, bits, variant).encode(-nu, random).codes == -up


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (None, "takes bits or rng"),
        ([0, 0], "of shape"),
        ([0, 0, 8], r"keep them in \[0, 8\)"),
        ([0, -1, 0], "keep them in"),
        ([0.0, 0.0, 0.0], "give integers"),
    ],
)
def test_bits_that_are_none_are_refused(bits: list[float] | None, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        stochastic(Fixed(bits=8), 3).encode([1.0, 2.0, 3.0], bits)


def test_bits_for_another_rounding_are_refused() -> None:
    with pytest.raises(FormatError, match="takes no random bits: leave them out"):
        Cast(format=Fixed(bits=8)).encode([1.0], [0])
