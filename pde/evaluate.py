"""The smoothed network measured: its fields on many points, in chunks, on any datapath."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Datapath, Tape
from .errors import TrainingError
from .field_errors import FieldErrors, relative_l2
from .fields import smoothed_fields
from .run import Run
from .stein import Array

_ROWS = 2**14


def fields_at(
    run: Run, parameters: Sequence[NDArray[Any]], points: Array, datapath: Datapath
) -> tuple[Array, Array]:
    """Return the smoothed network and its Laplacian at ``points``, (P, 1) float64 each.

    Parameters
    ----------
    run
        Whose network, estimator and seed are used.
    parameters
        The parameters, of any dtype the datapath's numbers can hold.
    points
        Shape (P, D).
    datapath
        The machine that evaluates: the run's own, or ``exact`` to see what was learned without
        the rounding of the evaluation.

    Notes
    -----
    Points are taken in chunks of a fixed size, a power of two that depends on the number of nodes
    alone, so that tiles of up to 32 rows never see where one chunk ends.  Random nodes of chunk
    c are those of the stream "stein/test" at step c.
    """
    nodes_per_point = run.estimator.count(run.problem.dimension)
    chunk = max(32, 2 ** ((_ROWS // nodes_per_point).bit_length() - 1))
    stream, center = run.stream("stein/test"), run.problem.center
    values, laplacians = [], []
    for number, start in enumerate(range(0, len(points), chunk)):
        local = points[start : start + chunk] - center
        nodes = run.estimator.nodes(len(local), local.shape[1], stream, number)
        tape = Tape(datapath)
        with np.errstate(all="ignore"):  # the caller sees what is not finite
            on_tape = [tape.constant(array.astype(datapath.dtype)) for array in parameters]
            value, laplacian = smoothed_fields(run.network, on_tape, local, nodes, tape)
        values.append(value.value.astype(np.float64))
        laplacians.append(laplacian.value.astype(np.float64))
    return np.concatenate(values), np.concatenate(laplacians)


def held_out_points(run: Run) -> Array:
    """Return the points on which the run is measured: uniform in the domain, never trained on."""
    return run.problem.domain_points(run.test_points, run.stream("sampling/test"), 0)


def field_errors(run: Run, parameters: Sequence[NDArray[Any]], datapath: Datapath) -> FieldErrors:
    """Return the relative L2 errors of both fields over `held_out_points`.

    Raises
    ------
    TrainingError
        When a field is not finite somewhere.
    """
    points = held_out_points(run)
    value, laplacian = fields_at(run, parameters, points, datapath)
    errors = FieldErrors(
        solution=relative_l2(value, run.problem.exact(points)),
        laplacian=relative_l2(laplacian, run.problem.laplacian(points)),
    )
    if not math.isfinite(errors.solution + errors.laplacian):
        msg = f"the trained network is not finite on {datapath.name}: train with a lower rate"
        raise TrainingError(msg)
    return errors
