"""Clocked generators give the published numbers, and a draw is a function of its position alone."""

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from number_theory import is_prime

from bitpde.emu import (
    BIT_SOURCE_KINDS,
    PCG32,
    BitGenerator,
    DatapathError,
    FibonacciLFSR,
    GaloisLFSR,
    Lanes,
    Readout,
    Shift,
    Xorwow,
    jumped_lanes,
    seeded_lanes,
)
from bitpde.emu.random_bits import source as bit_source
from bitpde.formats import (
    INT8,
    Cast,
    RandomBits,
    Rounding,
    spec_from_json,
    spec_to_json,
)

#: "32bit" lines of rounds 1 to 5 in test-high/expected/check-pcg32.out of imneme/pcg-c: after six
#: numbers a round tosses 65 coins, rolls 33 dice and shuffles 52 cards.
PCG32_DEMO = """
    a15c02b7 7b47f409 ba1d3330 83d2f293 bfa4784b cbed606e
    74ab93ad 1c1da000 494ff896 34462f2f d308a3e5 0fa83bab
    39af5f9f 04196b18 c3c3eb28 c076c60c c693e135 f8f63932
    55ce6851 97a7726d 17e10815 58007d43 962fb148 b9bb55bd
    fcef7cd6 1b488b5a d0daf7ea 1d9a70f7 241a37cf 9a3857b7
"""
PCG32_ROUND = 6 + 65 + 33 + 51
#: Xorshift192 in the unit tests of std/random.d of dlang/phobos, from Marsaglia's initial state.
XORWOW_FIRST = [
    *(246875399, 3690007200, 1264581005, 3906711041, 1866187943),
    *(2481925219, 2464530826, 1604040631, 3653403911),
]
#: The primes of 2^160 - 1 (Brillhart et al.); all but 5 occur once.
PRIMES_160 = [
    *(3, 5, 5, 11, 17, 31, 41, 257, 61681, 65537, 414721, 4278255361, 44479210368001),
]

REGISTERS = [
    GaloisLFSR(width=16, taps=(16, 14, 13, 11), seed=0xACE1),
    GaloisLFSR(width=33, taps=(33, 20), seed=5, shift=Shift.LEFT, readout=Readout.HIGH, clocks=3),
    GaloisLFSR(width=64, taps=(64, 63, 61, 60), seed=2**64 - 1, readout=Readout.SERIAL, clocks=20),
    FibonacciLFSR(width=16, taps=(16, 15, 13, 4), seed=1, shift=Shift.LEFT),
    FibonacciLFSR(width=64, taps=(64, 63, 61, 60), seed=7, readout=Readout.HIGH, clocks=2),
    FibonacciLFSR(width=5, taps=(5, 3), shift=Shift.LEFT, readout=Readout.SERIAL, clocks=13),
    FibonacciLFSR(width=32, taps=(32, 22, 2, 1), seed=2**31, readout=Readout.SERIAL),
]
GENERATORS: list[BitGenerator] = [PCG32(seed=42, sequence=54), Xorwow(), *REGISTERS]


def names(generator: Any) -> str:
    return f"{type(generator).__name__}{getattr(generator, 'width', '')}"


def most_bits(generator: BitGenerator) -> int:
    serial = getattr(generator, "readout", Readout.SERIAL) is Readout.SERIAL
    return 32 if serial else min(32, getattr(generator, "width", 32))


def defined(generator: BitGenerator, count: int, size: int) -> list[int]:
    """Return the first draws by the definition, in Python integers."""

    def run() -> Any:
        state = generator.state_after(0)
        while True:
            yield generator.read(state, count)
            state = generator.advance(state)

    return list(islice(run(), size))


def test_pcg32_gives_the_numbers_of_the_demonstration() -> None:
    generator = PCG32(seed=42, sequence=54)
    for place, row in enumerate(PCG32_DEMO.strip().splitlines()):
        expected = [int(word, 16) for word in row.split()]
        assert generator.draw_from(place * PCG32_ROUND, 6, 32).tolist() == expected


def test_xorwow_gives_the_numbers_of_another_implementation() -> None:
    assert Xorwow().draw((9,), 32).tolist() == XORWOW_FIRST


