"""Generators of random bits, clocked: lane by lane within a draw, draw by draw.

Each fills ``words``, (draw, lane), from the states of the lanes, which it moves on.  The
definitions are ``read`` and ``advance`` of the generators.
"""

from typing import Any

import numpy as np

from ...formats import kernel

_ONE = np.uint64(1)
_MULTIPLIER = np.uint64(6364136223846793005)
_STRIDE = np.uint32(362437)


@kernel
def clock_lfsr(state: Any, mask: Any, width: Any, galois: Any, right: Any) -> Any:
    """(state after one clock, bit that left); ``width`` is a uint64."""
    full = ~np.uint64(0) >> (np.uint64(64) - width)
    leaving = state & _ONE if right else state >> (width - _ONE)
    shifted = state >> _ONE if right else (state << _ONE) & full
    if galois:
        return shifted ^ (mask & (np.uint64(0) - leaving)), leaving
    parity = state & mask
    for half in (32, 16, 8, 4, 2, 1):
        parity ^= parity >> np.uint64(half)
    parity &= _ONE
    return shifted | (parity << (width - _ONE) if right else parity), leaving


@kernel
def fill_lfsr(
    states: Any, register: Any, clocks: Any, serial: Any, high: Any, count: Any, words: Any
) -> None:
    """Draws of shift registers; ``register`` is (mask, width, galois, right)."""
    mask, width, galois, right = register
    low = ~np.uint64(0) >> np.uint64(64 - count)
    shift = width - np.uint64(count) if high else np.uint64(0)
    for draw in range(words.shape[0]):
        for lane in range(words.shape[1]):
            state = states[lane]
            if serial:
                bits, later = np.uint64(0), state
                for _ in range(count):
                    later, leaving = clock_lfsr(later, mask, width, galois, right)
                    bits = bits << _ONE | leaving
            else:
                bits = state >> shift & low
            words[draw, lane] = np.uint32(bits)
            for _ in range(clocks):
                state, _leaving = clock_lfsr(state, mask, width, galois, right)
            states[lane] = state


@kernel
def fill_pcg32(states: Any, increments: Any, count: Any, words: Any) -> None:
    """Draws of PCG-XSH-RR 64/32."""
    dropped = np.uint32(32 - count)
    for draw in range(words.shape[0]):
        for lane in range(words.shape[1]):
            state = states[lane]
            shifted = np.uint32(((state >> np.uint64(18)) ^ state) >> np.uint64(27))
            rotation = np.uint32(state >> np.uint64(59))
            back = (np.uint32(32) - rotation) & np.uint32(31)
            word = np.uint32(shifted >> rotation | shifted << back)
            words[draw, lane] = word >> dropped
            states[lane] = state * _MULTIPLIER + increments[lane]


@kernel
def fill_xorwow(states: Any, count: Any, words: Any) -> None:
    """Draws of XORWOW; ``states`` are the rows x, y, z, w, v, d of 32-bit words."""
    dropped = np.uint32(32 - count)
    for draw in range(words.shape[0]):
        for lane in range(words.shape[1]):
            x, v = states[0, lane], states[4, lane]
            t = x ^ x >> np.uint32(2)
            last = np.uint32(v ^ v << np.uint32(4) ^ t ^ t << np.uint32(1))
            for place in range(4):
                states[place, lane] = states[place + 1, lane]
            states[4, lane] = last
            states[5, lane] += _STRIDE
            words[draw, lane] = np.uint32(last + states[5, lane]) >> dropped
