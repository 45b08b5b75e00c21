"""The finite volumes of Darcy flow converge to exact solutions with order 2, and conserve flow.

The exact solutions are a product of sines under a smooth coefficient (its source worked out by
hand), the Fourier series of a constant one, and a parabola on each of two layers, on whose
interface a jumps by ten and the flow does not.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from bitpde.pde.data import darcy_matrix, flow_imbalance, observed_order, solve_darcy
from bitpde.pde.data.darcy_balance import wall_value
from bitpde.pde.data.trajectory import Array
from bitpde.pde.errors import RunError
from bitpde.pde.streams import Stream

BALANCE = 1e-9


def centres(size: int) -> tuple[Array, Array]:
    axis = (np.arange(size) + 0.5) / size
    return axis[:, None], axis[None, :]


def error(u: Array, exact: Array) -> float:
    return float(np.linalg.norm(u - exact) / np.linalg.norm(exact))


def rough(size: int, low: float = 0.1, high: float = 1.0) -> Array:
    """A coefficient that jumps from cell to cell."""
    return np.where(Stream(seed=1, name="test").uniform((size, size), step=0) < 0.5, low, high)


def smooth_error(size: int) -> float:
    # u = sin(pi x) sin(2 pi y), a = 1 + x/2 + y^2: -div(a grad u) = 5 pi^2 a u - grad a . grad u.
    x, y = centres(size)
    pi = math.pi
    a = 1 + x / 2 + y**2
    u = np.sin(pi * x) * np.sin(2 * pi * y)
    u_x = pi * np.cos(pi * x) * np.sin(2 * pi * y)
    u_y = 2 * pi * np.sin(pi * x) * np.cos(2 * pi * y)
    return error(solve_darcy(a, 5 * pi**2 * a * u - u_x / 2 - 2 * y * u_y), u)


def layer_error(size: int, *, across: bool) -> float:
    # u = X(x) sin(pi y); a X' = c - x is continuous, and c makes X(1) = 0.  The layers are 1, 10.
    x, y = centres(size)
    a = np.where(x < 0.5, 1.0, 10.0)
    c = (1 / 8 + 3 / 80) / (1 / 2 + 1 / 20)
    middle = c / 2 - 1 / 8
    profile = np.where(x < 0.5, c * x - x**2 / 2, middle + (c * (x - 0.5) - (x**2 - 0.25) / 2) / 10)
    exact = profile * np.sin(math.pi * y)
    source = np.sin(math.pi * y) + math.pi**2 * a * exact
    cells = a * np.ones_like(exact)
    if across:
        return error(solve_darcy(cells.T.copy(), source.T), exact.T)
    return error(solve_darcy(cells, source), exact)


def series(size: int) -> Array:
    """The solution of ``-Laplace u = 1``, by one sum over x and the hyperbolic one over y.

    ``u = 4/pi^3 sum_(k odd) sin(k pi x) (1 - cosh(k pi (y - 1/2)) / cosh(k pi / 2)) / k^3``: terms
    fall like k^-3, so that 1000 of them leave 1e-7.
    """
    x, y = centres(size)
    total = np.zeros((size, size))
    for k in range(1, 2000, 2):
        rise = np.exp(-k * math.pi * y) + np.exp(-k * math.pi * (1 - y))
        inner = 1 - rise / (1 + math.exp(-k * math.pi))
        total += 4 / (math.pi * k) ** 3 * np.sin(k * math.pi * x) * inner
    return total


@pytest.mark.parametrize(
    "error_at",
    [smooth_error, lambda n: layer_error(n, across=False), lambda n: layer_error(n, across=True)],
    ids=["smooth", "layers of x", "layers of y"],
)
def test_errors_fall_with_order_two(error_at: Callable[[int], float]) -> None:
    errors = [error_at(size) for size in (16, 32, 64, 128)]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert orders[-1] == pytest.approx(2, abs=0.02)
    assert errors[-1] < 2e-4


def test_a_constant_coefficient_gives_the_fourier_series() -> None:
    errors = [error(solve_darcy(np.full((n, n), 2.0), 2.0), series(n)) for n in (16, 32, 64)]
    assert errors[-1] < 1e-3
    assert math.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.02)


def test_the_matrix_is_symmetric_and_lies_between_those_of_its_extremes() -> None:
    # In the order of symmetric matrices, the one of a grows with a: hence positive definite, and
    # the condition number of the preconditioned iteration is at most the contrast.
    matrix, unit = (darcy_matrix(a).toarray() for a in (rough(6), np.ones((6, 6))))
    assert (matrix == matrix.T).all()
    values = np.linalg.eigvals(np.linalg.solve(unit, matrix)).real
    assert values.min() >= 0.1 - 1e-12
    assert values.max() <= 1 + 1e-12


@pytest.mark.parametrize("size", [1, 2, 3, 24])
def test_the_iteration_finds_what_elimination_finds(size: int) -> None:
    # A residual of 1e-11 of the source is an error of at most 1e-11 times the condition number,
    # 10 (size + 1)^2, and far less where the solution is as smooth as this.
    a = rough(size)
    matrix = darcy_matrix(a)
    direct = spsolve(matrix, np.full(size * size, 1 / size**2)).reshape(size, size)
    assert error(solve_darcy(a, 1.0), direct) <= 1e-9


def test_what_flows_out_is_the_source() -> None:
    for a in (rough(24), rough(24, low=3.0, high=12.0), np.ones((5, 5))):
        assert flow_imbalance(solve_darcy(a, 1.0), a, 1.0) <= BALANCE
    x, y = centres(24)
    source = 1 + x - 3 * y
    assert flow_imbalance(solve_darcy(rough(24), source), rough(24), source) <= BALANCE


def test_another_solution_is_out_of_balance() -> None:
    u = solve_darcy(rough(24), 1.0)
    assert flow_imbalance(u, rough(24).T, 1.0) > 0.1
    assert flow_imbalance(u, rough(24), 1.01) > 1e-4


def test_the_wall_has_the_value_zero() -> None:
    # The parabola through three cells is off by 5/16 h^3 u_xxx: order 3, but for the corners,
    # where derivatives of u have logarithms.
    walls = [wall_value(solve_darcy(np.ones((n, n)), 1.0)) for n in (16, 32, 64)]
    assert walls[-1] < 1e-3
    assert math.log2(walls[0] / walls[-1]) / 2 > 1.8


def test_a_transposed_problem_has_the_transposed_solution() -> None:
    a = rough(16)
    u = solve_darcy(a, 1.0)
    assert np.abs(solve_darcy(a.T.copy(), 1.0) - u.T).max() <= 1e-9 * np.abs(u).max()
    assert error(u.T, u) > 1e-3


@pytest.mark.parametrize(
    ("a", "said"),
    [
        (np.ones((3, 4)), r"a coefficient of shape \(3, 4\): give \(N, N\)"),
        (np.zeros((3, 3)), r"from 0\.0 to 0\.0: give positive numbers"),
        (np.full((3, 3), math.nan), "give positive numbers"),
    ],
)
def test_other_coefficients_are_refused(a: Array, said: str) -> None:
    with pytest.raises(RunError, match=said):
        solve_darcy(a, 1.0)


@pytest.mark.parametrize("source", [math.inf, np.ones(3), np.full((3, 3), math.nan)])
def test_other_sources_are_refused(source: Array | float) -> None:
    with pytest.raises(RunError, match=r"give a finite number, or \(3, 3\) of them"):
        solve_darcy(np.ones((3, 3)), source)


def test_an_iteration_that_fails_says_so() -> None:
    with pytest.raises(RunError, match="was not solved in 2000 iterations"):
        solve_darcy(rough(24, low=1e-9, high=1e9), 1.0)


def test_orders_are_those_of_known_errors() -> None:
    ones = np.ones(3)
    assert observed_order(ones * 1.16, ones * 1.04, ones * 1.01) == pytest.approx(2)
    with pytest.raises(RunError, match="show no order: give coarser ones"):
        observed_order(ones, 2 * ones, 2 * ones)
    with pytest.raises(RunError, match="at the same points"):
        observed_order(ones, ones[:2], ones)