def test_xorwow_is_the_listing_of_the_paper() -> None:
    # Marsaglia 2003, section 3.1, in exact integers, reduced where a C word would be.
    x, y, z, w, v, d = 123456789, 362436069, 521288629, 88675123, 5783321, 6615241
    words = []
    for _ in range(2000):
        t = x ^ (x // 4)
        x, y, z, w = y, z, w, v
        v = (v ^ (v * 16 % 2**32)) ^ (t ^ (t * 2 % 2**32))
        d = (d + 362437) % 2**32
        words.append((d + v) % 2**32)
    assert Xorwow().draw((2000,), 32).tolist() == words


def test_xorwow_repeats_after_its_period_and_no_sooner() -> None:
    full = math.prod(PRIMES_160)
    assert full == 2**160 - 1
    assert all(is_prime(prime) for prime in PRIMES_160)
    start = Xorwow()
    assert start.state_after(full)[:5] == start.words
    assert all(start.state_after(full // prime)[:5] != start.words for prime in PRIMES_160)
    # The counter has the period 2^32, since its stride is odd; that is prime to 2^160 - 1.
    assert start.period == full * 2**32
    assert start.after(start.period) == start
    assert start.after(start.period // 2) != start


def test_pcg32_repeats_after_its_period_and_no_sooner() -> None:
    start = PCG32(seed=3, sequence=2**63 - 1)
    assert start.period == 2**64
    assert start.after(2**64) == start
    assert start.after(2**63) != start  # the period divides a power of two


@pytest.mark.parametrize("generator", GENERATORS, ids=names)
def test_compiled_draws_are_the_defined_ones(generator: BitGenerator) -> None:
    for count in {1, 2, most_bits(generator) // 2, most_bits(generator)}:
        expected = defined(generator, count, 300)
        assert generator.draw((300,), count).tolist() == expected
        assert max(expected) < 2**count


def test_without_compilation_the_draws_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = [seeded_lanes(generator, 3, seed=7) for generator in GENERATORS]
    compiled = [source.draw_from(10**9, 50, 5).tolist() for source in lanes]
    monkeypatch.setattr(bit_source, "kernels_are_compiled", lambda: False)
    assert [source.draw_from(10**9, 50, 5).tolist() for source in lanes] == compiled


@settings(max_examples=40)
@given(generator=st.sampled_from(GENERATORS), draws=st.integers(0, 400))
def test_a_jump_is_as_many_draws(generator: BitGenerator, draws: int) -> None:
    state = generator.state_after(0)
    for _ in range(draws):
        state = generator.advance(state)
    assert generator.state_after(draws) == state
    assert generator.after(draws).state_after(0) == state


@settings(max_examples=40)
@given(generator=st.sampled_from(GENERATORS), a=st.integers(0, 2**100), b=st.integers(0, 2**100))
def test_jumps_add(generator: BitGenerator, a: int, b: int) -> None:
    assert generator.after(a).after(b) == generator.after(a + b)


@settings(max_examples=60)
@given(
    generator=st.sampled_from(GENERATORS),
    count=st.integers(1, 5),
    lanes=st.integers(1, 9),
    first=st.integers(0, 2**60),
    size=st.integers(0, 70),
    cut=st.integers(0, 70),
)
def test_a_draw_is_a_function_of_its_position(
    generator: BitGenerator, count: int, lanes: int, first: int, size: int, cut: int
) -> None:
    source = seeded_lanes(generator, lanes, seed=3)
    whole = source.draw_from(first, size, count)
    assert whole.dtype == np.uint32
    cut = min(cut, size)
    parts = source.draw_from(first, cut, count), source.draw_from(first + cut, size - cut, count)
    assert np.array_equal(np.concatenate(parts), whole)
    for place, value in enumerate(whole.tolist()):
        draw, lane = divmod(first + place, lanes)
        state = source.lanes[lane].state_after(draw)
        assert source.lanes[lane].read(state, count) == value


@pytest.mark.parametrize("generator", GENERATORS, ids=names)
def test_shape_is_only_shape_and_fewer_bits_are_defined(generator: BitGenerator) -> None:
    source = seeded_lanes(generator, 4, seed=0)
    drawn = source.draw((3, 5, 2), 5)
    assert np.array_equal(drawn.reshape(-1), source.draw((100,), 5)[:30])
    assert source.draw((2, 2), 0).tolist() == [[0, 0], [0, 0]]
    assert source.draw((0, 7), 3).shape == (0, 7)
    fewer, more = source.draw((50,), 2), source.draw((50,), 5)
    low = getattr(generator, "readout", None) is Readout.LOW
    assert np.array_equal(fewer, more & 3 if low else more >> 3)


@pytest.mark.parametrize("generator", GENERATORS, ids=names)
def test_lanes_dealt_out_of_one_sequence_are_that_sequence(generator: BitGenerator) -> None:
    # Leapfrogging: lane l has the draws l, l + 4, l + 8, ...
    whole = generator.draw((80,), 4)
    for lane in range(4):
        dealt = [generator.after(lane + 4 * k).draw((1,), 4)[0] for k in range(20)]
        assert np.array_equal(whole[lane::4], dealt)
    blocks = jumped_lanes(generator, 4, 20).draw((20, 4), 4)
    assert np.array_equal(blocks.T.reshape(-1), whole)


def test_seeded_lanes_take_their_states_from_philox() -> None:
    words = RandomBits(seed=9, stream="unit").draw((3, 8), 32).tolist()
    lanes = [seeded_lanes(generator, 3, seed=9, stream="unit").lanes for generator in GENERATORS]
    assert lanes[0] == tuple(
        PCG32(seed=row[0] + 2**32 * row[1], sequence=(row[2] + 2**32 * row[3]) // 2)
        for row in words
    )
    assert lanes[1] == tuple(Xorwow(words=tuple(row[:5]), counter=row[5]) for row in words)
    for group, register in zip(lanes[2:], REGISTERS, strict=True):
        states = [1 + (row[0] + 2**32 * row[1]) % (2**register.width - 1) for row in words]
        assert [lane.state_after(0) for lane in group] == [(state,) for state in states]


@pytest.mark.parametrize("generator", GENERATORS, ids=names)
def test_a_cast_rounds_up_where_fraction_and_bits_make_a_carry(generator: BitGenerator) -> None:
    bits = seeded_lanes(generator, 16, seed=1).draw((40, 9), 5)
    fractions = np.arange(360).reshape(40, 9) % 32
    cast = Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=5)
    codes = cast.encode(7 + fractions / 32, bits=bits).codes
    assert np.array_equal(codes, 7 + (fractions + bits.astype(int) >= 32))


@pytest.mark.parametrize(
    "source", [*GENERATORS, *(seeded_lanes(g, 2, seed=0) for g in GENERATORS)], ids=names
)
def test_a_source_is_plain_data(source: Any) -> None:
    assert spec_from_json(spec_to_json(source), BIT_SOURCE_KINDS) == source
    assert eval(repr(source), {**BIT_SOURCE_KINDS, "Shift": Shift, "Readout": Readout}) == source
    assert hash(source) == hash(spec_from_json(spec_to_json(source), BIT_SOURCE_KINDS))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: PCG32(seed=-1, sequence=0), "seed of a PCG32 is -1: give an integer of 64 bits"),
        (lambda: PCG32(seed=2**64, sequence=0), "64 bits"),
        (lambda: PCG32(seed=0, sequence=2**63), "sequence of a PCG32 .* 63 bits"),
        (lambda: PCG32(seed=True, sequence=0), "seed of a PCG32 is True"),
        (lambda: Xorwow(words=(0, 0, 0, 0, 0)), "five that are not all zero"),
        (lambda: Xorwow(words=(1, 2, 3, 4)), "give five"),
        (lambda: Xorwow(counter=2**32), "counter of a Xorwow"),
        (lambda: Xorwow().draw((2,), 33), "a draw of 33 bits: choose 0 to 32"),
        (lambda: Xorwow().draw((2,), -1), "choose 0 to 32"),
        (lambda: Xorwow().draw_from(-1, 2, 3), "give none below 0"),
        (lambda: Lanes(lanes=()), "at least one generator"),
        (lambda: Lanes(lanes=(RandomBits(seed=0),)), "at least one generator"),  # type: ignore[arg-type]
        (lambda: Lanes(lanes=(Xorwow(), GENERATORS[0])), "differ in their state alone"),
        (lambda: Lanes(lanes=(REGISTERS[0], REGISTERS[1])), "lane 1 is .*state alone"),
    ],
)
def test_bad_input_is_refused(make: Any, match: str) -> None:
    with pytest.raises(DatapathError, match=match):
        make()
