"""One training step as a pure function: the next state is decided by the run and the last one."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import DatapathError, Ledger, OpError, Tape
from ..formats import FormatError
from .checkpoint import State
from .errors import TrainingError
from .loss import Loss, Points, soft_boundary_loss
from .metrics import Metrics
from .run import Run


def initial_state(run: Run) -> State:
    """Return the state before step 0: drawn parameters, zero moments, nothing counted."""
    drawn = run.network.initialize(run.stream("initialization"), run.datapath.dtype)
    optimizer = run.optimizer.init(drawn)
    return State(parameters=tuple(drawn), optimizer=optimizer, ledger=Ledger(), seconds=0.0)


def training_step(run: Run, state: State) -> tuple[State, Metrics]:
    """Return the state after one more step, and what that step saw.

    The points and nodes of step k are those of its streams at k; the gradient runs backwards
    through the datapath of the run; Adam moves the parameters in the vector format's type.

    Raises
    ------
    TrainingError
        When the loss, a new parameter or a moment is not finite, naming it and the step.
    """
    tape = Tape(run.datapath)
    rate = run.schedule.rate(state.step, run.steps)
    with np.errstate(all="ignore"):  # what overflows is found by the checks below
        loss, gradients = _loss_and_gradients(run, state, tape)
        moved, optimizer = run.optimizer.update(state.parameters, gradients, state.optimizer, rate)
    for index, arrays in enumerate(zip(moved, optimizer.first, optimizer.second, strict=True)):
        name = f"{'bias' if index % 2 else 'weight'} of layer {index // 2 + 1}"
        for kind, array in zip(
            ("", "first moment of the ", "second moment of the "), arrays, strict=True
        ):
            _require_finite(array, kind + name, state.step)
    ledger = state.ledger + tape.ledger
    after = replace(state, parameters=tuple(moved), optimizer=optimizer, ledger=ledger)
    return after, _metrics(state.step, loss, rate, ledger)


def step_errors(run: Run, state: State) -> list[OpError]:
    """The errors that every operation of the next step's loss and gradients adds, in order.

    Raises
    ------
    TrainingError
        As `training_step`.
    """
    tape = Tape(run.datapath, shadow=True)
    with np.errstate(all="ignore"):
        _loss_and_gradients(run, state, tape)
    return [] if tape.shadow is None else tape.shadow.errors


def _loss_and_gradients(run: Run, state: State, tape: Tape) -> tuple[Loss, list[NDArray[Any]]]:
    """Return the loss of the step and its gradients; a cast's refusal names the step."""
    try:
        parameters = [tape.parameter(array) for array in state.parameters]
        points = _points(run, state.step)
        loss = soft_boundary_loss(
            run.problem, run.network, parameters, points, run.boundary_weight, tape
        )
        _require_finite(loss.total.value, "loss", state.step)
        return loss, tape.gradient(loss.total, parameters)
    except (DatapathError, FormatError) as error:
        msg = f"the datapath {run.datapath.name} cannot go on at step {state.step}: {error}"
        raise TrainingError(msg) from error


def _points(run: Run, step: int) -> Points:
    """Return the points of ``step`` and the nodes around them, each from its stream."""
    problem = run.problem
    inside = problem.domain_points(run.domain_points, run.stream("sampling/domain"), step)
    edge = problem.boundary_points(run.boundary_points, run.stream("sampling/boundary"), step)
    count = len(inside) + len(edge)
    nodes = run.estimator.nodes(count, problem.dimension, run.stream("stein"), step)
    return Points(inside=inside, edge=edge, nodes=nodes)


def _metrics(step: int, loss: Loss, rate: float, ledger: Ledger) -> Metrics:
    return Metrics(
        step=step,
        loss=loss.total.value.item(),
        residual=loss.residual.value.item(),
        boundary=loss.boundary.value.item(),
        learning_rate=rate,
        quantizations=ledger.quantizations,
        saturations=ledger.saturations,
        underflows=ledger.underflows,
    )


def _require_finite(array: NDArray[Any], name: str, step: int) -> None:
    if not np.isfinite(array).all():
        msg = f"the {name} is not finite at step {step}: lower the learning rate, or widen a format"
        raise TrainingError(msg)
