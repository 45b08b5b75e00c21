"""Shift registers put out the recurrence of their taps, and have the period of their polynomial."""

import math
from dataclasses import replace
from itertools import combinations, groupby, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from number_theory import is_prime

from bitpde.emu import MAXIMAL_TAPS, DatapathError, FibonacciLFSR, GaloisLFSR, Readout, Shift
from bitpde.emu.random_bits import gf2

FORMS = [GaloisLFSR, FibonacciLFSR]
Register = GaloisLFSR | FibonacciLFSR


def mirror(state: int, width: int) -> int:
    return int(f"{state:0{width}b}"[::-1], 2)


@st.composite
def registers(draw: st.DrawFn, most: int = 64) -> Register:
    """Any register, with any taps."""
    width = draw(st.integers(2, most))
    others = draw(st.sets(st.integers(1, width - 1)))
    return draw(st.sampled_from(FORMS))(
        width=width,
        taps=tuple(sorted({width, *others}, reverse=True)),
        seed=draw(st.integers(1, 2**width - 1)),
        shift=draw(st.sampled_from(Shift)),
    )


def cycle_lengths(register: Register) -> list[int]:
    """Return the lengths of the cycles of all states but zero, by walking along each."""
    lengths, left = [], set(range(1, 2**register.width))
    while left:
        start = state = left.pop()
        length = 1
        while (state := register.clock(state)) != start:
            left.remove(state)
            length += 1
        lengths.append(length)
    return lengths


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shift", Shift)
@pytest.mark.parametrize("width", range(2, 21))
def test_maximal_taps_visit_every_state_but_zero(form: Any, shift: Shift, width: int) -> None:
    register = form(width=width, taps=MAXIMAL_TAPS[width], shift=shift)
    states = register.draw((2**width,), width)
    assert states[0] == states[-1] == 1
    assert np.array_equal(np.bincount(states[:-1], minlength=2**width), [0] + [1] * len(states[1:]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shift", Shift)
def test_the_common_16_bit_register_has_period_65535(form: Any, shift: Shift) -> None:
    # 1 + x^11 + x^13 + x^14 + x^16 from 0xACE1, mask 0xB400: the example of many textbooks.
    register = form(width=16, taps=(16, 14, 13, 11), seed=0xACE1, shift=shift)
    assert register.period == 65535
    assert len(np.unique(register.draw((65535,), 16))) == 65535
    assert register.after(65535) == register
    assert GaloisLFSR(width=16, taps=(16, 14, 13, 11)).mask == 0xB400


def test_the_primes_of_mersenne_numbers_are_all_of_them() -> None:
    assert all(is_prime(prime) for prime in gf2.PRIMES)
    assert len(set(gf2.PRIMES)) == len(gf2.PRIMES)
    for n in range(2, 65):
        rest = 2**n - 1
        for prime in gf2.PRIMES:
            while rest % prime == 0:
                rest //= prime
        assert rest == 1


@pytest.mark.parametrize("width", range(2, 65))
def test_maximal_taps_have_the_full_period_and_no_smaller_one(width: int) -> None:
    # The cycle of a state divides 2^width - 1 and no (2^width - 1) / prime: by jumps, not by order.
    full = 2**width - 1
    for register in (
        FibonacciLFSR(width=width, taps=MAXIMAL_TAPS[width]),
        GaloisLFSR(width=width, taps=MAXIMAL_TAPS[width], shift=Shift.LEFT),
    ):
        assert register.period == full
        assert register.after(full) == register
        for prime in gf2.PRIMES:
            if full % prime == 0 and full != prime:
                assert register.after(full // prime) != register


def test_the_period_is_the_longest_cycle_and_every_cycle_divides_it() -> None:
    for width in range(2, 8):
        others = range(1, width)
        for chosen in (c for n in range(width) for c in combinations(others, n)):
            taps = (width, *sorted(chosen, reverse=True))
            for form, shift in product(FORMS, Shift):
                register = form(width=width, taps=taps, shift=shift)
                lengths = cycle_lengths(register)
                assert max(lengths) == register.period
                assert all(register.period % length == 0 for length in lengths)


def test_the_order_is_found_by_multiplying_by_x() -> None:
    for p in range(3, 2**11, 2):
        power, n = gf2.divide(2, p)[1], 1
        one = gf2.divide(1, p)[1]
        while power != one:
            power, n = gf2.divide(power << 1, p)[1], n + 1
        assert gf2.order(p) == n


@given(a=st.integers(0, 2**64 - 1), b=st.integers(0, 2**64 - 1), p=st.integers(2, 2**65))
def test_polynomials_multiply_and_divide(a: int, b: int, p: int) -> None:
    quotient, rest = gf2.divide(a, p)
    assert rest.bit_length() < p.bit_length()
    carryless = [0, 0]
    for j in range(65):
        carryless[0] ^= (quotient << j) * (p >> j & 1)
        carryless[1] ^= (a << j) * (b >> j & 1)
    assert carryless[0] ^ rest == a
    reduced = gf2.multiply(gf2.divide(a, p)[1], gf2.divide(b, p)[1], p)
    assert reduced == gf2.divide(carryless[1], p)[1]


@pytest.mark.parametrize("width", range(3, 15))
@pytest.mark.parametrize("form", FORMS)
def test_maximal_sequences_are_balanced_and_have_the_runs_of_golomb(form: Any, width: int) -> None:
    register = form(width=width, taps=MAXIMAL_TAPS[width], readout=Readout.SERIAL)
    bits = register.draw((2**width - 1,), 1).tolist()
    assert sum(bits) == 2 ** (width - 1)
    start = next(i for i in range(len(bits)) if bits[i] != bits[i - 1])
    runs = [(bit, len(list(run))) for bit, run in groupby(bits[start:] + bits[:start])]
    counts = {run: runs.count(run) for run in set(runs)}
    expected = {
        (bit, length): 2 ** (width - 2 - length) for bit in (0, 1) for length in range(1, width - 1)
    }
    assert counts == {**expected, (0, width - 1): 1, (1, width): 1}


@pytest.mark.parametrize("width", range(2, 10))
@pytest.mark.parametrize("form", FORMS)
def test_a_maximal_sequence_plus_a_shift_of_it_is_a_shift_of_it(form: Any, width: int) -> None:
    register = form(width=width, taps=MAXIMAL_TAPS[width], readout=Readout.SERIAL)
    bits = register.draw((2**width - 1,), 1).astype(np.uint8)
    rotations = {np.roll(bits, k).tobytes() for k in range(len(bits))}
    assert len(rotations) == len(bits)
    for k in range(1, len(bits)):
        assert (bits ^ np.roll(bits, k)).tobytes() in rotations


@given(register=registers())
def test_what_leaves_is_the_recurrence_of_the_taps(register: Register) -> None:
    bits = replace(register, readout=Readout.SERIAL).draw((200,), 1).tolist()
    for n in range(register.width, 200):
        assert bits[n] == sum(bits[n - tap] for tap in register.taps) % 2


@given(register=registers())
def test_left_is_the_mirror_image_of_right(register: Register) -> None:
    width = register.width
    other = Shift.LEFT if register.shift is Shift.RIGHT else Shift.RIGHT
    reflected = replace(register, shift=other, seed=mirror(register.seed, width))
    for draws in (0, 1, 2, 77):
        assert reflected.state_after(draws)[0] == mirror(register.state_after(draws)[0], width)


@given(register=registers(), data=st.data())
def test_the_state_of_a_fibonacci_register_is_what_leaves_next(
    register: Register, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, min(32, register.width)))
    fibonacci = FibonacciLFSR(
        width=register.width, taps=register.taps, seed=register.seed, shift=register.shift
    )
    serial = replace(fibonacci, readout=Readout.SERIAL).draw((20,), count).tolist()
    if fibonacci.shift is Shift.LEFT:
        assert serial == replace(fibonacci, readout=Readout.HIGH).draw((20,), count).tolist()
    else:
        assert serial == [mirror(bits, count) for bits in fibonacci.draw((20,), count).tolist()]


@given(register=registers(), clocks=st.integers(1, 40))
def test_more_clocks_skip_draws(register: Register, clocks: int) -> None:
    often = register.draw((4 * clocks,), 2)
    assert np.array_equal(replace(register, clocks=clocks).draw((4,), 2), often[::clocks])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"width": 1, "taps": (1,)}, "choose 2 to 64"),
        ({"width": 65, "taps": (65,)}, "choose 2 to 64"),
        ({"taps": ()}, "fall from the width, 16, to 1"),
        ({"taps": (14, 13)}, "fall from the width"),
        ({"taps": (16, 13, 14)}, "fall from the width"),
        ({"taps": (16, 14, 14)}, "fall from the width"),
        ({"taps": (16, 0)}, "fall from the width"),
        ({"taps": (16, -1)}, "taps of a"),
        ({"seed": 0}, "a state of zero stays zero"),
        ({"seed": 2**16}, "an integer of 16 bits"),
        ({"clocks": 0}, "give at least 1"),
        ({"shift": "right"}, "give a Shift"),
        ({"readout": "low"}, "a Readout"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_a_register_that_cannot_be_is_refused(form: Any, change: Any, match: str) -> None:
    with pytest.raises(DatapathError, match=match):
        form(**{"width": 16, "taps": (16, 14, 13, 11), **change})


@pytest.mark.parametrize("form", FORMS)
def test_a_state_has_only_so_many_bits(form: Any) -> None:
    register = form(width=5, taps=(5, 3))
    with pytest.raises(DatapathError, match=r"6 bits from a state of 5: .* Readout\.SERIAL"):
        register.draw((1,), 6)
    assert replace(register, readout=Readout.SERIAL).draw((1,), 32).shape == (1,)


def test_every_width_has_taps() -> None:
    assert sorted(MAXIMAL_TAPS) == list(range(2, 65))
    assert math.prod(len(taps) % 2 == 0 for taps in MAXIMAL_TAPS.values()) == 1
