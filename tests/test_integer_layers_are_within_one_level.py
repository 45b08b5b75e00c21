"""Given the float simulator's integers, every layer in integers makes the same ones, or the next.

Together the layers may drift apart, since a level at one place is several at a later one; that is
measured by the studies, not promised.
"""

from itertools import cycle

import numpy as np
import pytest
from integer_cases import NETWORKS, SCENARIOS, case

from bitpde.pde import RunError
from bitpde.pde.integers import exported, level_differences, simulator_codes

TURNS = [*zip(NETWORKS, cycle(["w8a8", "w8a16", "w4a4", "w4a8"]), strict=False)]


@pytest.mark.parametrize(("name", "scenario"), TURNS)
def test_no_layer_is_more_than_one_level_away(name: str, scenario: str) -> None:
    require_near(name, scenario)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_none_is_in_any_scenario(name: str, scenario: str) -> None:
    require_near(name, scenario)


def require_near(name: str, scenario: str) -> None:
    """Require that no place differs by more than a level, and that few numbers differ."""
    given = case(name, scenario)
    found = level_differences(exported(*given), *given)
    assert max(each.alone for each in found.values()) <= 1
    # A level differs where a number is within the error of integers between products, a few
    # hundredths of a level, of the middle of two: most numbers are not.
    assert np.mean([each.share for each in found.values()]) < 0.05
    assert len(found) > 5


def test_the_first_place_is_the_simulators_own() -> None:
    given = case("unet plane", "w8a8")
    integers = exported(*given)
    codes = integers.input.encode(given.inputs)
    wanted = simulator_codes(*given)
    assert np.array_equal(codes, wanted["down0a/input"])


def test_predictions_are_those_of_the_output_codes() -> None:
    given = case("fno line", "w8a16")
    integers = exported(*given)
    codes = integers.run(integers.input.encode(given.inputs))["output"]
    assert np.array_equal(integers.predict(given.inputs), codes * integers.output.steps[0])


def test_differences_of_another_network_are_refused() -> None:
    with pytest.raises(RunError, match="the simulator has no quantizers"):
        level_differences(exported(*case("fno line", "w8a8")), *case("unet line", "w8a8"))
