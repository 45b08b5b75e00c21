"""What the compiled kernels encode is, bit for bit and count for count, what rationals say.

The oracle is ``formats/exact*.py``: fractions, one number at a time, no shared code.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from format_cases import (
    ALL,
    BLOCKS,
    BREADTH,
    DTYPES,
    SCALARS,
    CastsOf,
    edges,
    exact_counts,
    laid_out,
    random_for,
    scales_of,
    some_cast,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    FP32,
    INT8,
    INT16,
    NVFP4,
    OFP8_E4M3,
    SMX_INT8,
    Affine,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    Rounding,
    ScaleRule,
    Scaling,
    encode_array_exact,
    encode_exact,
)

UNUSUAL = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0])
WITHOUT_RAISE = (Overflow.RAISE,)
BATCHES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)
LISTS = hnp.array_shapes(max_dims=1)
#: Formats that round an integer of 64 bits directly from its jammed float64.
JAMMED = {name: f for name, f in ALL.items() if name not in ("FP64", "63_bits")}


def check(cast: Cast, x: NDArray[Any], seed: int = 0) -> None:
    """Compare codes, scales and counts with the twin's, or that both refuse."""
    random = random_for(cast, x.shape, seed)
    try:
        expected = encode_array_exact(cast, x, random)
    except FormatError:
        with pytest.raises(FormatError):
            cast.encode(x, random)
        return
    coded, counts = cast.encode_counted(x, random)
    assert coded.equals(expected), cast
    assert coded.codes.dtype == expected.codes.dtype == np.dtype(cast.element.code_dtype)
    assert counts == exact_counts(cast, x, expected, random), cast


def without_raise(some: list[Cast]) -> list[Cast]:
    return [cast for cast in some if cast.overflow is not Overflow.RAISE]


