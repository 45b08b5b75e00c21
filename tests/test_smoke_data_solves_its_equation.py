"""Smoke in a box converges to a made-up flow with order 2, and keeps mass, energy and symmetry.

The flow is a sum of vortices with no flow through the walls and no shear at them.  Its forces are
found from it by differences of order six of closed formulas, which share nothing with the solver.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bitpde.pde.data import Smoke, SmokeEquation, solve_smoke
from bitpde.pde.data.smoke_balance import centred, smoke_imbalance, wall_shear
from bitpde.pde.data.smoke_equation import divergence, without_divergence
from bitpde.pde.data.trajectory import Array
from bitpde.pde.errors import RunError
from bitpde.pde.streams import Stream

SIDE = 2.0
EQUATION = SmokeEquation(length=SIDE, viscosity=0.05, diffusivity=0.03, buoyancy=0.7)
Field = Callable[[Array, Array, float], Array]


def velocity_x(x: Array, y: Array, t: float) -> Array:
    """The y-derivative of the stream function, two products of sines."""
    k = math.pi / SIDE
    first = k * math.cos(t) * np.sin(k * x) * np.cos(k * y)
    return np.asarray(first + 0.4 * k * math.sin(1.3 * t) * np.sin(2 * k * x) * np.cos(k * y))


def velocity_y(x: Array, y: Array, t: float) -> Array:
    """The x-derivative of the stream function, with the other sign."""
    k = math.pi / SIDE
    first = -k * math.cos(t) * np.cos(k * x) * np.sin(k * y)
    return np.asarray(first - 0.8 * k * math.sin(1.3 * t) * np.cos(2 * k * x) * np.sin(k * y))


def density(x: Array, y: Array, t: float) -> Array:
    k = math.pi / SIDE
    return np.asarray(1 + 0.3 * math.cos(0.7 * t) * np.cos(k * x) * np.cos(2 * k * y))


def slope(field: Field, axis: int) -> Field:
    """The derivative along x, y or t by differences of order six, good to some 1e-10."""
    h, weights = 0.01, (45, -9, 1)

    def at(x: Array, y: Array, t: float) -> Array:
        found = 0.0
        for k, weight in enumerate(weights, start=1):
            off = [k * h * (axis == each) for each in range(3)]
            there = field(x + off[0], y + off[1], t + off[2])
            back = field(x - off[0], y - off[1], t - off[2])
            found = found + weight * (there - back) / (60 * h)
        return np.asarray(found)

    return at


def forced(field: Field, diffusion: float) -> Field:
    """The force ``f_t + u f_x + v f_y - diffusion Laplace f`` that makes ``field`` a solution."""

    def at(x: Array, y: Array, t: float) -> Array:
        bend = sum(slope(slope(field, axis), axis)(x, y, t) for axis in (0, 1))
        transport = velocity_x(x, y, t) * slope(field, 0)(x, y, t)
        transport = transport + velocity_y(x, y, t) * slope(field, 1)(x, y, t)
        return np.asarray(slope(field, 2)(x, y, t) + transport - diffusion * bend)

    return at


def sampled(fields: tuple[Field, Field, Field], size: int, t: float) -> Smoke:
    """The three fields at centres, at faces normal to x and at faces normal to y."""
    middle = (np.arange(size) + 0.5) * SIDE / size
    face = np.arange(1, size) * SIDE / size
    places = ((middle, middle), (face, middle), (middle, face))
    s, u, v = (f(x[:, None], y[None, :], t) for f, (x, y) in zip(fields, places, strict=True))
    return Smoke(density=s, x=u, y=v)


EXACT = (density, velocity_x, velocity_y)


def made_up(size: int) -> SmokeEquation:
    def lifted(x: Array, y: Array, t: float) -> Array:
        return forced(velocity_y, EQUATION.viscosity)(x, y, t) - EQUATION.buoyancy * density(
            x, y, t
        )

    forces = (forced(density, EQUATION.diffusivity), forced(velocity_x, EQUATION.viscosity), lifted)
    return replace(EQUATION, force=lambda t: sampled(forces, size, t))


def gap(a: Smoke, b: Smoke) -> float:
    """The largest relative difference of the three fields."""
    pairs = ((a.density, b.density), (a.x, b.x), (a.y, b.y))
    return max(float(np.linalg.norm(p - q) / np.linalg.norm(q)) for p, q in pairs)


def some(size: int) -> Smoke:
    """Random smoke and velocities without divergence."""
    numbers = Stream(seed=3, name="test").normal((3, size, size), step=0)
    return without_divergence(
        Smoke(density=1 + 0.1 * numbers[0], x=numbers[1][1:], y=numbers[2][:, 1:])
    )


def test_a_made_up_flow_is_found_with_order_two_in_space() -> None:
    times, errors = np.array([0.0, 0.3]), []
    for size in (8, 16, 32):
        start = without_divergence(sampled(EXACT, size, 0.0))
        found = solve_smoke(start, times, equation=made_up(size), step=0.025)
        errors.append(gap(found[1], sampled(EXACT, size, 0.3)))
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert orders[-1] == pytest.approx(2, abs=0.1)
    assert errors[-1] < 3e-3


def test_steps_converge_with_order_four() -> None:
    times, start = np.array([0.0, 0.8]), without_divergence(sampled(EXACT, 8, 0.0))
    found = [solve_smoke(start, times, equation=made_up(8), step=0.8 / n)[1] for n in (4, 8, 16)]
    gaps = [gap(a, b) for a, b in pairwise(found)]
    assert math.log2(gaps[0] / gaps[1]) == pytest.approx(4, abs=0.3)


def test_layers_of_smoke_stay_at_rest() -> None:
    # Lift that depends on height alone is a gradient: without diffusion nothing ever happens.
    layers = np.broadcast_to(np.cos(np.arange(12.0)), (12, 12)) + 2
    start = Smoke(density=layers, x=np.zeros((11, 12)), y=np.zeros((12, 11)))
    equation = replace(EQUATION, diffusivity=0.0)
    later = solve_smoke(start, np.array([0.0, 1.0]), equation=equation, step=0.1)[1]
    assert max(np.abs(later.x).max(), np.abs(later.y).max()) <= 1e-14
    assert np.abs(later.density - layers).max() <= 1e-13


def test_mass_is_kept_and_velocities_have_no_divergence() -> None:
    frames = solve_smoke(some(16), np.array([0.0, 0.1, 0.2]), equation=EQUATION, step=0.01)
    assert smoke_imbalance(frames) <= 1e-12
    assert gap(frames[2], frames[0]) > 0.1
    spoilt = replace(frames[2], density=frames[2].density * 1.001)
    assert smoke_imbalance((*frames, spoilt)) == pytest.approx(1e-3, rel=1e-6)
    assert smoke_imbalance((replace(frames[0], x=2 * frames[0].x),)) > 0.1


def test_without_friction_energy_and_squares_of_smoke_are_kept() -> None:
    ideal = SmokeEquation(length=SIDE, viscosity=0.0, diffusivity=0.0, buoyancy=0.0)
    start = some(16)
    end = solve_smoke(start, np.array([0.0, 0.1]), equation=ideal, step=0.0005)[1]
    assert gap(end, start) > 0.05
    before, after = ((np.sum(s.x**2) + np.sum(s.y**2)) for s in (start, end))
    assert after == pytest.approx(before, rel=1e-9)
    assert np.sum(end.density**2) == pytest.approx(np.sum(start.density**2), rel=1e-9)


def test_friction_takes_energy_and_lift_gives_it() -> None:
    # d/dt of the energy is B <v s> less what friction takes, at the start of a flow.
    start = some(16)
    bare = SmokeEquation(length=SIDE, viscosity=0.0, diffusivity=0.0, buoyancy=0.0)

    def power(equation: SmokeEquation) -> float:
        rate = equation.rate(start, 0.0)
        return float((rate.x * start.x).sum() + (rate.y * start.y).sum())

    work = (start.y * (start.density[:, 1:] + start.density[:, :-1]) / 2).sum()
    assert abs(power(bare)) <= 1e-10
    assert power(replace(bare, buoyancy=0.7)) == pytest.approx(0.7 * work, rel=1e-9)
    assert power(replace(bare, viscosity=0.05)) < -1


def test_a_mirrored_flow_stays_the_mirror_image() -> None:
    def mirrored(s: Smoke) -> Smoke:
        return Smoke(density=s.density[::-1], x=-s.x[::-1], y=s.y[::-1])

    times, start = np.array([0.0, 0.2]), some(8)
    one = solve_smoke(start, times, equation=EQUATION, step=0.02)[1]
    other = solve_smoke(mirrored(start), times, equation=EQUATION, step=0.02)[1]
    assert gap(other, mirrored(one)) <= 1e-12


def test_the_projection_takes_away_gradients_alone() -> None:
    start = some(8)
    assert gap(without_divergence(start), start) <= 1e-14
    assert np.abs(divergence(start.x, start.y)).max() <= 1e-13
    hill = np.random.default_rng(0).random((8, 8))
    moved = replace(start, x=start.x + np.diff(hill, axis=0), y=start.y + np.diff(hill, axis=1))
    assert gap(without_divergence(moved), start) <= 1e-13


def test_velocities_at_centres_and_shear_at_walls_have_order_two() -> None:
    errors, shears = [], []
    for size in (16, 32):
        smoke = sampled(EXACT, size, 0.4)
        middle = (np.arange(size) + 0.5) * SIDE / size
        exact = [f(middle[:, None], middle[None, :], 0.4) for f in EXACT[1:]]
        pairs = zip(centred(smoke), exact, strict=True)
        errors.append(max(float(np.abs(a - b).max()) for a, b in pairs))
        shears.append(wall_shear((smoke,)))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)
    # The parabola is off by h^2 u_yyy, which vanishes at the wall: h^3 times a cell is h^4.
    assert math.log2(shears[0] / shears[1]) == pytest.approx(4, abs=0.2)


def test_a_step_that_is_too_large_is_refused_with_a_remedy() -> None:
    fast = replace(some(16), x=100 * some(16).x, y=100 * some(16).y)
    for times in ([0.0, 0.2], [0.0, 5.0]):
        with pytest.raises(RunError, match="the step is too large; take half of it"):
            solve_smoke(fast, np.array(times), equation=EQUATION, step=0.1)
    with pytest.raises(RunError, match="give steps that divide it"):
        solve_smoke(fast, np.array([0.0, 0.25]), equation=EQUATION, step=0.1)
