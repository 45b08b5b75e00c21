"""The odd and even parts of differences of tanh are the formulas, rounded as they are written."""

from typing import Any

import numpy as np
from emu_cases import same_bits
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu import Tape, ops, preset
from bitpde.emu.functions import differences
from bitpde.emu.functions.vector_unit import ordered_sum, tanh

Array = NDArray[Any]


def formulas(p: Array, odd: Array, even: Array) -> tuple[Array, Array]:
    """Both parts from the tangents, by the formulas at the head of `differences`."""
    slope, turn, steep = 1 - p * p, even * even, odd * odd
    below = 1 - turn * steep + 2 * p * (even * (1 - steep)) + p * p * (turn - steep)
    upper = slope * odd * (1 - turn)
    return upper / below, slope * (even * (1 - steep) + p * (turn - steep)) / below


def slopes(p: Array, parts: Array, g: Array) -> tuple[Array, Array]:
    """Gradients after a, summed over the groups of a row in order, and after the parts of b."""
    odd, even = parts
    whole = p + even
    own, other = 1 - whole * whole - odd * odd, -2 * whole * odd
    steady = -even * (2 * p + even) - odd * odd
    of_base = ordered_sum(g[0] * other + g[1] * steady, 1)
    return of_base, np.stack([g[0] * own + g[1] * other, g[0] * other + g[1] * own])


@given(
    st.sampled_from(["fp32", "exact"]), st.integers(1, 3), st.integers(0, 5), st.integers(1, 19),
    st.sampled_from([1e-4, 0.01, 0.3]), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_they_and_their_slopes_are(
    machine: str, rows: int, count: int, width: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)  # tangents below 0.3 leave denominators above 0.3
    tape = Tape(preset(machine))
    base = tape.parameter(rng.normal(size=(rows, width)))
    steps = tape.parameter(scale * rng.uniform(-1, 1, (2 * rows * count, width)))
    p, tangents = tanh(base.value[:, None]), tanh(steps.value).reshape(2, rows, count, width)
    found = ops.tanh_parts(base, steps)
    parts = found.value.reshape(2, rows, count, width)
    assert same_bits(parts, np.stack(formulas(p, *tangents)))
    g = rng.normal(size=found.shape).astype(found.value.dtype)
    of_base, of_steps = tape.pullback(found, g, [base, steps])
    wanted = slopes(p, parts, g.reshape(parts.shape))
    assert same_bits(of_base, wanted[0])
    assert same_bits(of_steps, wanted[1].reshape(of_steps.shape))


def test_rows_that_are_not_for_use_are_told() -> None:
    p = np.array([[[0.9, 0.1]], [[0.999, 0.1]]])
    tangents = np.stack([np.full((2, 3, 2), 0.01), np.full((2, 3, 2), -0.999)])
    parts, near = differences.tanh_parts(p, tangents)
    assert near is not None
    assert near.tolist() == [[[True, False]] * 3] * 2
    assert same_bits(parts[:, ~near], np.stack(formulas(p, *tangents))[:, ~near])
