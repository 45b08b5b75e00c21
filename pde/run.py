"""A run: everything that decides the bits of one training, as one value."""

import hashlib
import json
from dataclasses import dataclass, field, fields
from typing import Any

from ..emu import Datapath
from .adam import Adam
from .catalogue import problem_named
from .checks import from_fields, require_integer, settle_real
from .errors import RunError
from .estimators import estimator_from_json
from .network import MLP
from .problem import Problem
from .quadrature import SteinGaussHermite
from .schedule import Linear, Schedule, schedule_from_json
from .stein import Estimator
from .streams import Stream


@dataclass(frozen=True, kw_only=True)
class Run:
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
        Points per step of the two terms of the loss, at least 1 each.
    boundary_weight
        Factor of the boundary term, at least 0.
    schedule, optimizer
        The learning rate as a function of the step, and the constants of Adam.
    seed
        A non-negative integer from which every stream of random numbers is split.
    test_points
        Points of the final errors, at least 6 (a quadratic has six coefficients in the plane).

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
        for name in ("steps", "domain_points", "boundary_points"):
            require_integer(f"Run.{name}", getattr(self, name), least=1)
        require_integer("Run.seed", self.seed, least=0)
        require_integer("Run.test_points", self.test_points, least=6)
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

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary, self-contained: it holds the datapath, not its name."""
        plain = {name.name: getattr(self, name.name) for name in fields(self)}
        parts = ("datapath", "estimator", "network", "schedule", "optimizer")
        values = {name: plain[name].to_json() for name in parts}
        return {**plain, **values, "problem": self.problem.name}

    @classmethod
    def from_json(cls, data: object) -> "Run":
        """Return the run whose `to_json` is ``data``.

        Raises
        ------
        RunError
            When a field is missing, unknown or out of range.
        DatapathError, FormatError
            When the datapath is not one.
        """
        readers = {
            "problem": problem_named,
            "datapath": Datapath.from_json,
            "estimator": estimator_from_json,
            "network": MLP.from_json,
            "schedule": schedule_from_json,
            "optimizer": lambda adam: from_fields(Adam, adam),
        }
        if isinstance(data, dict):
            data = {k: readers[k](v) if k in readers else v for k, v in data.items()}
        return from_fields(cls, data)

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of the JSON with sorted keys: the name of the run."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
