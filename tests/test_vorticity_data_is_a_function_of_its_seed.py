"""Vorticity of a seed and a number is one function, and its certificate says what it is off."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bitpde.pde.data import Certificate, VorticityFamily, relative_l2_difference
from bitpde.pde.data.gaussian_fields import torus_field, torus_waves
from bitpde.pde.data.trajectory import Array
from bitpde.pde.errors import RunError
from bitpde.pde.streams import Stream

SMALL = VorticityFamily(
    points=16, modes=5, frames=3, t_end=1.0, step=0.05, viscosity=0.01, scale=20.0
)


def middles(count: int) -> Array:
    return (np.arange(count) + 0.5) / count


def test_the_first_frame_is_a_sum_over_waves_at_the_centres_of_cells() -> None:
    # One wave at a time, from the numbers of the stream, in the order of the list of waves.
    normals = Stream(seed=4, name="data/vorticity").normal((len(torus_waves(5)), 2), step=7)
    x, y = middles(16)[:, None], middles(16)[None, :]
    total = np.zeros((16, 16))
    for (k, j), (even, odd) in zip(torus_waves(5).tolist(), normals, strict=True):
        size = 7**0.75 * (4 * math.pi**2 * (k**2 + j**2) + 49) ** -1.25
        q = 2 * math.pi * (k * x + j * y)
        total += size * math.sqrt(2) * (even * np.cos(q) + odd * np.sin(q))
    flow = SMALL.instance(4, 7)
    assert np.abs(flow.values[0, ..., 0] - 20 * total).max() <= 1e-14 * 20
    assert flow.axes[0].tolist() == flow.axes[1].tolist() == middles(16).tolist()
    assert flow.times.tolist() == [0.0, 0.5, 1.0]


def test_the_field_has_the_covariance_of_its_operator() -> None:
    # Rows of L are the fields of unit vectors; sums over 12 points integrate products of waves up
    # to 4 exactly, so that L L^T is diagonal, but for roundings of such sums.
    waves = torus_waves(4)
    units = np.eye(2 * len(waves)).reshape(-1, len(waves), 2)
    fields = [torus_field(unit, middles(12), middles(12), shift=49.0, power=2.5) for unit in units]
    rows = np.array(fields).reshape(len(fields), -1)
    expected = (4 * np.pi**2 * (waves**2).sum(axis=1) + 49).repeat(2) ** -2.5
    assert np.abs(rows @ rows.T / 144 - np.diag(expected)).max() <= 1e-14 * expected.max()


def test_a_longer_field_begins_with_the_shorter() -> None:
    assert (torus_waves(9)[: len(torus_waves(4))] == torus_waves(4)).all()
    both = {tuple(wave) for wave in np.concatenate([torus_waves(9), -torus_waves(9)]).tolist()}
    assert len(both) == 19**2 - 1


def test_from_rest_the_flow_is_laminar_and_known() -> None:
    # A force of one wave number drives a shear flow that does not transport itself:
    # w = f (1 - exp(-8 pi^2 nu t)) / (8 pi^2 nu), to order 4 in steps of the decay.
    rest = replace(SMALL, scale=0.0, points=8, modes=2)
    angle = 2 * math.pi * np.add.outer(middles(8), middles(8))
    rate = 8 * math.pi**2 * 0.01
    for frame, t in zip(rest.instance(0, 0).values[..., 0], (0.0, 0.5, 1.0), strict=True):
        exact = 0.1 * (np.sin(angle) + np.cos(angle)) * -math.expm1(-rate * t) / rate
        assert np.abs(frame - exact).max() <= (rate * 0.05) ** 4 * 0.2


def test_each_seed_and_number_has_its_own() -> None:
    first = [SMALL.instance(s, n).values for s in (0, 1) for n in (0, 1)]
    for i, one in enumerate(first):
        assert [(one == other).all() for other in first].index(True) == i
    assert (SMALL.instance(1, 0).values == first[2]).all()


def test_refined_is_the_same_function_at_the_same_points_and_times() -> None:
    one, fine = SMALL.instance(0, 5), SMALL.refined().instance(0, 5)
    assert SMALL.refined().refined().refinement == 4
    assert SMALL.refined().step == 0.025
    assert (one.axes[0] == fine.axes[0]).all()
    assert (one.times == fine.times).all()
    assert np.abs(one.values[0] - fine.values[0]).max() <= 1e-13
    assert 0 < relative_l2_difference(one.values, fine.values) < 1e-2


def test_the_certificate_says_what_was_measured_of_the_worst_instance() -> None:
    family = replace(SMALL, points=24, step=0.1, modes=4)
    found = family.certify(0, (0, 1))
    differences = [
        relative_l2_difference(family.instance(0, n).values, family.refined().instance(0, n).values)
        for n in (0, 1)
    ]
    assert found.self_convergence == pytest.approx(max(differences), rel=1e-12)
    true = replace(family, refinement=2, step=0.0125).instance(0, 0).values
    error = relative_l2_difference(family.instance(0, 0).values, true)
    assert 0.9 * error <= found.estimated_error < 1e-4
    assert found.order_in_time == pytest.approx(4, abs=0.2)
    assert found.order_in_space is None
    assert found.boundary_error == 0
    assert found.residual < 1e-5
    assert Certificate.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert VorticityFamily.from_json(found.family) == family


@pytest.mark.exhaustive
def test_data_of_the_default_are_solved_to_nine_digits() -> None:
    assert VorticityFamily().certify(0, (0,)).estimated_error < 1e-9
    chaotic = VorticityFamily(viscosity=1e-4, refinement=2, frames=6, t_end=5.0)
    assert chaotic.certify(0, (0,)).estimated_error < 1e-6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modes": 6}, "modes is 6: the solver's grid has 5 at most"),
        ({"frames": 1}, "frames is 1: give an integer of at least 2"),
        ({"viscosity": 0}, "viscosity is 0: give a finite number above 0"),
        ({"scale": -1.0}, "scale is -1.0: give a finite number of at least 0"),
        ({"forcing": math.nan}, "forcing is nan"),
        ({"refinement": 0}, "refinement is 0"),
    ],
)
def test_other_families_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RunError, match=said):
        replace(SMALL, **changes)  # type: ignore[arg-type]


def test_an_instance_that_cannot_be_solved_says_what_to_do() -> None:
    with pytest.raises(RunError, match="take half of it"):
        replace(SMALL, scale=1e4, step=0.5, t_end=100.0).instance(0, 0)
    with pytest.raises(RunError, match="give steps that divide it"):
        replace(SMALL, step=0.03).instance(0, 0)
    with pytest.raises(RunError, match="give at least one number"):
        SMALL.certify(0, ())
