"""The formats have the limits, specials and first values that their standards print.

The numbers are those of OCP OFP8 v1.0 (tables 1 and 2), OCP MX v1.0 (5.3 and 5.4), IEEE 754-2019
(table 3.5) and the definitions of the FNUZ formats, written out as literals.
"""

from math import inf, isnan
from typing import NamedTuple

import numpy as np
import pytest

from bitpde.formats import (
    BF16,
    E8M0,
    FNUZ_E4M3,
    FNUZ_E4M3_B11,
    FNUZ_E5M2,
    FP16,
    FP32,
    FP64,
    IEEE_E3M4,
    IEEE_E4M3,
    OCP_E2M1,
    OCP_E2M3,
    OCP_E3M2,
    OCP_INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    TF32,
    Cast,
    Coded,
    Minifloat,
    Overflow,
)


class Row(NamedTuple):
    """One line of the table of a standard."""

    format: Minifloat
    bits: int
    emax: int
    max_code: int
    max: float
    min_normal: float
    max_subnormal: float
    min_subnormal: float
    nan_codes: list[int]
    infinity: int | None
    negative_zero: bool


_E4M3_IEEE_NANS = [*range(0x79, 0x80), *range(0xF9, 0x100)]
_E3M4_IEEE_NANS = [*range(0x71, 0x80), *range(0xF1, 0x100)]
_E5M2_NANS = [0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF]
TABLE = {
    "OFP8_E4M3": Row(
        OFP8_E4M3, 8, 8, 0x7E, 448.0, 2**-6, 7 * 2**-9, 2**-9, [0x7F, 0xFF], None, True
    ),
    "OFP8_E5M2": Row(
        OFP8_E5M2, 8, 15, 0x7B, 57344.0, 2**-14, 3 * 2**-16, 2**-16, _E5M2_NANS, 0x7C, True
    ),
    "OCP_E3M2": Row(OCP_E3M2, 6, 4, 0x1F, 28.0, 0.25, 0.1875, 0.0625, [], None, True),
    "OCP_E2M3": Row(OCP_E2M3, 6, 2, 0x1F, 7.5, 1.0, 0.875, 0.125, [], None, True),
    "OCP_E2M1": Row(OCP_E2M1, 4, 2, 0x7, 6.0, 1.0, 0.5, 0.5, [], None, True),
    "IEEE_E4M3": Row(
        IEEE_E4M3, 8, 7, 0x77, 240.0, 2**-6, 7 * 2**-9, 2**-9, _E4M3_IEEE_NANS, 0x78, True
    ),
    "FNUZ_E4M3": Row(FNUZ_E4M3, 8, 7, 0x7F, 240.0, 2**-7, 7 * 2**-10, 2**-10, [0x80], None, False),
    "FNUZ_E5M2": Row(
        FNUZ_E5M2, 8, 15, 0x7F, 57344.0, 2**-15, 3 * 2**-17, 2**-17, [0x80], None, False
    ),
    "FNUZ_E4M3_B11": Row(
        FNUZ_E4M3_B11, 8, 4, 0x7F, 30.0, 2**-10, 7 * 2**-13, 2**-13, [0x80], None, False
    ),
    "IEEE_E3M4": Row(
        IEEE_E3M4, 8, 3, 0x6F, 15.5, 0.25, 15 * 2**-6, 2**-6, _E3M4_IEEE_NANS, 0x70, True
    ),
}


def value(format: Minifloat, code: int) -> float:
    return float(Coded(format=format, codes=np.array(code, format.code_dtype)).values())


@pytest.mark.parametrize("name", TABLE)
def test_limits_are_as_printed(name: str) -> None:
    row = TABLE[name]
    format = row.format
    assert (format.bits, format.emax, format.max_ordinal) == (row.bits, row.emax, row.max_code)
    assert (format.max, format.min, format.lsb) == (row.max, -row.max, row.min_subnormal)
    assert value(format, row.max_code) == row.max
    first_normal = 2**format.significand_bits
    assert value(format, first_normal) == row.min_normal == 2.0**format.emin
    assert value(format, first_normal - 1) == row.max_subnormal
    assert value(format, 1) == row.min_subnormal


