"""Darcy flow of a seed and a number is one function, and its certificate bounds what it is off."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bitpde.pde.data import (
    Certificate,
    DarcyCoefficient,
    DarcyFamily,
    ThresholdedBumps,
    ThresholdedField,
    relative_l2_difference,
    solve_darcy,
)
from bitpde.pde.data.darcy_coefficients import COEFFICIENTS
from bitpde.pde.data.darcy_family import at_centres, divided
from bitpde.pde.data.gaussian_fields import cosine_field, cosine_waves
from bitpde.pde.data.trajectory import Array
from bitpde.pde.errors import RunError

KINDS = [ThresholdedBumps(), ThresholdedField(modes=7)]
SMALL = DarcyFamily(points=8, refinement=4)


def middles(count: int) -> Array:
    return (np.arange(count) + 0.5) / count


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_coefficient_is_a_function_of_the_point(kind: DarcyCoefficient) -> None:
    # Every third centre of a grid three times as fine is a centre of the coarse one.
    for number in range(20):
        coarse, fine = (kind.cells(3, number, points) for points in (7, 21))
        assert (fine[1::3, 1::3] == coarse).all()
        assert set(np.unique(fine)) == {kind.low, kind.high}


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_each_seed_and_number_has_its_own(kind: DarcyCoefficient) -> None:
    cells = [kind.cells(seed, number, 16) for seed in (0, 1) for number in (0, 1)]
    for i, one in enumerate(cells):
        assert [(one == other).all() for other in cells].index(True) == i


def test_bumps_are_measured_from_their_mean() -> None:
    # The midpoint rule is off by h^2 / 24 times the mean of the Laplacian, here below
    # 5 bumps * 2 / 0.1^2 = 1000.
    for number in range(5):
        level = ThresholdedBumps().level(0, number, middles(256))
        assert abs(level.mean()) <= 1000 / 24 / 256**2
        assert level.std() > 0.01


def test_the_field_has_the_covariance_of_its_operator() -> None:
    # The field is linear in its normal numbers; the rows of L are the fields of unit vectors.  Sums
    # over midpoints integrate products of these cosines exactly, so L^T L holds s_k^2 = 1/(pi^2
    # |k|^2 + 9)^2 and nothing else.
    count, size = len(cosine_waves(4)), 12
    fields = [
        cosine_field(unit, middles(size), middles(size), shift=9.0, power=2.0).ravel()
        for unit in np.eye(count)
    ]
    gram = np.array(fields) @ np.array(fields).T / size**2
    expected = np.diag((np.pi**2 * (cosine_waves(4) ** 2).sum(axis=1) + 9) ** -2.0)
    assert np.abs(gram - expected).max() <= 1e-15


def test_cosines_have_no_flux_through_the_wall() -> None:
    # Differences of a millionth across the wall, where a sine would change by some 1e-5.
    normals, near = np.ones(len(cosine_waves(3))), np.array([0.0, 1e-6, 1 - 1e-6, 1.0])
    for x, y in ((near, middles(5)), (middles(5), near)):
        field = cosine_field(normals, x, y, shift=9.0, power=2.0)
        rows = field if x is near else field.T
        assert np.abs(rows[[0, 2]] - rows[[1, 3]]).max() < 1e-10


def test_a_longer_field_begins_with_the_shorter() -> None:
    assert (cosine_waves(9)[: len(cosine_waves(4))] == cosine_waves(4)).all()
    assert len({tuple(wave) for wave in cosine_waves(9).tolist()}) == 99


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_an_instance_is_the_same_alone_and_refined_at_the_same_points(
    kind: DarcyCoefficient,
) -> None:
    family = replace(SMALL, coefficient=kind)
    one, again, fine = (f.instance(0, 5) for f in (family, family, family.refined()))
    assert (one.values == again.values).all()
    assert one.coefficient is not None
    assert fine.coefficient is not None
    assert (one.coefficient == fine.coefficient).all()
    assert (one.axes[0] == fine.axes[0]).all()
    assert one.axes[0].tolist() == middles(8).tolist()
    assert 0 < relative_l2_difference(one.values, fine.values) < 0.05


def test_the_source_is_a_factor() -> None:
    # Exact for a power of two: every rounding is the same but for the exponent.
    ones, twos = (replace(SMALL, source=s).instance(0, 0).values for s in (1.0, 2.0))
    assert (twos == 2 * ones).all()


def test_cells_are_divided_and_looked_at_in_their_middle() -> None:
    x = np.add.outer(middles(4), 3 * middles(4))
    for parts in (1, 2, 3, 4, 5):
        fine = np.add.outer(middles(4 * parts), 3 * middles(4 * parts))
        assert np.abs(at_centres(fine, parts) - x).max() <= 1e-15
        assert (divided(x, parts)[parts // 2 :: parts, ::parts] == x).all()
        assert divided(x, parts).shape == (4 * parts, 4 * parts)


def test_the_certificate_says_what_was_measured_of_the_worst_instance() -> None:
    found = SMALL.certify(0, (0, 1))
    differences = [
        relative_l2_difference(SMALL.instance(0, n).values, SMALL.refined().instance(0, n).values)
        for n in (0, 1)
    ]
    assert found.self_convergence == pytest.approx(max(differences), rel=1e-9)
    assert found.estimated_error > found.self_convergence
    assert found.order_in_space is not None
    assert 1 < found.order_in_space < 2.1
    assert found.order_in_time is None
    assert found.residual < 1e-9
    assert found.boundary_error < 0.1
    assert Certificate.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert DarcyFamily.from_json(found.family) == SMALL


@pytest.mark.parametrize("kind", COEFFICIENTS.values())
def test_the_error_is_what_the_certificate_says(kind: type[DarcyCoefficient]) -> None:
    # Against a solution that is four times as fine, whose own error is less than a quarter.
    family = DarcyFamily(coefficient=kind(), points=8, refinement=4)  # type: ignore[call-arg]
    said = family.certify(0, (0,)).estimated_error
    true = replace(family, refinement=16).instance(0, 0).values
    error = relative_l2_difference(family.instance(0, 0).values, true)
    assert error / 2 <= said <= 3 * error
    assert said < 1e-2


@pytest.mark.parametrize("kind", COEFFICIENTS.values())
def test_extrapolation_is_worth_more_than_a_finer_grid(kind: type[DarcyCoefficient]) -> None:
    # Halving the cells would leave 2^-1.4 = 0.38 of the error of what is extrapolated.
    family = DarcyFamily(coefficient=kind(), points=16)  # type: ignore[call-arg]
    data, true = (f.instance(0, 0) for f in (family, replace(family, refinement=16)))
    assert data.coefficient is not None
    plain = at_centres(solve_darcy(divided(data.coefficient, 4), 1.0), 4)
    errors = [
        relative_l2_difference(u, true.values[0, ..., 0]) for u in (data.values[0, ..., 0], plain)
    ]
    assert errors[0] < 0.38 * errors[1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", COEFFICIENTS.values())
def test_data_are_ten_times_better_than_a_good_network(kind: type[DarcyCoefficient]) -> None:
    family = DarcyFamily(coefficient=kind())  # type: ignore[call-arg]
    assert family.certify(0, tuple(range(5))).estimated_error < 4e-4


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"points": 1}, "points is 1: give an integer of at least 2"),
        ({"refinement": 3}, "refinement is 3: give an even number"),
        ({"source": 0.0}, "source is 0.0: give a finite number above 0"),
        ({"coefficient": "bumps"}, "coefficient is 'bumps': give one of ThresholdedBumps, "),
    ],
)
def test_other_families_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RunError, match=said):
        replace(SMALL, **changes)  # type: ignore[arg-type]


def test_other_coefficients_are_refused() -> None:
    with pytest.raises(RunError, match="give low below high"):
        ThresholdedBumps(low=1.0, high=1.0)
    with pytest.raises(RunError, match=r"ThresholdedField\.modes is 0"):
        ThresholdedField(modes=0)
    with pytest.raises(RunError, match="give at least one number"):
        SMALL.certify(0, ())
