"""The formats, casts and numbers that several tests of formats share; no test is in here.

`conftest.py` puts this folder on the path, so that a test says ``from format_cases import ...``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    CATALOGUE,
    FP16,
    INT8,
    OCP_INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    UE4M3,
    UINT8,
    Block,
    Cast,
    Coded,
    Counts,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    PowerOfTwo,
    Rounding,
    Specials,
    decode_exact,
    p3109,
    round_exact,
)
from bitpde.formats.exact import floor_log2

FNUZ = Specials.NEGATIVE_ZERO_IS_NAN


def minifloat(exponent: int, significand: int, bias: int, specials: Specials) -> Minifloat:
    return Minifloat(
        exponent_bits=exponent, significand_bits=significand, bias=bias, specials=specials
    )


#: Formats that nobody named but that sit at a limit of the family.
EXTRA: dict[str, Any] = {
    "binary8p1se": p3109(8, 1),
    "binary6p1ue": p3109(6, 1, signed=False),
    "binary6p6ue": p3109(6, 6, signed=False),
    "binary7p3uf": p3109(7, 3, signed=False, extended=False),
    "unsigned_ieee": replace(minifloat(3, 2, 3, Specials.IEEE), signed=False),
    "unsigned_finite": replace(minifloat(3, 3, 3, Specials.NONE), signed=False),
    "unsigned_fixed": Fixed(bits=6, fraction_bits=2, signed=False),
    "least_minifloat": minifloat(1, 1, 0, Specials.IEEE),
    "least_finite": minifloat(1, 1, 1, Specials.NONE),
    "least_nan_only": minifloat(2, 1, 5, Specials.NAN_ONLY),
    "one_exponent_bit": minifloat(1, 14, 3, FNUZ),
    "far_below_one": minifloat(4, 3, 1060, Specials.NAN_ONLY),
    "subnormal_as_float32": minifloat(3, 2, 128, Specials.NONE),
    "far_above_one": minifloat(4, 3, -1000, Specials.NAN_ONLY),
    "fp32_without_infinity": minifloat(8, 23, 127, Specials.NAN_ONLY),
    "fp32_of_another_bias": minifloat(8, 23, 120, Specials.IEEE),
    "33_bits": minifloat(11, 21, 1023, Specials.IEEE),
    "63_bits": minifloat(10, 52, 511, Specials.NAN_ONLY),
    "50_bits_of_significand": minifloat(11, 50, 1023, Specials.IEEE),
    "least_fixed": Fixed(bits=2),
    "coarse_fixed": Fixed(bits=8, fraction_bits=-3),
    "fine_fixed": Fixed(bits=16, fraction_bits=20),
    "coarsest_fixed": Fixed(bits=2, fraction_bits=-256),
    "finest_fixed": Fixed(bits=32, fraction_bits=256),
    "wide_fixed": Fixed(bits=32, fraction_bits=31),
    "widest_coarse_fixed": Fixed(bits=32, fraction_bits=-40),
    "17_bits": Fixed(bits=17, fraction_bits=5),
    "odd_tile": Block(element=Fixed(bits=7, fraction_bits=2), tile=(3, 5)),
    "tall_tile": Block(element=OCP_INT8, tile=(32, 1)),
    "own_scale_each": Block(element=OFP8_E4M3, tile=(1, 1)),
    "square_float": Block(element=OFP8_E5M2, tile=(4, 4)),
    "square_fnuz": Block(element=minifloat(4, 3, 8, FNUZ), tile=(2, 2)),
    "wide_element": Block(element=FP16, tile=(2, 3)),
    "long_range_element": Block(element=BF16, tile=(3, 2)),
    "two_bits": Block(element=Fixed(bits=2), tile=(4, 4)),
    "fine_element": Block(element=Fixed(bits=8, fraction_bits=100), tile=(4, 4)),
    "coarse_element": Block(element=Fixed(bits=16, fraction_bits=-90), tile=(2, 2)),
    "large_scales": Block(element=INT8, tile=(4, 4), scale=PowerOfTwo(bias=0)),
    "small_scales": Block(element=INT8, tile=(4, 4), scale=PowerOfTwo(bias=254)),
    "unsigned_tile": Block(element=UINT8, tile=(2, 3)),
    "unsigned_float_tile": Block(element=UE4M3, tile=(1, 8)),
    "one_bit_of_precision": Block(element=p3109(6, 1), tile=(2, 2)),
}
#: Blocks whose scales are small floats have tests of their own.
SCALED = {n: f for n, f in CATALOGUE.items() if isinstance(f, Block) and f.tensor_scale}
ALL: dict[str, Any] = {**{n: f for n, f in CATALOGUE.items() if n not in SCALED}, **EXTRA}
SCALARS = {name: f for name, f in ALL.items() if not isinstance(f, Block)}
BLOCKS = {name: f for name, f in ALL.items() if isinstance(f, Block)}
NARROW = {name: f for name, f in SCALARS.items() if f.bits <= 16}
WIDE = {name: f for name, f in SCALARS.items() if f.bits > 16}
#: The six formats of OCP MX v1.0 and the four square ones.
CONCRETE = {name: f for name, f in BLOCKS.items() if name in CATALOGUE}


@cache
def casts(
    format: Fixed | Minifloat | Block, random_bits: int = 5, without: tuple[Overflow, ...] = ()
) -> list[Cast]:
    """Return every lawful cast to the format, apart from some overflow policies; do not change."""
    found = []
    for rounding, overflow in product(Rounding, Overflow):
        bits = random_bits if rounding.is_stochastic else 0
        try:
            cast = Cast(format=format, rounding=rounding, overflow=overflow, random_bits=bits)
        except FormatError:
            continue
        if overflow not in without:
            found.append(cast)
    return found


Kind = tuple[bool, bool, int]


@cache
def kinds() -> dict[Kind, list[str]]:
    """Return the formats that have the same list of lawful casts, by what makes it so."""
    found: dict[Kind, list[str]] = {}
    for name, format in ALL.items():
        element = format.element if isinstance(format, Block) else format
        kind = isinstance(format, Block), isinstance(element, Fixed), len(casts(format))
        found.setdefault(kind, []).append(name)
    return found


@cache
def few_casts(name: str) -> list[Cast]:
    """Return some casts to the format: formats of one kind share them out, none is left over."""
    mates = next(names for names in kinds().values() if name in names)
    shares = min(len(mates), 11)
    return casts(ALL[name])[mates.index(name) % shares :: shares]


def all_casts(name: str) -> list[Cast]:
    """Return every lawful cast to the format."""
    return casts(ALL[name])


CastsOf = Callable[[str], list[Cast]]
#: A test that runs under some casts to each format, and under all of them if one has minutes.
BREADTH = pytest.mark.parametrize(
    "casts_of",
    [
        pytest.param(few_casts, id="some"),
        pytest.param(all_casts, marks=pytest.mark.exhaustive, id="all"),
    ],
)


def scales_of(coded: Coded) -> NDArray[np.uint8]:
    """Return the scales of an array in a block format, which has them."""
    assert coded.scales is not None
    return coded.scales


def random_for(cast: Cast, shape: tuple[int, ...], seed: int) -> NDArray[np.int64] | None:
    """Return the random bits the cast wants, if it wants any."""
    if not cast.rounding.is_stochastic:
        return None
    return np.random.default_rng(seed).integers(0, 2**cast.random_bits, shape)


def _landmarks(element: Fixed | Minifloat) -> Iterator[Fraction]:
    yield from (element.lsb * Fraction(k, 2) for k in range(1, 8))
    top = Fraction(2) ** element.emax
    step = element.lsb if isinstance(element, Fixed) else top / 2**element.significand_bits
    yield from (element.max + step * Fraction(k, 2) for k in range(-4, 4))
    yield from (top / 2, top, top * 2, top * 4, top / 3)
    if isinstance(element, Fixed):  # a wrapped value may keep low bits of any of these
        yield from (element.lsb * (2**53 - 1) * 2**k for k in (8, 9, 10, 11, 20, 31))
    if isinstance(element, Minifloat):
        normal = Fraction(2) ** element.emin
        yield normal * 2
        yield from (normal + element.lsb * Fraction(k, 2) for k in (-3, -1, 0, 1))


def _as_floats(numbers: Iterable[Fraction]) -> list[float]:
    greatest = Fraction(np.finfo(np.float64).max)
    return [float(x) for x in numbers if Fraction(2) ** -1074 <= x <= greatest]


#: Numbers that are at an edge whatever the format.
EDGES = [
    1.0, 1 / 3, 2.5, 3.5, 5e-324, 2.0**-1022, 2.0**-150, 2.0**-149, 2.0**-133, 2.0**-127, 2.0**-126,
    1e-30, 2.0**53 + 2, 2.0**127, 3.4028234663852886e38, 2.0**128, 1.7976931348623157e308,
]  # fmt: skip


@cache
def edges(format: Fixed | Minifloat | Block) -> NDArray[np.float64]:
    """Return finite float64 of both signs at, just below and just above the edges of a format."""
    element = format.element if isinstance(format, Block) else format
    positive = np.array([*_as_floats(_landmarks(element)), *EDGES])
    with np.errstate(over="ignore"):
        near = [positive, np.nextafter(positive, 0), np.nextafter(positive, np.inf)]
    finite = np.unique(np.concatenate(near))
    finite = finite[np.isfinite(finite)]
    both = np.concatenate([finite, -finite])
    both.setflags(write=False)
    return both


def some_cast(
    formats: Mapping[str, Any], without: tuple[Overflow, ...] = ()
) -> st.SearchStrategy[Cast]:
    """Draw a lawful cast to one of the formats."""
    known = st.sampled_from(list(formats))
    return known.flatmap(lambda name: st.sampled_from(casts(formats[name], without=without)))


def numbers(dtype: Any) -> st.SearchStrategy[Any]:
    """Draw any number of the dtype: NaN, infinities, subnormals, -0 and all integers included."""
    if np.dtype(dtype).kind == "f":
        width: Any = 8 * np.dtype(dtype).itemsize
        tame = st.integers(-(2**11), 2**11).map(lambda n: n / 8)
        return st.one_of(st.floats(width=width), tame, st.floats(-100, 100, width=width))
    least, greatest = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    return st.one_of(st.integers(least, greatest), st.sampled_from([least, greatest, 0, 1]))


FLOATS = [np.float16, np.float32, np.float64]
DTYPES = [*FLOATS, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7)


@st.composite
def laid_out(
    draw: st.DrawFn, dtype: Any, shapes: Any = SHAPES, finite: bool = False
) -> NDArray[Any]:
    """Draw an array of any shape that lies in memory in any way."""
    shape = draw(shapes)
    count = int(np.prod(shape, dtype=int))
    one = numbers(dtype).filter(np.isfinite) if finite else numbers(dtype)
    values = np.array(draw(st.lists(one, min_size=count, max_size=count)), dtype).reshape(shape)
    match draw(st.sampled_from(["C", "F", "stride", "reverse", "swapped"])) if shape else "C":
        case "F":
            return np.asfortranarray(values)
        case "stride":
            wide = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)
            wide[..., ::2] = values
            return wide[..., ::2]
        case "reverse":
            return np.ascontiguousarray(values[..., ::-1])[..., ::-1]
        case "swapped":
            return values.astype(values.dtype.newbyteorder())
    return values


def _step(cast: Cast, x: Fraction) -> Fraction:
    """Return the distance of the neighbours of x if the format had no largest value."""
    element = cast.element
    if isinstance(element, Fixed) or not x:
        return element.lsb
    return max(Fraction(2) ** (floor_log2(abs(x)) - element.significand_bits), element.lsb)


def is_beyond(cast: Cast, x: Fraction, random: int) -> bool:
    """Whether x, once rounded, lies beyond the largest value of its sign."""
    step, element = _step(cast, x), cast.element
    least = -element.max if element.signed else 0
    if least <= x <= element.max:  # which are values themselves, so that no rounding passes them
        return False
    parity = 0
    if isinstance(element, Minifloat) and element.significand_bits == 0:
        parity = max(floor_log2(abs(x)) - element.emin, 0)
    rounding, bits = cast.rounding, cast.random_bits
    value = step * round_exact(x, step, rounding, random, bits, parity=parity)
    symmetric = cast.overflow is Overflow.SATURATE_SYMMETRIC
    return value > element.max or value < (
        max(-element.max, element.min) if symmetric else element.min
    )


def exact_counts(cast: Cast, x: NDArray[Any], coded: Coded, random: NDArray[Any] | None) -> Counts:
    """Return the counts of an encoding by their definitions, one rational at a time."""
    saturated = underflowed = 0
    block = cast.format
    for index in np.ndindex(x.shape):
        scale: Fraction | float = Fraction(1)
        if isinstance(block, Block) and coded.scales is not None:
            sides = block.tile[2 - min(x.ndim, 2) :]
            place = (*index[: x.ndim - len(sides)],)
            place += tuple(i // n for i, n in zip(index[len(place) :], sides, strict=True))
            scale = decode_exact(block.scale, int(coded.scales[place]))
        number, value = x[index].item(), decode_exact(coded.element, int(coded.codes[index]))
        if number != number or scale != scale:
            continue
        if number in (np.inf, -np.inf):
            saturated += value != number
            continue
        draw = 0 if random is None else int(random[index])
        beyond = is_beyond(cast, Fraction(number) / Fraction(scale), draw)
        saturated += beyond
        underflowed += not beyond and value == 0 and number != 0
    return Counts(x.size, saturated, underflowed)
