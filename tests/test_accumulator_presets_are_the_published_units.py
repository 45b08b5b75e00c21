"""Every named unit is the published one, and gives what its description gives.

The table is that of the public models (MMA-Sim, MATLAB-tensor-core, rvbna.adoc, MXDOTP).  Each
family is also swept over pairs of OFP8 E4M3 products against its description in NumPy integers,
where every product is a multiple of 2^-18 below 2^18 and nothing can be lost by accident.
"""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from accumulator_cases import UNITS
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import bitpde.emu as package
from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    Addend,
    ChunkedAccumulator,
    DatapathError,
    ExactAccumulator,
    FusedAccumulator,
    IntegerAccumulator,
    LateAddend,
    PintaAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    accumulator_from_json,
    accumulator_preset,
    accumulator_to_json,
    dot,
)
from bitpde.emu.accumulators import presets
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    OCP_E2M1,
    OFP8_E4M3,
    Coded,
    Minifloat,
    Overflow,
    Rounding,
    spec_to_json,
)

Ints = NDArray[np.int64]
RZ, RNE, RTO = Rounding.TOWARD_ZERO, Rounding.NEAREST_EVEN, Rounding.TO_ODD

#: terms, aligned fraction bits, alignment, where C joins, final rounding, its significand bits
TABLE: dict[str, tuple[Any, ...]] = {
    "volta_f16": (4, 23, RZ, Addend.ALIGNED, RZ, 23),
    "volta_f16_half": (4, 23, RZ, Addend.ALIGNED, RNE, 10),
    "turing_f16": (8, 24, RZ, Addend.ALIGNED, RZ, 23),
    "ampere_bf16": (8, 24, RZ, Addend.ALIGNED, RZ, 23),
    "ampere_tf32": (4, 24, RZ, Addend.ALIGNED, RZ, 23),
    "ada_fp8": (16, 13, RZ, Addend.ALIGNED, RZ, 13),
    "ada_fp8_half": (16, 13, RZ, Addend.ALIGNED, RNE, 10),
    "hopper_f16": (16, 25, RZ, Addend.ALIGNED, RZ, 23),
    "hopper_tf32": (8, 25, RZ, Addend.ALIGNED, RZ, 23),
    "hopper_fp8": (32, 13, RZ, Addend.ALIGNED, RZ, 13),
    "blackwell_f8f6f4": (32, 25, RZ, Addend.ALIGNED, RZ, 23),
    "blackwell_mxf8f6f4": (32, 25, RZ, Addend.ALIGNED, RZ, 23),
    "blackwell_mxf4nvf4": (64, 35, RZ, Addend.ALIGNED, RZ, 23),
    "cdna3_f16": (8, 24, RZ, Addend.LATE, RNE, 23),
    "cdna3_xf32": (4, 24, RZ, Addend.LATE, RNE, 23),
    "cdna3_fp8": (16, 24, RZ, Addend.LATE, RNE, 23),
    "rvbna_8": (8, 26, RTO, Addend.ROUNDED, RTO, 23),
    "mxdotp": (8, None, RZ, Addend.ALIGNED, RNE, 23),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_table_is_the_published_one(name: str) -> None:
    unit = accumulator_preset(name)
    assert isinstance(unit, FusedAccumulator)
    bits = unit.result.significand_bits
    row = (unit.terms, unit.fraction_bits, unit.alignment, unit.addend, unit.rounding, bits)
    assert row == TABLE[name]


def test_what_the_table_does_not_say_is_as_published() -> None:
    named = ACCUMULATOR_PRESETS
    assert len(named) >= 20
    assert {kind for kind in map(type, named.values())} >= {
        FusedAccumulator, TreeAccumulator, ChunkedAccumulator, IntegerAccumulator, PintaAccumulator,
    }  # fmt: skip
    half, fp8 = named["hopper_f16_half"], named["cdna3_fp8"]
    assert isinstance(half, FusedAccumulator)
    assert isinstance(fp8, FusedAccumulator)
    assert (half.format, half.canonical_nan) == (FP16, 0x7FFF)
    assert (fp8.lanes, fp8.lane_rounding) == (2, Rounding.DOWN)
    assert fp8.late == LateAddend(sum_bits=31, addend_bits=24, rounding=Rounding.DOWN, cutoff=25)
    assert replace(named["blackwell_mxf4nvf4"], exact_terms=1).exact_terms == 1  # type: ignore[type-var, attr-defined]
    trees = {name: named[name] for name in named if name.startswith(("cdna1", "cdna2"))}
    groups = {name: (t.terms, t.flush_results) for name, t in trees.items()}  # type: ignore[union-attr]
    assert groups == {
        "cdna1_f16": (4, False), "cdna1_bf16": (2, False), "cdna2_f16": (4, True),
        "cdna2_bf16": (2, True), "cdna2_bf16_1k": (4, True),
    }  # fmt: skip
    assert named["pinta"] == PintaAccumulator(bits=32, guard_bits=8, rounding=Rounding.DOWN)


def steps(value: Ints) -> Ints:
    """Return the exponent of the leading bit of a magnitude, by its float64."""
    return np.frexp(value.astype(np.float64))[1].astype(np.int64) - 1


def cut(value: Ints, places: Ints | int, mode: Rounding) -> Ints:
    """Return the value with its low bits dropped as the mode says, at its old weight."""
    size, places = np.abs(value), np.maximum(places, 0)
    low = size & ((np.int64(1) << places) - 1)
    kept = size >> places
    if mode is Rounding.DOWN:
        return value >> places << places
    if mode is RTO:
        kept |= low != 0
    if mode is RNE:
        half = (np.int64(1) << places) >> 1
        kept += (low > half) | ((low == half) & (places > 0) & (kept & 1 == 1))
    return np.sign(value) * (kept << places)


def to_bits(value: Ints, bits: int, mode: Rounding) -> Ints:
    """Return the value with so many significant bits."""
    return cut(value, steps(np.abs(value)) + 1 - bits, mode)


def fused_pair(bits: int, mode: Rounding, end: Rounding, width: int) -> Callable[..., Ints]:
    """Return the sum of two aligned products; the lsb is 2^(e - bits), here in units of 2^-18."""

    def total(p: Ints, q: Ints, ep: Ints, eq: Ints) -> Ints:
        places = np.maximum(ep, eq) - bits + 18
        return to_bits(cut(p, places, mode) + cut(q, places, mode), width, end)

    return total


def late_pair(p: Ints, q: Ints, ep: Ints, eq: Ints) -> Ints:
    """Return CDNA3's even and odd lane: truncated alone, floored together, rounded."""
    top = np.maximum(ep, eq) - 24 + 18
    lanes = cut(p, ep - 24 + 18, RZ), cut(q, eq - 24 + 18, RZ)
    even, odd = (cut(lane, top, Rounding.DOWN) for lane in lanes)
    return to_bits(even + odd, 24, RNE)


def exact_pair(p: Ints, q: Ints, *_: Ints) -> Ints:
    return to_bits(p + q, 24, RNE)


def chained_pair(p: Ints, q: Ints, *_: Ints) -> Ints:
    return to_bits(to_bits(p, 8, RNE) + q, 8, RNE)


FAMILIES: dict[str, tuple[Any, Callable[..., Ints]]] = {
    "hopper_fp8": (ACCUMULATOR_PRESETS["hopper_fp8"], fused_pair(13, RZ, RZ, 14)),
    "blackwell": (ACCUMULATOR_PRESETS["blackwell_f8f6f4"], fused_pair(25, RZ, RZ, 24)),
    "volta": (ACCUMULATOR_PRESETS["volta_f16"], fused_pair(23, RZ, RZ, 24)),
    "rvbna": (ACCUMULATOR_PRESETS["rvbna_4"], fused_pair(25, RTO, RTO, 24)),
    "cdna3": (ACCUMULATOR_PRESETS["cdna3_fp8"], late_pair),
    "cdna1": (ACCUMULATOR_PRESETS["cdna1_f16"], exact_pair),
    "mxdotp": (ACCUMULATOR_PRESETS["mxdotp"], exact_pair),
    "kulisch": (ACCUMULATOR_PRESETS["kulisch_fp32"], exact_pair),
    "sequential": (SequentialAccumulator(format=BF16), chained_pair),
}

CODES = np.arange(256, dtype=np.uint8)
NAN = (CODES & 0x7F) == 0x7F
EXPONENT = np.maximum(CODES.astype(np.int64) >> 3 & 15, 1) - 7
#: E4M3's numbers in units of 2^-9, from its definition
NUMBER = np.where(CODES & 0x78, 8 + (CODES & 7).astype(np.int64), CODES & 7) << (EXPONENT + 6)
NUMBER = np.where(CODES >> 7, -NUMBER, NUMBER)


def sweep(name: str, rows: NDArray[np.uint8], columns: NDArray[np.uint8]) -> None:
    """Check all ``a0 b0 + a1 b1`` with (a0, a1) of rows and (b0, b1) of columns."""
    unit, describe = FAMILIES[name]
    got = dot(
        Coded(format=OFP8_E4M3, codes=rows), Coded(format=OFP8_E4M3, codes=columns.T.copy()), unit
    )
    a, b = rows[:, None, :], columns[None]
    nan = (NAN[a] | NAN[b]).any(axis=-1)
    products = NUMBER[a] * NUMBER[b]
    exponents = np.where(products == 0, -99, EXPONENT[a] + EXPONENT[b])  # zeros take no part
    args = [part[..., n] for part in (products, exponents) for n in range(2)]
    expected = np.where(nan, np.nan, np.ldexp(describe(*args).astype(np.float64), -18))
    values = got.values()
    wrong = ~((values == expected) | (np.isnan(values) & nan))
    assert not wrong.any(), np.argwhere(wrong)[0]


@pytest.mark.parametrize("name", FAMILIES)
def test_pairs_of_e4m3_products_are_as_described(name: str) -> None:
    rng = np.random.default_rng(7)
    rows = np.r_[rng.integers(0, 256, (24, 2)), [[0x7E, 0x01], [0x01, 0x81], [0x08, 0x07]]]
    columns = np.stack(np.meshgrid(CODES[::3], CODES[::2]), axis=-1).reshape(-1, 2)
    sweep(name, rows.astype(np.uint8), columns)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FAMILIES)
