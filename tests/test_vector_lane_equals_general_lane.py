"""The lane that encodes float32 in vectors gives the bits, counts and errors of the general one.

The same values as float64 take the general lane, which is held to rationals by another file.
"""

import numpy as np
import pytest
from format_cases import ALL, SCALED, casts, laid_out, random_for
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    CATALOGUE,
    FP16,
    INT4,
    INT16,
    OCP_E2M1,
    OCP_E3M2,
    OFP8_E4M3,
    Block,
    Cast,
    Counts,
    Fixed,
    FormatError,
    Minifloat,
    Rounding,
    Specials,
)
from bitpde.formats.vector_tables import has_vector_lane

Format = Fixed | Minifloat | Block

#: Formats that are in no catalogue but at the edges of the lane.
EDGES = {
    "E4M3 without -0": Minifloat(
        exponent_bits=4, significand_bits=3, bias=8, specials=Specials.NEGATIVE_ZERO_IS_NAN
    ),
    "one exponent bit": Minifloat(
        exponent_bits=1, significand_bits=4, bias=1, specials=Specials.NONE
    ),
    "far bias": Minifloat(exponent_bits=3, significand_bits=2, bias=90, specials=Specials.NONE),
    "one bit, subnormal as float32": Minifloat(
        exponent_bits=8, significand_bits=0, bias=128, specials=Specials.NAN_ONLY, signed=False
    ),
    "below all float32": Minifloat(
        exponent_bits=3, significand_bits=2, bias=129, specials=Specials.NONE
    ),
    "22 bits": Fixed(bits=22, fraction_bits=30),
    "ragged tile": Block(element=OCP_E3M2, tile=(3, 5)),
    "column tile": Block(element=INT4, tile=(32, 1)),
}


def in_vectors(cast: Cast) -> bool:
    return has_vector_lane(cast.element, cast.rounding, cast.overflow, cast.random_bits)


CASTS = {
    n: [c for c in casts(f, 5) + casts(f, 0) + casts(f, 24) if in_vectors(c)]
    for n, f in {**ALL, **EDGES}.items()
}
CASTS = {n: found for n, found in CASTS.items() if found}


def outcome(cast: Cast, x: NDArray[np.floating]) -> tuple[list[object], list[object], Counts] | str:
    """Return codes, scales and counts, or what the error says of which element."""
    random = random_for(cast, x.shape, seed=x.size)
    with np.errstate(invalid="ignore"):  # of signaling NaNs
        try:
            coded, counts = cast.encode_counted(x, random)
        except FormatError as error:
            return str(error).split(":")[0].split(" is ")[0]
    scales = [] if coded.scales is None else coded.scales.tolist()
    return coded.codes.tolist(), scales, counts


def check(cast: Cast, x: NDArray[np.float32]) -> None:
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64)
    assert outcome(cast, x) == outcome(cast, wide), cast


def test_the_lane_takes_all_that_it_should() -> None:
    assert set(EDGES) < set(CASTS)
    assert {n for n in CATALOGUE if n not in CASTS} == {"FP64", "FP32", *SCALED}


@settings(max_examples=120)
@given(
    cast=st.sampled_from(sorted(CASTS)).flatmap(lambda name: st.sampled_from(CASTS[name])),
    x=laid_out(np.float32, hnp.array_shapes(min_dims=0, max_dims=3, max_side=9)),
)
def test_any_array_has_the_same_bits(cast: Cast, x: NDArray[np.float32]) -> None:
    check(cast, x)


def words(seed: int) -> NDArray[np.uint32]:
    return np.random.default_rng(seed).integers(0, 2**32, (32, 96), dtype=np.uint32)


def all_words() -> NDArray[np.float32]:
    """Return numbers of all exponents, NaN and infinities too."""
    return words(1).view(np.float32)


def one_exponent_a_row() -> NDArray[np.float32]:
    """Return rows whose numbers lie within 12 binades of one another, from the least binades up."""
    first = np.linspace(0, 242, 32).astype(np.uint32)[:, None]
    exponent = np.minimum(first + words(2) % 12, 254)
    return (words(3) & 0x807FFFFF | exponent << 23).view(np.float32)


def ties() -> NDArray[np.float32]:
    """Return halves of integers, of which every second one is a tie in some format."""
    return ((words(4) % 512) / 2 - 128).astype(np.float32)


def subnormals() -> NDArray[np.float32]:
    return (words(5) & 0x800FFFFF).view(np.float32)


@pytest.mark.parametrize("rounding", [mode for mode in Rounding if mode.is_stochastic])
@pytest.mark.parametrize("bits", [0, 7, 20, 24])
def test_every_number_of_random_bits_has_the_same_bits(rounding: Rounding, bits: int) -> None:
    # The more bits, the fewer formats whose fractions align with them.
    for format in (FP16, INT16, OFP8_E4M3, OCP_E2M1):
        check(Cast(format=format, rounding=rounding, random_bits=bits), ties())


@pytest.mark.parametrize("name", sorted(CASTS))
@pytest.mark.parametrize("make", [all_words, one_exponent_a_row, ties, subnormals])
def test_every_exponent_has_the_same_bits(name: str, make: type) -> None:
    x = make()
    first = sorted(CASTS).index(name) % 19
    for cast in CASTS[name][first::19]:  # some of the casts, others for the next format
        check(cast, x)
