"""A slice, an item and a new shape of a coded array stand for just those values, bit for bit.

What is lawful is decided here by counting, not by the rule of the library: which elements share a
tile in the array, and which would share one in an array of the shape of the result.
"""

import re
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    INT4,
    INT8,
    OFP8_E4M3,
    SMX_INT8,
    Block,
    Cast,
    Coded,
    Fixed,
    FormatError,
)

TILES = [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 2), (4, 4)]
SHAPES = [(), (4,), (5,), (6,), (4, 6), (5, 7), (1, 5), (6, 1), (2, 4, 6), (3, 2, 5), (2, 3, 2, 4)]


def sample(tile: tuple[int, int] | None, shape: tuple[int, ...]) -> Coded:
    """Return an array whose codes and scales are all different where there are enough of them."""
    size = int(np.prod(shape, dtype=int))
    codes = (np.arange(size) % 255 - 127).astype(np.int8).reshape(shape)
    if tile is None:
        return Coded(format=INT8, codes=codes)
    block = Block(element=INT8, tile=tile)
    grid = block.grid(shape)
    scales = (np.arange(np.prod(grid, dtype=int)) * 37 % 251).astype(np.uint8).reshape(grid)
    return Coded(format=block, codes=codes, scales=scales)


def scale_of_each(coded: Coded) -> NDArray[Any]:
    """Return for each element the number of its tile, or 0 in a scalar format."""
    if not isinstance(coded.format, Block) or coded.scales is None:
        return np.zeros(coded.shape, int)
    numbers = np.arange(coded.scales.size).reshape(coded.scales.shape)
    sides = coded.format.tile[2 - min(2, coded.ndim) :]
    for axis, side in zip(range(coded.ndim - len(sides), coded.ndim), sides, strict=True):
        numbers = numbers.repeat(side, axis).take(range(coded.shape[axis]), axis)
    return numbers


