"""The sorption column is solved to second order, keeps its mass, and is the similarity solution."""

import math

import numpy as np
import pytest

from bitpde.pde import RunError
from bitpde.pde.data import (
    Forcing,
    SorptionEquation,
    SorptionSolution,
    observed_order,
    solve_sorption,
    sorption_similarity,
)
from bitpde.pde.data.centres import values_at_centres
from bitpde.pde.data.sorption_family import mass_imbalance, wall_error
from bitpde.pde.data.sorption_solver import _Column
from bitpde.pde.data.spectral_grid import cell_centres

CLASSIC = SorptionEquation()


def test_retardation_has_the_published_values() -> None:
    assert abs(CLASSIC.sorption - 2.468) <= 5e-4
    assert np.abs(CLASSIC.retardation(np.array([1.0, 0.1])) - [3.16, 3.88]).max() <= 5e-3


@pytest.mark.parametrize("exponent", [0.5, 0.874, 1.0, 1.3])
def test_retardation_is_the_derivative_of_the_mass(exponent: float) -> None:
    equation, u = SorptionEquation(exponent=exponent), np.array([0.01, 0.2, 1.0])
    step = 1e-30j
    slope = (u + step + equation.sorption * (u + step) ** exponent).imag / 1e-30
    assert np.abs(equation.retardation(u) / slope - 1).max() <= 4 * 2.0**-52
    assert (equation.mass(u) == u + equation.sorption * u**exponent).all()


@pytest.mark.parametrize(("initial", "inlet"), [(0.1, 1.0), (0.5, 0.02), (0.3, 0.3)])
def test_without_a_power_the_similarity_solution_is_the_error_function(
    initial: float, inlet: float
) -> None:
    x, t = np.linspace(0, 2, 50), 90.0
    u = sorption_similarity(SorptionEquation(exponent=1.0), initial, inlet=inlet)(x, t)
    slowness = 1 + CLASSIC.sorption
    shape = [math.erfc(y / math.sqrt(4 * CLASSIC.diffusivity * t / slowness)) for y in x]
    # The integrator's tolerance of 1e-12, over some hundred steps.
    assert np.abs(u - initial - (inlet - initial) * np.array(shape)).max() <= 1e-10


@pytest.mark.parametrize("initial", [0.002, 0.1, 0.199])
def test_what_entered_is_what_the_similarity_solution_holds(initial: float) -> None:
    # int (m(u) - m(u0)) ds = -2 u'(0), s = x / sqrt(D t): the mass, of which the shooting knows
    # only R.  The slope by differences of order 4, 30 h^4 u'''''/5 < 1e-10; Simpson's rule.
    u = sorption_similarity(CLASSIC, initial)
    s, unit = np.linspace(0, 7, 4001), 1 / CLASSIC.diffusivity
    held = CLASSIC.mass(u(s, unit)) - CLASSIC.mass(np.array(initial))
    simpson = np.where(np.arange(4001) % 2, 4.0, 2.0)
    simpson[[0, -1]] = 1.0
    slope = u(s[:5], unit) @ np.array([-25.0, 48.0, -36.0, 16.0, -3.0]) / (12 * s[1])
    assert abs(held @ simpson * s[1] / 3 + 2 * slope) <= 1e-8


@pytest.mark.parametrize("initial", [0.02, 0.1])
def test_the_column_is_the_similarity_solution_until_its_end_is_felt(initial: float) -> None:
    x = cell_centres(1024)
    found = solve_sorption(CLASSIC, np.full(1024, initial), np.array([0.0, 5.0, 50.0]))
    exact = sorption_similarity(CLASSIC, initial)
    for frame, t in ((1, 5.0), (2, 50.0)):
        assert np.abs(found.values[frame] - exact(x, t))[x < 0.6].max() <= 5e-5


MEDIUM = SorptionEquation(diffusivity=0.02)
RATE = 1 / 3.0


