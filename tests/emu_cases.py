"""What several tests of the hardware share: rounding and sums in rational arithmetic.

Nothing here is taken from the kernels: numbers are Fractions, a step is a power of two.  A number
that no Fraction can say (-0, an infinity, NaN) is a float.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu import GradientCheck, Node, Tape, check_gradient, ops, preset
from bitpde.formats import FP32, Block, Cast, Coded, Fixed, Format, Minifloat, decode_exact

Number = Fraction | int | float
ONE = Fraction(1)

#: (significant bits, exponent of the least step, exponent of the first power that overflows)
_FLOATS = {True: (24, -149, 128), False: (53, -1074, 1024)}


def round_once(x: Fraction, format: Minifloat) -> float:
    """Return x rounded to nearest even in FP32 or FP64 as IEEE 754 does it (clause 4.3.1)."""
    if x == 0:
        return 0.0
    significant, least, overflow = _FLOATS[format == FP32]
    n, d = abs(x.numerator), x.denominator
    exponent = n.bit_length() - d.bit_length()
    below = n << max(-exponent, 0) < d << max(exponent, 0)
    step = max(exponent - below - significant + 1, least)
    n, d = n << max(-step, 0), d << max(step, 0)
    q, rest = divmod(n, d)
    q += 2 * rest > d or (2 * rest == d and q % 2 == 1)
    size = math.inf if q.bit_length() + step > overflow else math.ldexp(q, step)
    return -size if x < 0 else size


def rounded_sum(terms: Sequence[Number], format: Minifloat, unit: Fraction = ONE) -> float:
    """Return the exact sum rounded once; NaN, infinities and the sign of zero by IEEE 754, 6.

    A zero, an infinity or NaN is a float; every other term is a multiple of ``unit``.
    """
    special = [t for t in terms if type(t) is float and not math.isfinite(t)]
    if special:
        opposite = math.inf in special and -math.inf in special
        return math.nan if opposite or any(math.isnan(t) for t in special) else special[0]
    total: Any = sum(t for t in terms if type(t) is not float)
    if total:
        return round_once(total * unit, format)
    negative = all(type(t) is float and math.copysign(1, t) < 0 for t in terms)
    return -0.0 if negative else 0.0


def exact_product(x: Number, y: Number) -> Number:
    """Return the unrounded product; a float where it is a zero, an infinity or NaN."""
    if type(x) is not float and type(y) is not float:
        return x * y
    return _sign(x) * _sign(y)


def _sign(x: Number) -> float:
    """Return a float of the same kind and sign: zero, finite, infinite or NaN."""
    return x if isinstance(x, float) else 1.0 if x > 0 else -1.0


@lru_cache(maxsize=1 << 16)
def _number(format: Format, code: int, scale: int | None) -> Number:
    """Return what a code under a scale stands for."""
    if not isinstance(format, Block) or scale is None:
        value = decode_exact(cast(Fixed | Minifloat, format), code)
        return value if value else float(value)
    factor = decode_exact(format.scale, scale)
    return exact_product(_number(format.element, code, None), factor)


def numbers_of(coded: Coded) -> list[list[Number]]:
    """Return what the codes of a matrix stand for, from the definitions of the formats.

    A zero, an infinity or NaN is a float; every other number is a Fraction.
    """
    codes = coded.codes.tolist()
    scales: Any = np.full(coded.shape, None)
    if coded.scales is not None and isinstance(coded.format, Block):
        height, width = coded.format.tile
        grown = coded.scales.repeat(height, axis=0).repeat(width, axis=1)
        scales = grown[: coded.shape[0], : coded.shape[1]]
    return [
        [_number(coded.format, code, scale) for code, scale in zip(*row, strict=True)]
        for row in zip(codes, scales.tolist(), strict=True)
    ]


def _in_units(rows: list[list[Number]]) -> tuple[list[list[Number]], Fraction]:
    """Return the finite numbers as multiples of one unit, and the unit: integers are faster."""
    most = max((x.denominator for row in rows for x in row if not isinstance(x, float)), default=1)
    units: list[list[Number]]
    units = [[x if isinstance(x, float) else int(x * most) for x in row] for row in rows]
    return units, Fraction(1, most)


def product_oracle(a: Coded, b: Coded, depth: int, format: Minifloat) -> NDArray[np.float64]:
    """Return ``A B``: from +0, tile after tile of ``depth`` products, each sum rounded once.

    The exact accumulator is the case of one tile as deep as the operands.
    """
    (left, left_unit), (right, right_unit) = _in_units(numbers_of(a)), _in_units(numbers_of(b))
    unit = left_unit * right_unit
    result = np.zeros((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(result.shape):
        terms = [exact_product(x, row[j]) for x, row in zip(left[i], right, strict=True)]
        total = 0.0
        for first in range(0, len(terms), depth):
            held = Fraction(total) / unit if total and math.isfinite(total) else total
            total = rounded_sum([held, *terms[first : first + depth]], format, unit)
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
#: Exponents of wide floats in 255ths of their range: subnormal, near 1, products at either end.
_CENTRES = [0, 54, 63, 120, 127, 128, 184, 190, 246, 254]


def _narrow_codes(raw: NDArray[np.uint64], element: Fixed | Minifloat) -> NDArray[Any]:
    """Return the low bits, the sign extended where codes are signed."""
    low = (raw % np.uint64(2**element.bits)).astype(np.int64)
    if isinstance(element, Fixed):
        low = np.where(low > element.max_ordinal, low - 2**element.bits, low)
    return low


def _wide_codes(raw: NDArray[np.uint64], element: Minifloat, centre: int) -> NDArray[np.uint64]:
    """Return codes of any sign and significand with one of 16 exponents from centre on."""
    width = element.significand_bits
    top = 2**element.exponent_bits - 1
    field = np.minimum(centre * top // 255 + (raw >> np.uint64(60)).astype(np.int64), top)
    trailing = raw % np.uint64(2**width)
    kept = np.where((raw >> np.uint64(56)) % 4 == 0, trailing * 0, trailing)  # powers of two
    sign = (raw >> np.uint64(55)) % 2
    signed = (sign << np.uint64(element.bits - 1)) | kept
    return signed | (field.astype(np.uint64) << np.uint64(width))


@st.composite
def coded(draw: st.DrawFn, format: Format, rows: int, columns: int) -> Coded:
    """Draw a matrix with any codes and any scales, whether or not encoding could make them."""
    element = format if isinstance(format, Fixed | Minifloat) else format.element
    count = 8 * rows * columns
    raw = np.frombuffer(draw(st.binary(min_size=count, max_size=count)), np.uint64)
    raw = raw.reshape(rows, columns)
    if isinstance(element, Minifloat) and element.bits > 16:
        codes: NDArray[Any] = _wide_codes(raw, element, draw(st.sampled_from(_CENTRES)))
    else:
        codes = _narrow_codes(raw, element)
    codes = codes.astype(element.code_dtype)
    if not isinstance(format, Block):
        return Coded(format=format, codes=codes)
    scale = _SCALES[draw(st.sampled_from(["near", "near", "one", "any", "ends"]))]
    grid = format.grid((rows, columns))
    count = grid[0] * grid[1]
    scales = draw(st.lists(scale, min_size=count, max_size=count))
    return Coded(format=format, codes=codes, scales=np.array(scales, np.uint8).reshape(grid))


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


def _sum_of_groups(a: Node, b: Node) -> Node:
    """Return rows and the groups of rows that belong to them, added."""
    rows, width = a.shape
    total = ops.add(ops.reshape(a, (rows, 1, width)), ops.reshape(b, (rows, -1, width)))
    return ops.reshape(total, b.shape)


def _sum_of_parts(a: Node, b: Node) -> Node:
    """Return what odd and even parts depend on by slopes of at most 1: all three, added."""
    rows, width = a.shape
    both = ops.matmul(a.tape.constant(np.ones((2, 2))), ops.reshape(b, (2, b.value.size // 2)))
    base = ops.reshape(a, (1, rows, 1, width))
    return ops.reshape(ops.add(base, ops.reshape(both, (2, rows, -1, width))), b.shape)


#: The operations on absolute values, where nothing cancels.
ABSOLUTE = SimpleNamespace(
    **{name: getattr(ops, name) for name in ("matmul", "add", "multiply", "reshape", "columns")},
    mean_square=ops.mean_square,
    mean_product=ops.mean_product,
    transpose=ops.transpose,
    pad_columns=ops.pad_columns,
    vector_matmul=ops.vector_matmul,
    subtract=ops.add,
    tanh=lambda a: a,
    sin=lambda a: a,
    cos=lambda a: a,
    difference_matmul=ops.matmul,
    tanh_difference=_sum_of_groups,
    sin_difference=_sum_of_groups,
    tanh_parts=_sum_of_parts,
    sin_parts=_sum_of_parts,
    weighted_sum=lambda a, c: ops.weighted_sum(a, np.abs(c)),
    scale=lambda a, factor: ops.scale(a, abs(factor)),
    contract=lambda a, c: ops.contract(a, np.abs(c)),
)


def adjoint_check(
    function: Callable[..., Node], shapes: Sequence[tuple[int, ...]], seed: int, size: float = 2.0
) -> tuple[GradientCheck, float]:
    """Return the check at random points in [-size, size], and ``sum |v_i| |J_ij| |u_j|``.

    ``function(operations, *nodes)`` takes its operations from its first argument.
    """
    rng = np.random.default_rng((seed, 1))
    arrays = [rng.uniform(-size, size, shape) for shape in shapes]
    check = check_gradient(lambda *nodes: function(ops, *nodes), arrays, seed=seed)

    drawn = np.random.default_rng(seed)  # as the docstring of check_gradient says
    directions = [np.abs(drawn.standard_normal(shape)) for shape in shapes]
    tape = Tape(preset("exact"))
    nodes = [tape.parameter(np.abs(x)) for x in arrays]
    result = function(ABSOLUTE, *nodes)
    pulled = tape.pullback(result, np.abs(drawn.standard_normal(result.shape)), nodes)
    return check, sum(float(np.sum(g * u)) for g, u in zip(pulled, directions, strict=True))
