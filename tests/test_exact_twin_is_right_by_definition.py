"""The slow twin, which every kernel is held to, is right by definitions that it does not use."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from format_cases import SCALARS, numbers
from hypothesis import example, given
from hypothesis import strategies as st

from bitpde.formats import (
    INT8,
    SMX_INT8,
    Cast,
    FormatError,
    NonFinite,
    Rounding,
    decode_exact,
    encode_array_exact,
    encode_exact,
    encode_tile_exact,
    round_exact,
)

SMALL = {name: format for name, format in SCALARS.items() if format.bits <= 8}


@given(
    x=st.fractions(-1000, 1000),
    places=st.integers(-5, 5),
    bits=st.integers(1, 32),
    data=st.data(),
)
def test_a_rounding_is_a_neighbour_and_the_right_one(
    x: Fraction, places: int, bits: int, data: st.DataObject
) -> None:
    lsb = Fraction(2) ** places
    random = data.draw(st.integers(0, 2**bits - 1))
    below, above = x // lsb, -(-x // lsb)
    q = {mode: round_exact(x, lsb, mode, random, bits) for mode in Rounding}
    assert set(q.values()) <= {below, above}
    assert q[Rounding.DOWN] == below
    assert q[Rounding.UP] == above
    assert q[Rounding.NEAREST_EVEN] == round(x / lsb)
    assert q[Rounding.TOWARD_ZERO] == int(x / lsb)
    assert below == above or q[Rounding.TO_ODD] % 2 == 1
    away = q[Rounding.NEAREST_AWAY] * lsb
    assert 2 * abs(away - x) < lsb or (2 * abs(away - x) == lsb and abs(away) > abs(x))


@given(
    x=st.one_of(numbers(np.float64), numbers(np.int64), st.fractions(-9, 9, max_denominator=99)),
    name=st.sampled_from(list(SMALL)),
)
@example(x=Fraction(1, 3), name="OFP8_E4M3")
def test_no_value_of_a_format_is_nearer_than_the_saturating_code(x: Any, name: str) -> None:
    format = SMALL[name]
    if not np.isfinite(float(x)):
        return
    value = decode_exact(format, encode_exact(Cast(format=format), x))
    every = [decode_exact(format, code) for code in format.codes()]
    distances = [abs(Fraction(v) - Fraction(x)) for v in every if np.isfinite(float(v))]
    assert abs(Fraction(value) - Fraction(x)) == min(distances)


@given(x=st.floats(-(2.0**120), 2.0**120), y=st.floats(-(2.0**120), 2.0**120))
def test_the_scale_of_a_tile_is_the_greatest_under_its_largest_element(x: float, y: float) -> None:
    # The definition of OCP MX v1.0, 6.3: the largest power of two that is at most max|tile|, over
    # the largest one of the element format, here 64.
    scale, _ = encode_tile_exact(Cast(format=SMX_INT8), [[x, y]])
    top = max(abs(Fraction(x)), abs(Fraction(y)))
    lawful = [c for c in range(255) if Fraction(2) ** (c - 127) * 64 <= top]
    assert scale == max(lawful, default=0)


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(FormatError, match="no tiles"):
        encode_tile_exact(Cast(format=INT8), [[1.0]])
    with pytest.raises(FormatError, match="no code"):
        encode_exact(Cast(format=SMX_INT8), 1.0)
    with pytest.raises(FormatError, match="no code for inf"):
        encode_tile_exact(Cast(format=SMX_INT8, nonfinite=NonFinite.RAISE), [[1.0, np.inf]])


def test_integers_beyond_every_float_are_numbers_too() -> None:
    assert encode_exact(Cast(format=INT8), -(10**400)) == -128
    assert encode_array_exact(Cast(format=INT8), []).shape == (0,)
