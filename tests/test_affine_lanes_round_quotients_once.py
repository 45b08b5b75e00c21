"""The compiled lanes of affine integers give what dividing integers gives: one rounding, no other.

The oracle knows float32 as integers times powers of two and divides those, in 64 bits.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from bitpde.formats import (
    INT4,
    INT8,
    UINT8,
    Affine,
    Cast,
    Fixed,
    FormatError,
    Overflow,
    Rounding,
    set_thread_count,
)

INT16, UINT16 = Fixed(bits=16), Fixed(bits=16, signed=False)
#: Powers of two and others, least and greatest numbers, both kinds of subnormal ones.
SCALES = [
    float(np.float32(scale))
    for scale in (1.0, 0.1, 3.0, 1 / 3, 2 - 2.0**-23, 1 + 2.0**-23, 2.0**-20, 2.0**-126, 7e-39)
] + [2.0**-149, 2.0**-147 * 3, 2.0**-126 - 2.0**-149, 2.0**127, (2 - 2.0**-23) * 2.0**127]


class Expected(NamedTuple):
    codes: NDArray[np.int64]
    values: NDArray[np.float64]
    saturated: int
    underflowed: int


def integers(x: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (m, e) where x is m 2^e and m has 24 bits."""
    fraction, exponent = np.frexp(x.astype(np.float64))
    return (fraction * 2.0**24).astype(np.int64), exponent.astype(np.int64) - 24


