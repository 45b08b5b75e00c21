"""Data of the sorption column are functions of seed and number, and their certificates are true."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bitpde.pde import RunError
from bitpde.pde.data import (
    Certificate,
    ConstantColumns,
    SorptionEquation,
    SorptionFamily,
    VariedColumns,
    relative_l2_difference,
    solve_sorption,
)

SMALL = SorptionFamily(points=32, frames=3, end_time=100.0)
VARIED = replace(SMALL, columns=VariedColumns())
BOTH = pytest.mark.parametrize("family", [SMALL, VARIED], ids=["constant", "varied"])


@BOTH
def test_values_are_those_of_the_solution_at_the_centres(family: SorptionFamily) -> None:
    made, column = family.instance(0, 1), family.columns.draw(0, 1)
    x = (np.arange(32) + 0.5) / 32
    assert (made.axes[0] == x).all()
    assert (made.times == [0.0, 50.0, 100.0]).all()
    assert (made.values[0, :, 0] == column.at(x)).all()
    assert made.parameters == column.parameters
    # 32 * 15 cells have these centres among theirs; the difference is the error of 128 cells.
    fine = (np.arange(480) + 0.5) / 480
    exact = solve_sorption(column.equation, column.at(fine), made.times).values[:, 7::15]
    assert relative_l2_difference(made.values[..., 0], exact) <= 5e-4


@BOTH
def test_an_instance_depends_on_nothing_before_it(family: SorptionFamily) -> None:
    later = family.instance(0, 3)
    family.instance(0, 2)
    assert (later.values == family.instance(0, 3).values).all()
    for other in (family.instance(0, 2), family.instance(1, 3)):
        assert other.parameters != later.parameters
        assert relative_l2_difference(other.values, later.values) > 1e-3


@BOTH
def test_a_refined_family_has_the_same_functions(family: SorptionFamily) -> None:
    plain, finer = family.instance(0, 5), family.refined().instance(0, 5)
    assert family.refined() == replace(family, refinement=8, tolerance=1e-7 / 16)
    assert (plain.values[0] == finer.values[0]).all()
    assert (plain.axes[0] == finer.axes[0]).all()
    assert (plain.times == finer.times).all()
    assert 0 < relative_l2_difference(plain.values, finer.values) <= 5e-4


@BOTH
def test_the_certificate_is_true(family: SorptionFamily) -> None:
    certificate = family.certify(0, (0, 1))
    errors = []
    for number in (0, 1):
        better = replace(family, refinement=32, tolerance=1e-9).instance(0, number)
        errors.append(relative_l2_difference(family.instance(0, number).values, better.values))
    # Errors of order two: those of 8 times as many cells are 1/64.
    assert 0.9 * max(errors) <= certificate.estimated_error <= 1.2 * max(errors)
    assert certificate.order_in_space is not None
    assert abs(certificate.order_in_space - 2) <= 0.15
    assert certificate.order_in_time is None
    assert certificate.residual <= 1e-6
    # h^3 u_xxx of the layer at the inlet.
    assert certificate.boundary_error <= 0.02
    assert certificate.instances == (0, 1)
    assert Certificate.from_json(json.loads(json.dumps(certificate.to_json()))) == certificate


def test_constants_are_uniform() -> None:
    drawn = [ConstantColumns().draw(0, number) for number in range(400)]
    starts = np.array([column.parameters["initial"] for column in drawn])
    # Five standard deviations of the mean and of the mean square of 400 uniform numbers.
    assert abs(starts.mean() - 0.1) <= 5 * 0.2 / math.sqrt(12 * 400)
    assert abs((starts**2).mean() - 0.04 / 3) <= 5 * 0.04 * math.sqrt(4 / 45 / 400)
    assert (drawn[0].at(np.array([0.1, 0.9])) == starts[0]).all()
    assert drawn[0].equation == SorptionEquation()


def test_media_and_profiles_are_within_their_ranges() -> None:
    columns = VariedColumns()
    drawn = [columns.draw(0, number) for number in range(400)]
    x = np.linspace(0, 1, 11)
    for name in ("diffusivity", "capacity", "exponent"):
        low, high = getattr(columns, name)
        values = np.array([column.parameters[name] for column in drawn])
        assert [getattr(column.equation, name) for column in drawn] == values.tolist()
        assert low <= values.min() < values.max() <= high
        share = (values - low) / (high - low)
        if name != "exponent":
            share = np.log(values / low) / math.log(high / low)
        # Five standard deviations of the mean of 400 uniform numbers.
        assert abs(share.mean() - 0.5) <= 5 / math.sqrt(12 * 400)
    profiles = np.array([column.at(x) for column in drawn])
    assert 0 < profiles.min() < profiles.max() < 0.5
    g = np.array([[column.parameters[f"g_{k}"] for k in range(5)] for column in drawn])
    waves = g[:, :1] + sum(2 / k * g[:, k : k + 1] * np.cos(math.pi * k * x) for k in range(1, 5))
    assert np.abs(np.log(profiles / (0.5 - profiles)) - waves).max() <= 1e-11


def test_families_survive_json() -> None:
    for family in (SMALL, VARIED, SorptionFamily()):
        assert SorptionFamily.from_json(json.loads(json.dumps(family.to_json()))) == family


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"end_time": 0.0}, "SorptionFamily.end_time is 0.0: give a finite number above 0"),
        ({"points": 3}, "SorptionFamily.points is 3: give an integer of at least 4"),
        ({"frames": 1}, "SorptionFamily.frames is 1"),
        ({"refinement": 3}, "SorptionFamily.refinement is 3: give an even number"),
        ({"tolerance": 1.0}, "SorptionFamily.tolerance is 1.0"),
        ({"columns": None}, "SorptionFamily.columns is None: give Constant- or VariedColumns"),
    ],
)
def test_what_cannot_be_used_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RunError, match=said):
        replace(SMALL, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("ends", [(0.9, 0.8), (0.0, 1.0), (0.5,), 0.5, (0.5, math.inf)])
def test_what_is_no_range_is_refused(ends: object) -> None:
    with pytest.raises(RunError, match=r"VariedColumns.exponent is .*: give the two ends"):
        VariedColumns(exponent=ends)  # type: ignore[arg-type]


def test_nothing_is_certified_by_no_instance() -> None:
    with pytest.raises(RunError, match="give at least one number"):
        SMALL.certify(0, ())


@pytest.mark.exhaustive
@pytest.mark.parametrize("columns", [ConstantColumns(), VariedColumns()])
def test_the_default_families_are_good_to_5e_5(columns: ConstantColumns | VariedColumns) -> None:
    certificate = SorptionFamily(columns=columns).certify(0, (0, 1, 2, 3))
    assert certificate.estimated_error <= 5e-5
    assert certificate.residual <= 1e-7
    assert certificate.boundary_error <= 5e-5
