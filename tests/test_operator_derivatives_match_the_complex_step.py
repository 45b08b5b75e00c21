"""The adjoint of every operation of operator networks agrees with the complex step.

Both sides of the adjoint identity add up the products ``v_i J_ij u_j``, and each is off by at most
``n u A`` with ``A = sum |v_i| |J_ij| |u_j|``, where n counts the roundings on the way of a product
(`test_every_derivative_matches_the_complex_step.py`).  Here J is had column by column by the
complex step.  Sides are at most 9 and arrays hold at most 96 numbers: the inner products add fewer
than 96 + 96, an operation at most 54 and its transforms and functions round fewer than 100 times
more, so that 2 n < 692.  Where an operation subtracts (a norm removes two means, a softmax one, a
transform cancels waves) its entries of J are differences of parts that are at most 8 times as large
as the largest one here, which the seeds fix: 2 n u * 8 < 1e-12 relative to A.
"""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from operator_cases import CASES, COMPOSED, Shape

from bitpde.emu import GradientCheck, Node, Tape, check_gradient, preset
from bitpde.emu.tape import vjps

EVERY = [
    pytest.param(name, *case, id=f"{name}-{k}")
    for name, cases in {**CASES, **COMPOSED}.items()
    for k, case in enumerate(cases)
]
Function = Callable[..., Node]


def points(shapes: list[Shape], seed: int) -> list[Any]:
    """Return numbers in [-2, 2] that are apart, so that no comparison is near a tie."""
    rng = np.random.default_rng((seed, 1))
    return [rng.permutation(np.linspace(-2, 2, int(np.prod(s)))).reshape(s) for s in shapes]


def absolute(function: Function, shapes: list[Shape], seed: int) -> float:
    """Return ``sum |v_i| |J_ij| |u_j|`` of the directions of `check_gradient`."""
    arrays, rng = points(shapes, seed), np.random.default_rng(seed)
    directions = [np.abs(rng.standard_normal(shape)) for shape in shapes]
    total: Any = 0.0
    for k, direction in enumerate(directions):
        for place in np.ndindex(direction.shape):
            stepped: list[Any] = [x + 0j for x in arrays]
            stepped[k][place] += 1e-150j
            tape = Tape(preset("exact"))
            value = function(*(tape.parameter(x) for x in stepped)).value
            total = total + np.abs(np.imag(value)) / 1e-150 * direction[place]
    return float(np.sum(np.abs(rng.standard_normal(total.shape)) * total))


def checked(function: Function, shapes: list[Shape], seed: int) -> GradientCheck:
    return check_gradient(function, points(shapes, seed), seed=seed)


@pytest.mark.parametrize(("name", "function", "shapes"), EVERY)
def test_every_adjoint_is_that_of_the_complex_step(
    name: str, function: Function, shapes: list[Shape]
) -> None:
    allowed = 1e-12 * absolute(function, shapes, 0)
    for seed in range(5):
        check = checked(function, shapes, seed)
        assert check.error <= 1e-12
    check = checked(function, shapes, 0)
    assert abs(check.forward - check.reverse) <= allowed


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("factor", [-1.0, 1 + 1e-9])
def test_a_planted_wrong_derivative_is_caught(name: str, factor: float) -> None:
    right: Any = vjps.VJPS[name]

    def wrong(entry: Any, g: Any) -> tuple[Any, ...]:
        *others, last = right(entry, g)
        return (*others, factor * last)

    for function, shapes in CASES[name]:
        with patch.dict(vjps.VJPS, {name: wrong}):
            assert checked(function, shapes, 0).error > 1e-12


@pytest.mark.parametrize("name", CASES)
def test_a_gradient_is_asked_of_those_that_have_one(name: str) -> None:
    for function, shapes in CASES[name]:
        for wanted in range(len(shapes)):
            tape = Tape(preset("exact"))
            nodes = [
                tape.parameter(x) if k == wanted else tape.constant(x)
                for k, x in enumerate(points(shapes, 0))
            ]
            result = function(*nodes)
            (alone,) = tape.pullback(result, np.ones(result.shape), [nodes[wanted]])
            whole = Tape(preset("exact"))
            nodes = [whole.parameter(x) for x in points(shapes, 0)]
            result = function(*nodes)
            both = whole.pullback(result, np.ones(result.shape), nodes)
            assert alone.tobytes() == both[wanted].tobytes()
