"""A run: everything that decides the bits of one training, as one value."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from ..emu import Datapath
from .adam import Adam
from .catalogue import PROBLEMS
from .errors import RunError
from .estimators import ESTIMATORS
from .network import MLP
from .problem import Problem
from .quadrature import SteinGaussHermite
from .schedule import SCHEDULES, Linear, Schedule
from .spec import Spec, read_spec, require_integer, settle_real
from .stein import Estimator
from .streams import Stream

_PARTS = {
    "problem": Problem,
    "datapath": Datapath,
    "estimator": Estimator,
    "network": MLP,
    "schedule": Schedule,
    "optimizer": Adam,
}
_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(type(problem) for problem in PROBLEMS.values()),
        *ESTIMATORS.values(),
        *SCHEDULES.values(),
        MLP,
        Adam,
    )
}


@dataclass(frozen=True, kw_only=True)
class Run(Spec):
    """One training of one network for one problem on one datapath.

    Two runs that are equal give the same parameters bit for bit, on any number of threads and
    however often they were interrupted; with the same build of NumPy and SciPy, also on another
    machine of the same kind.

    Parameters
    ----------
    problem, datapath, estimator, network
        What is solved, on which machine, with which derivatives, by what.
    steps
        Optimizer steps, at least 1; every step draws fresh points.
    domain_points, boundary_points
        Points per step of the two terms of the loss, 1 to 2^24 each.
    boundary_weight
        Factor of the boundary term, at least 0.
    schedule, optimizer
        The learning rate as a function of the step, and the constants of Adam.
    seed
        A non-negative integer from which every stream of random numbers is split.
    test_points
        Points of the final errors, 6 (the coefficients of a quadratic in the plane) to 2^24.

    Examples
    --------
    >>> from bitpde.emu import preset
    >>> from bitpde.pde import Poisson
    >>> run = Run(problem=Poisson(), datapath=preset("smx8"), steps=10)
    >>> Run.from_json(run.to_json()) == run
    True
    """

    problem: Problem
    datapath: Datapath
    estimator: Estimator = field(default_factory=SteinGaussHermite)
    network: MLP = field(default_factory=MLP)
    steps: int = 600
    domain_points: int = 100
    boundary_points: int = 100
    boundary_weight: float = 300.0
    schedule: Schedule = field(default_factory=Linear)
    optimizer: Adam = field(default_factory=Adam)
    seed: int = 0
    test_points: int = 20_000

    def __post_init__(self) -> None:
        for name, kind in _PARTS.items():
            if not isinstance(getattr(self, name), kind):
                msg = f"Run.{name} is {getattr(self, name)!r}: give a {kind.__name__}"
                raise RunError(msg)
        require_integer("Run.steps", self.steps, least=1)
        require_integer("Run.domain_points", self.domain_points, least=1, most=2**24)
        require_integer("Run.boundary_points", self.boundary_points, least=1, most=2**24)
        require_integer("Run.test_points", self.test_points, least=6, most=2**24)
        require_integer("Run.seed", self.seed, least=0)
        settle_real(self, "boundary_weight", least=0.0)
        widths, dimension = self.network.widths, self.problem.dimension
        if widths[0] != dimension or widths[-1] != 1:
            msg = (
                f"Run.network has the widths {widths}: the problem {self.problem.name} needs "
                f"{dimension} inputs and 1 output"
            )
            raise RunError(msg)

    def stream(self, name: str) -> Stream:
        """Return the stream of random numbers called ``name`` under this run's seed."""
        return Stream(seed=self.seed, name=name)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the run whose `to_json` is ``data``.

        Raises
        ------
        RunError
            When a field is unknown, missing or out of range.
        DatapathError
            When the datapath is not one.
        """
        if isinstance(data, Mapping) and isinstance(data.get("datapath"), Mapping):
            data = {**data, "datapath": Datapath.from_json(data["datapath"])}
        return read_spec(data, {**_KINDS, cls.__name__: cls}, cls)

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of the JSON with sorted keys: the name of the run."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
