"""A network of integers makes, at every place, the integers of its slow twin, bit for bit.

The twin evaluates the program in Python's integers and Fractions: each number with a scale of its
own, without widths, folded scales, batches of products or tables.
"""

from itertools import cycle

import numpy as np
import pytest
from integer_cases import NETWORKS, SCENARIOS, case

from bitpde.emu import RequantizationRule
from bitpde.pde.integers import Widths, lowered, simulate, traced

DOUBLE, SINGLE = RequantizationRule.DOUBLE, RequantizationRule.SINGLE
TURNS = cycle([("w4a8", DOUBLE), ("w8a16", SINGLE), ("w4a4", SINGLE), ("w8a8", DOUBLE)])
FEW = [(name, *turn) for name, turn in zip(NETWORKS, TURNS, strict=False)]
ALL = [(n, s, r) for n in NETWORKS for s in SCENARIOS for r in (DOUBLE, SINGLE)]


def require_equal(
    name: str, scenario: str, rule: RequantizationRule, widths: Widths | None = None
) -> None:
    """Require the same integers at every place of two samples, one of them far out of range."""
    given = case(name, scenario)
    program = traced(*given, widths)
    x = given.inputs[:2].copy()
    x[1] *= 3
    codes = program.grids[program.input, -1].encode(x)
    found = lowered(program, rule).run(codes, every=True)
    wanted = simulate(program, rule, codes)
    assert found.keys() == wanted.keys()
    assert [k for k in found if not np.array_equal(found[k], wanted[k])] == []
    assert len(found) > 5


@pytest.mark.parametrize(("name", "scenario", "rule"), FEW)
def test_every_integer_is_that_of_the_twin(
    name: str, scenario: str, rule: RequantizationRule
) -> None:
    require_equal(name, scenario, rule)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "scenario", "rule"), ALL)
def test_every_scenario_by_both_rules(name: str, scenario: str, rule: RequantizationRule) -> None:
    require_equal(name, scenario, rule)


@pytest.mark.parametrize(
    "widths",
    [
        Widths(functions=8, operands=8, constants=8, outputs=8, wide=16, finer=0, headroom=1.0),
        Widths(functions=12, operands=12, constants=12, wide=20, finer=3),
    ],
)
def test_other_widths_between_products(widths: Widths) -> None:
    require_equal("fno plane", "w4a4", SINGLE, widths)
    require_equal("fourier plane", "w8a8", DOUBLE, widths)


def test_a_sample_does_not_depend_on_the_others() -> None:
    for name in ("fno plane", "softmax line"):
        program = traced(*case(name, "w8a8"))
        network = lowered(program, DOUBLE)
        codes = network.input.encode(case(name, "w8a8").inputs)
        whole = network.run(codes)["output"]
        for k in range(len(codes)):
            assert np.array_equal(network.run(codes[k : k + 1])["output"], whole[k : k + 1])
