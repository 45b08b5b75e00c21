"""Comparison, minimum and maximum of coded arrays are those of the numbers, by IEEE 754-2019."""

from fractions import Fraction
from math import copysign
from typing import Any

import numpy as np
import pytest
from elementwise_oracle import numbers_of

from bitpde.emu import elementwise
from bitpde.emu.elementwise import Ordering
from bitpde.formats import (
    FP16,
    INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    Cast,
    Coded,
    Minifloat,
    Overflow,
    p3109,
)

WIDE_RANGE = p3109(13, 1)  # from 2^-2047 to 2^2046


def coded(format: Any, codes: list[int]) -> Coded:
    return Coded(format=format, codes=np.array(codes, np.dtype(format.code_dtype)))


def zero_sign(x: Fraction | float) -> float:
    """Return -1 for -0, 1 for +0 and 0 for anything else."""
    return 0.0 if x else copysign(1.0, x)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("minimum", lambda x, y: min(x, y)),
        ("maximum", lambda x, y: max(x, y)),
        ("minimum_number", lambda x, y: min(x, y)),
        ("maximum_number", lambda x, y: max(x, y)),
    ],
)
@pytest.mark.parametrize("format", [OFP8_E5M2, p3109(8, 1), WIDE_RANGE], ids=str)
def test_extremes_follow_clause_9_6(name: str, theirs: Any, format: Minifloat) -> None:
    cast = Cast(format=format, overflow=Overflow.INFINITY_OR_NAN)
    step = 2**format.bits // 32
    codes = [*range(0, 2**format.bits, step), format.nan_code or 0, format.max_ordinal + 1]
    one = coded(format, codes)
    result = getattr(elementwise, name)(one[:, None], one[None, :], cast)
    numbers = numbers_of(one)
    found = numbers_of(result)
    # -0 is below +0; a key says so.
    order = {id(x): (x, zero_sign(x)) for x in numbers if x == x}
    position = 0
    for x in numbers:
        for y in numbers:
            z, position = found[position], position + 1
            nans = (x != x) + (y != y)
            if nans == 2 or (nans and not name.endswith("number")):
                assert z != z
            elif nans:
                assert z == (y if x != x else x)
            else:
                wanted = theirs(order[id(x)], order[id(y)])
                assert (z, zero_sign(z)) == wanted


@pytest.mark.parametrize("formats", [(OFP8_E4M3, INT8), (FP16, OFP8_E5M2), (WIDE_RANGE, FP16)])
def test_comparison_is_that_of_the_numbers(formats: tuple[Any, Any]) -> None:
    rng = np.random.default_rng(5)
    a, b = (
        coded(f, [*rng.choice(np.array(f.codes()), 60).tolist(), 0, f.codes()[-1]]) for f in formats
    )
    table = elementwise.compare(a[:, None], b[None, :])
    for i, x in enumerate(numbers_of(a)):
        for j, y in enumerate(numbers_of(b)):
            order = Ordering.UNORDERED
            if x == x and y == y:
                order = Ordering.LESS if x < y else Ordering.GREATER if x > y else Ordering.EQUAL
            assert table[i, j] == order
