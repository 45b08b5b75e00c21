"""Formats that ml_dtypes has too decode alike on every code, and encode float32 alike.

ml_dtypes is asked only what it is known to do right: float32 input and ties to even.  Where it and
we differ by decision, the difference is written out below.
"""

import numpy as np
import pytest
from format_cases import ALL
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.formats import E8M0, Cast, Coded, Minifloat, Overflow

ml_dtypes = pytest.importorskip("ml_dtypes", reason="a peer: pip install 'bitpde[peers]'")

PEERS = {
    "OFP8_E4M3": "float8_e4m3fn",
    "OFP8_E5M2": "float8_e5m2",
    "OCP_E3M2": "float6_e3m2fn",
    "OCP_E2M3": "float6_e2m3fn",
    "OCP_E2M1": "float4_e2m1fn",
    "BF16": "bfloat16",
    "IEEE_E4M3": "float8_e4m3",
    "IEEE_E3M4": "float8_e3m4",
    "FNUZ_E4M3": "float8_e4m3fnuz",
    "FNUZ_E5M2": "float8_e5m2fnuz",
    "FNUZ_E4M3_B11": "float8_e4m3b11fnuz",
}


def both(name: str) -> tuple[Minifloat, np.dtype]:
    format = ALL[name]
    assert isinstance(format, Minifloat)
    return format, np.dtype(getattr(ml_dtypes, PEERS[name]))


@pytest.mark.parametrize("name", PEERS)
def test_every_code_stands_for_the_same_value(name: str) -> None:
    format, dtype = both(name)
    codes = np.array(format.codes(), format.code_dtype)
    with np.errstate(invalid="ignore"):  # of signaling NaNs
        theirs = codes.view(dtype).astype(np.float64)
    ours = Coded(format=format, codes=codes).values()
    assert np.array_equal(ours, theirs, equal_nan=True)
    assert np.array_equal(np.signbit(ours[~np.isnan(ours)]), np.signbit(theirs[~np.isnan(ours)]))


def test_every_scale_stands_for_the_same_value() -> None:
    theirs = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    ours = [float(E8M0.decode(code)) for code in range(256)]
    assert np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("name", PEERS)
@settings(max_examples=40)
@given(words=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=200))
def test_float32_rounds_to_the_same_code(name: str, words: list[int]) -> None:
    # Random words are mostly far too large or small: add numbers of the format's own size.
    format, dtype = both(name)
    x = np.array(words, np.uint32).view(np.float32)
    near = np.ldexp(x, format.emax - np.frexp(x)[1] - (np.array(words) % 20)).astype(np.float32)
    x = np.concatenate([x, near])
    overflow = Overflow.INFINITY_OR_NAN if format.has_nan else Overflow.SATURATE
    # By decision: a format without NaN refuses it, and there is one canonical NaN for all.
    x = x[~np.isnan(x)]
    ours = Cast(format=format, overflow=overflow).encode(x).codes
    with np.errstate(over="ignore", invalid="ignore"):
        theirs = x.astype(dtype)
    nan = np.isnan(theirs.astype(np.float32))
    assert np.array_equal(nan, np.isnan(Coded(format=format, codes=ours).values()))
    assert np.array_equal(ours[~nan], theirs.view(format.code_dtype)[~nan])
