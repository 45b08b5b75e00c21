"""Encoding a transpose gives the transposed codes and scales, bit for bit, if tiles are square.

One stored copy of a matrix then serves a product from either side, forward and backward.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from format_cases import BLOCKS, edges, laid_out, random_for, some_cast
from hypothesis import given
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    MXFP8_E4M3,
    MXINT8,
    SMX_INT8,
    Block,
    Cast,
    FormatError,
    Overflow,
)

SQUARE = {name: block for name, block in BLOCKS.items() if block.square}
OBLONG = {name: block for name, block in BLOCKS.items() if not block.square}
MATRICES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=11)
BATCHES = hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=4)
WITHOUT = (Overflow.RAISE,)


@given(cast=some_cast(SQUARE, WITHOUT), x=laid_out(np.float64, MATRICES))
def test_a_transposed_matrix_has_the_transposed_bits(cast: Cast, x: NDArray[np.float64]) -> None:
    random = random_for(cast, x.shape, 3)
    turned = cast.encode(x.T, None if random is None else random.T)
    assert turned.equals(cast.encode(x, random).T)


@given(cast=some_cast(SQUARE, WITHOUT), x=laid_out(np.float32, BATCHES))
def test_every_matrix_of_a_batch_has_the_transposed_bits(
    cast: Cast, x: NDArray[np.float32]
) -> None:
    random = random_for(cast, x.shape, 3)
    turned = None if random is None else random.swapaxes(-1, -2)
    assert cast.encode(x.swapaxes(-1, -2), turned).equals(cast.encode(x, random).T)


@given(x=laid_out(np.float32, MATRICES))
def test_values_commute_with_transpose_too(x: NDArray[np.float32]) -> None:
    # Symmetric, because -128 2^121 is no float32.
    cast = Cast(format=SMX_INT8, overflow=Overflow.SATURATE_SYMMETRIC)
    assert np.array_equal(cast.quantize(x.T), cast.quantize(x).T, equal_nan=True)
    assert np.array_equal(cast.encode(x).T.values(), cast.encode(x).values().T, equal_nan=True)


def test_a_square_tile_spans_rows_and_columns_alike() -> None:
    # The large number at (3, 0) sets the scale of rows 0..3 and columns 0..3, and of nothing else.
    x = np.ones((5, 5))
    x[3, 0] = 2.0**20
    scales = Cast(format=SMX_INT8).encode(x).scales
    assert scales is not None
    assert scales.tolist() == [[127 + 20 - 6, 127 - 6], [127 - 6, 127 - 6]]


@pytest.mark.parametrize("block", [MXINT8, MXFP8_E4M3])
def test_row_tiles_do_not_commute_with_transpose(block: Block) -> None:
    # One large number coarsens its own row; in the transpose it coarsens its column instead.
    x = np.ones((2, 2)) * 1.03125
    x[0, 0] = 2.0**20
    cast = Cast(format=block)
    assert not np.array_equal(cast.quantize(x.T), cast.quantize(x).T)


@given(cast=some_cast(OBLONG, WITHOUT), x=laid_out(np.float64, MATRICES))
def test_the_transpose_of_oblong_tiles_keeps_every_value(
    cast: Cast, x: NDArray[np.float64]
) -> None:
    coded = cast.encode(x, random_for(cast, x.shape, 3))
    format: Any = cast.format
    assert coded.T.format == replace(format, tile=format.tile[::-1])
    assert np.array_equal(coded.T.values(), coded.values().T, equal_nan=True)
    assert coded.T.T.equals(coded)
    # It is what encoding the transpose into the transposed tiles gives.
    again = Cast(
        format=coded.T.format, rounding=cast.rounding, overflow=cast.overflow,
        random_bits=cast.random_bits,
    )  # fmt: skip
    random = random_for(cast, x.shape, 3)
    assert again.encode(x.T, None if random is None else random.T).equals(coded.T)


@pytest.mark.parametrize("name", SQUARE)
def test_edges_in_square_tiles_commute_with_transpose(name: str) -> None:
    x = np.outer(edges(SQUARE[name]), [1.0, -0.7, 2.0**-9])
    try:
        first = Cast(format=SQUARE[name]).encode(x)
    except FormatError:
        pytest.fail("a saturating cast refuses nothing")
    assert first.T.equals(Cast(format=SQUARE[name]).encode(x.T))
