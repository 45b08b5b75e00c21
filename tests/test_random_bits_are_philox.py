"""Random bits are Philox4x32-10 of (seed, stream, step, position), and nothing else.

The generator is held to the known answers its authors publish, the layout to a Python oracle.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bitpde.formats import (
    INT8,
    NVFP4,
    OFP8_E4M3,
    SMX_INT8,
    UINT8,
    Affine,
    Cast,
    FormatError,
    NonFinite,
    RandomBits,
    Rounding,
    ScaleRule,
    Scaling,
    kernels_are_compiled,
    set_thread_count,
)
from bitpde.formats.random_bits import _compiled, _plain, philox4x32

M = 2**32 - 1
#: "philox4x32 10" of Random123: counter, key, words.
ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((M, M, M, M), (M, M), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
SEEDS = st.integers(0, 2**80)
STEPS = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1))
STREAMS = st.sampled_from(["rounding", "weights/layer1", "", "é"])


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 as in figure 2 and table 2 of Salmon et al. (SC 2011), in Python integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & M, (p0 >> 32) ^ c3 ^ k1, p0 & M
        k0, k1 = (k0 + 0x9E3779B9) & M, (k1 + 0xBB67AE85) & M
    return c0, c1, c2, c3


def draw(bits: RandomBits, position: int, count: int) -> int:
    """Return the draw of the element at this position, as the documentation says."""
    identity = f"bitpde.bits.1\0{bits.seed}\0{bits.stream}".encode()
    digest = hashlib.sha256(identity).digest()
    key = int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")
    group, place = divmod(position, 64 if count > 16 else 128)
    counter = 16 * group + place % 16
    words = philox((counter & M, counter >> 32, bits.step & M, bits.step >> 32), key)
    if count > 16:
        return words[place // 16] >> (32 - count)
    half, high = divmod(place // 16, 2)
    return (words[half] >> 16 if high else words[half] & 0xFFFF) >> (16 - count)


@pytest.mark.parametrize(("counter", "key", "words"), ANSWERS)
def test_the_generator_gives_the_known_answers(
    counter: tuple[int, int, int, int], key: tuple[int, int], words: tuple[int, ...]
) -> None:
    assert philox(counter, key) == words
    given_words = philox4x32([np.array([c], np.uint64) for c in counter], key)
    assert tuple(int(w[0]) for w in given_words) == words


@given(seed=SEEDS, stream=STREAMS, step=STEPS, count=st.integers(0, 32), start=st.integers(0, 300))
def test_a_draw_is_the_highest_bits_of_the_word_or_half_of_its_position(
    seed: int, stream: str, step: int, count: int, start: int
) -> None:
    bits = RandomBits(seed=seed, stream=stream, step=step)
    drawn = bits.draw((start + 3,), count)
    assert drawn.dtype == np.uint32
    for position in range(start, start + 3):
        assert int(drawn[position]) == draw(bits, position, count)
    assert np.array_equal(bits.draw_from(start, 3, count), drawn[start:])


@given(
    first=st.one_of(st.integers(0, 9), st.integers(2**28 - 3, 2**28 + 3), st.integers(0, 2**58)),
    key=st.tuples(st.integers(0, M), st.integers(0, M)),
    step=STEPS,
)
def test_compiled_words_are_the_plain_ones(first: int, key: tuple[int, int], step: int) -> None:
    # Counters cross 2^32 at the group 2^28.
    words, halves = np.zeros((2, 3, 4, 16), np.uint32), np.zeros((2, 3, 8, 16), np.uint32)
    parts = np.array([*key, step & 0xFFFFFFFF, step >> 32], np.uint32)
    for made in (words, halves):
        _plain(made[0], first, parts)
        if kernels_are_compiled():
            _compiled(made[1], first, parts)
            assert np.array_equal(made[0], made[1])
    counter = 16 * (first + 2) + 5
    expected = philox((counter & M, counter >> 32, step & M, step >> 32), key)
    assert tuple(words[0, 2, :, 5].tolist()) == expected
    pairs = [half << 16 for one in expected for half in (one & 0xFFFF, one >> 16)]
    assert halves[0, 2, :, 5].tolist() == pairs


@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
    more=st.integers(0, 200),
    count=st.integers(1, 32),
)
def test_a_longer_draw_begins_with_a_shorter_one_and_shape_is_only_shape(
    shape: tuple[int, ...], more: int, count: int
) -> None:
    bits = RandomBits(seed=1)
    size = int(np.prod(shape, dtype=int))
    drawn = bits.draw(shape, count)
    assert drawn.shape == shape
    assert np.array_equal(drawn.reshape(-1), bits.draw((size + more,), count)[:size])
    most = 16 if count <= 16 else 32
    assert np.array_equal(drawn, bits.draw(shape, most) >> np.uint32(most - count))


def test_seeds_streams_and_steps_have_different_bits() -> None:
    every = [
        RandomBits(seed=seed, stream=stream, step=step).draw((64,), 32).tobytes()
        for seed in (0, 1, 2**70)
        for stream in ("a", "b", "ab")
        for step in (0, 1, 2**32, 2**63)
    ]
    assert len(set(every)) == len(every)
    # The seed ends where the stream begins: no two pairs have one identity.
    assert RandomBits(seed=1, stream="1a").key != RandomBits(seed=11, stream="a").key


@pytest.fixture
def any_thread_count() -> Iterator[None]:
    """Return to the default number of threads."""
    yield
    set_thread_count(None)


@pytest.mark.usefixtures("any_thread_count")
def test_the_number_of_threads_leaves_no_trace() -> None:
    # Two chunks of 2^11 groups of 64 or 128, and a part of one.
    for count, chunk in ((32, 2**17), (16, 2**18)):
        drawn = []
        for threads in (1, 2, 3):
            set_thread_count(threads)
            drawn.append(RandomBits(seed=5).draw((2 * chunk + 1000,), count))
        assert np.array_equal(drawn[0], drawn[1])
        assert np.array_equal(drawn[0], drawn[2])
        position = chunk + 77  # in the second chunk
        assert int(drawn[0][position]) == draw(RandomBits(seed=5), position, count)


STOCHASTIC = [mode for mode in Rounding if mode.is_stochastic]
FORMATS: dict[str, Any] = {
    "INT8": INT8,
    "OFP8_E4M3": OFP8_E4M3,
    "SMX_INT8": SMX_INT8,
    "NVFP4": NVFP4,
    "affine": Affine(element=UINT8, scale=(0.5,), zero_point=(128,)),
}


def stochastic(name: str, rounding: Rounding, count: int) -> Cast:
    scaling = Scaling(rule=ScaleRule.RANGE) if name == "NVFP4" else Scaling()
    return Cast(format=FORMATS[name], rounding=rounding, random_bits=count, scaling=scaling)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rounding", STOCHASTIC)
@pytest.mark.parametrize("name", FORMATS)
def test_a_cast_takes_the_draws_of_its_stream(name: str, rounding: Rounding, dtype: Any) -> None:
    x = np.random.default_rng(3).standard_normal((9, 21)).astype(dtype) * dtype(30)
    rng = RandomBits(seed=8, stream="x", step=2)
    for count in (0, 1, 7, 16, 17, 24, 32):
        cast = stochastic(name, rounding, count)
        drawn = cast.encode(x, bits=rng.draw(x.shape, count))
        assert cast.encode(x, rng=rng).equals(drawn)
        assert np.array_equal(cast.quantize(x.astype(np.float64), rng=rng), drawn.values())
        # The layout in memory is none of the stream's business: positions count in C order.
        assert cast.encode(np.asfortranarray(x), rng=rng).equals(drawn)


@settings(max_examples=60)
@given(
    name=st.sampled_from(["INT8", "OFP8_E4M3", "affine"]),
    rounding=st.sampled_from(STOCHASTIC),
    index=st.integers(0, 129),
    value=st.sampled_from([0.0, -0.0, 1.0, 0.3, 1e30, -7.7]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_one_element_never_changes_the_code_of_another(
    name: str, rounding: Rounding, index: int, value: float, dtype: Any
) -> None:
    # Exact values take their draw too.
    x = np.random.default_rng(4).standard_normal(130).astype(dtype)
    y = x.copy()
    y[index] = value
    rng = RandomBits(seed=9)
    cast = stochastic(name, rounding, 6)
    differ = cast.encode(x, rng=rng).codes != cast.encode(y, rng=rng).codes
    assert set(np.flatnonzero(differ)) <= {index}


def test_a_nan_takes_its_draw_too() -> None:
    x = np.random.default_rng(4).standard_normal(70)
    y = np.where(np.arange(70) % 3 == 0, np.nan, x)
    cast = Cast(
        format=OFP8_E4M3,
        rounding=Rounding.STOCHASTIC,
        random_bits=6,
        nonfinite=NonFinite.PROPAGATE,
    )
    rng = RandomBits(seed=9)
    same = cast.encode(x, rng=rng).codes == cast.encode(y, rng=rng).codes
    assert same[~np.isnan(y)].all()


def test_bits_of_a_wrong_kind_are_refused() -> None:
    cast = stochastic("INT8", Rounding.STOCHASTIC, 4)
    rng, x = RandomBits(seed=0), np.zeros(3)
    with pytest.raises(FormatError, match="takes bits or rng"):
        cast.encode(x)
    with pytest.raises(FormatError, match="takes bits or rng"):
        cast.encode(x, rng.draw((3,), 4), rng=rng)
    with pytest.raises(FormatError, match="keep them in"):
        cast.encode(x, [0, 16, 0])
    with pytest.raises(FormatError, match="integers of shape"):
        cast.encode(x, [0, 1])
    with pytest.raises(FormatError, match="leave them out"):
        Cast(format=INT8).encode(x, rng=rng)
    # Without random bits there is nothing to give, and a rounding all the same.
    none = stochastic("INT8", Rounding.STOCHASTIC, 0)
    assert none.encode([1.75, -1.75]).codes.tolist() == [1, -1]
    assert none.encode([1.75, -1.75], rng=rng).codes.tolist() == [1, -1]
