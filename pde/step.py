"""One training step as a pure function: the next state is decided by the run and the last one."""

from dataclasses import replace

import numpy as np

from ..emu import Ledger, OpError, Tape
from .checkpoint import State
from .gradients import means_and_gradients, total_loss, weighted_conditions
from .metrics import Metrics
from .run import Run
from .updates import stored, updated


def initial_state(run: Run) -> State:
    """Return the state before step 0: drawn parameters, zero moments, nothing counted."""
    drawn = run.network.initialize(run.stream("initialization"), run.datapath.dtype)
    optimizer = run.optimizer.init(drawn)
    parameters = stored(run, "parameters", drawn, 0)
    return State(parameters=parameters, optimizer=optimizer, ledger=Ledger(), seconds=0.0)


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
        means, gradients = means_and_gradients(run, state.parameters, tape, state.step)
    parameters, optimizer = updated(
        run, run.network.parameter_names, state.parameters, gradients, state.optimizer, rate
    )
    ledger = state.ledger + tape.ledger
    after = replace(state, parameters=parameters, optimizer=optimizer, ledger=ledger)
    return after, _metrics(run, state.step, means, rate, ledger)


def step_errors(run: Run, state: State) -> list[OpError]:
    """The errors that every operation of the next step's loss and gradients adds, in order.

    Raises
    ------
    TrainingError
        As `training_step`.
    """
    tape = Tape(run.datapath, shadow=True)
    with np.errstate(all="ignore"):
        means_and_gradients(run, state.parameters, tape, state.step)
    return [] if tape.shadow is None else tape.shadow.errors


def _metrics(run: Run, step: int, means: list[float], rate: float, ledger: Ledger) -> Metrics:
    return Metrics(
        step=step,
        loss=total_loss(run, means),
        residual=means[0],
        conditions=weighted_conditions(run, means),
        learning_rate=rate,
        quantizations=ledger.quantizations,
        saturations=ledger.saturations,
        underflows=ledger.underflows,
    )
