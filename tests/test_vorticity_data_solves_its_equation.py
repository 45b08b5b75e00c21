"""The vorticity solver converges to exact flows with order 4 in time, and conserves what it should.

The vortices of Taylor and Green do not transport themselves: they prove diffusion alone, and under
a mean flow the transport by it.  The transport of the vorticity by its own velocity is proved by a
flow of waves of different lengths, whose force is worked out by hand; by energy and enstrophy
without viscosity; and by the enstrophy budget.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from bitpde.pde.data import enstrophy_imbalance, relative_l2_difference, solve_vorticity
from bitpde.pde.data.trajectory import Array
from bitpde.pde.errors import RunError
from bitpde.pde.streams import Stream

#: Wave numbers along x and y, amplitude, frequency and phase of each wave of the made-up flow.
WAVES = np.array(
    [
        (1, 0, 1.0, 0.9, 0.1),
        (0, 2, 0.8, -1.7, 0.5),
        (2, 1, -0.7, 1.1, 1.2),
        (-1, 3, 0.9, 0.6, 2.0),
        (3, 2, 0.5, -1.3, 3.1),
    ]
)
VISCOSITY = 0.003


def torus(size: int) -> tuple[Array, Array]:
    axis = np.arange(size) / size
    return axis[:, None], axis[None, :]


def waves_at(t: float, size: int) -> tuple[Array, ...]:
    """The vorticity, its force: a sum over waves of A cos(q), q = 2 pi (k x + j y) - s t - phase.

    A wave has the stream function w / |2 pi (k, j)|^2, and ``u = psi_y``, ``v = -psi_x``.
    """
    x, y = torus(size)
    fields = {name: np.zeros((size, size)) for name in ("w", "w_t", "w_x", "w_y", "bend", "u", "v")}
    for k, j, amplitude, speed, phase in WAVES:
        q = 2 * math.pi * (k * x + j * y) - speed * t - phase
        cosine, minus_sine = amplitude * np.cos(q), -amplitude * np.sin(q)
        p, r = 2 * math.pi * k, 2 * math.pi * j
        fields["w"] += cosine
        fields["w_t"] += -speed * minus_sine
        fields["w_x"] += p * minus_sine
        fields["w_y"] += r * minus_sine
        fields["bend"] += -(p**2 + r**2) * cosine
        fields["u"] += r * minus_sine / (p**2 + r**2)
        fields["v"] += -p * minus_sine / (p**2 + r**2)
    transport = fields["u"] * fields["w_x"] + fields["v"] * fields["w_y"]
    force = fields["w_t"] + transport - VISCOSITY * fields["bend"]
    return fields["w"], force


def random_start(size: int, most: int) -> Array:
    """Waves up to ``most`` of equal size, by real cosines with random phases."""
    x, y = torus(size)
    phases = Stream(seed=2, name="test").uniform((most + 1, 2 * most + 1), step=0)
    total = np.zeros((size, size))
    for k in range(most + 1):
        for j in range(-most, most + 1):
            if k > 0 or j > 0:
                total += np.cos(2 * math.pi * (k * x + j * y + phases[k, j + most]))
    return total / most


def energy(w: Array) -> float:
    """The mean of |u|^2 / 2, by a complete transform."""
    k = 2 * math.pi * np.fft.fftfreq(len(w), 1 / len(w))
    squares = k[:, None] ** 2 + k**2
    squares[0, 0] = np.inf
    return float((np.abs(np.fft.fft2(w)) ** 2 / squares).sum() / w.size**2 / 2)


@pytest.mark.parametrize(("k", "j"), [(1, 1), (2, 1)])
def test_vortices_of_taylor_and_green_decay(k: int, j: int) -> None:
    x, y = torus(16)
    start = np.cos(2 * math.pi * k * x) * np.cos(2 * math.pi * j * y)
    times = np.array([0.0, 0.5, 2.0])
    found = solve_vorticity(start, times, viscosity=0.01, step=0.25)
    decay = np.exp(-4 * math.pi**2 * (k**2 + j**2) * 0.01 * times)
    # Exact in time: transport vanishes but for roundings.
    assert np.abs(found - decay[:, None, None] * start).max() <= 1e-14


def test_the_waves_are_a_flow() -> None:
    # Central differences of the flow itself: the force leaves w_t + u.grad w - nu Laplace w of the
    # sampled vorticity, whose velocity comes from a complete transform.
    size, h = 64, 1e-4
    w, force = waves_at(0.3, size)
    rate = (waves_at(0.3 + h, size)[0] - waves_at(0.3 - h, size)[0]) / (2 * h)
    k = 2j * math.pi * np.fft.fftfreq(size, 1 / size)
    squares = k[:, None] ** 2 + k**2
    spectrum = np.fft.fft2(w)
    stream = -spectrum / np.where(squares == 0, np.inf, squares)
    parts = (k * stream, -k[:, None] * stream, k[:, None] * spectrum, k * spectrum)
    u, v, w_x, w_y = (np.fft.ifft2(part).real for part in parts)
    bend = np.fft.ifft2(squares * spectrum).real
    # h^2/6 times a third derivative, at most 5 * 1.7^3: 4e-8.
    assert np.abs(rate + u * w_x + v * w_y - VISCOSITY * bend - force).max() <= 1e-7
    assert np.abs(u * w_x + v * w_y).max() > 1


def test_waves_that_transport_each_other_are_found_with_order_four() -> None:
    # On 32 points all of their products are represented: what is left is the error in time.
    errors = []
    for steps in (20, 40, 80):
        found = solve_vorticity(
            waves_at(0.0, 32)[0], np.array([0.0, 1.0]), viscosity=VISCOSITY, step=1 / steps,
            forcing=lambda t: waves_at(t, 32)[1],
        )  # fmt: skip
        errors.append(relative_l2_difference(found[1], waves_at(1.0, 32)[0]))
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert orders == pytest.approx([4.0, 4.0], abs=0.1)
    assert errors[-1] < 1e-6


def test_without_viscosity_energy_and_enstrophy_are_kept() -> None:
    # Waves up to 10 are all that 32 points keep: without aliases, both are exact invariants.
    start = random_start(32, 10)
    found = solve_vorticity(start, np.array([0.0, 0.1]), viscosity=0.0, step=1 / 1000)
    assert relative_l2_difference(found[1], start) > 0.05
    assert energy(found[1]) == pytest.approx(energy(start), rel=1e-10)
    assert (found[1] ** 2).mean() == pytest.approx((start**2).mean(), rel=1e-10)


def test_a_mean_flow_carries_vortices_along() -> None:
    times, flow = np.array([0.0, 0.5, 1.0]), (0.7, -0.4)
    x, y = torus(16)

    def exact(t: float) -> Array:
        across = np.cos(4 * math.pi * (x - flow[0] * t)) * np.sin(2 * math.pi * (y - flow[1] * t))
        return np.asarray(math.exp(-20 * math.pi**2 * 0.01 * t) * across)

    found = solve_vorticity(exact(0.0), times, viscosity=0.01, step=0.01, mean_flow=flow)
    # A phase i r advances by r^5 h^4 / 120 too little in a unit of time; r = 2 pi (2 * 0.7 + 0.4).
    bound = (3.6 * math.pi) ** 5 * 0.01**4 / 120
    for t, field in zip(times[1:], found[1:], strict=True):
        assert relative_l2_difference(field, exact(t)) <= 1.1 * bound * t


def test_the_budget_of_enstrophy_closes_and_sees_what_is_missing() -> None:
    start, _ = waves_at(0.0, 32)
    x, y = torus(32)
    force = np.sin(2 * math.pi * (x + y)) + 0.5 * np.cos(4 * math.pi * x) + 0 * y
    times = np.linspace(0, 1, 101)
    w = solve_vorticity(start, times, viscosity=VISCOSITY, step=0.01, forcing=force)
    assert enstrophy_imbalance(w, times, force, VISCOSITY) <= 1e-8
    assert enstrophy_imbalance(w, times, 1.01 * force, VISCOSITY) > 1e-4
    assert enstrophy_imbalance(w, times, force, 1.01 * VISCOSITY) > 1e-4
    assert enstrophy_imbalance(w[:2], times[:2], force, VISCOSITY) <= 1e-3


def test_times_need_not_be_even_and_a_run_may_be_continued() -> None:
    start, force = waves_at(0.0, 16)
    solve: Callable[..., Array] = lambda w, times: solve_vorticity(  # noqa: E731
        w, np.array(times), viscosity=VISCOSITY, step=0.05, forcing=force
    )
    whole = solve(start, [0.0, 0.05, 0.2, 0.5])
    rest = solve(whole[2], [0.2, 0.5])
    assert np.abs(whole[3] - rest[1]).max() <= 1e-12


@pytest.mark.parametrize("size", [31, 32, 33])
def test_any_grid_that_holds_the_waves_gives_the_same_flow(size: int) -> None:
    found = solve_vorticity(
        waves_at(0.0, size)[0], np.array([0.0, 0.5]), viscosity=VISCOSITY, step=0.01,
        forcing=lambda t: waves_at(t, size)[1],
    )  # fmt: skip
    assert relative_l2_difference(found[1], waves_at(0.5, size)[0]) <= 1e-6


def test_a_step_that_is_too_large_is_refused_with_a_remedy() -> None:
    start = 10 * random_start(32, 10)
    for times in ([0.0, 5.0], [0.0, 50.0]):
        with pytest.raises(RunError, match=r"the step of 0\.5 is too large; take half of it"):
            solve_vorticity(start, np.array(times), viscosity=1e-4, step=0.5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": np.zeros((8, 9))}, r"shape \(8, 9\): give \(N, N\), N at least 4"),
        ({"start": np.ones((8, 8))}, "on a torus it is finite and of mean zero"),
        ({"start": np.full((8, 8), math.nan)}, "on a torus it is finite and of mean zero"),
        ({"times": np.array([0.0, 0.0])}, "give increasing ones"),
        ({"times": np.array([0.0, 0.25])}, "give steps that divide it"),
        ({"step": 0.0}, "give finite ones, 0 or more and more than 0"),
        ({"viscosity": -1.0}, "give finite ones, 0 or more and more than 0"),
        ({"forcing": np.zeros((4, 4))}, r"give a finite one of the vorticity's \(8, 8\)"),
        ({"forcing": np.full((8, 8), math.inf)}, "give a finite one"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], said: str) -> None:
    words = {"start": np.zeros((8, 8)), "times": np.array([0.0, 1.0]), "viscosity": 0.1}
    words |= {"step": 0.1} | changes  # type: ignore[assignment]
    with pytest.raises(RunError, match=said):
        solve_vorticity(**words)  # type: ignore[arg-type]
