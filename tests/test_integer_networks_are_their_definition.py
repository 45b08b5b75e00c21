"""A network of integers makes, at every place, the integers of its slow twin, bit for bit.

The twin evaluates the program in Python's integers and Fractions: each number with a scale of its
own, without widths, folded scales, batches of products or tables.
"""

from fractions import Fraction
from itertools import cycle

import numpy as np
import pytest
from integer_cases import NETWORKS, SCENARIOS, case

from bitpde.emu import RequantizationRule, function_codes
from bitpde.pde.integers import Widths, lowered, simulate, traced
from bitpde.pde.integers.definition_numbers import power_of
from bitpde.pde.integers.normalizing_steps import Softmax
from bitpde.pde.integers.step import Setting

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


def test_shares_of_a_softmax_are_the_definition_to_the_last_bit() -> None:
    u, unit = np.random.default_rng(0).integers(-32767, 32768, (4, 9)), 2.0**-12
    operands = {"s:high": np.arange(17) << 12, "s:low": np.arange(2**12)}
    arrays = {k: function_codes("exp", -each, unit, 2.0**-30) for k, each in operands.items()}
    setting = Setting(arrays=arrays, rule=SINGLE, batch=4)
    found = Softmax(target="s", sources=("u",)).run([u], setting)
    for row, shares in zip(u.tolist(), found.tolist(), strict=True):
        powers = [power_of(max(row) - each, Fraction(unit)) for each in row]
        bits = sum(powers).bit_length()
        reciprocal = min(2**61 // (sum(powers) >> (bits - 31)), 2**31 - 1)
        assert shares == [(x * reciprocal + 2 ** (bits - 1)) >> bits for x in powers]
