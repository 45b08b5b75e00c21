"""Rounds of L-BFGS after the steps of Adam: each decided by the run and the state before it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Tape
from .checkpoint import State
from .gradients import means_and_gradients, require_finite, total_loss
from .lbfgs import LBFGS
from .nodes import Array
from .run import Run
from .updates import stored


def refined(run: Run, method: LBFGS, state: State) -> State:
    """Return the state after one more round.

    The points and draws of round r are those of the streams at step ``run.steps + r``.  L-BFGS
    moves the parameters in float64; they are rounded to the vector format's type for each loss, and
    cast to the format of the master weights at the end.

    Raises
    ------
    TrainingError
        When a loss, a derivative or a new parameter is not finite, naming the step.
    """
    shapes = [array.shape for array in state.parameters]
    step, ledger = run.steps + len(state.refinements), state.ledger

    def objective(parameters: Array) -> tuple[float, Array]:
        nonlocal ledger
        tape = Tape(run.datapath)
        with np.errstate(all="ignore"):  # what overflows is found by the checks below
            arrays = _parts(parameters, shapes, run.datapath.dtype)
            means, gradients = means_and_gradients(run, arrays, tape, step)
        ledger += tape.ledger
        for name, gradient in zip(run.network.parameter_names, gradients, strict=True):
            require_finite(gradient, f"derivative by the {name}", step)
        return total_loss(run, means), _joined(gradients)

    moved, told = method.minimize(objective, _joined(state.parameters))
    with np.errstate(all="ignore"):
        arrays = _parts(moved, shapes, run.datapath.dtype)
        parameters = stored(run, "parameters", arrays, step + 1)
    for name, array in zip(run.network.parameter_names, parameters, strict=True):
        require_finite(array, name, step)
    refinements = (*state.refinements, told)
    return replace(state, parameters=parameters, ledger=ledger, refinements=refinements)


def _joined(arrays: Sequence[NDArray[Any]]) -> Array:
    return np.concatenate([array.reshape(-1) for array in arrays]).astype(np.float64)


def _parts(parameters: Array, shapes: Sequence[tuple[int, ...]], dtype: type) -> list[NDArray[Any]]:
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])[:-1]
    flat = np.split(parameters, ends)
    return [part.reshape(shape).astype(dtype) for part, shape in zip(flat, shapes, strict=True)]
