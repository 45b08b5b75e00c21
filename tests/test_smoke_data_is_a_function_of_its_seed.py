"""Smoke of a seed and a number is one function, and its certificate says what it is off."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bitpde.pde.data import Certificate, SmokeFamily, relative_l2_difference
from bitpde.pde.data.gaussian_fields import cosine_field, cosine_waves
from bitpde.pde.errors import RunError
from bitpde.pde.streams import Stream

SMALL = SmokeFamily(
    points=8, modes=2, frames=3, t_end=4.0, step=0.5, viscosity=1.0, diffusivity=1.0
)


def test_the_first_frame_is_smoke_at_rest() -> None:
    # g at the four cells around a centre, by their coordinates in the unit square.
    plume = SMALL.instance(1, 2)
    normals = Stream(seed=1, name="data/smoke").normal((len(cosine_waves(2)),), step=2)
    fine = (np.arange(16) + 0.5) / 16
    field = cosine_field(normals, fine, fine, shift=50.0, power=4.0)
    squares = (np.pi**2 * (cosine_waves(2) ** 2).sum(axis=1) + 50) ** -4.0
    cells = (1 + np.tanh(field / np.sqrt(squares.sum()))) / 2
    means = cells.reshape(8, 2, 8, 2).mean(axis=(1, 3))
    assert np.abs(plume.values[0, ..., 0] - means).max() <= 1e-14
    assert (plume.values[0, ..., 1:] == 0).all()
    assert plume.axes[0].tolist() == [2.0, 6.0, 10.0, 14.0, 18.0, 22.0, 26.0, 30.0]
    assert plume.times.tolist() == [0.0, 2.0, 4.0]


def test_smoke_rises_and_air_sinks() -> None:
    # The mean height of smoke grows, because lift acts along the second axis.
    plume = SMALL.instance(0, 0)
    heights = (plume.values[..., 0] * plume.axes[1]).mean(axis=(1, 2))
    assert heights[2] > heights[1] > heights[0]
    assert (plume.values[1, ..., 0] * plume.values[1, ..., 2]).mean() > 0


def test_the_total_of_smoke_is_kept() -> None:
    totals = SMALL.instance(0, 0).values[..., 0].sum(axis=(1, 2))
    assert np.abs(totals / totals[0] - 1).max() <= 1e-13


def test_each_seed_and_number_has_its_own() -> None:
    first = [SMALL.instance(s, n).values for s in (0, 1) for n in (0, 1)]
    for i, one in enumerate(first):
        assert [(one == other).all() for other in first].index(True) == i
    assert (SMALL.instance(1, 0).values == first[2]).all()


def test_refined_is_the_same_function_at_the_same_points_and_times() -> None:
    one, fine = SMALL.instance(0, 5), SMALL.refined().instance(0, 5)
    assert (SMALL.refined().refinement, SMALL.refined().step) == (4, 0.25)
    assert (one.axes[0] == fine.axes[0]).all()
    assert (one.times == fine.times).all()
    assert 0 < relative_l2_difference(one.values, fine.values) < 0.1


def test_the_certificate_says_what_was_measured_of_the_worst_instance() -> None:
    found = SMALL.certify(0, (0, 1))
    differences = [
        relative_l2_difference(SMALL.instance(0, n).values, SMALL.refined().instance(0, n).values)
        for n in (0, 1)
    ]
    assert found.self_convergence == pytest.approx(max(differences), rel=1e-12)
    assert found.order_in_space is not None
    assert 1.5 < found.order_in_space < 2.5
    assert found.residual <= 1e-12
    true = replace(SMALL, refinement=8, step=0.0625).instance(0, 0).values
    assert relative_l2_difference(SMALL.instance(0, 0).values, true) <= 1.2 * found.estimated_error
    assert Certificate.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert SmokeFamily.from_json(found.family) == SMALL


@pytest.mark.exhaustive
def test_data_of_the_default_are_solved_to_half_a_percent() -> None:
    assert SmokeFamily().certify(0, (0,)).estimated_error < 5e-3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"refinement": 3}, "refinement is 3: give an even number"),
        ({"frames": 1}, "frames is 1: give an integer of at least 2"),
        ({"modes": 8}, "modes is 8: the solver's grid has 7 at most"),
        ({"diffusivity": 0}, "diffusivity is 0: give a finite number above 0"),
    ],
)
def test_other_families_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RunError, match=said):
        replace(SMALL, **changes)  # type: ignore[arg-type]
