"""A witness is a dot product on which two accumulators differ, and no product of it can go."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    DatapathError,
    DotAccumulator,
    IntegerAccumulator,
    SequentialAccumulator,
    Witness,
    accumulator_preset,
    dot_exact,
    find_witness,
)
from bitpde.emu.witness import witness as module
from bitpde.emu.witness.moves import cost, simpler, size_of, without
from bitpde.emu.witness.search import batches, lengths, palette
from bitpde.formats import (
    FP16,
    FP64,
    INT8,
    MXINT8,
    OCP_E2M1,
    OFP8_E4M3,
    Cast,
    Coded,
    Fixed,
    Minifloat,
    Overflow,
    Rounding,
)
from bitpde.validation import FAMILIES, family_of

INT16 = Fixed(bits=16)
#: Families whose operands may be floats; int32 takes integers alone, PINTA tiles of them.
FLOATS = [name for family, name in FAMILIES.items() if family not in ("integer", "PINTA")]
#: Those that compiled kernels take in FP16, too.
FAST = [
    name
    for name in ACCUMULATOR_PRESETS
    if name not in ("int32", "pinta", "blackwell_mxf4nvf4", "hopper_fp8_promoted")
]


def presets(one: str, other: str) -> tuple[DotAccumulator, DotAccumulator]:
    return accumulator_preset(one), accumulator_preset(other)


def same(x: Fraction | float, y: Fraction | float) -> bool:
    return x == y or (isnan(x) and isnan(y))


def without_place(coded: Coded, k: int) -> Coded:
    return Coded(format=coded.format, codes=np.delete(coded.codes, k))


def check(found: Witness) -> None:
    """Check by rational arithmetic that the accumulators differ, and agree without any product."""
    a, b = found.operands
    units = (found.one, found.other)
    results = [dot_exact(a, b, unit) for unit in units]
    assert results == [found.result, found.other_result]
    assert not same(results[0].value, results[1].value)
    assert found.exact == sum(Fraction(x) * Fraction(y) for x, y in zip(*found.values, strict=True))
    for k in range(len(found.a)):
        shorter = without_place(a, k), without_place(b, k)
        one, other = (dot_exact(*shorter, unit).value for unit in units)
        assert same(one, other), k


def test_there_is_one_preset_of_every_family() -> None:
    assert {family_of(unit) for unit in ACCUMULATOR_PRESETS.values()} == set(FAMILIES)
    assert all(family_of(accumulator_preset(name)) == key for key, name in FAMILIES.items())


@pytest.mark.parametrize("pair", list(combinations(FLOATS, 2)), ids="-".join)
def test_every_pair_of_families_has_a_minimal_witness(pair: tuple[str, str]) -> None:
    found = find_witness(*presets(*pair), OFP8_E4M3)
    assert found is not None
    check(found)


@pytest.mark.parametrize("name", FLOATS)
def test_integers_part_from_every_family(name: str) -> None:
    found = find_witness(accumulator_preset("int32"), accumulator_preset(name), INT16)
    assert found is not None
    check(found)


def test_a_register_that_saturates_parts_from_one_that_wraps_at_two_products() -> None:
    units = IntegerAccumulator(), IntegerAccumulator(overflow=Overflow.WRAP)
    found = find_witness(*units, INT16)
    assert found is not None
    check(found)
    # (-2^15)^2 twice is 2^31, and no product alone leaves the register
    assert len(found.a) == 2
    assert found.exact > 2**31 - 1


@pytest.mark.parametrize("name", ACCUMULATOR_PRESETS)
def test_no_accumulator_parts_from_itself(name: str) -> None:
    unit = accumulator_preset(name)
    assert find_witness(unit, replace(unit), OFP8_E4M3) is None


@given(one=st.sampled_from(FAST), other=st.sampled_from(FAST), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_whatever_is_found_is_a_minimal_witness_and_found_again(
    one: str, other: str, seed: int
) -> None:
    units = presets(one, other)
    found = find_witness(*units, FP16, seed=seed, budget=200_000)
    if found is not None:
        check(found)
        assert find_witness(*units, FP16, seed=seed, budget=200_000) == found
    if units[0] == units[1]:
        assert found is None


def test_exact_groups_of_eight_part_from_exact_sums_at_nine_products() -> None:
    # Up to 8 products both are exact, rounded once: 8 lengths of 12 batches of 64^2 find nothing.
    units = presets("mxdotp", "kulisch_fp32")
    assert find_witness(*units, FP16, budget=8 * 12 * 64**2) is None
    found = find_witness(*units, FP16)
    assert found is not None
    assert len(found.a) == 9


def test_units_that_never_lose_anything_have_no_witness() -> None:
    # Sums of 35 products of E2M1 are multiples of 1/4 below 2^11: exact in FP32.
    units = presets("fma_fp32", "kulisch_fp32")
    assert find_witness(*units, OCP_E2M1, budget=300_000) is None


@pytest.mark.parametrize("bits", [False, True])
def test_signs_of_zeros_count_as_bits_alone(bits: bool) -> None:
    # In FP32 single products of E2M1 are exact, and DOWN gives +0 + -0 the minus sign.
    units = SequentialAccumulator(rounding=Rounding.DOWN), SequentialAccumulator()
    found = find_witness(*units, OCP_E2M1, bits=bits, budget=100_000)
    assert (found is not None) == bits
    if found is not None:
        assert found.result.value == found.other_result.value == 0
        assert {found.result.code, found.other_result.code} == {0, 1 << 31}


def test_the_operands_may_have_two_formats() -> None:
    units = presets("hopper_fp8", "cdna1_f16")
    found = find_witness(*units, FP16, OFP8_E4M3)
    assert found is not None
    check(found)
    assert [x.format for x in found.operands] == [FP16, OFP8_E4M3]


@pytest.mark.parametrize("seed", range(3))
def test_forty_random_products_shrink_to_a_minimal_witness(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice(np.r_[palette(OFP8_E4M3), -palette(OFP8_E4M3)], (2, 40)).tolist()
    one, other = presets("hopper_fp8", "blackwell_f8f6f4")
    search = module._Search(one, other, (OFP8_E4M3, OFP8_E4M3), bits=False)
    found = search.witness(search.smallest((tuple(values[0]), tuple(values[1]))))
    check(found)
    assert len(found.a) < 5


FLOAT = st.sampled_from([0.0, 1.0, -1.0, 0.75, -6.0, 2.0**-9, 448.0, -(2.0**12)])


@given(pair=st.lists(st.tuples(FLOAT, FLOAT), min_size=1, max_size=5))
@settings(max_examples=20)
def test_every_step_goes_down_the_stated_order(pair: list[tuple[float, float]]) -> None:
    a, b = (tuple(side) for side in zip(*pair, strict=True))
    for candidate in simpler((a, b)):
        assert len(candidate[0]) == len(candidate[1]) == len(a)
        assert size_of(candidate) < size_of((a, b))
    singles = [((*a[:k], *a[k + 1 :]), (*b[:k], *b[k + 1 :])) for k in range(len(a))]
    assert without((a, b), 1) == (singles if len(a) > 1 else [])
    for run in range(1, len(a)):
        assert {len(x) for x, _ in without((a, b), run)} == {len(a) - run}


@given(x=st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_cost_of_a_number_is_that_of_its_definition(x: float) -> None:
    exact = Fraction(abs(x))
    exponent = exact.numerator.bit_length() - exact.denominator.bit_length()  # of a dyadic number
    assert cost(x) == ((exact.numerator.bit_count() + (x < 0), abs(exponent)) if x else (0, 0))


@pytest.mark.parametrize("format", [OFP8_E4M3, FP16, INT8, OCP_E2M1], ids=lambda f: str(f.bits))
def test_candidates_are_finite_numbers_of_their_lengths(format: Fixed | Minifloat) -> None:
    units = presets("volta_f16", "rvbna_4")
    values = palette(format)
    cast = Cast(format=format, overflow=Overflow.SATURATE)
    assert np.array_equal(cast.quantize(values), values)
    assert (values > 0).all()
    found = batches(*units, (format, format), 0)
    seen = set()
    for _ in range(12 * len(lengths(*units)) + 1):
        batch = next(found)
        assert batch.a.shape[1] == batch.b.shape[1]
        seen.add(batch.a.shape[1])
        assert np.isfinite(batch.a.values()).all()
        assert np.isfinite(batch.b.values()).all()
    assert seen == set(lengths(*units))


def test_a_witness_is_lines_that_say_it_all() -> None:
    units = presets("hopper_fp8", "blackwell_f8f6f4")
    found = find_witness(*units, OFP8_E4M3)
    assert found is not None
    assert found.terms == "1, 2^-14"  # 13 bits below 1 end at 2^-13, and no fewer bits set do it
    lines = found.describe("hopper_fp8", "blackwell_f8f6f4").splitlines()
    assert lines[0].split() == ["k", "a", "b", "a", "b"]
    assert [line.split()[0] for line in lines[-3:]] == ["exact", "hopper_fp8", "blackwell_f8f6f4"]
    assert f"0x{found.result.code:08x}" in lines[-2]
    assert str(found).splitlines()[-1].startswith("other")
    data = json.loads(json.dumps(found.to_json()))
    assert (tuple(data["a"]), tuple(data["b"])) == (found.a, found.b)
    assert Fraction(data["exact"]) == found.exact


def test_products_that_are_zero_are_counted_and_not_listed() -> None:
    units = presets("mxdotp", "kulisch_fp32")
    found = find_witness(*units, OFP8_E4M3)
    assert found is not None
    zeros = sum(x * y == 0 for x, y in zip(*found.values, strict=True))
    assert zeros > 0
    assert f"{zeros} of the {len(found.a)} products are zero" in str(found).splitlines()
    assert len(str(found).splitlines()) == 1 + len(found.a) - zeros + 1 + 3


def test_a_kernel_that_the_rational_twin_denies_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    units = presets("hopper_fp8", "cdna3_fp8")
    monkeypatch.setattr(module, "dot_exact", lambda a, b, _: dot_exact(a, b, units[0]))
    with pytest.raises(DatapathError, match="disagree on"):
        find_witness(*units, OFP8_E4M3)


FMA, HOPPER = accumulator_preset("fma_fp32"), accumulator_preset("hopper_fp8")
UNLAWFUL: dict[str, tuple[Callable[[], Any], str]] = {
    "blocks": (lambda: find_witness(FMA, HOPPER, MXINT8), "operands of a witness"),  # type: ignore[arg-type]
    "wide": (lambda: find_witness(FMA, HOPPER, FP64), "up to 32 bits"),
    "a budget below 0": (lambda: find_witness(FMA, HOPPER, FP16, budget=-1), "from 0"),
    "floats in an integer register": (
        lambda: find_witness(FMA, IntegerAccumulator(), FP16), "is not Fixed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNLAWFUL)
def test_an_unlawful_search_is_one_line_that_says_so(case: str) -> None:
    make, message = UNLAWFUL[case]
    with pytest.raises(DatapathError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_no_budget_finds_nothing() -> None:
    assert find_witness(FMA, HOPPER, OFP8_E4M3, budget=0) is None
