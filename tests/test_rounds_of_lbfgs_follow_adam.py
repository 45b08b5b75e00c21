"""L-BFGS goes on where Adam ends, on points that stay, by true gradients; it says why it stops."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bitpde.emu import Tape, preset
from bitpde.pde import (
    LBFGS,
    MLP,
    Metrics,
    Poisson,
    Refinement,
    Run,
    RunError,
    TrainingError,
    initial_state,
    refined,
    run_study,
    train,
)
from bitpde.pde.gradients import means_and_gradients, total_loss

METHOD = LBFGS(rounds=3, iterations=5)
RUN = Run(
    problem=Poisson(),
    datapath=preset("exact"),
    network=MLP(widths=(2, 7, 1)),
    steps=2,
    domain_points=6,
    condition_points=4,
    test_points=40,
    refinement=METHOD,
)


def loss_of_round(run: Run, parameters: tuple[np.ndarray, ...], number: int) -> float:
    means, _ = means_and_gradients(run, parameters, Tape(run.datapath), run.steps + number)
    return total_loss(run, means)


def test_losses_are_those_of_each_round_s_own_points() -> None:
    state = initial_state(RUN)
    for number in range(3):
        after = refined(RUN, METHOD, state)
        told = after.refinements[-1]
        assert told.before == loss_of_round(RUN, state.parameters, number)
        assert told.after == loss_of_round(RUN, after.parameters, number) < told.before
        assert told.iterations <= 5 <= told.evaluations
        state = after
    assert len(state.refinements) == 3
    assert state.step == 0  # of Adam


def test_the_ledger_counts_every_loss() -> None:
    run = replace(RUN, datapath=preset("smx8"))
    state, tape = initial_state(run), Tape(run.datapath)
    means_and_gradients(run, state.parameters, tape, run.steps)
    after = refined(run, METHOD, state)
    losses = after.refinements[0].evaluations
    assert losses > 1
    assert after.ledger.quantizations == losses * tape.ledger.quantizations


def test_enough_iterations_end_where_the_gradient_vanishes() -> None:
    # Three parameters and six points: a least-squares problem with a minimum.
    method = LBFGS(rounds=1, iterations=400, gradient=1e-7)
    run = replace(RUN, network=MLP(widths=(2, 1)), refinement=method)
    told = refined(run, method, initial_state(run)).refinements[0]
    assert told.gradient <= 1e-7
    assert "CONVERGENCE" in told.reason


def test_a_narrow_machine_stops_early_and_says_why() -> None:
    run = replace(RUN, datapath=preset("smx8"), refinement=LBFGS(rounds=1, iterations=200))
    told = refined(run, LBFGS(rounds=1, iterations=200), initial_state(run)).refinements[0]
    assert told.iterations < 200
    assert told.after <= told.before
    assert told.reason


@pytest.mark.parametrize("rounds_before", [0, 1, 2])
def test_an_interruption_between_rounds_leaves_no_trace(tmp_path: Path, rounds_before: int) -> None:
    whole = train(RUN, tmp_path / "whole")
    seen: list[Refinement] = []

    def press(row: Metrics | Refinement) -> None:
        seen.extend([row] if isinstance(row, Refinement) else [])
        if len(seen) > rounds_before:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(RUN, tmp_path / "stopped", on_step=press)
    resumed = train(RUN, tmp_path / "stopped", resume=True)
    assert resumed.state.refinements == whole.state.refinements
    assert tuple(seen) == whole.state.refinements[: rounds_before + 1]
    assert resumed.state.ledger == whole.state.ledger
    for ours, theirs in zip(resumed.state.parameters, whole.state.parameters, strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_master_weights_are_stored_in_their_format() -> None:
    from bitpde.formats import BF16, Cast

    cast = Cast(format=BF16)
    run = replace(RUN, datapath=replace(preset("fp32"), master=cast))
    state = refined(run, METHOD, initial_state(run))
    for array in state.parameters:
        assert array.dtype == np.float32
        assert (np.asarray(cast.quantize(array)) == array).all()


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    run = replace(RUN, datapath=preset("fp32"))
    state = initial_state(run)
    huge = replace(state, parameters=tuple(array * 1e30 for array in state.parameters))
    with pytest.raises(TrainingError, match="is not finite at step 2"):
        refined(run, METHOD, huge)


def test_the_study_tells_of_it(tmp_path: Path) -> None:
    study = run_study([RUN], tmp_path / "study")
    (told,) = study.to_json()["refinements"].values()
    assert [each["evaluations"] for each in told] == [
        each.evaluations for each in study.results[0].state.refinements
    ]
    line = study.caption().splitlines()[0]
    assert line.startswith("L-BFGS on exact: 3 rounds")
    assert told[-1]["reason"] in line


@pytest.mark.parametrize(
    ("field", "value"), [("rounds", 0), ("iterations", 1.5), ("memory", 0), ("gradient", -1.0)]
)
def test_settings_that_cannot_be_are_refused(field: str, value: float) -> None:
    with pytest.raises(RunError, match=rf"LBFGS\.{field} is {value}"):
        LBFGS(**{field: value})  # type: ignore[arg-type]


def test_a_run_holds_it_in_its_json() -> None:
    assert Run.from_json(RUN.to_json()) == RUN
    assert RUN.digest() != replace(RUN, refinement=None).digest()
    with pytest.raises(RunError, match=r"Run\.refinement is 'yes': give an LBFGS or None"):
        replace(RUN, refinement="yes")  # type: ignore[arg-type]