def test_all_pairs_of_e4m3_products_are_as_described(name: str) -> None:
    # A product depends on its signs through their exclusive or: a0 and a1 of one sign leave none
    # out.  The products of a step, and the lanes, are symmetric, so a0 <= a1 leaves none out but
    # for the sequential unit, which takes all.  Minutes for each.
    columns = np.stack(np.meshgrid(CODES, CODES), axis=-1).reshape(-1, 2)
    for first in CODES[:128]:
        least = 0 if name == "sequential" else int(first)
        for start in range(least, 128, 32):
            second = CODES[start : min(start + 32, 128)]
            sweep(name, np.stack([np.full_like(second, first), second], axis=-1), columns)


@pytest.mark.parametrize("name", ACCUMULATOR_PRESETS)
def test_a_preset_is_its_json_and_its_repr(name: str) -> None:
    unit = accumulator_preset(name)
    assert accumulator_from_json(json.loads(json.dumps(accumulator_to_json(unit)))) == unit
    names = {**vars(package), "Minifloat": Minifloat, "Rounding": Rounding, "Overflow": Overflow}
    names["Specials"] = type(FP32.specials)
    assert eval(repr(unit), names) == unit


@pytest.mark.parametrize("kind", UNITS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_any_unit_is_its_json(kind: str, seed: int) -> None:
    unit = UNITS[kind](np.random.default_rng(seed))
    text = json.dumps(accumulator_to_json(unit))
    assert accumulator_from_json(json.loads(text)) == unit
    for field in fields(unit):
        broken = {key: value for key, value in json.loads(text).items() if key != field.name}
        with pytest.raises(DatapathError):
            accumulator_from_json({**broken, field.name + "_": 1})


UNLAWFUL: dict[str, tuple[Callable[[], Any], str]] = {
    "no name": (lambda: accumulator_preset("hopper"), "unknown accumulator"),
    "no JSON": (lambda: accumulator_from_json([1]), "no accumulator"),  # type: ignore[arg-type]
    "JSON of a format": (lambda: accumulator_from_json(spec_to_json(FP32)), "no accumulator"),
    "a format that is none": (lambda: ExactAccumulator(format=8), "give a Fixed"),  # type: ignore[arg-type]
    "random rounding": (
        lambda: SequentialAccumulator(rounding=Rounding.STOCHASTIC), "no random unit"
    ),
    "wrapping floats": (lambda: TreeAccumulator(overflow=Overflow.WRAP), "does not wrap"),
    "infinite integers": (
        lambda: IntegerAccumulator(overflow=Overflow.INFINITY_OR_NAN), "choose one of"
    ),
    "a tree of one": (lambda: TreeAccumulator(arity=1), "choose 2 to"),
    "no terms": (lambda: FusedAccumulator(terms=0), "choose 1 to"),
    "terms of a float": (lambda: FusedAccumulator(terms=4.0), "give a plain int"),  # type: ignore[arg-type]
    "bits beyond": (lambda: FusedAccumulator(fraction_bits=61), "choose -64 to 60"),
    "random alignment": (lambda: FusedAccumulator(alignment=Rounding.STOCHASTIC), "deterministic"),
    "groups that do not divide": (lambda: FusedAccumulator(exact_terms=3), "divisor"),
    "groups in lanes": (
        lambda: FusedAccumulator(exact_terms=2, stride=2), "leave lanes and stride"
    ),
    "lanes with C aligned": (lambda: FusedAccumulator(lanes=2), "let C join"),
    "late without how": (lambda: FusedAccumulator(addend=Addend.LATE), "just for LATE"),
    "how without late": (lambda: FusedAccumulator(late=LateAddend()), "just for LATE"),
    "a format without infinity": (lambda: FusedAccumulator(format=OCP_E2M1), "infinities"),
    "more bits than there are": (lambda: FusedAccumulator(format=FP16, result_bits=11), "at most"),
    "no code": (lambda: FusedAccumulator(nan_code=2**32), "give a code"),
    "no NaN": (lambda: FusedAccumulator(nan_code=0x7F800000), "code of a NaN"),
    "a chunk of integers": (
        lambda: ChunkedAccumulator(inner=IntegerAccumulator(), length=4), "give one of"  # type: ignore[arg-type]
    ),
    "no chunk": (lambda: ChunkedAccumulator(inner=ExactAccumulator(), length=0), "choose 1"),
    "a register of one bit": (lambda: IntegerAccumulator(bits=1), "choose 2 to 64"),
    "PINTA at random": (lambda: PintaAccumulator(rounding=Rounding.STOCHASTIC), "deterministic"),
    "PINTA to infinity": (
        lambda: PintaAccumulator(overflow=Overflow.INFINITY_OR_NAN), "choose one of"
    ),
    "bulk of three": (lambda: presets.rvbna(3), "power of two"),
    "a cutoff below zero": (lambda: LateAddend(cutoff=-1), "choose 0 to"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNLAWFUL)
def test_an_unlawful_unit_is_one_line_that_says_so(case: str) -> None:
    make, message = UNLAWFUL[case]
    with pytest.raises(DatapathError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
