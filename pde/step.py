"""One training step as a pure function: the next state is decided by the run and the last one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import DatapathError, Ledger, OpError, Tape, ops
from ..formats import FormatError, RandomBits
from .adam import AdamState
from .checkpoint import State
from .errors import TrainingError
from .loss import loss_terms, mean_of_part
from .metrics import Metrics
from .run import Run
from .storage import Arrays, kept


def initial_state(run: Run) -> State:
    """Return the state before step 0: drawn parameters, zero moments, nothing counted."""
    drawn = run.network.initialize(run.stream("initialization"), run.datapath.dtype)
    optimizer = run.optimizer.init(drawn)
    parameters = _kept(run, "parameters", drawn, 0)
    return State(parameters=parameters, optimizer=optimizer, ledger=Ledger(), seconds=0.0)


def _kept(run: Run, what: str, arrays: Sequence[NDArray[Any]], step: int) -> Arrays:
    """Return parameters or moments as the datapath stores them after ``step`` steps."""
    cast = run.datapath.master if what == "parameters" else run.datapath.moments
    return kept(arrays, cast, RandomBits(seed=run.seed, stream=f"rounding/{what}", step=step))


def training_step(run: Run, state: State) -> tuple[State, Metrics]:
    """Return the state after one more step, and what that step saw.

    The points and draws of step k are those of its streams at k; the gradient runs backwards
    through the datapath of the run; Adam moves the parameters in the vector format's type.

    Raises
    ------
    TrainingError
        When the loss, a new parameter or a moment is not finite, naming it and the step.
    """
    tape = Tape(run.datapath)
    rate = run.schedule.rate(state.step, run.steps)
    with np.errstate(all="ignore"):  # what overflows is found by the checks below
        means, gradients = _means_and_gradients(run, state, tape)
        updated = run.optimizer.update(state.parameters, gradients, state.optimizer, rate)
        moved, optimizer = _stored(run, *updated)
    groups = zip(moved, optimizer.first, optimizer.second, strict=True)
    for name, arrays in zip(run.network.parameter_names, groups, strict=True):
        for kind, array in zip(
            ("", "first moment of the ", "second moment of the "), arrays, strict=True
        ):
            _require_finite(array, kind + name, state.step)
    ledger = state.ledger + tape.ledger
    after = replace(state, parameters=moved, optimizer=optimizer, ledger=ledger)
    return after, _metrics(run, state.step, means, rate, ledger)


def _stored(run: Run, moved: list[NDArray[Any]], optimizer: AdamState) -> tuple[Arrays, AdamState]:
    """Return parameters and moments as they are kept; a cast's refusal names the step."""
    step = optimizer.step
    try:
        first = _kept(run, "first moments", optimizer.first, step)
        second = _kept(run, "second moments", optimizer.second, step)
        return _kept(run, "parameters", moved, step), AdamState(
            step=step, first=first, second=second
        )
    except FormatError as error:
        msg = f"the datapath {run.datapath.name} cannot keep what step {step - 1} made: {error}"
        raise TrainingError(msg) from error


def step_errors(run: Run, state: State) -> list[OpError]:
    """The errors that every operation of the next step's loss and gradients adds, in order.

    Raises
    ------
    TrainingError
        As `training_step`.
    """
    tape = Tape(run.datapath, shadow=True)
    with np.errstate(all="ignore"):
        _means_and_gradients(run, state, tape)
    return [] if tape.shadow is None else tape.shadow.errors


def _means_and_gradients(
    run: Run, state: State, tape: Tape
) -> tuple[list[float], list[NDArray[Any]]]:
    """Return the means of the loss and its gradients; a cast's refusal names the step.

    Of each mean as many points at a time as `Run.part_size` says are recorded, differentiated and
    forgotten; the gradients are added up in that order in the vector format.
    """
    try:
        solution = run.solution([tape.parameter(array) for array in state.parameters])
        terms, means = loss_terms(run, state.step), []
        gradients = [np.zeros_like(array) for array in state.parameters]
        for term in terms:
            mean = 0.0
            for part in term.parts(run.part_size):
                node = mean_of_part(run, solution, term, part, state.step)
                share = len(part[1]) / len(term.points)
                mean += share * node.value.item()
                weighted = ops.scale(node, share * term.weight)
                _require_finite(node.value, f"{term.name} term of the loss", state.step)
                found = tape.gradient(weighted, solution.parameters)
                gradients = [total + g for total, g in zip(gradients, found, strict=True)]
                tape.forget()
            means.append(mean)
    except (DatapathError, FormatError) as error:
        msg = f"the datapath {run.datapath.name} cannot go on at step {state.step}: {error}"
        raise TrainingError(msg) from error
    return means, gradients


def _metrics(run: Run, step: int, means: list[float], rate: float, ledger: Ledger) -> Metrics:
    residual, *others = means
    conditions = sum(w * mean for w, mean in zip(run.weights, others, strict=True))
    return Metrics(
        step=step,
        loss=residual + conditions,
        residual=residual,
        conditions=conditions,
        learning_rate=rate,
        quantizations=ledger.quantizations,
        saturations=ledger.saturations,
        underflows=ledger.underflows,
    )


def _require_finite(array: NDArray[Any], name: str, step: int) -> None:
    if not np.isfinite(array).all():
        msg = f"the {name} is not finite at step {step}: lower the learning rate, or widen a format"
        raise TrainingError(msg)