@pytest.mark.parametrize("name", TABLE)
def test_special_codes_are_as_printed(name: str) -> None:
    row = TABLE[name]
    values = {code: value(row.format, code) for code in row.format.codes()}
    assert [code for code, v in values.items() if isnan(v)] == row.nan_codes
    infinite = [] if row.infinity is None else [row.infinity, row.infinity + 2 ** (row.bits - 1)]
    assert [code for code, v in values.items() if v in (inf, -inf)] == infinite
    sign = 2 ** (row.bits - 1)
    assert (values[sign] == 0 and np.signbit(values[sign])) == row.negative_zero
    assert row.format.has_negative_zero == row.negative_zero


def test_integers_are_as_printed() -> None:
    codes = Coded(format=OCP_INT8, codes=np.array([127, -127, -128, 1, 0], np.int8))
    assert codes.values().tolist() == [127 / 64, -127 / 64, -2.0, 1 / 64, 0.0]
    assert (OCP_INT8.emax, OCP_INT8.lsb) == (0, 1 / 64)


def test_scales_are_as_printed() -> None:
    assert (E8M0.emin, E8M0.emax, E8M0.nan_code) == (-127, 127, 0xFF)
    assert (E8M0.decode(0x00), E8M0.decode(0x7F), E8M0.decode(0xFE)) == (2.0**-127, 1, 2**127)
    assert isnan(E8M0.decode(0xFF))


@pytest.mark.parametrize(
    ("format", "dtype"), [(FP16, np.float16), (FP32, np.float32), (FP64, np.float64)]
)
def test_ieee_formats_are_those_of_numpy(format: Minifloat, dtype: type) -> None:
    info = np.finfo(dtype)
    limits = (float(format.max), 2.0**format.emin, float(format.lsb))
    assert limits == (info.max, info.smallest_normal, info.smallest_subnormal)
    assert format.bits == info.bits


def test_upper_halves_of_binary32_keep_its_exponents() -> None:
    for format, bits in ((BF16, 16), (TF32, 19)):
        assert (format.bits, format.emin, format.emax) == (bits, FP32.emin, FP32.emax)


@pytest.mark.parametrize(
    ("number", "saturating", "overflowing"),
    [(448.0, 0x7E, 0x7E), (464.0, 0x7E, 0x7E), (np.nextafter(464, 465), 0x7E, 0x7F),
     (480.0, 0x7E, 0x7F), (1e300, 0x7E, 0x7F), (inf, 0x7E, 0x7F), (-464.0, 0xFE, 0xFE),
     (-465.0, 0xFE, 0x7F)],
)  # fmt: skip
def test_e4m3_rounds_before_it_overflows(number: float, saturating: int, overflowing: int) -> None:
    assert Cast(format=OFP8_E4M3).encode(number).codes == saturating
    to_infinity = Cast(format=OFP8_E4M3, overflow=Overflow.INFINITY_OR_NAN)
    assert to_infinity.encode(number).codes == overflowing


@pytest.mark.parametrize(
    ("number", "saturating", "overflowing"),
    [(57344.0, 0x7B, 0x7B), (np.nextafter(61440, 0), 0x7B, 0x7B), (61440.0, 0x7B, 0x7C),
     (inf, 0x7B, 0x7C), (-61440.0, 0xFB, 0xFC), (-inf, 0xFB, 0xFC)],
)  # fmt: skip
def test_e5m2_rounds_before_it_overflows(number: float, saturating: int, overflowing: int) -> None:
    assert Cast(format=OFP8_E5M2).encode(number).codes == saturating
    to_infinity = Cast(format=OFP8_E5M2, overflow=Overflow.INFINITY_OR_NAN)
    assert to_infinity.encode(number).codes == overflowing
