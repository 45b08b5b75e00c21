"""Burgers' data are functions of seed and number, and their certificates tell their errors."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from bitpde.pde import RunError
from bitpde.pde.data import (
    BurgersFamily,
    Certificate,
    GaussianField,
    SineWaves,
    burgers_reference,
    observed_order,
    relative_l2_difference,
)
from bitpde.pde.data.burgers_budget import energy_imbalance

SMALL = BurgersFamily(diffusivity=0.02, points=32, frames=4, end_time=0.3, refinement=8, steps=40)
FIELD = BurgersFamily(
    initial=GaussianField(modes=8), diffusivity=0.1, points=32, frames=3, end_time=0.2, steps=80
)


def reference(family: BurgersFamily, seed: int, number: int, frame: int) -> np.ndarray:
    """The exact values of a frame at the centres of its cells."""
    start = family.initial.draw(seed, number)
    x = (np.arange(family.points) + 0.5) / family.points
    t = frame * family.end_time / (family.frames - 1)
    return burgers_reference(start.at, x, t, diffusivity=family.diffusivity, breaks=start.breaks)


def test_nu_of_the_published_files_is_divided_by_pi() -> None:
    # Their 0.01; Basdevant et al. (1986) have this number as well.
    assert BurgersFamily().diffusivity == 0.003183098861837907


@pytest.mark.parametrize("family", [SMALL, FIELD], ids=["waves", "field"])
def test_values_are_those_of_the_solution_at_the_centres(family: BurgersFamily) -> None:
    made = family.instance(seed=1, number=0)
    assert (made.axes[0] == (np.arange(32) + 0.5) / 32).all()
    assert (made.times == np.linspace(0, family.end_time, family.frames)).all()
    for frame in range(family.frames):
        exact = reference(family, 1, 0, frame)
        # ETDRK4 with these steps; the start is exact.
        assert relative_l2_difference(made.values[frame, :, 0], exact) <= 1e-8 * (frame > 0)


def test_an_instance_depends_on_nothing_before_it() -> None:
    later = SMALL.instance(0, 3)
    SMALL.instance(0, 2)
    again = SMALL.instance(0, 3)
    assert (later.values == again.values).all()
    assert later.parameters == again.parameters
    for other in (SMALL.instance(0, 2), SMALL.instance(1, 3)):
        assert relative_l2_difference(other.values, later.values) > 0.1


def test_a_refined_family_has_the_same_functions() -> None:
    plain, finer = SMALL.instance(0, 5), SMALL.refined().instance(0, 5)
    assert SMALL.refined() == replace(SMALL, refinement=16, steps=80)
    assert (plain.values[0] == finer.values[0]).all()
    assert (plain.axes[0] == finer.axes[0]).all()
    assert (plain.times == finer.times).all()
    # ETDRK4: 2.7e-8 of the one is left in the other, and a sixteenth of it in that.
    assert 0 < relative_l2_difference(plain.values, finer.values) <= 1e-7


def test_waves_are_what_the_table_says() -> None:
    drawn = [SineWaves().draw(0, number).parameters for number in range(600)]
    sizes = np.array([[each["amplitude_0"], each["amplitude_1"]] for each in drawn])
    waves = np.array([[each["wave_0"], each["wave_1"]] for each in drawn])
    phases = np.array([[each["phase_0"], each["phase_1"]] for each in drawn])
    signs = np.array([each["absolute_sign"] for each in drawn])
    windows = np.array([each["windowed"] for each in drawn])
    # Five standard deviations: of the mean of 1200 uniform numbers, and of counts of 1200 and 600.
    assert abs(sizes.mean() - 0.5) <= 5 / math.sqrt(12 * 1200)
    assert abs(phases.mean() - math.pi) <= 5 * 2 * math.pi / math.sqrt(12 * 1200)
    assert all(abs((waves == k).sum() - 300) <= 5 * 15 for k in (1, 2, 3, 4))
    for count in ((signs != 0).sum(), windows.sum()):
        assert abs(count - 60) <= 5 * math.sqrt(600 * 0.09)
    assert {-1.0, 0.0, 1.0} == set(signs)
    assert 0 < sizes.min() < sizes.max() < 1


@pytest.mark.parametrize("waves", [1, 2, 5])
def test_waves_are_their_formula_with_all_corners_told(waves: int) -> None:
    x = np.arange(20000) / 20000
    for number in range(8):
        made = SineWaves(waves=waves, absolute=1.0, windowed=0.0).draw(3, number)
        p = made.parameters
        terms = (
            p[f"amplitude_{i}"] * np.sin(2 * math.pi * p[f"wave_{i}"] * x + p[f"phase_{i}"])
            for i in range(waves)
        )
        plain = sum(terms)
        assert np.abs(made.at(x) - p["absolute_sign"] * np.abs(plain)).max() <= 1e-14
        turns = x[plain * np.roll(plain, -1) < 0] + 0.5 / x.size
        away = np.abs(turns[:, None] - np.array(made.breaks))
        assert np.minimum(away, 1 - away).min(axis=1).max() <= 0.6 / x.size
        # At a corner there is a zero: roots of a polynomial of degree 8 to 1e-10, slopes below 126.
        assert np.abs(made.at(np.array(made.breaks))).max() <= 1e-7


def test_windows_are_smooth_and_keep_a_middle() -> None:
    x = np.linspace(0, 1, 1001)
    for number in range(8):
        made = SineWaves(absolute=0.0, windowed=1.0).draw(0, number)
        plain = SineWaves(absolute=0.0, windowed=0.0).draw(0, number)
        share = made.at(x) / plain.at(x)
        start, end = made.parameters["window_start"], made.parameters["window_end"]
        assert 0.1 <= start < 0.45 < 0.55 <= end < 0.9
        assert ((share >= 0) & (share <= 1 + 2.0**-50)).all()
        assert ((share > 0.5) == ((x > start) & (x < end))).all()
        # A tenth within, that is 5 widths, 1 is approached, and 0 outside; tanh(5 / ...) of the
        # narrowest window, 0.1 wide, is only half as steep at its middle.
        assert share[(x < start - 0.09) | (x > end + 0.09)].max(initial=0.0) <= 0.02
        assert share[np.abs(x - (start + end) / 2) < 0.01].min() >= 0.9


def test_every_initial_value_has_period_one() -> None:
    x = np.linspace(0, 1, 50)
    for kind in (SineWaves(absolute=0.5, windowed=0.5), GaussianField(modes=20)):
        for number in range(8):
            at = kind.draw(0, number).at
            # Angles of up to 2 pi 20 are rounded.
            assert np.abs(at(x) - at(x + 1)).max() <= 1e-13


def test_the_gaussian_field_has_its_covariance() -> None:
    x = np.arange(64) / 64
    fields = np.array([GaussianField(modes=6).draw(0, number).at(x) for number in range(400)])
    power = np.abs(np.fft.rfft(fields) / 64) ** 2
    for k in range(1, 7):
        # |c_k|^2 is half the variance of each of two coefficients, chi-squared with 2 degrees
        # over 2: 400 have a mean within 5 / sqrt(400) of it.
        wanted = 625 / ((2 * math.pi * k) ** 2 + 25) ** 2
        assert abs(power[:, k].mean() / wanted - 1) <= 0.25
    assert power[:, 7:].max() <= 1e-28
    assert np.abs(fields.mean(axis=1)).max() <= 1e-15


def test_the_certificate_of_waves_is_true() -> None:
    certificate = SMALL.certify(1, (0, 4))
    errors = [
        relative_l2_difference(
            SMALL.instance(1, number).values[..., 0],
            np.array([reference(SMALL, 1, number, frame) for frame in range(4)]),
        )
        for number in (0, 4)
    ]
    # Where it has an exact solution it has this very number, or more by its self-convergence.
    assert max(errors) <= certificate.estimated_error <= 1.2 * max(errors) + 1e-12
    assert certificate.self_convergence <= 1e-8
    assert certificate.order_in_time is not None
    assert abs(certificate.order_in_time - 4) <= 0.3
    assert certificate.order_in_space is None
    assert certificate.residual <= 1e-6
    assert certificate.boundary_error <= 1e-14
    assert certificate.instances == (0, 4)
    assert Certificate.from_json(json.loads(json.dumps(certificate.to_json()))) == certificate


def test_the_certificate_tells_of_a_grid_that_is_too_coarse() -> None:
    coarse = replace(SMALL, diffusivity=0.002, refinement=1, steps=8)
    certificate = coarse.certify(1, (0,))
    exact = np.array([reference(coarse, 1, 0, frame) for frame in range(4)])
    error = relative_l2_difference(coarse.instance(1, 0).values[..., 0], exact)
    assert error > 1e-3
    assert error <= certificate.estimated_error <= 2 * error


def test_the_energy_that_is_lost_went_into_viscosity() -> None:
    x = np.arange(256) / 256
    wave = np.sin(2 * math.pi * x) + 0.5 * np.cos(4 * math.pi * x)
    given = {"diffusivity": 0.02, "interval": 0.1, "frames": 4}
    gaps = [energy_imbalance(wave, steps=steps, **given) for steps in (40, 80)]
    # Simpson's rule and ETDRK4 are of order four.
    assert 12 <= gaps[0] / gaps[1] <= 20
    assert gaps[1] <= 1e-8
    # A truncated series keeps this budget too.
    assert energy_imbalance(wave[::8], steps=80, **given) <= 1e-8


def test_families_survive_json() -> None:
    for family in (SMALL, FIELD, BurgersFamily()):
        assert BurgersFamily.from_json(json.loads(json.dumps(family.to_json()))) == family


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"diffusivity": -1.0}, "BurgersFamily.diffusivity is -1.0: give a finite number above 0"),
        ({"end_time": math.nan}, "BurgersFamily.end_time is nan"),
        ({"points": 3}, "BurgersFamily.points is 3: give an integer of at least 4"),
        ({"frames": 1}, "BurgersFamily.frames is 1"),
        ({"refinement": 0}, "BurgersFamily.refinement is 0"),
        ({"steps": 9}, "BurgersFamily.steps is 9: give an even number"),
        ({"initial": "waves"}, "BurgersFamily.initial is 'waves': give SineWaves or"),
    ],
)
def test_what_cannot_be_used_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RunError, match=said):
        replace(SMALL, **changes)  # type: ignore[arg-type]


def test_nothing_is_certified_by_no_instance() -> None:
    with pytest.raises(RunError, match="give at least one number"):
        SMALL.certify(0, ())


def test_errors_and_orders_are_their_definitions() -> None:
    a, b = np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]])
    assert relative_l2_difference(b, a) == 0.1
    exact = np.array([1.0, -2.0, 0.5])
    for order in (1, 2, 4):
        levels = [exact + np.array([0.3, 0.1, -0.2]) * h**order for h in (0.4, 0.2, 0.1)]
        assert abs(observed_order(*levels) - order) <= 1e-12
    with pytest.raises(RunError, match="no relative size"):
        relative_l2_difference(exact, 0 * exact)
    with pytest.raises(RunError, match="no relative size"):
        relative_l2_difference(exact * math.nan, exact)
    with pytest.raises(RunError, match="show no order"):
        observed_order(a, b, b)
    with pytest.raises(RunError, match=r"solutions of shapes \(1, 2\) and \(3,\)"):
        relative_l2_difference(a, exact)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("family", "numbers", "most"),
    [
        (BurgersFamily(), (0, 2, 9), 2e-5),
        (BurgersFamily(diffusivity=0.001 / math.pi, refinement=16, steps=80), (2,), 1e-3),
        (
            BurgersFamily(
                initial=GaussianField(), diffusivity=0.1, end_time=1.0, frames=11, steps=100
            ),
            (0, 1),
            1e-8,
        ),
    ],
    ids=["default", "hard", "field"],
)
def test_the_families_of_the_literature_are_this_accurate(
    family: BurgersFamily, numbers: tuple[int, ...], most: float
) -> None:
    # Of seed 0: 2 has amplitudes of 0.99 and 0.91, and 9 has corners.
    assert family.certify(0, numbers).estimated_error <= most
