"""Tables and piecewise polynomials give for every operand what their definition in rationals gives.

The truth of a function is mpmath's; addresses, interpolation, Horner's rule and roundings are
repeated here one operand at a time, with Fractions and `encode_exact`.
"""

from fractions import Fraction
from itertools import product
from math import factorial
from typing import Any

import numpy as np
import pytest
from function_oracle import code_or_none, truth
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    Addressing,
    DatapathError,
    FunctionTable,
    PiecewisePolynomial,
    RoundedFunction,
    Softmax,
    Spacing,
    Symmetry,
    unit_from_json,
    unit_to_json,
)
from bitpde.emu.functions.piecewise_fit import fitted
from bitpde.formats import (
    FP16,
    FP32,
    INT8,
    SMX_INT8,
    Cast,
    Coded,
    Fixed,
    Minifloat,
    Overflow,
    Rounding,
    decode_exact,
    encode_exact,
)

S9 = Fixed(bits=9, fraction_bits=6)
U9 = Fixed(bits=9, fraction_bits=5, signed=False)
OUT = Cast(format=Fixed(bits=12, fraction_bits=10))
COARSE = Cast(format=Fixed(bits=10, fraction_bits=8), rounding=Rounding.DOWN)
C = Fixed(bits=20, fraction_bits=12)
STEP = Cast(format=Fixed(bits=14, fraction_bits=11), rounding=Rounding.TOWARD_ZERO)


def every_code(format: Fixed | Minifloat) -> Coded:
    return Coded(format=format, codes=np.array(format.codes(), format.code_dtype))


def number(x: Fraction) -> Fraction | float:
    return x if x else 0.0


def folded(unit: Any, code: int) -> tuple[int, bool]:
    """Return the offset of a code and whether the symmetry is to be undone."""
    format = unit.input.format
    if unit.symmetry is Symmetry.NONE:
        return code - format.codes()[0], False
    return min(abs(code), 2 ** (format.bits - 1) - 1), code < 0


def unfolded(unit: Any, code: int, negative: bool) -> int:
    if not negative or unit.symmetry in (Symmetry.NONE, Symmetry.EVEN):
        return code
    one = 2**unit.output.format.fraction_bits if unit.symmetry is Symmetry.COMPLEMENT else 0
    return max(-(2 ** (unit.output.format.bits - 1)), one - code)


