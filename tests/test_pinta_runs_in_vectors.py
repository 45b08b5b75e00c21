"""PINTA's registers in vectors are those of the lanes of integers: codes, exponents and flags.

The lanes of integers are held to rational arithmetic elsewhere.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from accumulator_cases import pick
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vector_cases import agree, by_integers, fresh

from bitpde.emu import PintaAccumulator
from bitpde.emu.dot_vectors import lane as vector_lane
from bitpde.emu.dot_vectors import pinta_lane
from bitpde.formats import (
    INT8,
    INT12,
    SMX_INT4,
    SMX_INT8,
    SMX_INT12,
    SMX_INT16,
    Block,
    Cast,
    Coded,
    Overflow,
    Rounding,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

#: Operands whose products, summed over a tile and with 8 guard bits, stay below 2^30.
PAIRS: dict[str, tuple[Block, Block]] = {
    "INT8": (SMX_INT8, SMX_INT8),
    "INT4 x INT8": (SMX_INT4, SMX_INT8),
    "INT12 x INT8": (SMX_INT12, SMX_INT8),
    "tiles of 3": (Block(element=INT8, tile=(3, 3)), Block(element=INT8, tile=(3, 3))),
    "rows of 32": (Block(element=INT8, tile=(1, 32)), Block(element=INT8, tile=(1, 32))),
}


def matrix(rng: np.random.Generator, format: Block, shape: tuple[int, int]) -> Coded:
    """Return tiles of scales that differ by some powers of two, a few of zeros."""
    rows, columns = format.tile
    grid = -(-shape[0] // rows), -(-shape[1] // columns)
    spread = np.exp2(rng.integers(-9, 9, grid)) * (rng.random(grid) < 0.9)
    factors = np.repeat(np.repeat(spread, rows, axis=0), columns, axis=1)
    x: NDArray[Any] = rng.standard_normal(shape) * factors[: shape[0], : shape[1]]
    return Cast(format=format).encode(x)


@pytest.mark.parametrize("name", PAIRS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_registers_of_any_width_and_overflow(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    policies = Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.WRAP
    unit = PintaAccumulator(
        bits=pick(rng, 8, 16, 20, 24, 31, 32, 40),
        guard_bits=int(rng.integers(0, 9)),
        overflow=pick(rng, *policies),
    )
    inner = int(rng.integers(1, 70))
    a, b = (matrix(rng, f, (rows, inner)) for f, rows in zip(PAIRS[name], (13, 21), strict=True))
    assert agree(a, b, unit, np.zeros((13, 21), np.int64))


def test_tiles_without_a_number_give_none() -> None:
    rng = np.random.default_rng(0)
    a, b = (matrix(rng, SMX_INT8, (rows, 20)) for rows in (9, 18))
    scales = np.array(a.scales)
    scales[1, 2] = 255
    strange = replace(a, scales=scales)
    assert agree(strange, b, PintaAccumulator(), np.zeros((9, 18), np.int64))
    assert agree(b, strange, PintaAccumulator(), np.zeros((18, 9), np.int64))


def test_registers_near_2_to_the_30_are_computed_again() -> None:
    # 127 * 127 * 4 products under 8 guard bits, up to 65 times: 2^30 is passed on the way.
    a, b = (Cast(format=SMX_INT8).encode(np.full((rows, 4 * 80), 127.0)) for rows in (8, 16))
    for bits in (31, 32, 36):
        for overflow in (Overflow.SATURATE, Overflow.WRAP):
            unit = PintaAccumulator(bits=bits, overflow=overflow)
            assert agree(a, b, unit, np.zeros((8, 16), np.int64))


@pytest.mark.parametrize(
    ("unit", "format"),
    [
        (PintaAccumulator(rounding=Rounding.NEAREST_EVEN), SMX_INT8),
        (PintaAccumulator(guard_bits=20), SMX_INT8),
        (PintaAccumulator(), SMX_INT16),
        (PintaAccumulator(guard_bits=0), Block(element=INT12, tile=(8, 8))),
    ],
    ids=["rounding", "guard bits", "codes", "depth"],
)
def test_what_needs_more_bits_is_left_to_integers(unit: PintaAccumulator, format: Block) -> None:
    rng = np.random.default_rng(1)
    a, b = (matrix(rng, format, (rows, 20)) for rows in (9, 18))
    assert pinta_lane.pinta_registers(a, b, unit) is None
    sums = fresh(np.zeros((9, 18), np.int64))
    assert not vector_lane.fill_anyway(a, b, unit, sums, by_integers, started=False)
