"""A stream is Philox4x64-10 of (seed, name, step, index), and nothing else."""

import hashlib
import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.pde import RunError, Stream

SEEDS = st.integers(0, 2**80)
NAMES = st.sampled_from(["sampling/domain", "sampling/boundary", "initialization", "stein", "é"])
STEPS = st.integers(0, 2**64 - 1)
M = 2**64 - 1


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x64-10 as in figure 2 and table 2 of Salmon et al. (SC 2011), in Python integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2E7470EE14C6C93 * c0, 0xCA5A826395121157 * c2
        c0, c1, c2, c3 = (p1 >> 64) ^ c1 ^ k0, p1 & M, (p0 >> 64) ^ c3 ^ k1, p0 & M
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & M, (k1 + 0xBB67AE8584CAA73B) & M
    return c0, c1, c2, c3


def test_the_oracle_gives_the_known_answers() -> None:
    # The vectors "philox4x64 10" that the authors publish with Random123.
    assert philox((0, 0, 0, 0), (0, 0)) == (
        0x16554D9ECA36314C,
        0xDB20FE9D672D0FDC,
        0xD7E772CEE186176B,
        0x7E68B68AEC7BA23B,
    )
    assert philox((M, M, M, M), (M, M)) == (
        0x87B092C3013FE90B,
        0x438C3C67BE8D0224,
        0x9CC7D7C69CD777B6,
        0xA09CAEBF594F0BA0,
    )


@given(seed=SEEDS, name=NAMES, step=STEPS, count=st.integers(0, 40))
def test_the_words_are_philox_of_the_counter(seed: int, name: str, step: int, count: int) -> None:
    digest = hashlib.sha256(f"bitpde.stream.1\0{seed}\0{name}".encode()).digest()
    key = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")
    blocks = range(1, 1 + math.ceil(count / 4))
    words = [word for block in blocks for word in philox((block, 0, step, 0), key)]
    assert Stream(seed=seed, name=name).raw(count, step).tolist() == words[:count]


def test_the_first_words_stay_what_they_are() -> None:
    # A change here changes every trained network: the version tag in the key must then change.
    words = Stream(seed=0, name="stein").raw(3, step=0).tolist()
    assert words == [0xCEBF0990077C218B, 0x9A7C367BFE214E8E, 0xC4F810E4B4BB1F67]


@given(seed=SEEDS, name=NAMES, step=STEPS, rows=st.integers(0, 30), more=st.integers(0, 30))
def test_a_longer_draw_begins_with_the_shorter_one(
    seed: int, name: str, step: int, rows: int, more: int
) -> None:
    stream = Stream(seed=seed, name=name)
    for draw in (stream.uniform, stream.normal):
        assert (draw((rows + more, 3), step)[:rows] == draw((rows, 3), step)).all()


@given(first=st.tuples(SEEDS, NAMES, STEPS), second=st.tuples(SEEDS, NAMES, STEPS))
def test_streams_that_differ_in_anything_differ(
    first: tuple[int, str, int], second: tuple[int, str, int]
) -> None:
    # Equal first four words of unrelated streams would be a coincidence of 2^-256.
    words = [Stream(seed=s, name=n).raw(4, step).tolist() for s, n, step in (first, second)]
    assert (words[0] == words[1]) == (first == second)


@given(seed=SEEDS, step=STEPS)
def test_uniform_numbers_are_the_upper_53_bits(seed: int, step: int) -> None:
    stream = Stream(seed=seed, name="sampling/domain")
    numbers, words = stream.uniform((5, 2), step), stream.raw(10, step)
    assert [int(x * 2**53) for x in numbers.reshape(-1).tolist()] == [
        word >> 11 for word in words.tolist()
    ]
    assert ((numbers >= 0) & (numbers < 1)).all()


def test_normal_numbers_invert_the_normal_distribution() -> None:
    # 32 units in the last place of the result are granted to SciPy's approximation, far more than
    # its documented error and far less than any fault in the argument (which is exact) would make.
    stream = Stream(seed=7, name="stein")
    numbers, words = stream.normal((40,), 3), stream.raw(40, 3)
    with mpmath.workdps(40):
        for x, word in zip(numbers.tolist(), words.tolist(), strict=True):
            p = (mpmath.mpf(word >> 12) + mpmath.mpf(1) / 2) / 2**52
            exact = mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)
            assert abs(x - exact) <= 32 * 2.0**-53 * abs(exact)


def test_the_extreme_words_give_finite_normal_numbers() -> None:
    from scipy.special import ndtri

    for word in (0, 2**64 - 1):
        p = ((word >> 12) + 0.5) * 2.0**-52
        assert 0 < p < 1
        assert math.isfinite(ndtri(p))
        assert abs(ndtri(p)) < 8.21


@pytest.mark.parametrize("seed", [-1, 1.0, True, "0", None])
def test_a_seed_that_is_no_natural_number_is_refused(seed: object) -> None:
    with pytest.raises(RunError, match=r"Stream\.seed is .*give an integer of at least 0"):
        Stream(seed=seed, name="stein")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", 3])
def test_a_stream_without_a_name_is_refused(name: object) -> None:
    with pytest.raises(RunError, match=r"Stream\.name is"):
        Stream(seed=0, name=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [-1, 2**64, 0.0])
def test_a_step_outside_64_bits_is_refused(step: object) -> None:
    with pytest.raises(RunError, match="the step of a draw is"):
        Stream(seed=0, name="stein").raw(1, step)  # type: ignore[arg-type]
