"""The largest error of a unit is that of a search over every operand in rationals.

The truth is mpmath's; the bounds hold it and are no wider than 2^-60 of it.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from function_oracle import truth

from bitpde.emu import (
    DatapathError,
    FunctionTable,
    PiecewisePolynomial,
    RoundedFunction,
    Symmetry,
    maximum_error,
)
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    Cast,
    Coded,
    Fixed,
    Minifloat,
    Rounding,
    decode_exact,
    p3109,
)

S8 = Fixed(bits=8, fraction_bits=5)
OUT = Cast(format=Fixed(bits=9, fraction_bits=8))
C = Fixed(bits=14, fraction_bits=12)
UNITS: list[tuple[Any, Any]] = [
    (RoundedFunction(function="tanh", cast=Cast(format=OFP8_E4M3)), OFP8_E4M3),
    (RoundedFunction(function="sin", cast=Cast(format=FP16, rounding=Rounding.DOWN)), OFP8_E5M2),
    (RoundedFunction(function="log", cast=Cast(format=OFP8_E5M2)), OFP8_E4M3),
    (RoundedFunction(function="rsqrt", cast=Cast(format=S8)), OFP8_E4M3),
    (RoundedFunction(function="gelu", cast=OUT), S8),
    (RoundedFunction(function="cos", cast=Cast(format=OFP8_E4M3)), p3109(8, 1)),
    (
        FunctionTable(
            function="tanh", input=Cast(format=S8), address_bits=5, entry=OUT, output=OUT,
            symmetry=Symmetry.ODD,
        ),
        OFP8_E4M3,
    ),
    (
        PiecewisePolynomial(
            function="sigmoid", input=Cast(format=S8), segment_bits=2, coefficients=(C, C, C),
            steps=(Cast(format=C), OUT),
        ),
        S8,
    ),
]  # fmt: skip


def ulp(format: Fixed | Minifloat, x: Fraction) -> Fraction:
    """Return the distance of neighbours in the binade of x, had the format no end."""
    if isinstance(format, Fixed):
        return format.lsb
    step = format.lsb
    while x and step * 2 ** (format.significand_bits + 1) <= abs(x):
        step *= 2
    return step


@pytest.mark.parametrize(("unit", "format"), UNITS, ids=lambda u: getattr(u, "function", ""))
def test_the_largest_error_is_the_largest(unit: Any, format: Any) -> None:
    target = unit.output.format
    errors: dict[int, tuple[Fraction, Fraction]] = {}
    for code in format.codes():
        x = decode_exact(format, code)
        true = truth(unit.function, x if x else float(x))
        if isinstance(true, float) and not abs(true) < float("inf"):
            continue
        if isinstance(x, float) and not abs(x) < float("inf"):
            continue
        operand = Coded(format=format, codes=np.array(code, format.code_dtype))
        error = abs(Fraction(float(unit.apply(operand).values())) - Fraction(true))
        errors[code] = error, error / ulp(target, Fraction(true))
    found = maximum_error(unit, format)
    assert found.operands == len(errors)
    for k, worst in enumerate((found.absolute, found.ulps)):
        largest = max(error[k] for error in errors.values())
        assert worst.low <= largest <= worst.high
        assert worst.high - worst.low <= largest / 2**60
        assert worst.low <= errors[worst.code][k] <= worst.high


@pytest.mark.parametrize("name", ["tanh", "sin", "exp", "log", "sigmoid", "gelu", "rsqrt"])
def test_correct_rounding_of_16_bits_is_within_half_a_unit(name: str) -> None:
    unit = RoundedFunction(function=name, cast=Cast(format=FP32))
    for format in (FP16, BF16):
        within = (-80, 80) if name == "exp" else None
        worst = maximum_error(unit, format, within=within).ulps
        assert Fraction(49, 100) < worst.high <= Fraction(1, 2)


def test_what_cannot_be_compared_is_refused() -> None:
    unit = RoundedFunction(function="log", cast=Cast(format=FP16))
    with pytest.raises(DatapathError, match="at most 16 bits"):
        maximum_error(unit, FP32)
    with pytest.raises(DatapathError, match="no operand"):
        maximum_error(unit, INT8, within=(-3, 0))
    from bitpde.formats import Overflow

    infinite = Cast(format=FP16, overflow=Overflow.INFINITY_OR_NAN)
    with pytest.raises(DatapathError, match="compare it within a smaller range"):
        maximum_error(RoundedFunction(function="exp", cast=infinite), INT8)
