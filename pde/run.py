"""A run: everything that decides the bits of one training, as one value."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..emu import Datapath, Node
from ..tt import TTForm, TTLayer, TTPlan
from .adam import Adam
from .catalogue import PROBLEMS
from .engine import Engine
from .engines import ENGINES
from .errors import RunError
from .lbfgs import LBFGS
from .network import MLP, Activation
from .nodes import Array
from .problem import Problem
from .quadrature import SteinGaussHermite
from .run_spec import RunSpec
from .sampling import Sampling, unit_points
from .schedule import SCHEDULES, Linear, Schedule
from .solution import Differences, Solution
from .spec import require_flag, require_integer

#: Of the network for one point.
_MOST_ROWS = 2**26

_PARTS = {
    "problem": Problem,
    "datapath": Datapath,
    "engine": Engine,
    "network": MLP,
    "differences": Differences,
    "sampling": Sampling,
    "schedule": Schedule,
    "optimizer": Adam,
}
_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(type(problem) for problem in PROBLEMS.values()),
        *ENGINES.values(),
        *SCHEDULES.values(),
        MLP,
        TTLayer,
        TTForm,
        TTPlan,
        Activation,
        Differences,
        Sampling,
        Adam,
        LBFGS,
    )
}


@dataclass(frozen=True, kw_only=True)
class Run(RunSpec):
    """One training of one network for one problem on one datapath.

    Two runs that are equal give the same parameters bit for bit, on any number of threads and
    however often they were interrupted; with the same build of NumPy and SciPy, also on another
    machine of the same kind.

    Parameters
    ----------
    problem, datapath, engine
        What is solved, on which machine, with which derivatives.
    network
        By what; the problem's own network if left out.
    differences
        How engines that sample find the rises of the solution to their nodes.
    steps
        Steps of Adam, at least 1; every step draws fresh points.
    domain_points, condition_points
        Points per step of the residual, and of each condition of the problem, 1 to 2^24.
    sampling
        How they are spread.
    condition_weights
        Factors of the conditions in their order, at least 0; the problem's own if left out.
    unbiased
        Whether the residual is multiplied by another with draws of its own, not squared.
    rows
        How many rows go through the network at a time, 1 to 2^30, or those of one point if these
        are more: a limit of the memory of a step.
    schedule, optimizer
        The learning rate as a function of the step, and the constants of Adam.
    refinement
        Rounds of L-BFGS after the steps, or None.
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

    KINDS: ClassVar[Mapping[str, type]] = _KINDS
    problem: Problem
    datapath: Datapath
    engine: Engine = field(default_factory=SteinGaussHermite)
    network: MLP = None  # type: ignore[assignment]
    differences: Differences = Differences.PARTS
    steps: int = 600
    domain_points: int = 100
    condition_points: int = 100
    sampling: Sampling = Sampling.UNIFORM
    condition_weights: tuple[float, ...] | None = None
    unbiased: bool = False
    rows: int = 2**16
    schedule: Schedule = field(default_factory=Linear)
    optimizer: Adam = field(default_factory=Adam)
    refinement: LBFGS | None = None
    seed: int = 0
    test_points: int = 20_000

    def __post_init__(self) -> None:
        if self.network is None and isinstance(self.problem, Problem):
            object.__setattr__(self, "network", self.problem.network)
        for name, kind in _PARTS.items():
            if not isinstance(getattr(self, name), kind):
                msg = f"Run.{name} is {getattr(self, name)!r}: give a {kind.__name__}"
                raise RunError(msg)
        if not isinstance(self.refinement, LBFGS | None):
            msg = f"Run.refinement is {self.refinement!r}: give an LBFGS or None"
            raise RunError(msg)
        require_integer("Run.steps", self.steps, least=1)
        require_integer("Run.domain_points", self.domain_points, least=1, most=2**24)
        require_integer("Run.condition_points", self.condition_points, least=1, most=2**24)
        require_integer("Run.rows", self.rows, least=1, most=2**30)
        require_integer("Run.test_points", self.test_points, least=6, most=2**24)
        require_integer("Run.seed", self.seed, least=0)
        self._settle_weights()
        require_flag("Run.unbiased", self.unbiased)
        rows = self.engine.rows(self.problem.derivatives)
        if rows > _MOST_ROWS:
            msg = f"Run.engine is {self.engine!r}, with {rows:.1e} rows for each point of "
            raise RunError(msg + f"{self.problem.dimension} coordinates: choose another engine")
        widths, dimension = self.network.widths, self.problem.dimension
        if widths[0] != dimension or widths[-1] != 1:
            msg = (
                f"Run.network has the widths {widths}: the problem {self.problem.name} needs "
                f"{dimension} inputs and 1 output"
            )
            raise RunError(msg)

    def _settle_weights(self) -> None:
        """Store the weights of the conditions as floats, or None where they are the problem's."""
        if self.condition_weights is None:
            return
        given, wanted = self.condition_weights, [c.name for c in self.problem.conditions]
        lawful = isinstance(given, tuple) and len(given) == len(wanted)
        if not lawful or not all(_is_weight(weight) for weight in given):
            msg = f"Run.condition_weights is {given!r}: give a tuple with one finite number of at "
            raise RunError(msg + f"least 0 for each of {wanted}")
        settled = tuple(float(weight) for weight in given)
        object.__setattr__(self, "condition_weights", settled)

    @property
    def weights(self) -> tuple[float, ...]:
        """The factors of the conditions."""
        if self.condition_weights is not None:
            return self.condition_weights
        return tuple(condition.weight for condition in self.problem.conditions)

    @property
    def rounds(self) -> int:
        """The rounds of L-BFGS."""
        return 0 if self.refinement is None else self.refinement.rounds

    @property
    def part_size(self) -> int:
        """How many points of a term of the loss are taken at a time."""
        return max(1, self.rows // self.engine.rows(self.problem.derivatives))

    def solution(self, parameters: Sequence[Node]) -> Solution:
        """Return the function that is trained, of parameters on a tape."""
        return Solution(
            problem=self.problem,
            network=self.network,
            parameters=parameters,
            differences=self.differences,
        )

    def uniform(self, name: str, count: int, dimension: int, step: int) -> Array:
        """Return what makes the points called ``name`` of a step: (count, dimension) in [0, 1)."""
        stream = self.stream(f"sampling/{name}")
        return unit_points(self.sampling, count, dimension, stream, step)


def _is_weight(weight: object) -> bool:
    """Whether this is a finite number of at least 0."""
    number = isinstance(weight, int | float) and not isinstance(weight, bool)
    return number and 0 <= weight < math.inf  # type: ignore[operator]
