"""Initial ranges: extremes, percentiles, and the best of all ranges that a search may try.

The oracle of the searches tries every pair of fractions with the emulated cast itself.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.formats import Fixed
from bitpde.pde import RunError
from bitpde.pde.qat import RANGE_RULES, MinMax, Ranges, StepAndOffset, StepSize, initial_ranges

KINDS = [StepSize, StepAndOffset, MinMax]


def lost(values: Any, quantizer: Any, low: Any, high: Any) -> float:
    """Return the mean square error of the cast that this range gives."""
    cast = quantizer.cast(*quantizer.initial(np.array([low]), np.array([high])))
    return float(((values - cast.encode(values).values(np.float64)) ** 2).mean())


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32), bits=st.integers(2, 8))
@settings(max_examples=10)
def test_no_common_fraction_of_the_extremes_loses_less(kind: Any, seed: int, bits: int) -> None:
    values = np.random.default_rng(seed).standard_t(3, 200)
    quantizer = kind(element=Fixed(bits=bits))
    low, high = initial_ranges(values, quantizer, Ranges(rule="mse"))
    found = lost(values, quantizer, low[0], high[0])
    ends = values.min(), values.max()
    tried = [lost(values, quantizer, ends[0] * k / 64, ends[1] * k / 64) for k in range(1, 65)]
    # The search's formula and the cast round their squares and means apart: 200 terms of 4 u each.
    assert found <= min(tried) * (1 + 1000 * 2.0**-53)


def test_channels_have_ranges_of_their_own() -> None:
    values = np.random.default_rng(0).standard_normal((4, 3, 50))
    values *= np.array([1e-6, 1.0, 1e6])[:, None]
    for rule in RANGE_RULES:
        quantizer = StepSize(element=Fixed(bits=4), axis=1)
        low, high = initial_ranges(values, quantizer, Ranges(rule=rule))
        alone = [
            initial_ranges(values[:, k], StepSize(element=Fixed(bits=4)), Ranges(rule=rule))
            for k in range(3)
        ]
        # Sums over another layout may add in another order, so that a near tie may turn.
        assert np.allclose(low, [a[0][0] for a in alone], rtol=0.02)
        assert np.allclose(high, [a[1][0] for a in alone], rtol=0.02)


def test_percentiles_and_extremes_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).standard_normal(1001)
    quantizer = MinMax(element=Fixed(bits=8))
    ends = initial_ranges(values, quantizer, Ranges(rule="percentile", percentile=99))
    assert [float(e[0]) for e in ends] == np.percentile(values, [1, 99]).tolist()
    ends = initial_ranges(values, quantizer, Ranges(rule="minmax"))
    assert [float(e[0]) for e in ends] == [values.min(), values.max()]


def test_clipping_counts_three_times_where_the_rule_says() -> None:
    values = np.random.default_rng(2).standard_t(3, 2000)
    quantizer = StepSize(element=Fixed(bits=4))
    widths = {
        rule: float(initial_ranges(values, quantizer, Ranges(rule=rule))[1][0])
        for rule in ("mse", "sqnr", "minmax")
    }
    assert widths["mse"] < widths["sqnr"] < widths["minmax"]


@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1e30])
@pytest.mark.parametrize("rule", RANGE_RULES)
def test_no_range_has_an_absolute_floor(rule: str, scale: float) -> None:
    values = np.linspace(-1, 1, 101) * scale
    quantizer = StepSize(element=Fixed(bits=8), symmetric=True)
    step = quantizer.initial(*initial_ranges(values, quantizer, Ranges(rule=rule)))
    # Of evenly spread numbers no rule leaves out more than a few: at least half the codes are used.
    codes = quantizer.cast(*step).encode(values).codes
    assert codes.max() == 127
    assert len(set(codes.tolist())) > 90


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RANGE_RULES)
def test_zeros_alone_stay_zeros(kind: Any, rule: str) -> None:
    quantizer = kind(element=Fixed(bits=4))
    parameters = quantizer.initial(*initial_ranges(np.zeros(7), quantizer, Ranges(rule=rule)))
    assert not quantizer.cast(*parameters).quantize(np.zeros(7)).any()


@pytest.mark.parametrize(("signed", "kind"), list(product([True, False], KINDS)))
def test_zero_and_both_ends_have_integers(signed: bool, kind: Any) -> None:
    quantizer = kind(element=Fixed(bits=8, signed=signed))
    low = np.array([0.0 if kind is StepSize and not signed else -0.3])
    cast = quantizer.cast(*quantizer.initial(low, np.array([1.7])))
    step = cast.format.scale[0]
    seen = cast.quantize(np.array([low[0], 0.0, 1.7]))
    assert seen[1] == 0
    assert abs(seen - [low[0], 0.0, 1.7]).max() <= step * (
        1 + 2.0**-20
    )  # the zero point is rounded


def test_unlawful_rules_and_numbers_are_refused() -> None:
    quantizer = StepSize(element=Fixed(bits=4))
    with pytest.raises(RunError, match="choose one of minmax, percentile, mse, sqnr"):
        Ranges(rule="max")
    with pytest.raises(RunError, match="at most 100"):
        Ranges(rule="percentile", percentile=101)
    with pytest.raises(RunError, match="show the quantizer some numbers"):
        initial_ranges(np.zeros((0, 3)), quantizer, Ranges())
    with pytest.raises(RunError, match="nan has no place in a range"):
        initial_ranges(np.array([1.0, np.nan]), quantizer, Ranges())
