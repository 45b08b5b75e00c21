"""The trained solution measured: its fields on many points, in chunks, on any datapath."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Datapath, Tape
from .errors import TrainingError
from .field_errors import FieldErrors, relative_l2
from .nodes import Array
from .run import Run

_ROWS = 2**14


def fields_at(
    run: Run, parameters: Sequence[NDArray[Any]], points: Array, datapath: Datapath
) -> tuple[Array, Array]:
    """Return the solution and its diffusion term at ``points``, (P, 1) float64 each.

    The solution is what the run's engine calls its value.

    Parameters
    ----------
    run
        Whose network, engine and seed are used.
    parameters
        The parameters, of any dtype the datapath's numbers can hold.
    points
        Shape (P, D).
    datapath
        The machine that evaluates: the run's own, or ``exact`` to see what was learned without
        the rounding of the evaluation.

    Notes
    -----
    Points are taken in chunks of a fixed size, a power of two that depends on the engine alone, so
    that tiles of up to 32 rows never see where one chunk ends.  Random draws of chunk c are those
    of the stream "engine/test" at step c.
    """
    rows_per_point = run.engine.rows(run.problem.derivatives)
    chunk = max(32, 2 ** ((_ROWS // rows_per_point).bit_length() - 1))
    stream, values, diffusions = run.stream("engine/test"), [], []
    for number, start in enumerate(range(0, len(points), chunk)):
        tape = Tape(datapath)
        with np.errstate(all="ignore"):  # the caller sees what is not finite
            on_tape = [tape.constant(array.astype(datapath.dtype)) for array in parameters]
            here = points[start : start + chunk]
            fields = run.engine.fields(run.solution(on_tape), here, stream, number)
        values.append(fields.value.value.astype(np.float64))
        diffusions.append(fields.diffusion.value.astype(np.float64))
    return np.concatenate(values), np.concatenate(diffusions)


def held_out_points(run: Run) -> Array:
    """Return the points on which the run is measured: uniform in the domain, never trained on."""
    problem = run.problem
    uniform = run.stream("sampling/test").uniform((run.test_points, problem.draws), 0)
    return problem.domain_points(uniform)


def field_errors(run: Run, parameters: Sequence[NDArray[Any]], datapath: Datapath) -> FieldErrors:
    """Return the relative L2 errors of the solution's fields over `held_out_points`.

    Raises
    ------
    TrainingError
        When a field is not finite somewhere.
    """
    points, problem = held_out_points(run), run.problem
    value, diffusion = fields_at(run, parameters, points, datapath)
    exact, network = problem.exact(points), None
    if problem.constrained:
        lift = problem.lift(points)
        network = relative_l2(value - lift, exact - lift)
    errors = FieldErrors(
        solution=relative_l2(value, exact),
        diffusion=relative_l2(diffusion, problem.exact_diffusion(points)),
        network=network,
    )
    if not math.isfinite(errors.solution + errors.diffusion):
        msg = f"the trained network is not finite on {datapath.name}: train with a lower rate"
        raise TrainingError(msg)
    return errors
