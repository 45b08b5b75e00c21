"""The loss of one step and its gradients, backwards through the datapath of a run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Tape, ops
from .errors import TrainingError
from .loss import loss_terms, mean_of_part
from .refusals import naming_step
from .run import Run


def means_and_gradients(
    run: Run, parameters: Sequence[NDArray[Any]], tape: Tape, step: int
) -> tuple[list[float], list[NDArray[Any]]]:
    """Return the means of the loss at a step and its gradients; a cast's refusal names the step.

    Of each mean as many points at a time as `Run.part_size` says are recorded, differentiated and
    forgotten; the gradients are added up in that order in the vector format.
    """
    with naming_step(run.datapath, step):
        solution = run.solution([tape.parameter(array) for array in parameters])
        terms, means = loss_terms(run, step), []
        gradients = [np.zeros_like(array) for array in parameters]
        for term in terms:
            mean = 0.0
            for part in term.parts(run.part_size):
                node = mean_of_part(run, solution, term, part, step)
                share = len(part[1]) / len(term.points)
                mean += share * node.value.item()
                weighted = ops.scale(node, share * term.weight)
                require_finite(node.value, f"{term.name} term of the loss", step)
                found = tape.gradient(weighted, solution.parameters)
                gradients = [total + g for total, g in zip(gradients, found, strict=True)]
                tape.forget()
            means.append(mean)
    return means, gradients


def total_loss(run: Run, means: Sequence[float]) -> float:
    """Return the loss of which these are the means."""
    return means[0] + weighted_conditions(run, means)


def weighted_conditions(run: Run, means: Sequence[float]) -> float:
    """Return what the conditions contribute to that."""
    return sum(w * mean for w, mean in zip(run.weights, means[1:], strict=True))


def require_finite(array: NDArray[Any], name: str, step: int) -> None:
    """Raise `TrainingError` unless every number of ``array`` is finite."""
    ends = (array.min(), array.max()) if array.size else ()  # NaN, if one is
    if not np.isfinite(ends).all():
        msg = f"the {name} is not finite at step {step}: lower the learning rate, or widen a format"
        raise TrainingError(msg)
