"""Values as float32 are scale times element, bit for bit, however the array lies and is cut.

Where one of them is no float32 the whole array is refused.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from decode_cases import (
    BLOCKED,
    ELEMENTS,
    FAR_BELOW,
    NAN_BITS,
    Element,
    as_float32,
    coded_arrays,
    codes_of,
    exact_values,
    number_of_each_code,
    same_bits,
)
from hypothesis import given, settings
from numpy.typing import NDArray

from bitpde.formats import (
    FP16,
    INT8,
    OFP8_E4M3,
    SMX_INT8,
    TF32,
    Block,
    Coded,
    Fixed,
    FormatError,
    PowerOfTwo,
    set_thread_count,
)
from bitpde.formats.decode_tables import lane_for


def check(coded: Coded) -> None:
    expected = as_float32(exact_values(coded))
    if expected is None:
        with pytest.raises(FormatError, match="some values are no float32"):
            coded.values(np.float32)
    else:
        assert same_bits(coded.values(np.float32), expected), coded


def check_every_code(element: Element, scales: range, codes: NDArray[Any]) -> None:
    """Check codes under each scale: the scales that fit float32 in one array, the others alone."""
    exact = number_of_each_code(element, codes)
    block = Block(element=element, tile=(1, codes.size))
    together: list[int] = []
    for scale in scales:
        if as_float32(exact * float(PowerOfTwo().decode(scale))) is not None:
            together.append(scale)
        elif codes.size <= 64:
            check(Coded(format=block, codes=codes[None], scales=np.array([[scale]], np.uint8)))
    every = np.ascontiguousarray(np.broadcast_to(codes, (len(together), codes.size)))
    column = np.array(together, np.uint8).reshape(-1, 1)
    check(Coded(format=block, codes=every, scales=column))


@pytest.mark.parametrize("element", [e for e in BLOCKED if e.bits <= 8], ids=repr)
def test_every_code_under_every_scale(element: Element) -> None:
    check_every_code(element, range(256), codes_of(element, every=True))


EVERY = pytest.mark.parametrize(
    "every",
    [False, pytest.param(True, marks=pytest.mark.exhaustive)],
    ids=["some", "every"],
)


@pytest.mark.parametrize("element", [e for e in BLOCKED if e.bits > 8], ids=repr)
@EVERY
def test_every_code_of_16_bits_under_a_scale(element: Element, every: bool) -> None:
    check_every_code(element, range(0, 256, 1 if every else 15), codes_of(element, every))


@pytest.mark.parametrize("element", [e for e in ELEMENTS if e.bits <= 16], ids=repr)
@EVERY
def test_every_code_without_a_scale(element: Element, every: bool) -> None:
    check(Coded(format=element, codes=codes_of(element, every)))


@pytest.mark.parametrize(
    "format", [TF32, Fixed(bits=20, fraction_bits=9), Fixed(bits=23)], ids=repr
)
def test_codes_of_19_to_23_bits(format: Any) -> None:
    codes = np.array(format.codes()[::29]).astype(format.code_dtype)
    values = Coded(format=format, codes=codes).values(np.float32)
    if format == TF32:
        expected = (codes << np.uint32(13)).view(np.float32)  # the upper 19 bits of a binary32
        expected.view(np.uint32)[np.isnan(expected)] = NAN_BITS
        assert same_bits(values, expected)
    else:
        assert same_bits(values, (codes * float(format.lsb)).astype(np.float32))


@given(coded=coded_arrays())
@settings(max_examples=300)
def test_every_element_is_scaled_by_its_own_tile(coded: Coded) -> None:
    check(coded)


@pytest.fixture
def any_thread_count() -> Iterator[None]:
    yield
    set_thread_count(None)


@pytest.mark.usefixtures("any_thread_count")
@pytest.mark.parametrize("threads", [1, 3])
def test_large_arrays_are_cut_between_threads_without_a_trace(threads: int) -> None:
    # Several chunks of 2^17 elements and a part of one; the last scale may not fit.
    set_thread_count(threads)
    rng = np.random.default_rng(0)
    for element in (INT8, OFP8_E4M3):
        codes = rng.choice(codes_of(element, every=True), (601, 523))
        check(Coded(format=element, codes=codes))
        block = Block(element=element, tile=(4, 4))
        scales = rng.integers(118, 122, block.grid(codes.shape)).astype(np.uint8)
        check(Coded(format=block, codes=codes, scales=scales))
        for bad in (0, -1):
            unfit = scales.copy()
            unfit.flat[bad] = 254
            codes.flat[bad] = 3
            check(Coded(format=block, codes=codes, scales=unfit))


@given(coded=coded_arrays([INT8, OFP8_E4M3, FAR_BELOW]))
@settings(max_examples=60)
def test_kernels_without_words_give_the_same_bits(coded: Coded) -> None:
    # They run where there is no compilation; here they are compiled too.
    expected = as_float32(exact_values(coded))
    if expected is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bitpde.formats.decode_tables.kernels_are_compiled", lambda: False)
        lane_for.cache_clear()
        values = coded.values(np.float32)
    lane_for.cache_clear()
    assert same_bits(values, expected)


@pytest.mark.parametrize("format", [SMX_INT8, OFP8_E4M3, FP16], ids=repr)
def test_the_lane_for_words_is_the_one_that_runs(format: Any) -> None:
    lane = lane_for(format, np.dtype(np.float32))
    assert lane is not None
    assert lane.factors.dtype == np.uint32
