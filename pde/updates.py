"""What an optimizer makes of gradients, in the formats that the datapath keeps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import FormatError, RandomBits
from .adam import AdamState
from .errors import TrainingError
from .gradients import require_finite
from .run_spec import RunSpec
from .storage import Arrays, kept

_KINDS = ("", "first moment of the ", "second moment of the ")


def stored(run: RunSpec, what: str, arrays: Sequence[NDArray[Any]], step: int) -> Arrays:
    """Return parameters or moments as the datapath keeps them after ``step`` steps.

    Raises
    ------
    TrainingError
        Where a cast refuses a number.
    """
    cast = run.datapath.master if what == "parameters" else run.datapath.moments
    bits = RandomBits(seed=run.seed, stream=f"rounding/{what}", step=step)
    try:
        return kept(arrays, cast, bits)
    except FormatError as error:
        msg = f"the datapath {run.datapath.name} cannot keep what step {step - 1} made: {error}"
        raise TrainingError(msg) from error


def updated(
    run: RunSpec,
    names: Sequence[str],
    parameters: Sequence[NDArray[Any]],
    gradients: Sequence[NDArray[Any]],
    moments: AdamState,
    rate: float,
    *,
    partners: Mapping[int, int] | None = None,
    settled: Callable[[list[NDArray[Any]]], Sequence[NDArray[Any]]] = tuple,
) -> tuple[Arrays, AdamState]:
    """Return parameters and moments after one more step of the run's optimizer.

    Parameters
    ----------
    run
        Whose optimizer and datapath these are.
    names
        Of the parameters, for errors.
    parameters, gradients, moments, rate, partners
        As `Adam.update` takes them.
    settled
        Applied to the moved parameters before they are stored.

    Raises
    ------
    TrainingError
        When a new parameter or a moment is not finite, naming it and the step.
    """
    before = moments.step
    with np.errstate(all="ignore"):  # what overflows is found by the checks below
        moved, after = run.optimizer.update(parameters, gradients, moments, rate, partners)
        arrays = stored(run, "parameters", settled(moved), after.step)
        first = stored(run, "first moments", after.first, after.step)
        second = stored(run, "second moments", after.second, after.step)
    for name, group in zip(names, zip(arrays, first, second, strict=True), strict=True):
        for kind, array in zip(_KINDS, group, strict=True):
            require_finite(array, kind + name, before)
    return arrays, AdamState(step=after.step, first=first, second=second)
