"""The loss: mean square residual of the equation, and weighted mean squares of the conditions.

Each mean is over points of its own, which are taken some at a time: what a mean gets from each part
is a number on a tape, so that parts can be differentiated one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ..emu import Node, ops
from .nodes import Array
from .problem import Condition
from .run import Run
from .solution import Solution


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """One mean of the loss: its points, what they are for, and its factor.

    Parameters
    ----------
    name
        ``"residual"``, or the name of a condition.
    points
        (P, D).
    condition
        What is known of u at the points; None where the equation holds.
    weight
        Factor of the mean.
    """

    name: str
    points: Array
    condition: Condition | None
    weight: float

    def parts(self, size: int) -> Iterator[tuple[int, Array]]:
        """The points, ``size`` at a time, and how many parts were before."""
        for number, start in enumerate(range(0, len(self.points), size)):
            yield number, self.points[start : start + size]


def loss_terms(run: Run, step: int) -> list[Term]:
    """Return the terms of the loss of a step, each with points of its own stream."""
    problem = run.problem
    inside = problem.domain_points(run.uniform("domain", run.domain_points, problem.draws, step))
    terms = [Term(name="residual", points=inside, condition=None, weight=1.0)]
    for condition, weight in zip(problem.conditions, run.weights, strict=True):
        uniform = run.uniform(condition.name, run.condition_points, condition.draws, step)
        points = condition.points(uniform)
        terms.append(Term(name=condition.name, points=points, condition=condition, weight=weight))
    return terms


def mean_of_part(
    run: Run, solution: Solution, term: Term, part: tuple[int, Array], step: int
) -> Node:
    """Return the mean over one part of a term's points, on the solution's tape.

    Draws of the engine come from streams named by the term and the number of the part.  The
    unbiased loss is the mean of the product of two residuals, each with draws of its own: the
    noise of a sampled residual has no square in it (Hu et al., arXiv 2311.15283).
    """
    number, points = part
    stream = run.stream(f"engine/{term.name}/{number}")
    if term.condition is not None:
        value = run.engine.value(solution, points, stream, step)
        known = solution.constant(term.condition.target(points))
        return ops.mean_square(ops.subtract(value, known))

    def residual(draws: str) -> Node:
        engine, its_stream = run.engine, run.stream(f"{stream.name}{draws}")
        return run.problem.residual(engine.fields(solution, points, its_stream, step), points)

    first = residual("")
    if not run.unbiased:
        return ops.mean_square(first)
    return ops.mean_product(first, residual("/second"))
