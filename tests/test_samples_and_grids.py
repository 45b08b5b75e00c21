"""Batches are permutations, pairs are consecutive frames, and interpolation is piecewise linear."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.pde import RunError, Stream
from bitpde.pde.operators import (
    Samples,
    Scaling,
    Units,
    averaged,
    coarsened,
    from_coefficient,
    interpolated,
    one_step,
)


@given(count=st.integers(1, 40), size=st.integers(1, 50), epoch=st.integers(0, 3))
def test_an_epoch_takes_every_sample_once(count: int, size: int, epoch: int) -> None:
    fields = np.arange(count, dtype=float).reshape(count, 1, 1)
    samples = Samples(inputs=fields, targets=-fields)
    stream = Stream(seed=3, name="batches")
    steps = samples.steps_per_epoch(size)
    batches = [samples.batch(stream, epoch * steps + k, size) for k in range(steps)]
    assert all(len(batch) == size for batch in batches[:-1])
    assert len(batches[-1]) >= 1
    seen = np.concatenate([batch.inputs for batch in batches]).ravel()
    assert sorted(seen.tolist()) == list(range(count))
    assert all((batch.targets == -batch.inputs).all() for batch in batches)


def test_epochs_differ_in_order() -> None:
    fields = np.arange(30.0).reshape(30, 1, 1)
    samples, stream = Samples(inputs=fields, targets=fields), Stream(seed=3, name="batches")
    orders = {tuple(samples.batch(stream, epoch, 30).inputs.ravel()) for epoch in range(5)}
    assert len(orders) == 5


@given(
    times=st.integers(2, 9), inputs=st.integers(1, 3), stride=st.integers(1, 3),
    plane=st.booleans(),
)  # fmt: skip
def test_a_pair_is_some_frames_and_the_next(
    times: int, inputs: int, stride: int, plane: bool
) -> None:
    space = (3, 2) if plane else (4,)
    values = np.arange(2 * times * np.prod(space) * 2, dtype=float).reshape(2, times, *space, 2)
    taken = range(0, times, stride)
    if len(taken) <= inputs:
        with pytest.raises(RunError, match="with more times"):
            one_step(values, inputs=inputs, stride=stride)
        return
    samples, number = one_step(values, inputs=inputs, stride=stride), 0
    for n, start in product(range(2), range(len(taken) - inputs)):
        frames = [values[n, taken[start + k]] for k in range(inputs)]
        assert (samples.inputs[number] == np.concatenate(frames, axis=-1)).all()
        assert (samples.targets[number] == values[n, taken[start + inputs]]).all()
        number += 1
    assert len(samples) == number


def test_a_coefficient_goes_with_the_last_frame() -> None:
    values = np.arange(24.0).reshape(2, 3, 4, 1)
    samples = from_coefficient(values[:, 0, :, 0], values)
    assert (samples.inputs == values[:, 0]).all()
    assert (samples.targets == values[:, 2]).all()


def test_fields_that_do_not_fit_are_refused() -> None:
    fields = np.zeros((2, 4, 1))
    with pytest.raises(RunError, match="have shapes"):
        Samples(inputs=fields, targets=np.zeros((2, 3, 1)))
    with pytest.raises(RunError, match=r"targets hold nan at \[1, 0, 0\]"):
        Samples(inputs=fields, targets=np.where(np.arange(2).reshape(2, 1, 1), np.nan, fields))
    with pytest.raises(RunError, match="no samples has no units"):
        Scaling.of(Samples(inputs=fields[:0], targets=fields[:0]))


def test_units_give_mean_0_and_variance_1_and_go_back() -> None:
    rng = np.random.default_rng(0)
    fields = rng.standard_normal((5, 7, 3)) * [1e-3, 1.0, 0.0] + [2.0, -1.0, 4.0]
    units = Units.of(fields)
    scaled = units.scaled(fields)
    # 35 numbers of order 1, each rounded to binary32 once; their sums in binary64 add less.
    assert np.allclose(scaled.mean(axis=(0, 1)), 0, atol=2.0**-22)
    assert np.allclose(scaled[..., :2].var(axis=(0, 1)), 1, atol=2.0**-21)
    assert not scaled[..., 2].any()
    back = units.restored(scaled)
    assert np.allclose(back, fields, rtol=0, atol=2.0**-22 * np.abs(fields - units.means).max() * 8)
    assert Units.from_json(units.to_json()) == units


@given(n=st.integers(1, 20), m=st.integers(1, 20), seed=st.integers(0, 2**32))
def test_interpolation_is_linear_between_centres_and_constant_at_the_ends(
    n: int, m: int, seed: int
) -> None:
    field = np.random.default_rng(seed).standard_normal((2, n, 3))
    found = interpolated(field, (m,), periodic=False)
    here, there = (np.arange(n) + 0.5) / n, (np.arange(m) + 0.5) / m
    for b, c in product(range(2), range(3)):
        # numpy.interp takes the slope first: a quotient, a product and a sum more, of numbers that
        # share 20 cells; places are off by a unit of 1.
        wanted = np.interp(there, here, field[b, :, c])
        assert np.allclose(found[b, :, c], wanted, rtol=0, atol=2.0**-53 * 40 * np.abs(field).max())


@given(n=st.integers(1, 12), factor=st.integers(1, 4), seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_a_periodic_axis_has_no_ends(n: int, factor: int, seed: int) -> None:
    # Turning the field by a cell of the coarse grid turns the interpolated one by as much.
    field = np.random.default_rng(seed).standard_normal((1, n * factor, 1))
    coarse = interpolated(field, (n,), periodic=True)
    turned = interpolated(np.roll(field, factor, axis=1), (n,), periodic=True)
    assert (turned == np.roll(coarse, 1, axis=1)).all()
    fine = interpolated(coarse, (n * factor,), periodic=True)
    moved = interpolated(np.roll(coarse, 1, axis=1), (n * factor,), periodic=True)
    assert (moved == np.roll(fine, factor, axis=1)).all()


def test_a_plane_is_interpolated_axis_by_axis() -> None:
    x, y = np.ogrid[0:6, 0:4]
    field = (2.0 * x + 3.0 * y + x * y).reshape(1, 6, 4, 1)
    found = interpolated(field, (3, 2), periodic=False)[0, :, :, 0]
    u, v = np.ogrid[0:3, 0:2]
    u, v = 2 * u + 0.5, 2 * v + 0.5
    assert (found == 2 * u + 3 * v + u * v).all()


@pytest.mark.parametrize("space", [(8,), (4, 8)])
def test_means_of_blocks_keep_the_mean_and_interpolation_aliases(space: tuple[int, ...]) -> None:
    signs = np.where(np.indices(space).sum(axis=0) % 2, -1.0, 1.0)[None, ..., None]
    assert not averaged(signs, 2).any()
    waves = np.resize([1.0, 0.0, 0.0, -5.0], space)[None, ..., None]
    assert (averaged(waves, 4) == -1.0).all()  # the mean of four
    assert not coarsened(waves, 4, periodic=True).any()  # the two cells in the middle alone


@pytest.mark.parametrize("call", [averaged, lambda f, r: coarsened(f, r, periodic=True)])
@pytest.mark.parametrize("factor", [0, 3])
def test_a_factor_divides_the_sides(call: Any, factor: int) -> None:
    with pytest.raises(RunError, match=r"grid of \(8,\) cells"):
        call(np.zeros((1, 8, 1)), factor)


def test_a_grid_has_cells() -> None:
    for fields, space in (
        ((1, 0, 1), (3,)),
        ((1, 4, 1), (0,)),
        ((1, 4, 1), (2, 2)),
        ((4, 1), (2,)),
    ):
        with pytest.raises(RunError, match="at least"):
            interpolated(np.zeros(fields), space, periodic=False)