def tiles(numbers: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the places of each tile, in the order in which the tiles first appear."""
    flat = numbers.reshape(-1)
    _, first = np.unique(flat, return_index=True)
    return [np.flatnonzero(flat == flat[place]) for place in np.sort(first)]


def same_partition(numbers: NDArray[Any], others: NDArray[Any]) -> bool:
    """Whether both number the same tiles, whatever the numbers are."""
    ours, theirs = tiles(numbers), tiles(others)
    return len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs))


def whole(coded: Coded, part: NDArray[Any]) -> bool:
    """Whether the tiles in a part are all there: none of their elements is outside."""
    numbers = scale_of_each(coded)
    have, count = np.unique(part, return_counts=True)
    return all(n == (numbers == tile).sum() for tile, n in zip(have, count, strict=True))


def slices(length: int) -> st.SearchStrategy[Any]:
    """Draw a slice or an integer, of which many lie at multiples of something."""
    end = st.one_of(st.none(), st.integers(-length - 1, length + 1))
    step = st.sampled_from([None, None, None, 1, 2, -1])
    item = st.integers(-length, length - 1) if length else st.nothing()
    return st.one_of(st.builds(slice, end, end, step), st.just(slice(None)), item)


@st.composite
def indexed(draw: st.DrawFn, tile: tuple[int, int] | None) -> tuple[Coded, Any]:
    """Draw an array and a basic index."""
    shape = draw(st.sampled_from(SHAPES))
    items = [draw(slices(length)) for length in shape[: draw(st.integers(0, len(shape)))]]
    if draw(st.booleans()):
        place = draw(st.integers(0, len(items)))
        behind = len(items) - place
        items[place:] = [..., *(draw(slices(n)) for n in shape[len(shape) - behind :] if behind)]
    return sample(tile, shape), items[0] if len(items) == 1 else tuple(items)


@pytest.mark.parametrize("tile", [None, *TILES])
@given(data=st.data())
def test_a_part_is_a_view_that_stands_for_just_those_values(tile: Any, data: st.DataObject) -> None:
    coded, index = data.draw(indexed(tile))
    try:
        part = coded[index]
    except FormatError:
        with pytest.raises(FormatError, match=re.escape(f"cuts tiles {tile}")):
            coded[index]
        return
    assert part.format == coded.format
    assert np.array_equal(part.codes, coded.codes[index])
    assert np.array_equal(part.values(), coded.values()[index])
    assert Coded(format=part.format, codes=part.codes, scales=part.scales).equals(part)
    assert not part.codes.flags.writeable
    assert part.codes.size == 0 or np.shares_memory(part.codes, coded.codes)
    if part.scales is not None and coded.scales is not None and part.scales.size:
        assert np.shares_memory(part.scales, coded.scales)
        assert not part.scales.flags.writeable


@pytest.mark.parametrize(("tile", "shape"), [*product(TILES, [(5,), (5, 7), (4, 6), (2, 4, 5)])])
def test_just_the_slices_that_cut_no_tile_are_lawful(tile: Any, shape: Any) -> None:
    # Every start and stop of the last axis and of the one before: lawful exactly if each tile with
    # an element inside is inside as a whole.
    coded = sample(tile, shape)
    numbers = scale_of_each(coded)
    for axis in range(-min(2, len(shape)), 0):
        for start, stop in product(range(shape[axis] + 1), repeat=2):
            if start >= stop:
                continue
            index = (..., slice(start, stop), *[slice(None)] * (-1 - axis))
            if whole(coded, numbers[index]):
                assert coded[index].shape == coded.codes[index].shape
            else:
                with pytest.raises(FormatError, match="multiples of"):
                    coded[index]


@pytest.mark.parametrize(("tile", "shape"), [*product(TILES, [(5,), (5, 7), (4, 6), (2, 4, 5)])])
def test_just_the_integers_that_leave_the_same_tiles_are_lawful(tile: Any, shape: Any) -> None:
    coded = sample(tile, shape)
    numbers = scale_of_each(coded)
    for axis, length in enumerate(shape):
        for item in range(-length, length):
            index = (*[slice(None)] * axis, item)
            part = numbers[index]
            batch = axis < len(shape) - 2
            side = 1 if batch else tile[axis - len(shape)]
            again = scale_of_each(sample(tile, part.shape))
            if side == 1 and whole(coded, part) and same_partition(part, again):
                assert np.array_equal(coded[index].values(), coded.values()[index])
            else:
                with pytest.raises(FormatError, match=r"take the slice \d+:\d+"):
                    coded[index]


def test_a_refusal_names_the_index_the_tile_and_the_nearest_lawful_slice() -> None:
    coded = sample((4, 4), (10, 6))  # the same as SMX_INT8
    with pytest.raises(FormatError, match=r"^index 1: on axis 0 cuts tiles \(4, 4\) of .*of 4 or"):
        coded[1:]
    with pytest.raises(FormatError, match=r"^index 9 on axis 0 .*: take the slice 8:10, or index"):
        coded[9]
    with pytest.raises(FormatError, match=r"^index -10 on axis 0 .*: take the slice 0:4, or index"):
        coded[-10]
    with pytest.raises(FormatError, match=r"^index ::2 on axis 1 "):
        coded[:, ::2]
    assert coded[8:10].shape == (2, 6)


@pytest.mark.parametrize("tile", [None, (1, 2), (2, 2)])
@pytest.mark.parametrize("index", [[0, 1], np.array([0]), True, np.True_, "a", 1.0, (0, [1])])
def test_an_index_that_would_copy_is_refused(tile: Any, index: Any) -> None:
    with pytest.raises(FormatError, match="give integers and slices"):
        sample(tile, (4, 4))[index]


def test_a_new_axis_is_for_scalar_formats() -> None:
    assert sample(None, (3, 2))[:, None].shape == (3, 1, 2)
    with pytest.raises(FormatError, match="use reshape"):
        sample((2, 2), (3, 2))[None]


@pytest.mark.parametrize("tile", [None, (1, 2), (2, 2)])
@pytest.mark.parametrize("index", [(0, 0, 0), (..., ...), (0, ..., 0, 0), 4, (slice(None), 9)])
def test_what_is_out_of_bounds_is_an_index_error_or_cuts(tile: Any, index: Any) -> None:
    with pytest.raises((IndexError, FormatError)) as caught:
        sample(tile, (4, 4))[index]
    assert tile is not None or caught.type is IndexError


@pytest.mark.parametrize("tile", [None, (1, 3), (4, 4)])
def test_iteration_runs_over_the_first_axis_or_refuses(tile: Any) -> None:
    coded = sample(tile, (3, 4, 5))
    assert len(coded) == 3
    for part, values in zip(coded, coded.values(), strict=True):
        assert np.array_equal(part.values(), values)
    if tile == (4, 4):
        with pytest.raises(FormatError, match="cuts tiles"):
            list(coded[0])
    else:
        assert [row.shape for row in coded[0]] == [(5,)] * 4
    with pytest.raises(TypeError):
        len(sample(tile, ()))


RESHAPED = sorted(
    {
        (*batch, rows, 24 // (rows * int(np.prod(batch, dtype=int))))
        for batch in [(), (1,), (2,), (3,), (2, 2)]
        for rows in (1, 2, 3, 4, 6, 8, 12, 24)
        if 24 % (rows * int(np.prod(batch, dtype=int))) == 0
    }
    | {(24,)}
)


@pytest.mark.parametrize("tile", [None, *TILES])
def test_just_the_shapes_with_the_same_tiles_are_lawful(tile: Any) -> None:
    # Lawful only if the tiles of the old and of the new shape hold the same elements in C order;
    # and, where no tile is ragged and padding makes no coincidence, always then.
    for old, new in product(RESHAPED, repeat=2):
        coded = sample(tile, old)
        same = same_partition(scale_of_each(coded), scale_of_each(sample(tile, new)))
        try:
            again = coded.reshape(new)
        except FormatError as error:
            refusal = str(error)
        else:
            assert same
            assert np.array_equal(again.values(), coded.values().reshape(new))
            assert Coded(format=again.format, codes=again.codes, scales=again.scales).shape == new
            assert np.shares_memory(again.codes, coded.codes)
            assert again.reshape(old).equals(coded)
            continue
        assert not same or ragged(tile, old) or ragged(tile, new)
        assert re.search(r"cuts tiles \(\d, \d\): keep the \d+ ", refusal)


def ragged(tile: tuple[int, int], shape: tuple[int, ...]) -> bool:
    """Whether a tile hangs over the edge of the matrices."""
    return any(n % side for n, side in zip((1, *shape)[-2:], tile, strict=True))


def test_a_shape_may_be_given_as_numpy_takes_it() -> None:
    coded = sample((1, 2), (3, 4))
    for again in (coded.reshape(2, -1), coded.reshape((2, -1))):
        assert again.shape == (2, 6)
    assert coded.reshape(-1).shape == (12,)
    assert sample(None, (1,)).reshape(()).shape == ()
    assert sample((4, 4), (0, 3)).reshape(5, 0, 7).shape == (5, 0, 7)
    with pytest.raises(ValueError, match="reshape"):
        coded.reshape(5, -1)


def test_a_transposed_array_is_reshaped_in_c_order_too() -> None:
    coded = sample((2, 1), (4, 6)).T
    assert np.array_equal(coded.reshape(24).values(), coded.values().reshape(24))
    assert not coded.reshape(24).codes.flags.writeable


@pytest.mark.parametrize(
    ("format", "old", "new"),
    [
        (SMX_INT8, (2, 8, 5), (16, 5)),
        (SMX_INT8, (6, 5), (1, 6, 5)),
        (Block(element=OFP8_E4M3, tile=(1, 4)), (3, 8), (24,)),
        (Block(element=INT4, tile=(1, 4)), (3, 2, 5), (6, 5)),
        (Fixed(bits=5), (3, 2, 5), (5, 6)),
    ],
)
@given(seed=st.integers(0, 2**32 - 1))
def test_reshaping_and_quantizing_commute(format: Any, old: Any, new: Any, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal(old) * 8
    cast = Cast(format=format)
    assert cast.encode(x).reshape(new).equals(cast.encode(x.reshape(new)))