def rounded_quotients(x: NDArray[np.float32], scale: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the integers nearest to x / scale, ties to even, or some beyond 2^18 in their place.

    Quotients below 2^-28 come to 0, so it does not matter which they are.
    """
    (m, e), (n, f) = integers(x), integers(scale)
    shift = np.clip(e - f, -30, 20)
    above, below = m << np.maximum(shift, 0), n << np.maximum(-shift, 0)
    nearest, rest = np.divmod(2 * above + below, 2 * below)
    return nearest - ((rest == 0) & (nearest % 2 == 1))


def expected(cast: Cast, x: NDArray[np.float32]) -> Expected:
    format: Any = cast.format
    scale, zero_point = format.columns(x.shape)
    n = rounded_quotients(x, scale)
    codes = format.element.codes()
    greatest = codes[-1]
    symmetric = cast.overflow is Overflow.SATURATE_SYMMETRIC
    least = max(codes[0], -greatest) if symmetric else codes[0]
    kept = np.clip(n + zero_point, least, greatest)
    return Expected(
        kept,
        (kept - zero_point) * scale,
        int(np.count_nonzero(kept != n + zero_point)),
        int(np.count_nonzero((n == 0) & (x != 0))),
    )


def check(cast: Cast, x: NDArray[np.float32]) -> None:
    """Require codes, counts, and values in either type, all zeros positive."""
    wanted = expected(cast, x)
    coded, counts = cast.encode_counted(x)
    assert np.array_equal(coded.codes, wanted.codes)
    assert coded.codes.dtype == cast.element.code_dtype
    assert counts == (x.size, wanted.saturated, wanted.underflowed)
    assert coded.values().tobytes() == wanted.values.tobytes()
    with np.errstate(over="ignore"):
        narrow = wanted.values.astype(np.float32)
    if np.array_equal(narrow, wanted.values):
        assert coded.values(np.float32).tobytes() == narrow.tobytes()
        assert cast.quantize(x).tobytes() == narrow.tobytes()
        return
    with pytest.raises(FormatError, match="some values are no float32"):
        coded.values(np.float32)
    with pytest.raises(FormatError, match="some values are no float32"):
        cast.quantize(x)


def ends_and_odd(element: Fixed) -> tuple[int, int, int]:
    codes = element.codes()
    return codes[0], codes[-1], codes[0] // 2 + 3


def around_ties(scale: float, reach: int) -> NDArray[np.float32]:
    """Return all (n + 1/2) scale with -reach <= n < reach, rounded to float32, and what is next."""
    ties = (np.arange(-reach, reach) + 0.5) * scale
    with np.errstate(over="ignore"):
        near = ties.astype(np.float32)
        up, down = (np.nextafter(near, np.float32(end)) for end in (inf, -inf))
    x = np.concatenate([near, up, down])
    return x[np.isfinite(x)]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "element", [INT4, INT8, UINT8, UINT16], ids=["INT4", "INT8", "UINT8", "UINT16"]
)
def test_every_tie_and_its_neighbours_are_rounded_once(element: Fixed, scale: float) -> None:
    x = around_ties(scale, 2**element.bits + 5)
    overflows = (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.SATURATE)
    for zero_point, overflow in zip(ends_and_odd(element), overflows, strict=True):
        format = Affine(element=element, scale=(scale,), zero_point=(zero_point,))
        check(Cast(format=format, overflow=overflow), x)


@pytest.mark.parametrize("scale", SCALES[1::3])
def test_so_are_those_of_signed_integers_of_16_bits(scale: float) -> None:
    format = Affine(element=INT16, scale=(scale,), zero_point=(-(2**15),))
    check(Cast(format=format, overflow=Overflow.SATURATE_SYMMETRIC), around_ties(scale, 2**16 + 5))


@pytest.mark.parametrize("scale", SCALES)
def test_numbers_of_every_exponent_are_encoded(scale: float) -> None:
    words = np.random.default_rng(0).integers(0, 2**32, 2**14, dtype=np.uint32)
    x = np.concatenate([words.view(np.float32), np.array([0.0, -0.0, 2.0**-149], np.float32)])
    x = x[np.isfinite(x)]
    for element in (INT8, UINT16):
        for zero_point in ends_and_odd(element):
            format = Affine(element=element, scale=(scale,), zero_point=(zero_point,))
            check(Cast(format=format), x)


def per_channel(element: Fixed, shape: tuple[int, ...], axis: int | None, seed: int) -> Affine:
    """Return a format with other scales and zero points for each channel."""
    rng = np.random.default_rng(seed)
    count = 1 if axis is None else shape[axis]
    scale = np.ldexp(rng.integers(1, 2**6, count), rng.integers(-9, 3, count))
    codes = element.codes()
    zero_point = rng.choice([codes[0], codes[-1], 0, 1], count)
    return Affine(
        element=element,
        scale=tuple(float(s) for s in scale),
        zero_point=tuple(int(z) for z in zero_point),
        axis=axis,
    )


def half_steps(format: Affine, shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Return multiples of half the scale of each element, all float32."""
    steps = np.random.default_rng(seed).integers(-(2**9), 2**9, shape)
    return np.asarray(steps * 0.5 * format.columns(shape)[0], np.float32)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_every_number_of_columns_and_rows(axis: int | None) -> None:
    for columns, rows in product(range(1, 71), (1, 3)):
        for shape in ((rows, columns), (columns, rows)):
            format = per_channel(INT8, shape, axis, columns)
            cast = Cast(format=format, overflow=Overflow.SATURATE_SYMMETRIC)
            check(cast, half_steps(format, shape, rows))


@pytest.mark.parametrize(
    "shape", [(5, 4099), (4099, 5), (2, 3, 70), (3, 2, 5, 13), (70, 1, 64), (64, 65), (7,), ()]
)
def test_channels_may_lie_on_any_axis(shape: tuple[int, ...]) -> None:
    for axis in (None, *range(-len(shape), len(shape))):
        for element in (INT8, UINT16):
            format = per_channel(element, shape, axis, 1)
            check(Cast(format=format), half_steps(format, shape, 2))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_strides_and_half_precision_change_nothing(axis: int | None) -> None:
    format = per_channel(INT8, (30, 33), axis, 3)
    cast = Cast(format=format)
    x = half_steps(format, (30, 33), 4)
    wide = np.zeros((60, 99), np.float32)
    wide[::2, ::3] = x
    for other in (np.asfortranarray(x), wide[::2, ::3], x[::-1, ::-1].copy()[::-1, ::-1]):
        assert cast.encode(other).equals(cast.encode(x))
        assert cast.quantize(other).tobytes() == cast.quantize(x).tobytes()
    half = (x / 64).astype(np.float16)
    check(cast, half.astype(np.float32))
    assert cast.quantize(half).tobytes() == cast.quantize(half.astype(np.float32)).tobytes()


@pytest.fixture
def any_thread_count() -> Iterator[None]:
    """Return to the default number of threads."""
    yield
    set_thread_count(None)


@pytest.mark.usefixtures("any_thread_count")
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_chunks_and_threads_leave_no_trace(axis: int | None) -> None:
    shape = (526, 523)  # two chunks of 2^17 elements and a part of one
    format = per_channel(INT8, shape, axis, 5)
    x = half_steps(format, shape, 6)
    for threads in (1, 3):
        set_thread_count(threads)
        check(Cast(format=format), x)


@pytest.mark.parametrize("axis", [None, 0])
def test_values_go_into_the_array_that_is_given(axis: int | None) -> None:
    format = per_channel(INT8, (9, 70), axis, 7)
    cast = Cast(format=format)
    x = half_steps(format, (9, 70), 8)
    wanted = cast.quantize(x)
    for out in (np.zeros_like(x), np.zeros((18, 140), np.float32)[::2, ::2], x.copy(order="F")):
        assert cast.quantize(x, out=out) is out
        assert np.array_equal(out, wanted)
    base = np.append(x.ravel(), np.float32(0))  # out begins one element after x
    given, moved = base[:-1].reshape(x.shape), base[1:].reshape(x.shape)
    assert np.array_equal(cast.quantize(given, out=moved), wanted)
    itself = x.copy()
    assert np.array_equal(cast.quantize(itself, out=itself), wanted)


@pytest.mark.parametrize("special", [nan, -nan, inf, -inf])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 100])
def test_what_is_not_finite_is_refused_wherever_it_is(special: float, size: int) -> None:
    for axis, overflow in product((None, 0), (Overflow.SATURATE, Overflow.RAISE)):
        cast = Cast(format=per_channel(INT8, (size,), axis, 9), overflow=overflow)
        for place in {0, size // 2, size - 1}:
            x = np.zeros(size, np.float32)
            x[place] = special
            for lane in (cast.encode, cast.quantize):
                with pytest.raises(FormatError, match=rf"^x\[{place}\] is .*remove it first$"):
                    lane(x)


def test_what_would_saturate_is_refused_if_asked_and_nothing_else_is() -> None:
    format = Affine(element=INT8, scale=(0.5,), zero_point=(100,))
    strict, usual = (Cast(format=format, overflow=o) for o in (Overflow.RAISE, Overflow.SATURATE))
    x = np.arange(-114, 13.75, 0.25, dtype=np.float32)
    assert strict.encode_counted(x)[1] == usual.encode_counted(x)[1]
    assert strict.encode(x).equals(usual.encode(x))
    assert strict.quantize(x).tobytes() == usual.quantize(x).tobytes()
    x[70] = 13.75  # the tie between 27 and 28, which is even
    for lane in (strict.encode, strict.quantize):
        with pytest.raises(FormatError, match=r"^x\[70\] is 13.75: .*SATURATE$"):
            lane(x)


@pytest.mark.parametrize("shape", [(2, 3), (0, 3), (3,), ()])
def test_an_array_without_the_channels_is_refused_by_every_lane(shape: tuple[int, ...]) -> None:
    format = Affine(element=INT8, scale=(1.0, 2.0), zero_point=(0, 0), axis=1)
    for lane in (Cast(format=format).encode, Cast(format=format).quantize):
        with pytest.raises(FormatError, match="has no 2 channels on axis 1"):
            lane(np.zeros(shape, np.float32))
    for empty in ((0, 2), (3, 2, 0)):
        assert Cast(format=format).quantize(np.zeros(empty, np.float32)).shape == empty


def digest() -> str:
    """Return a digest of codes, counts and values under every rounding to nearest or not."""
    found = hashlib.sha256()
    for element, axis, rounding in product(
        (INT8, UINT16), (None, 0, 1), (Rounding.NEAREST_EVEN, Rounding.DOWN)
    ):
        format = per_channel(element, (3, 71), axis, 10)
        cast = Cast(format=format, rounding=rounding)
        coded, counts = cast.encode_counted(half_steps(format, (3, 71), 11))
        arrays = [coded.codes, coded.values(), cast.quantize(half_steps(format, (3, 71), 12))]
        found.update(b"".join([*(array.tobytes() for array in arrays), repr(counts).encode()]))
    return found.hexdigest()


def test_uncompiled_kernels_give_the_same_bits() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", __file__],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == digest()


if __name__ == "__main__":
    sys.stdout.write(digest())
