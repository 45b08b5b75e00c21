"""What several tests of the hardware share: rounding and sums in rational arithmetic.

Nothing here is taken from the kernels: numbers are Fractions, a step is a power of two.  A number
that no Fraction can say (-0, an infinity, NaN) is a float.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import FP32, Block, Cast, Coded, Fixed, Format, Minifloat, decode_exact

Number = Fraction | float

#: (significant bits, exponent of the least step, exponent of the first power that overflows)
_FLOATS = {True: (24, -149, 128), False: (53, -1074, 1024)}


def round_once(x: Fraction, format: Minifloat) -> float:
    """Return x rounded to nearest even in FP32 or FP64 as IEEE 754 does it (clause 4.3.1)."""
    if x == 0:
        return 0.0
    significant, least, overflow = _FLOATS[format == FP32]
    exponent = abs(x).numerator.bit_length() - abs(x).denominator.bit_length()
    if Fraction(2) ** exponent > abs(x):
        exponent -= 1
    step = Fraction(2) ** max(exponent - significant + 1, least)
    size = round(abs(x) / step) * step  # Python rounds a Fraction to even
    magnitude = math.inf if size >= Fraction(2) ** overflow else float(size)
    return -magnitude if x < 0 else magnitude


def rounded_sum(terms: Sequence[Number], format: Minifloat) -> float:
    """Return the exact sum rounded once; NaN, infinities and the sign of zero by IEEE 754, 6."""
    special = [t for t in terms if isinstance(t, float) and not math.isfinite(t)]
    if special:
        opposite = math.inf in special and -math.inf in special
        return math.nan if opposite or any(math.isnan(t) for t in special) else special[0]
    total = sum((Fraction(t) for t in terms), Fraction(0))
    if total:
        return round_once(total, format)
    negative = all(isinstance(t, float) and math.copysign(1, t) < 0 for t in terms)
    return -0.0 if negative else 0.0


def exact_product(x: Number, y: Number) -> Number:
    """Return the unrounded product; a float where it is a zero, an infinity or NaN."""
    finite = math.isfinite(x) and math.isfinite(y)
    if finite and x and y:
        return Fraction(x) * Fraction(y)
    return float(x) * float(y) if finite else _infinite(x) * _infinite(y)


def _infinite(x: Number) -> float:
    """Return a float of the same kind and sign: zero, finite, infinite or NaN."""
    return float(x) if isinstance(x, float) or not x else math.copysign(1.0, x)


def numbers_of(coded: Coded) -> list[list[Number]]:
    """Return what the codes of a matrix stand for, from the definitions of the formats."""
    rows, columns = coded.shape
    return [[_number(coded, i, j) for j in range(columns)] for i in range(rows)]


def _number(coded: Coded, i: int, j: int) -> Number:
    value = decode_exact(coded.element, int(coded.codes[i, j]))
    if coded.scales is None or not isinstance(coded.format, Block):
        return value
    height, width = coded.format.tile
    scale = decode_exact(coded.format.scale, int(coded.scales[i // height, j // width]))
    return exact_product(value, scale) if value or isinstance(value, float) else float(scale) * 0


def product_oracle(
    a: Coded, b: Coded, depth: int, format: Minifloat
) -> NDArray[np.float64]:
    """Return ``A B``: from +0, tile after tile of ``depth`` products, each sum rounded once.

    The exact accumulator is the case of one tile as deep as the operands.
    """
    left, right = numbers_of(a), numbers_of(b)
    result = np.zeros((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(result.shape):
        terms = [exact_product(x, row[j]) for x, row in zip(left[i], right, strict=True)]
        total = 0.0
        for first in range(0, len(terms), depth):
            total = rounded_sum([total, *terms[first : first + depth]], format)
        result[i, j] = total
    return result


def same_bits(x: NDArray[np.floating], y: NDArray[np.floating]) -> bool:
    """Return whether two arrays agree in every bit, whatever the payload of a NaN."""
    nan = np.isnan(x)
    agree = np.array_equal(nan, np.isnan(y)) and np.array_equal(x[~nan], y[~nan])
    return agree and np.array_equal(np.signbit(x[~nan]), np.signbit(y[~nan]))


#: Scale codes: all alike, around 1, anywhere, and both ends with the NaN.
_SCALES = {
    "one": st.just(127),
    "near": st.integers(118, 136),
    "any": st.integers(0, 254),
    "ends": st.sampled_from([0, 1, 2, 127, 252, 253, 254, 255]),
}


def _codes_of(element: Fixed | Minifloat) -> st.SearchStrategy[int]:
    codes = element.codes()
    if element.bits < 32:
        return st.integers(codes[0], codes[-1])
    kind = np.uint32 if element.bits == 32 else np.uint64
    floats = st.floats(width=32 if element.bits == 32 else 64)
    dtype = np.float32 if element.bits == 32 else np.float64
    return floats.map(lambda x: int(np.array(x, dtype).view(kind)))


@st.composite
def coded(draw: st.DrawFn, format: Format, rows: int, columns: int) -> Coded:
    """Draw a matrix with any codes and any scales, whether or not encoding could make them."""
    element = format.element if isinstance(format, Block) else format
    dtype = np.dtype(element.code_dtype)
    codes = draw(hnp.arrays(dtype, (rows, columns), elements=_codes_of(element)))
    if not isinstance(format, Block):
        return Coded(format=format, codes=codes)
    scale = _SCALES[draw(st.sampled_from(sorted(_SCALES)))]
    grid = format.grid((rows, columns))
    return Coded(format=format, codes=codes, scales=draw(hnp.arrays(np.uint8, grid, elements=scale)))


def with_cancellation(b: Coded, depth: int) -> Coded:
    """Return b with its second tile along k the negative of the first, where it has two."""
    if b.shape[0] < 2 * depth:
        return b
    codes = b.codes.copy()
    first = codes[:depth]
    if isinstance(b.element, Fixed):
        negated = np.where(first == b.element.codes()[0], first, -first)
    else:
        negated = first ^ codes.dtype.type(b.element.sign_code)
    codes[depth : 2 * depth] = negated
    if b.scales is None:
        return Coded(format=b.format, codes=codes)
    scales = b.scales.copy()
    scales[1] = scales[0]
    return Coded(format=b.format, codes=codes, scales=scales)


def twice_along_columns(a: Coded, depth: int) -> Coded:
    """Return a with its second tile along k a copy of the first, where it has two."""
    if a.shape[1] < 2 * depth:
        return a
    codes = a.codes.copy()
    codes[:, depth : 2 * depth] = codes[:, :depth]
    if a.scales is None:
        return Coded(format=a.format, codes=codes)
    scales = a.scales.copy()
    scales[:, 1] = scales[:, 0]
    return Coded(format=a.format, codes=codes, scales=scales)


def random_coded(format: Format, rows: int, columns: int, seed: int, spread: int = 4) -> Coded:
    """Return a matrix of random codes without NaN, with scales within 2^-spread .. 2^spread."""
    rng = np.random.default_rng(seed)
    if not isinstance(format, Block):
        spreading = np.exp2(rng.integers(-spread, spread + 1, (rows, columns)))
        values = rng.standard_normal((rows, columns)) * spreading
        return Cast(format=format).encode(values * (16 if isinstance(format, Fixed) else 1))
    element = format.element
    codes = element.codes()
    drawn = rng.integers(codes[0], codes[-1] + 1, (rows, columns))
    if isinstance(element, Minifloat):
        drawn = np.where((drawn & (element.sign_code - 1)) > element.max_ordinal, 1, drawn)
    scales = rng.integers(127 - spread, 128 + spread, format.grid((rows, columns)))
    dtype = np.dtype(element.code_dtype)
    return Coded(format=format, codes=drawn.astype(dtype), scales=scales.astype(np.uint8))
