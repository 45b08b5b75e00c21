"""The lane that encodes integers in float32 vectors gives the bits and counts of the general one.

Saturating, ties-to-even encoding of float32 into integer elements runs in vectors; the same values
as float64 do not.  The general lane is held to rationals by another file.
"""

import numpy as np
import pytest
from format_cases import BLOCKS, laid_out
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import Cast, Fixed, Overflow

INTEGERS = [name for name, block in BLOCKS.items() if isinstance(block.element, Fixed)]
SATURATING = [Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC]


def check(cast: Cast, x: NDArray[np.float32]) -> None:
    fast, fast_counts = cast.encode_counted(x)
    with np.errstate(invalid="ignore"):  # of signaling NaNs
        slow, slow_counts = cast.encode_counted(x.astype(np.float64))
    assert fast.equals(slow), cast
    assert fast_counts == slow_counts, cast


@settings(max_examples=200)
@given(
    name=st.sampled_from(INTEGERS),
    overflow=st.sampled_from(SATURATING),
    x=laid_out(np.float32, hnp.array_shapes(min_dims=0, max_dims=3, max_side=9)),
)
def test_any_array_has_the_same_bits(name: str, overflow: Overflow, x: NDArray[np.float32]) -> None:
    check(Cast(format=BLOCKS[name], overflow=overflow), x)


def words(seed: int) -> NDArray[np.uint32]:
    return np.random.default_rng(seed).integers(0, 2**32, (64, 96), dtype=np.uint32)


def all_words() -> NDArray[np.float32]:
    """Return numbers of all exponents, NaN and infinities too."""
    return words(1).view(np.float32)


def one_exponent_a_row() -> NDArray[np.float32]:
    """Return rows whose numbers lie within 12 binades of one another, from the least binades up."""
    first = np.linspace(0, 242, 64).astype(np.uint32)[:, None]
    exponent = np.minimum(first + words(2) % 12, 254)
    return (words(3) & 0x807FFFFF | exponent << 23).view(np.float32)


def ties() -> NDArray[np.float32]:
    """Return halves of integers, of which every second one is a tie in some format."""
    return ((words(4) % 512) / 2 - 128).astype(np.float32)


def subnormals() -> NDArray[np.float32]:
    return (words(5) & 0x800FFFFF).view(np.float32)


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("make", [all_words, one_exponent_a_row, ties, subnormals])
def test_every_exponent_has_the_same_bits(name: str, make: type) -> None:
    for overflow in SATURATING:
        check(Cast(format=BLOCKS[name], overflow=overflow), make())