def table_result(unit: FunctionTable, code: int) -> int:
    """Return the code that the table's definition gives."""
    format = unit.input.format
    assert isinstance(format, Fixed)
    offset, negative = folded(unit, code)
    least = 0 if unit.symmetry is not Symmetry.NONE else format.codes()[0]
    width = format.bits - (unit.symmetry is not Symmetry.NONE)
    cell = 2 ** (width - unit.address_bits)

    def entry(k: int) -> Fraction:
        middle = Fraction(cell, 2) if unit.addressing is Addressing.MIDDLE else 0
        x = (least + k * cell + middle) * format.lsb
        found = decode_exact(
            unit.entry.element, encode_exact(unit.entry, truth(unit.function, number(x)))
        )
        return Fraction(found)

    k, rest = divmod(offset, cell)
    if unit.addressing is Addressing.NEAREST:
        k += 2 * rest >= cell
    y = entry(k)
    if unit.fraction_bits:
        fraction = Fraction(rest * 2**unit.fraction_bits // cell, 2**unit.fraction_bits)
        y += (entry(k + 1) - y) * fraction
    return unfolded(unit, encode_exact(unit.output, y), negative)


TABLES = [
    FunctionTable(
        function=function, input=Cast(format=S9), address_bits=bits, entry=entry, output=OUT,
        addressing=addressing, fraction_bits=kept, symmetry=symmetry,
    )
    for (function, symmetry), entry, (bits, addressing, kept) in product(
        [
            ("tanh", Symmetry.ODD), ("cos", Symmetry.EVEN), ("sigmoid", Symmetry.COMPLEMENT),
            ("exp", Symmetry.NONE),
        ],
        [COARSE],
        [
            (8, Addressing.FLOOR, 0), (5, Addressing.MIDDLE, 0), (5, Addressing.NEAREST, 0),
            (4, Addressing.FLOOR, 4), (5, Addressing.FLOOR, 2),
        ],
    )
]  # fmt: skip


@pytest.mark.parametrize("unit", TABLES, ids=lambda unit: f"{unit.function}{unit.address_bits}")
def test_every_operand_of_a_table_gives_what_the_definition_gives(unit: FunctionTable) -> None:
    codes = unit.apply(every_code(S9)).codes.tolist()
    assert codes == [table_result(unit, code) for code in S9.codes()]
    entries, lawful = unit.entries
    assert entries.size == lawful.size == unit.size
    assert unit.table_bits == unit.size * unit.entry.element.bits


@pytest.mark.parametrize("function", ["tanh", "sin"])
def test_a_full_table_is_the_correctly_rounded_function(function: str) -> None:
    unit = FunctionTable(
        function=function, input=Cast(format=S9), address_bits=9, entry=OUT, output=OUT
    )
    rounded = RoundedFunction(function=function, cast=OUT)
    assert unit.apply(every_code(S9)).equals(rounded.apply(every_code(S9)))


def horner(unit: PiecewisePolynomial, offset: int, negative: bool) -> int:
    """Return the code by Horner's rule in rationals, from the unit's coefficients."""
    format = unit.input.format
    assert isinstance(format, Fixed)
    width = format.bits - (unit.symmetry is not Symmetry.NONE)
    size, first, index = 2 ** (width - unit.segment_bits), 0, 0
    if unit.spacing is Spacing.BINADES:
        starts = segment_starts(unit.segment_bits, width)
        index = max(k for k, start in enumerate(starts) if start <= offset)
        first, size = starts[index], [*starts[1:], 2**width][index] - starts[index]
    else:
        index, first = offset // size, offset // size * size
    scale = 2**unit.fraction_bits
    t = Fraction((offset - first) * scale // size, scale)
    rows = [int(row[index]) for row in unit.table[0]]
    values = [code * f.lsb for code, f in zip(rows, unit.coefficients, strict=True)]
    y, code = values[-1], 0
    for step, c in zip(unit.steps, values[-2::-1], strict=True):
        code = encode_exact(step, y * t + c)
        y = Fraction(decode_exact(step.element, code))
    return unfolded(unit, code, negative)


def segment_starts(bits: int, width: int) -> list[int]:
    """Return the first offsets of the segments that binades are divided into."""
    starts = list(range(2**bits))
    for p in range(bits, width):
        starts += [2**p + j * 2 ** (p - bits) for j in range(2**bits)]
    return starts


POLYNOMIALS = [
    PiecewisePolynomial(
        function=function, input=Cast(format=source), segment_bits=bits,
        coefficients=(C,) * (degree + 1), steps=(STEP,) * (degree - 1) + (OUT,),
        fraction_bits=kept, spacing=spacing, symmetry=symmetry,
    )
    for (function, source, symmetry), (bits, degree, kept), spacing in product(
        [
            ("tanh", S9, Symmetry.ODD), ("sin", S9, Symmetry.NONE), ("gelu", S9, Symmetry.NONE),
            ("sigmoid", S9, Symmetry.COMPLEMENT), ("log", U9, Symmetry.NONE),
        ],
        [(3, 1, 7), (2, 2, 3), (1, 3, 9)],
        Spacing,
    )
    if function != "log" or (spacing is Spacing.BINADES and bits > 1)
]  # fmt: skip


@pytest.mark.parametrize("unit", POLYNOMIALS, ids=lambda u: f"{u.function}{len(u.steps)}")
def test_every_operand_of_a_polynomial_gives_what_horners_rule_gives(unit: Any) -> None:
    x = every_code(unit.input.format)
    if unit.function == "log":
        with pytest.raises(DatapathError, match=r"log has no polynomial for x\[0\]"):
            unit.apply(x)
        x = x[1:]
    wanted = [horner(unit, *folded(unit, code)) for code in x.codes.tolist()]
    assert unit.apply(x).codes.tolist() == wanted


@settings(max_examples=50)
@given(
    st.integers(1, 3),
    st.fractions(-3, 3, max_denominator=64),
    st.fractions(Fraction(1, 64), 1, max_denominator=64),
    st.integers(6, 30),
    st.fractions(0, 1, max_denominator=1000),
)
def test_coefficients_fit_as_well_as_chebyshev_says(
    n: int, start: Fraction, width: Fraction, places: int, t: Fraction
) -> None:
    # Interpolation at Chebyshev's nodes is within M w^(n+1) / ((n+1)! 2^(2n+1)), M = 1 for sine; to
    # round coefficient k adds at most half a step times a monic polynomial that is orthogonal on
    # the nodes, hence at most 1 on [0, 1].  Nodes have 16 bits: 2^-13 of the first bound.
    format = Fixed(bits=32, fraction_bits=places - 2)
    codes = fitted("sin", start, width, (format,) * (n + 1))
    value = sum(code * format.lsb * t**k for k, code in enumerate(codes))
    bound = width ** (n + 1) / (factorial(n + 1) * 2 ** (2 * n + 1)) * (1 + Fraction(1, 2**10))
    bound += (n + 1) * format.lsb / 2 + Fraction(1, 2**60)
    assert abs(value - Fraction(truth("sin", number(start + t * width)))) <= bound


@pytest.mark.parametrize("unit", [*TABLES, *POLYNOMIALS], ids=lambda u: f"{u.function}")
def test_symmetric_units_are_symmetric_and_rising_tables_rise(unit: Any) -> None:
    x = every_code(unit.input.format)[1:]
    values = unit.apply(x).values()
    if unit.symmetry is Symmetry.ODD:
        assert np.array_equal(values[x.values() < 0], -values[x.values() > 0][::-1])
    if unit.symmetry is Symmetry.EVEN:
        assert np.array_equal(values, values[::-1])
    if unit.symmetry is Symmetry.COMPLEMENT:
        assert np.array_equal(values[x.values() < 0], 1 - values[x.values() > 0][::-1])
    if isinstance(unit, FunctionTable) and unit.function in ("tanh", "exp", "sigmoid"):
        assert (np.diff(values[x.values() >= 0]) >= 0).all()


@pytest.mark.parametrize("unit", [*TABLES[::7], *POLYNOMIALS[::7]], ids=lambda u: f"{u.function}")
def test_a_unit_round_trips_json_and_repr(unit: Any) -> None:
    assert unit_from_json(unit_to_json(unit)) == unit
    names = {**vars(__import__("bitpde.formats", fromlist=["x"])), **globals()}
    assert eval(repr(unit), names) == unit


def test_operands_of_another_format_are_cast_first() -> None:
    unit = TABLES[0]
    x = np.array([0.3, -7.9, 100.0, 0.0], np.float32)
    assert unit.apply(x).equals(unit.apply(Cast(format=S9).encode(x.astype(np.float64))))
    assert unit.apply(x.reshape(2, 2)).shape == (2, 2)


def table(**changes: Any) -> dict[str, Any]:
    fields = {"function": "tanh", "input": Cast(format=S9), "address_bits": 4, "entry": OUT}
    return {**fields, "output": OUT, **changes}


def polynomial(**changes: Any) -> dict[str, Any]:
    fields = {"function": "tanh", "input": Cast(format=S9), "segment_bits": 4}
    return {**fields, "coefficients": (C, C), "steps": (OUT,), **changes}


WIDE = Fixed(bits=32, fraction_bits=12)
REFUSED = [
    (FunctionTable, table(function="tan"), "there is no function 'tan'"),
    (FunctionTable, table(input=Cast(format=FP16)), "input is in"),
    (FunctionTable, table(address_bits=10), "address_bits of FunctionTable is 10: choose 1 to 9"),
    (FunctionTable, table(fraction_bits=6), "fraction_bits of FunctionTable is 6: choose 0 to 5"),
    (FunctionTable, table(fraction_bits=2, addressing=Addressing.MIDDLE), "interpolates with"),
    (FunctionTable, table(symmetry=Symmetry.ODD, input=Cast(format=U9)), "an unsigned input"),
    (FunctionTable, table(symmetry=Symmetry.ODD, output=Cast(format=U9)), "an unsigned output"),
    (
        FunctionTable,
        table(symmetry=Symmetry.COMPLEMENT, output=Cast(format=Fixed(bits=9, fraction_bits=8))),
        "does not hold",
    ),
    (
        FunctionTable,
        table(entry=Cast(format=S9, rounding=Rounding.STOCHASTIC, random_bits=3)),
        "no random unit",
    ),
    (PiecewisePolynomial, polynomial(coefficients=(C,)), "two to four formats"),
    (PiecewisePolynomial, polynomial(steps=(OUT, OUT)), "2 steps for a degree of 1"),
    (PiecewisePolynomial, polynomial(segment_bits=9), "choose 0 to 8"),
    (PiecewisePolynomial, polynomial(coefficients=(WIDE,) * 2, fraction_bits=30), "needs 63 bits"),
    (RoundedFunction, {"function": "exp", "cast": INT8}, "give a plain Cast"),
]


@pytest.mark.parametrize(("kind", "fields", "text"), REFUSED)
def test_a_unit_that_cannot_be_built_is_refused(kind: Any, fields: Any, text: str) -> None:
    with pytest.raises(DatapathError, match=text):
        kind(**fields)


def test_what_a_unit_cannot_compute_is_refused() -> None:
    log = FunctionTable(**table(function="log", input=Cast(format=U9)))
    with pytest.raises(DatapathError, match=r"log has no entry for x\[1\]"):
        log.apply(np.array([1.0, 0.0], np.float32))
    with pytest.raises(DatapathError, match="convert"):
        log.apply(np.array([np.nan], np.float32))
    steep = PiecewisePolynomial(**polynomial(function="exp", coefficients=(S9, S9)))
    with pytest.raises(DatapathError, match=r"coefficient 0 of exp is 4\.3.*, beyond"):
        steep.apply(np.array([3.0], np.float32))
    raising = PiecewisePolynomial(
        **polynomial(function="exp", coefficients=(WIDE,) * 2, fraction_bits=8,
                     steps=(Cast(format=INT8, overflow=Overflow.RAISE),))
    )  # fmt: skip
    assert raising.apply(np.array([3.0], np.float32)).codes.tolist() == [20]
    with pytest.raises(DatapathError, match="a step of tanh"):
        PiecewisePolynomial(
            **polynomial(
                steps=(Cast(format=Fixed(bits=4, fraction_bits=4), overflow=Overflow.RAISE),)
            )
        ).apply(np.array([3.0], np.float32))
    with pytest.raises(DatapathError, match="this is no unit"):
        unit_from_json({"kind": "FunctionTable"})
    with pytest.raises(DatapathError, match="no unit"):
        unit_from_json(unit_to_json(OUT))  # type: ignore[arg-type]
    with pytest.raises(DatapathError, match="is no unit"):
        unit_from_json([])  # type: ignore[arg-type]


def softmax_by_definition(unit: Softmax, row: list[Fraction]) -> list[int]:
    """Return the codes of a softmax, one rational step after the other."""

    def rounded(cast: Cast, x: Fraction | float) -> Fraction:
        return Fraction(decode_exact(cast.element, encode_exact(cast, x)))

    powers = []
    for x in row:
        d = rounded(unit.difference, x - max(row))
        powers.append(rounded(unit.exponential.output, truth("exp", number(d))))
    total = rounded(unit.total, powers[0])
    for power in powers[1:]:
        total = rounded(unit.total, total + power)
    if unit.reciprocal is None:
        return [encode_exact(unit.output, power / total) for power in powers]
    inverse = rounded(unit.reciprocal.output, 1 / total)
    return [encode_exact(unit.output, power * inverse) for power in powers]


HALF, Q = Cast(format=FP16), Cast(format=Fixed(bits=16, fraction_bits=12))
SOFTMAXES = [
    Softmax(
        difference=cast, total=total, output=Q,
        exponential=RoundedFunction(function="exp", cast=cast),
        reciprocal=RoundedFunction(function="reciprocal", cast=cast) if inverted else None,
    )
    for cast, total in ((HALF, HALF), (Q, Cast(format=FP32)))
    for inverted in (False, True)
]  # fmt: skip


@settings(max_examples=40)
@given(
    st.sampled_from(SOFTMAXES),
    st.lists(st.lists(st.integers(-128, 127), min_size=5, max_size=5), min_size=1, max_size=3),
)
def test_softmax_is_its_steps(unit: Softmax, codes: list[list[int]]) -> None:
    x = Coded(format=Fixed(bits=8, fraction_bits=4), codes=np.array(codes, np.int8))
    wanted = [softmax_by_definition(unit, [Fraction(c, 16) for c in row]) for row in codes]
    assert unit.apply(x).codes.tolist() == wanted
    assert unit.apply(x.T, axis=0).codes.T.tolist() == wanted


def test_softmax_keeps_nan_and_refuses_what_has_none() -> None:
    x = np.array([[np.nan, 1.0], [0.0, -np.inf]], np.float16)
    unit = Softmax(
        difference=HALF, total=HALF, output=HALF,
        exponential=RoundedFunction(function="exp", cast=HALF),
    )  # fmt: skip
    values = unit.apply(x).values()
    assert np.isnan(values[0]).all()
    assert values[1].tolist() == [1.0, 0.0]
    assert unit_from_json(unit_to_json(unit)) == unit
    for changes, text in (
        ({"exponential": RoundedFunction(function="tanh", cast=HALF)}, "give one for exp"),
        ({"total": Cast(format=SMX_INT8)}, "total of a Softmax"),
    ):
        with pytest.raises(DatapathError, match=text):
            Softmax(**{**vars(unit), **changes})
    with pytest.raises(DatapathError, match="axis 2"):
        unit.apply(x, axis=2)


def test_the_oracle_refuses_where_the_cast_does() -> None:
    assert code_or_none(Cast(format=INT8), truth("log", 0.0)) is None
