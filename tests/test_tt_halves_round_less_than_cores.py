"""In INT8 a layer merged by halves is nearer to its matrix than one applied core by core.

A plan codes two operands per product.  Were their errors alike and independent, of p products the
result would have the relative error sqrt(2 p) e for one e, whatever the plan: that of the whole
matrix is sqrt(2) e, of halves 2 e, and of 8 or 4 cores 4 e or sqrt(8) e.  So by theory halves have
1/2 of the error of 8 cores, but sqrt(1/2) of that of 4, which is more than 0.6.
"""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tt_cases import normal_of

from bitpde.emu import Tape, preset
from bitpde.tt import TTForm, TTLayer, TTPlan, TTStart, contraction_cost

INPUTS, OUTPUTS, R = (4, 4, 4, 8), (8, 4, 4, 4), 8
LAYERS = {
    TTForm.TT: TTLayer(inputs=INPUTS, outputs=OUTPUTS, ranks=(1, 4, R, R, R, R, R, 4, 1)),
    TTForm.TTM: TTLayer(
        inputs=INPUTS, outputs=OUTPUTS, ranks=(1, R, R, R, 1), form=TTForm.TTM
    ),
}  # fmt: skip
SEEDS = range(4)
BATCH = 32


@cache
def errors(form: TTForm, start: TTStart, seed: int) -> dict[TTPlan, float]:
    """Return ``||Y - X W|| / ||X W||`` for normal rows X by each plan."""
    layer = LAYERS[form]
    cores = layer.initialize(normal_of(seed), None, np.float64, start)
    x = np.random.default_rng((seed, 99)).standard_normal((BATCH, layer.shape[0]))
    product = x @ layer.matrix(cores)
    found = {}
    for plan in TTPlan:
        tape = Tape(preset("smx8"))
        nodes = [tape.parameter(core) for core in cores]
        result = replace(layer, plan=plan).apply(nodes, tape.constant(x)).value
        found[plan] = float(np.linalg.norm(result - product) / np.linalg.norm(product))
    return found


@pytest.mark.parametrize("start", TTStart)
@pytest.mark.parametrize("seed", SEEDS)
def test_halves_have_at_most_0_6_of_the_error_of_eight_cores(start: TTStart, seed: int) -> None:
    found = errors(TTForm.TT, start, seed)
    assert found[TTPlan.HALF_MERGED] <= 0.6 * found[TTPlan.SEQUENTIAL]


@pytest.mark.parametrize("start", TTStart)
@pytest.mark.parametrize("seed", SEEDS)
def test_halves_have_at_most_0_8_of_the_error_of_four_cores_and_not_0_6(
    start: TTStart, seed: int
) -> None:
    found = errors(TTForm.TTM, start, seed)
    ratio = found[TTPlan.HALF_MERGED] / found[TTPlan.SEQUENTIAL]
    assert 0.6 < ratio <= 0.8


@pytest.mark.parametrize("form", TTForm)
@pytest.mark.parametrize("start", TTStart)
def test_errors_grow_as_the_root_of_the_number_of_operands(form: TTForm, start: TTStart) -> None:
    # A measured claim.  INT8 codes of normal numbers have a step of 2^-6 to 2^-7 of their largest
    # of 16, about 1.8 deviations: e = step / sqrt(12) is 0.4 to 0.8 % of a deviation.  That errors
    # are alike is the approximation: 15 % is allowed for it.
    for plan in TTPlan:
        products = contraction_cost(replace(LAYERS[form], plan=plan), BATCH).intermediates + 1
        mean = np.mean([errors(form, start, seed)[plan] for seed in SEEDS])
        assert mean == pytest.approx(0.0072 * math.sqrt(2 * products), rel=0.15)