def made(x: np.ndarray, t: float, slopes: int = 0) -> np.ndarray:
    """A manufactured solution, 0.5 + 0.3 exp(-t / 3) cos(pi x) + 0.1 sin(3 x + t), or u_x, u_xx."""
    wave = math.pi**slopes * np.cos(math.pi * x + slopes * math.pi / 2)
    other = 3**slopes * np.sin(3 * x + t + slopes * math.pi / 2)
    return 0.5 * (slopes == 0) + 0.3 * math.exp(-RATE * t) * wave + 0.1 * other


def made_source(t: float, x: np.ndarray) -> np.ndarray:
    """``R(u) u_t - D u_xx`` of it."""
    motion = -RATE * 0.3 * math.exp(-RATE * t) * np.cos(math.pi * x) + 0.1 * np.cos(3 * x + t)
    return MEDIUM.retardation(made(x, t)) * motion - MEDIUM.diffusivity * made(x, t, 2)


def test_a_manufactured_solution_is_approached_with_order_two() -> None:
    one, zero = np.array(1.0), np.array(0.0)
    forcing = Forcing(
        inlet=lambda t: float(made(zero, t)),
        outlet=lambda t: float(made(one, t) + MEDIUM.diffusivity * made(one, t, 1)),
        source=made_source,
    )
    times = np.array([0.0, 1.0, 4.0])
    errors = []
    for count in (32, 64, 128):
        x = cell_centres(count)
        found = solve_sorption(MEDIUM, made(x, 0.0), times, tolerance=1e-10, forcing=forcing)
        gaps = [found.values[k] - made(x, float(times[k])) for k in (1, 2)]
        errors.append([math.sqrt(float((gap**2).mean())) for gap in gaps])
    orders = [
        math.log2(a / b) for k in (0, 1) for a, b in zip(errors[k], errors[k + 1], strict=True)
    ]
    assert errors[2][1] <= 1e-4
    assert all(abs(order - 2) <= 0.05 for order in orders)


def test_a_steady_column_is_exact_and_stays() -> None:
    # u = 1 - x / (1 + D) has u + D u_x = 0 at 1, and differences of a line are its slope.
    equation, x = SorptionEquation(diffusivity=0.1), cell_centres(16)
    line = 1 - x / 1.1
    found = solve_sorption(equation, line, np.array([0.0, 100.0]), tolerance=1e-9)
    # Rates of 16 roundings over t = 100, which diffusion holds within their size.
    assert np.abs(found.values[1] - line).max() <= 1e-12
    # D / (1 + D) flows through.
    for passed in (found.inflow[1], found.outflow[1]):
        assert abs(passed - 100 * 0.1 / 1.1) <= 1e-9 * 100
    assert wall_error(equation, found.values) <= 1e-12


def test_an_outlet_of_unit_speed_takes_what_reaches_it() -> None:
    # Of the steady column from a full one: the outlet's share tells the sign and the half cell.
    equation = SorptionEquation(diffusivity=0.5, capacity=1e-6)
    found = solve_sorption(equation, np.full(32, 1.0), np.array([0.0, 100.0]), tolerance=1e-9)
    assert np.abs(found.values[1] - (1 - cell_centres(32) / 1.5)).max() <= 1e-7


@pytest.mark.parametrize("tolerance", [1e-5, 1e-7])
def test_mass_is_kept_to_the_tolerance(tolerance: float) -> None:
    times = np.array([0.0, 1.0, 20.0, 500.0])
    found = solve_sorption(CLASSIC, np.full(64, 0.05), times, tolerance=tolerance)
    assert mass_imbalance(CLASSIC, found) <= 10 * tolerance
    # It comes in by one end and leaves by the other.
    assert (np.diff(found.inflow) > 0).all()
    assert (np.diff(found.outflow) > 0).all()


