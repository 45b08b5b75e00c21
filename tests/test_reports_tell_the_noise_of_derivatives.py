"""The noise in a report is that of the engine: measured by drawing twice, and by its formula."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bowl import Bowl

from bitpde.emu import preset
from bitpde.pde import (
    MLP,
    ForwardLaplacian,
    HutchinsonTaylor,
    Poisson,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    SteinPlain,
    SteinSobol,
    estimator_noise,
    fields_at,
    held_out_points,
    initial_state,
    run_study,
)
from bitpde.pde.engine import Engine

DRAWING: tuple[Engine, ...] = (
    SteinMonteCarlo(pairs=8),
    SteinSobol(pairs=8),
    SteinPlain(samples=8),
    HutchinsonTaylor(),
)


def poisson(engine: Engine) -> Run:
    return Run(
        problem=Poisson(), datapath=preset("fp32"), engine=engine, network=MLP(widths=(2, 5, 1)),
        steps=1, domain_points=4, condition_points=4, test_points=60,
    )  # fmt: skip


@pytest.mark.parametrize("size", [2, 20])
def test_the_noise_of_the_bowl_is_its_formula(size: int) -> None:
    engine, network = SteinMonteCarlo(pairs=64), MLP(widths=(size, 1))
    run = replace(poisson(engine), problem=Bowl(size), network=network, test_points=300)
    noise = estimator_noise(run, initial_state(run).parameters)
    assert noise.predicted == pytest.approx(((size + 12 + 24 / size) / 128) ** 0.5)
    # The mean square of 200 numbers, of a kurtosis below 6, is within 3 sqrt(5 / 200) = 48 % of its
    # mean in all but 3 of 1000 cases, and its root within 24 %.
    assert noise.measured == pytest.approx(noise.predicted, rel=0.24)


@pytest.mark.parametrize("engine", DRAWING, ids=lambda engine: engine.name)
def test_the_measured_noise_is_the_spread_of_two_estimates(engine: Engine) -> None:
    run = poisson(engine)
    parameters, exact = initial_state(run).parameters, preset("exact")
    points = held_out_points(run)
    one, two = (fields_at(replace(run, seed=seed), parameters, points, exact)[1] for seed in (0, 1))
    # (a - b) / sqrt 2 has the variance of a; the mean of both is the best estimate there is.
    spread = np.sqrt(np.mean((one - two) ** 2) / 2)
    expected = spread / np.sqrt(np.mean(((one + two) / 2) ** 2))
    assert estimator_noise(run, parameters).measured == pytest.approx(expected, rel=1e-12)
    assert expected > 0


@pytest.mark.parametrize("engine", [ForwardLaplacian(), SteinGaussHermite()])
def test_engines_that_draw_nothing_have_none(tmp_path: Path, engine: Engine) -> None:
    run = poisson(engine)
    assert estimator_noise(run, initial_state(run).parameters).measured == 0
    assert "noise" not in run_study([run], tmp_path / "run").caption()


def test_a_study_tells_it(tmp_path: Path) -> None:
    study = run_study([poisson(SteinMonteCarlo(pairs=8))], tmp_path / "run")
    noise = study.noise["fp32"]
    assert study.to_json()["noise"] == {"fp32": noise.to_json()}
    line = f"noise of the estimated diffusion term: {noise.measured:.1e} (fp32); that of |x|^2 is "
    assert study.caption().startswith(line + "1.3e+00\n")


def test_only_independent_pairs_have_a_formula() -> None:
    derivatives = Poisson().derivatives
    assert [engine.noise(derivatives) is None for engine in DRAWING] == [False, True, True, True]
