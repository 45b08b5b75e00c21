"""Checking derivatives: reverse mode against the complex step, by the adjoint identity.

For ``y = f(x)`` and random ``u``, ``v`` the numbers ``<v, J u>`` and ``<J^T v, u>`` are equal.  The
left one comes from the complex step ``J u = Im f(x + i h u) / h``, free of subtraction and hence
of step-size error (Squire and Trapp 1998); the right one from the tape.  One comparison tests every
entry of J at once, and both values are products of exact arithmetic in float64.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...formats import FP64
from ..datapath import Datapath
from ..errors import DatapathError
from ..presets import preset
from .tape import Node, Tape

_STEP = 1e-150  # its square, the truncation error, vanishes beside any number above 1e-284


@dataclass(frozen=True, kw_only=True)
class GradientCheck:
    """The two sides of the adjoint identity."""

    #: <v, J u> by the complex step
    forward: float
    #: <J^T v, u> by the tape
    reverse: float
    #: the terms of both inner products, by magnitude: what rounding errors are relative to
    magnitude: float

    @property
    def error(self) -> float:
        """Their difference relative to the magnitude of their terms; 0 where all terms vanish."""
        difference = abs(self.forward - self.reverse)
        return difference / self.magnitude if self.magnitude else difference


def check_gradient(
    function: Callable[..., Node],
    arrays: Sequence[ArrayLike],
    *,
    seed: int = 0,
    datapath: Datapath | None = None,
) -> GradientCheck:
    """Compare reverse mode with the complex step for ``function(*nodes) -> node``.

    Parameters
    ----------
    function
        Builds its result from the nodes it is given with operations of `ops`, each analytic.
    arrays
        Where to differentiate: one real array per argument.
    seed
        Of the random directions: standard normal, u for each argument in order, then v.
    datapath
        A machine in float64 throughout; ``exact`` if left out.  Quantized machines have no
        derivative to compare with.

    Examples
    --------
    >>> from bitpde.emu import ops
    >>> check_gradient(lambda a: ops.tanh(a), [[0.3, -0.7]]).error < 1e-14
    True
    """
    machine = preset("exact") if datapath is None else datapath
    casts = (machine.activation, machine.weight, machine.gradient)
    if machine.vector != FP64 or any(cast.format != FP64 for cast in casts):
        msg = f"datapath {machine.name!r} rounds below float64: check under 'exact'"
        raise DatapathError(msg)
    rng = np.random.default_rng(seed)
    points = [np.asarray(array, dtype=np.float64) for array in arrays]
    directions = [rng.standard_normal(point.shape) for point in points]

    tape = Tape(machine)
    steps = [tape.parameter(x + 1j * _STEP * u) for x, u in zip(points, directions, strict=True)]
    pushed = np.imag(function(*steps).value) / _STEP
    cotangent = rng.standard_normal(pushed.shape)

    tape = Tape(machine)
    nodes = [tape.parameter(x) for x in points]
    pulled = tape.pullback(function(*nodes), cotangent, nodes)
    left = cotangent * pushed
    right = np.concatenate([(g * u).ravel() for g, u in zip(pulled, directions, strict=True)])
    return GradientCheck(
        forward=float(left.sum()),
        reverse=float(right.sum()),
        magnitude=float(np.abs(left).sum() + np.abs(right).sum()),
    )