def lawful(cast: Cast, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers that the twin does not refuse one by one."""
    kept = []
    for value in x.tolist():
        try:
            encode_exact(replace(cast, format=cast.element), value)
        except FormatError:
            continue
        kept.append(value)
    return np.array(kept)


@BREADTH
@pytest.mark.parametrize("name", SCALARS)
def test_scalars_at_their_edges(name: str, casts_of: CastsOf) -> None:
    x = edges(SCALARS[name])
    for k, cast in enumerate(without_raise(casts_of(name))):
        check(cast, lawful(cast, np.concatenate([UNUSUAL, x[k % 6 :: 6]])))


@BREADTH
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_at_their_edges(name: str, casts_of: CastsOf) -> None:
    rows = min(2, BLOCKS[name].tile[0])
    x = np.resize(edges(BLOCKS[name])[::3], (2, 20)) * np.array([[1.0], [2.0**-7]])
    x[0, 1::5] = 0.3 * x[0, ::5]
    for k, cast in enumerate(without_raise(casts_of(name))):
        check(cast, np.resize(np.roll(x, k), (rows, 20)))
    check(Cast(format=BLOCKS[name]), np.array([[1.0, np.nan], [np.inf, -0.0]]))


@settings(max_examples=120)
@given(cast=some_cast(ALL), dtype=st.sampled_from(DTYPES), data=st.data(), seed=st.integers(0, 99))
def test_arrays_of_any_dtype_shape_and_layout(
    cast: Cast, dtype: Any, data: st.DataObject, seed: int
) -> None:
    x = data.draw(laid_out(dtype, finite=cast.overflow is Overflow.RAISE))
    if np.dtype(dtype).itemsize == 8 and needs_every_bit(cast):
        x = np.asarray(x, np.float64)
    check(cast, x, seed)


def needs_every_bit(cast: Cast) -> bool:
    """Whether integers that are no float64 are refused."""
    wide = isinstance(cast.element, Minifloat) and cast.element.significand_bits > 50
    return wide or cast.overflow is Overflow.WRAP


@settings(max_examples=100)
@given(
    cast=some_cast(JAMMED, (Overflow.RAISE, Overflow.WRAP)),
    x=st.one_of(laid_out(np.int64, LISTS), laid_out(np.uint64, LISTS)),
)
def test_integers_beyond_2_to_the_53_are_rounded_once(cast: Cast, x: NDArray[Any]) -> None:
    check(cast, x)


@settings(max_examples=40)
@given(bits=st.integers(-50, 50), power=st.integers(54, 63), odd=st.booleans())
def test_integers_next_to_a_tie_are_not_rounded_twice(bits: int, power: int, odd: bool) -> None:
    # 2^k + 2^(k-11) lies halfway between two binary16 significands, also after a rounding to
    # float64, which would lose the few units that decide.
    x = np.array([2**power + 2 ** (power - 11) * (3 if odd else 1) + bits], np.uint64)
    for name in ("BF16", "TF32", "FP32", "widest_coarse_fixed", "SMX_INT12"):
        for rounding in list(Rounding)[:6]:
            check(Cast(format=ALL[name], rounding=rounding), x)


@given(
    cast=some_cast(SCALARS),
    x=st.one_of(laid_out(np.int64, LISTS), laid_out(np.uint64, LISTS)),
)
def test_integers_beyond_2_to_the_53_keep_the_bits_that_are_asked_for(
    cast: Cast, x: NDArray[Any]
) -> None:
    check(cast, x)


@pytest.mark.parametrize("rounding", [mode for mode in Rounding if mode.is_stochastic])
@pytest.mark.parametrize("bits", [20, 28, 32])
@pytest.mark.parametrize("format", [FP32, Fixed(bits=32, fraction_bits=-32), BF16], ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_integers_next_to_what_a_draw_decides_are_not_rounded_twice(
    rounding: Rounding, bits: int, format: Fixed | Minifloat, seed: int
) -> None:
    # A step of 2^k below the threshold of the draw R lies the integer at which R is the least that
    # steps up; to its sides are the integers that 53 bits confuse with it.
    rng = np.random.default_rng(seed)
    step = 32 if isinstance(format, Fixed) else 62 - format.significand_bits
    draws = rng.integers(0, 2**bits, 20)
    near = 2**62 + (2**step * (2**bits - draws)) // 2**bits + rng.integers(-1, 2, 20)
    cast = Cast(format=format, rounding=rounding, random_bits=bits)
    expected = encode_array_exact(cast, near, draws)
    assert cast.encode(near, draws).equals(expected)
    assert cast.attempt(near, draws).coded.equals(expected)
    assert np.array_equal(cast.quantize(near, draws), expected.values())


@pytest.mark.parametrize("rounding", [mode for mode in Rounding if mode.is_stochastic])
@given(below=st.integers(0, 2**11), draw=st.integers(0, 2**11))
@example(below=5, draw=6)
@example(below=2**11, draw=2**11 - 2**9)
def test_integers_next_to_the_end_of_a_range_are_beyond_it_by_their_own_value(
    rounding: Rounding, below: int, draw: int
) -> None:
    # The largest value is 2^63 - 2^32, and what a draw of R adds to an integer below 2^63 is of the
    # size of R, where 53 bits of the integer tell but 2^10 from 2^11.
    x, draws = np.array([3, 2**63 - 1 - below]), np.array([0, draw])
    cast = Cast(format=Fixed(bits=32, fraction_bits=-32), rounding=rounding, random_bits=32)
    expected = encode_array_exact(cast, x, draws)
    coded, counts, _ = cast.attempt(x, draws)
    assert coded.equals(expected)
    assert counts == exact_counts(cast, x, expected, draws)
    strict = replace(cast, overflow=Overflow.RAISE)
    coded, strict_counts, refused = strict.attempt(x, draws)
    assert (strict_counts.saturated, refused) == (0, counts.saturated)
    assert coded.codes.tolist() == [0, 0 if refused else expected.codes[1]]
    if refused:
        with pytest.raises(FormatError, match=r"x\[1\] is 9.22.* beyond the range"):
            strict.encode(x, draws)


@pytest.mark.parametrize(
    "cast",
    [
        Cast(format=SMX_INT8, overflow=Overflow.WRAP),
        Cast(
            format=NVFP4, rounding=Rounding.STOCHASTIC, random_bits=32,
            scaling=Scaling(rule=ScaleRule.RANGE),
        ),
        Cast(
            format=Affine(element=INT16, scale=(0.5,), zero_point=(0,)),
            rounding=Rounding.STOCHASTIC_B, random_bits=24,
        ),
    ],
    ids=lambda cast: str(cast.overflow),
)  # fmt: skip
def test_an_integer_that_would_lose_a_bit_before_a_tile_is_scaled_is_refused(cast: Cast) -> None:
    x = np.full((4, 16), 2**53 + 1)
    draws = np.zeros(x.shape, np.int64) if cast.random_bits else None
    with pytest.raises(FormatError, match=r"integers above 2\^53 .* divide them, or give float64"):
        cast.encode(x, draws)
    assert cast.encode(x - 1, draws).shape == x.shape


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 33), (4, 4), (0, 5), (5, 0), (33,), ()])
@pytest.mark.parametrize("tile", [(4, 4), (1, 32), (32, 1), (3, 5), (2, 32)])
@pytest.mark.parametrize("element", [INT8, OFP8_E4M3])
def test_ragged_edges_count_as_padded_with_zeros(
    element: Fixed | Minifloat, tile: tuple[int, int], shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(7)
    x = np.asarray(rng.standard_normal(shape) * np.exp(rng.uniform(-9, 9, shape)))
    cast = Cast(format=Block(element=element, tile=tile))
    for y in (x, x.astype(np.float32)):
        check(cast, y)
        matrix = np.atleast_2d(y)
        edge = [(0, -n % side) for n, side in zip(matrix.shape, tile, strict=True)]
        whole, part = cast.encode(np.pad(matrix, edge)), cast.encode(matrix)
        assert np.array_equal(whole.codes[: matrix.shape[0], : matrix.shape[1]], part.codes)
        assert np.array_equal(scales_of(whole), scales_of(part))


@given(cast=some_cast(BLOCKS, WITHOUT_RAISE), x=laid_out(np.float32, BATCHES))
def test_a_batch_is_encoded_matrix_by_matrix(cast: Cast, x: NDArray[np.float32]) -> None:
    random = random_for(cast, x.shape, 5)
    whole = cast.encode(x, random)
    for k in range(x.shape[0]):
        one = cast.encode(x[k], None if random is None else random[k])
        assert np.array_equal(one.codes, whole.codes[k])
        assert np.array_equal(scales_of(one), scales_of(whole)[k])