def test_an_imbalance_of_mass_is_seen() -> None:
    found = solve_sorption(CLASSIC, np.full(16, 0.1), np.array([0.0, 50.0]))
    wrong = SorptionSolution(values=found.values, inflow=found.inflow * 1.01, outflow=found.outflow)
    assert mass_imbalance(CLASSIC, wrong) > 1e-3


def test_walls_half_a_cell_away_are_seen() -> None:
    # A wall at the centre of a cell outside the column, as of a grid one cell longer.
    x = (np.arange(64) + 1.0) / 64.5
    line = np.asarray(1 - x / 1.1, np.float64)
    error = wall_error(SorptionEquation(diffusivity=0.1), line[None])
    assert abs(error - 0.5 / 64.5 / 1.1 / line.max()) <= 2e-4


def test_the_jacobian_is_tridiagonal() -> None:
    column = _Column(equation=CLASSIC, forcing=Forcing(), cells=8)
    state = np.random.default_rng(0).random(10)
    rates = column.rates(0.0, state)
    for k in range(10):
        moved = state.copy()
        moved[k] += 0.1
        touched = np.flatnonzero(column.rates(0.0, moved) != rates)
        assert (np.abs(touched - k) <= 1).all()


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_cubics_come_back_at_the_centres(factor: int) -> None:
    x, coarse = cell_centres(60), cell_centres(60 // factor)
    cubics, wanted = (
        np.asarray([1 - 2 * y + y**2 / 2 + y**3, y**3 - y], np.float64) for y in (x, coarse)
    )
    # A few roundings of numbers below 8.
    assert np.abs(values_at_centres(cubics, factor) - wanted).max() <= 32 * 2.0**-53


def test_a_smooth_function_is_given_at_the_centres_with_order_four() -> None:
    levels = [
        values_at_centres(
            np.asarray(np.exp(np.sin(5 * cell_centres(count))), np.float64), count // 16
        )
        for count in (64, 128, 256)
    ]
    assert abs(observed_order(*levels) - 4) <= 0.2


def test_a_column_that_gets_out_of_hand_is_an_error() -> None:
    drained = Forcing(source=lambda t, x: np.full_like(x, -1.0))
    with pytest.raises(RunError, match=r"a concentration of -.* give a smaller tolerance"):
        solve_sorption(CLASSIC, np.full(8, 0.1), np.array([0.0, 1.0]), forcing=drained)
    broken = Forcing(source=lambda t, x: np.full_like(x, math.nan if t > 0.5 else 0.0))
    with pytest.raises(RunError, match=r"failed after .* of 2 times: "):
        solve_sorption(CLASSIC, np.full(8, 0.1), np.array([0.0, 1.0]), forcing=broken)


@pytest.mark.parametrize(
    ("initial", "times", "tolerance", "said"),
    [
        (np.zeros((2, 8)), [0.0, 1.0], 1e-6, r"an initial value of shape \(2, 8\)"),
        (np.full(8, -0.1), [0.0, 1.0], 1e-6, "give at least 4 numbers >= 0"),
        (np.full(8, math.inf), [0.0, 1.0], 1e-6, "not finite: give finite numbers"),
        (np.zeros(8), [0.0], 1e-6, "give at least two, increasing"),
        (np.zeros(8), [0.0, 0.0], 1e-6, "give at least two, increasing"),
        (np.zeros(8), [0.0, 1.0], 0.0, "the tolerance is 0.0: give a finite number"),
    ],
)
def test_what_cannot_be_used_is_refused(
    initial: np.ndarray, times: list[float], tolerance: float, said: str
) -> None:
    with pytest.raises(RunError, match=said):
        solve_sorption(CLASSIC, initial, np.array(times), tolerance=tolerance)


def test_equations_and_ends_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(RunError, match=r"SorptionEquation.porosity is 1.0: .* below 1.0"):
        SorptionEquation(porosity=1.0)
    with pytest.raises(RunError, match=r"concentrations 0.0 and 1.0: give finite ones above 0"):
        sorption_similarity(CLASSIC, 0.0)
