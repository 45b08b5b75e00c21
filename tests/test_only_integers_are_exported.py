"""What has no integer form is refused when a network is exported, by what it is and what to do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from integer_cases import Case, case

from bitpde.emu import RequantizationRule
from bitpde.pde import RunError
from bitpde.pde.integers import Grid, Widths, exported, simulate, traced
from bitpde.pde.integers.program import batch_multiples
from bitpde.pde.operators import (
    FNO,
    OperatorRun,
    Quantization,
    Samples,
    Scaling,
    calibrated,
)
from bitpde.pde.qat import Plan


def quantized(network: FNO, scenario: str) -> Case:
    x = np.random.default_rng(0).standard_normal((3, 8, 1)).astype(np.float32)
    samples = Samples(inputs=x, targets=x)
    run = OperatorRun(
        network=network, scaling=Scaling.of(samples), data="none", plan=Plan.named(scenario)
    )
    first = network.initialize(run.stream("initialization"), np.float32)
    quantization = calibrated(run, first, samples)
    return Case(network, quantization, {**first, **quantization.arrays(np.float32)}, x)


SMALL = FNO(inputs=1, outputs=1, dimension=1, modes=(2,), width=2, blocks=1, hidden=2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exported(*quantized(SMALL, "w8a32")), "at most 16 bits"),
        (lambda: exported(*quantized(replace(SMALL, island=True), "w8a8")), "one without island"),
        (lambda: exported(*case("fno line", "w4a8")._replace(quantization=Quantization())), "plan"),
        (lambda: traced(*case("fno line", "w4a8")[:3], np.zeros((1, 8, 1))), "give at least two"),
        (lambda: Widths(functions=17), "Widths.functions is 17"),
        (lambda: Widths(wide=25), "Widths.wide is 25"),
        (lambda: Widths(headroom=0.5), "Widths.headroom is 0.5"),
        (lambda: Widths().grid("functions", np.inf), "calibrate with samples that stay finite"),
        (lambda: batch_multiples((8, 3), (41, 3), 5), "treats samples alike"),
    ],
)
def test_refusals_name_the_remedy(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(RunError, match=said):
        call()


def test_other_rules_are_for_other_machines() -> None:
    program = traced(*case("fno line", "w4a8"))
    codes = np.zeros((1, 8, 1), np.uint8)
    with pytest.raises(RunError, match="choose"):
        simulate(program, RequantizationRule.FLOAT, codes)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (np.zeros((1, 8, 1)), "give integers of shape"),
        (np.zeros((1, 9, 1), int), "give integers of shape"),
        (np.zeros((1, 8, 2), int), "give integers of shape"),
        (np.array(3), "give integers of shape"),
        (np.full((1, 8, 1), 256), "give integers from 0 to 255"),
        (np.full((1, 8, 1), -1), "give integers from 0 to 255"),
    ],
)
def test_codes_that_are_not_the_inputs_are_refused(codes: Any, said: str) -> None:
    with pytest.raises(RunError, match=said):
        exported(*case("fno line", "w4a8")).run(codes)


def test_no_sample_is_none() -> None:
    network = exported(*case("fno plane", "w4a8"))
    assert network.run(np.zeros((0, 4, 4, 2), np.uint8))["output"].shape == (0, 4, 4, 1)


def test_grids_encode_as_casts_do() -> None:
    given = case("unet plane", "w4a8")
    quantizer = given.quantization.quantizers["down0a/input"]
    parameters = given.quantization.first["down0a/input"]
    grid = Grid.of(quantizer, quantizer.affine(*parameters))
    x = np.random.default_rng(1).standard_normal(999).astype(np.float32) * 3
    ties = np.float32((np.arange(-20, 300) + 0.5) * grid.steps[0])
    for values in (x, ties):
        coded = quantizer.cast(*parameters).encode(values)
        assert np.array_equal(grid.encode(values), coded.codes)
        assert np.array_equal(grid.decode(coded.codes), coded.values())
    assert grid.bits == 8
