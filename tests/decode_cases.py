"""Coded arrays of all kinds and what they stand for by definition; no test is in here.

The oracle multiplies what `decode` says of the code by what it says of the scale, in float64, where
both and the product are exact, and asks NumPy whether the product is a float32.
"""

from functools import cache
from typing import Any

import numpy as np
from format_cases import ALL, minifloat
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    BINARY8P3SE,
    FNUZ_E4M3,
    FP16,
    INT4,
    INT8,
    INT12,
    INT16,
    NVFP4,
    OCP_E2M1,
    OCP_E3M2,
    OCP_INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    UINT8,
    UINT16,
    Block,
    Coded,
    Fixed,
    FormatError,
    Minifloat,
    Specials,
    p3109,
)
from bitpde.formats.block import element_of

Element = Fixed | Minifloat
NAN_BITS = 0x7FC00000

#: Elements whose exponents do not fit float32 alone, below and above it; and those whose exponent
#: fields fill it, so that the words lane has no room for one more, or not even for them.
FAR_BELOW = minifloat(7, 2, 200, Specials.IEEE)
FAR_ABOVE = minifloat(7, 2, -60, Specials.NAN_ONLY)
LIMITS: list[Element] = [
    FAR_BELOW,
    FAR_ABOVE,
    minifloat(8, 3, 127, Specials.NAN_ONLY),
    minifloat(8, 3, 120, Specials.IEEE),
    minifloat(8, 2, 140, Specials.IEEE),
    minifloat(1, 1, 0, Specials.IEEE),
    minifloat(2, 0, 1, Specials.NONE),
    p3109(6, 1, signed=False),
    p3109(7, 3, signed=False, extended=False),
]
ELEMENTS: list[Element] = list(
    dict.fromkeys([*(element_of(f) for f in ALL.values()), NVFP4.element, *LIMITS])
)


def lawful_in_a_block(element: Element) -> bool:
    try:
        Block(element=element, tile=(1, 1))
    except FormatError:
        return False
    return True


BLOCKED = [element for element in ELEMENTS if lawful_in_a_block(element)]


@cache
def numbers(element: Element) -> NDArray[np.float64]:
    """Return what a scalar decoder says of the codes of a format, in their order."""
    return np.array([float(element.decode(code)) for code in element.codes()], np.float64)


def codes_of(element: Element, every: bool) -> NDArray[Any]:
    """Return the codes of a format; of more than 10 bits every 31st and the ends, unless every."""
    codes = np.array(element.codes()).astype(element.code_dtype)
    if every or element.bits <= 10:
        return codes
    return np.concatenate([codes[:40], codes[40:-40:31], codes[-40:]])


def number_of_each_code(element: Element, codes: NDArray[Any]) -> NDArray[np.float64]:
    least = element.codes()[0]
    if element.bits <= 10 or codes.size > 10000:
        return numbers(element)[codes.astype(int) - least]
    return np.vectorize(lambda code: float(element.decode(code)), otypes=[float])(codes)


def scale_of_each_element(coded: Coded) -> Any:
    """Return the scale of each element's tile, found by dividing its indices."""
    if not isinstance(coded.format, Block) or coded.scales is None:
        return 1.0
    scale: Any = coded.format.scale
    powers = np.array([float(scale.decode(code)) for code in range(256)])
    sides = coded.format.tile[2 - min(2, coded.ndim) :]
    index = list(np.indices(coded.shape))
    for axis, side in zip(range(coded.ndim - len(sides), coded.ndim), sides, strict=True):
        index[axis] = index[axis] // side
    return powers[coded.scales[tuple(index)]]


def exact_values(coded: Coded) -> NDArray[np.float64]:
    numbers = number_of_each_code(coded.element, coded.codes)
    with np.errstate(invalid="ignore"):
        return np.asarray(numbers * scale_of_each_element(coded))


def as_float32(exact: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Return the same numbers, NaN with its usual bits; None if one is none."""
    with np.errstate(all="ignore"):
        narrow = exact.astype(np.float32)
    if not np.array_equal(narrow.astype(np.float64), exact, equal_nan=True):
        return None
    narrow.view(np.uint32)[np.isnan(exact)] = NAN_BITS
    return narrow


def same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    word = np.uint32 if a.dtype == np.float32 else np.uint64
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and bool((a.view(word) == b.view(word)).all())


SOME = [
    OFP8_E4M3, OFP8_E5M2, OCP_E3M2, OCP_E2M1, FNUZ_E4M3, BINARY8P3SE, INT4, INT8, OCP_INT8, UINT8,
    FP16, BF16, INT12, INT16, UINT16, FAR_BELOW, minifloat(8, 3, 127, Specials.NAN_ONLY),
]  # fmt: skip
SIDES = [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 10**6]


@st.composite
def coded_arrays(draw: st.DrawFn, elements: list[Element] = SOME) -> Coded:
    """Draw any codes under scales that mostly fit float32, lying in memory in any way."""
    element = draw(st.sampled_from(elements))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    shape += (draw(st.integers(0, 9)), draw(st.integers(0, 90)))
    shape = shape[draw(st.integers(0, len(shape))) :]
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    codes = np.asarray(rng.choice(codes_of(element, every=True), shape))
    if shape:
        codes = draw(st.sampled_from([np.asarray, np.asfortranarray, backwards]))(codes)
    if draw(st.integers(0, 5)) == 0:
        return Coded(format=element, codes=codes)
    block = Block(
        element=element, tile=(draw(st.sampled_from(SIDES)), draw(st.sampled_from(SIDES)))
    )
    least, greatest = (195, 220) if element == FAR_BELOW else (118, 122)
    scales = np.asarray(rng.integers(least, greatest, block.grid(shape)), np.uint8)
    scales[rng.random(scales.shape) < 0.1] = 255
    if draw(st.integers(0, 5)) == 0:
        scales[rng.random(scales.shape) < 0.05] = draw(st.sampled_from([0, 254]))
    return Coded(format=block, codes=codes, scales=scales)


def backwards(codes: NDArray[Any]) -> NDArray[Any]:
    """Return the same array as part of a larger one, from its end to its start."""
    room = np.zeros([2 * n for n in codes.shape], codes.dtype)
    view = room[tuple(slice(None, None, -2) for _ in codes.shape)]
    view[...] = codes
    return view
