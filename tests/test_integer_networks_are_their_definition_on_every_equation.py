"""Every network trained on every equation gives, in integers, the codes of its slow twin.

Twelve cells: FNO, UNet and transformer on diffusion with sorption, Burgers' equation, vorticity and
Darcy flow; each at three widths, quantized to every width of the paper that has an integer form,
trained as it is quantized, and run by both rules.  The data are of the families' own solvers on
small grids, so that borders, padding and the sizes of numbers are those that the equations have.
"""

from functools import cache
from typing import Any

import numpy as np
import pytest

from bitpde.emu import RequantizationRule
from bitpde.pde import Constant, RunError
from bitpde.pde.integers import exported, lowered, simulate, traced
from bitpde.pde.operators import (
    FNO,
    OperatorNetwork,
    OperatorOutcome,
    OperatorRun,
    Samples,
    Transformer,
    UNet,
    from_coefficient,
    one_step,
    train_operator,
)
from bitpde.pde.qat import Plan
from bitpde.validation.operator_studies.data import EQUATIONS, family_of

NETWORKS = ("FNO", "UNet", "Transformer")
WIDTHS = (2, 4, 8)
SCENARIOS = ("w4a4", "w4a8", "w8a8", "w8a16")
RULES = (RequantizationRule.DOUBLE, RequantizationRule.SINGLE)
#: Cells along each axis of a line and of a plane, and the viscosity that so few can resolve.
POINTS, VISCOSITIES = (8, 6), {"burgers": 0.5, "vorticity": 0.05}
RATE = Constant(initial=1e-2)


@cache
def samples(equation: str) -> tuple[Samples, bool]:
    """Return four pairs of fields of an equation, and whether these are periodic."""
    points = POINTS[EQUATIONS[equation] - 1]
    cell = {"pde": equation, "points": points, "frames": 3, "nu": VISCOSITIES.get(equation)}
    family = family_of(cell)
    if equation == "darcy":
        found = [family.instance(0, k) for k in range(4)]
        coefficients = np.stack([np.asarray(each.coefficient) for each in found])
        return from_coefficient(coefficients, np.stack([each.values for each in found])), False
    values = np.stack([family.instance(0, k).values for k in range(2)])
    return one_step(values, inputs=1), family.periodic


def network(kind: str, equation: str, width: int) -> OperatorNetwork:
    """Return a network of a kind for the fields of an equation."""
    dimension, periodic = EQUATIONS[equation], samples(equation)[1]
    shape: dict[str, Any] = {"inputs": 1, "outputs": 1, "dimension": dimension, "width": width}
    if kind == "FNO":
        padding = 0 if periodic else 2
        return FNO(modes=(2,) * dimension, blocks=2, hidden=width, padding=padding, **shape)
    if kind == "UNet":
        boundary = "periodic" if periodic else "zero"
        return UNet(levels=1, groups=2, boundary=boundary, **shape)
    return Transformer(blocks=1, heads=width // 2, **shape)


@cache
def in_floats(kind: str, equation: str, width: int) -> OperatorOutcome:
    """Return a network after four steps in floats."""
    pairs, _ = samples(equation)
    run = OperatorRun.on(
        pairs, network=network(kind, equation, width), epochs=2, batch=2, schedule=RATE, loss="mse"
    )
    return train_operator(run, pairs, None)


@cache
def quantized(kind: str, equation: str, width: int, scenario: str) -> OperatorOutcome:
    """Return that network after four more as it is quantized."""
    base, (pairs, _) = in_floats(kind, equation, width), samples(equation)
    run = base.continued(Plan.named(scenario), epochs=2, schedule=RATE)
    return train_operator(run, pairs, None, start=base.parameters)


@pytest.mark.exhaustive
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_every_code_is_that_of_the_twin(
    kind: str, equation: str, width: int, scenario: str, rule: RequantizationRule
) -> None:
    outcome = quantized(kind, equation, width, scenario)
    x = outcome.run.scaling.scaled(samples(equation)[0]).inputs.astype(np.float32)
    program = traced(outcome.run.network, outcome.quantization, outcome.arrays, x)
    given = x[:2].copy()
    given[1] *= 3  # far out of range
    codes = program.grids[program.input, -1].encode(given)
    found = lowered(program, rule).run(codes, every=True)
    wanted = simulate(program, rule, codes)
    assert found.keys() == wanted.keys()
    assert [k for k in found if not np.array_equal(found[k], wanted[k])] == []
    assert len(found) > 5
    assert len(np.unique(found["output"])) > 2  # it says something


@pytest.mark.exhaustive
@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_activations_without_a_width_have_no_integer_form(kind: str, equation: str) -> None:
    outcome = quantized(kind, equation, WIDTHS[0], "w8a32")
    x = outcome.run.scaling.scaled(samples(equation)[0]).inputs.astype(np.float32)
    with pytest.raises(RunError, match="at most 16 bits"):
        exported(outcome.run.network, outcome.quantization, outcome.arrays, x)
