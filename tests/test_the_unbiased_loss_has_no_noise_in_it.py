"""At the exact solution the squared residual is its noise's variance; the product of two is zero.

For ``u = |x|^2 / 2`` in D dimensions one antithetic pair ``+-sigma z`` estimates the Laplacian as
``(n - D) n / 2`` with ``n = |z|^2``, chi-squared with D degrees of freedom.  From its moments
``E n^k = D (D + 2) ... (D + 2 k - 2)`` the mean is D and the variance ``D (D + 2) (D + 12) / 2 -
D^2``, that is ``D^2 (D + 12 + 24 / D) / 2``, whatever sigma is.
"""

from typing import Any

import pytest
from bowl import Bowl

from bitpde.emu import Tape, preset
from bitpde.pde import MLP, Run, SteinMonteCarlo, initial_state
from bitpde.pde.gradients import means_and_gradients

PAIRS, POINTS = 32, 4096


def mean_residual(size: int, sigma: float, *, unbiased: bool) -> float:
    run = Run(
        problem=Bowl(size),
        datapath=preset("exact"),
        engine=SteinMonteCarlo(sigma=sigma, pairs=PAIRS),
        network=MLP(widths=(size, 1)),
        domain_points=POINTS,
        unbiased=unbiased,
    )
    state: Any = initial_state(run)
    means, gradients = means_and_gradients(run, state.parameters, Tape(run.datapath), 0)
    assert all((gradient == 0).all() for gradient in gradients)
    return means[0]


def variance(size: int) -> float:
    """Of the mean over the pairs of a point."""
    return size**2 * (size + 12 + 24 / size) / 2 / PAIRS


@pytest.mark.parametrize("sigma", [0.01, 0.3])
@pytest.mark.parametrize("size", [2, 20])
def test_the_square_is_the_variance(size: int, sigma: float) -> None:
    # The square of a mean over 32 pairs has a standard deviation of less than twice its mean: a
    # mean over 4096 points is within 10 % of it unless it is 3 standard errors off.
    found = mean_residual(size, sigma, unbiased=False)
    assert found == pytest.approx(variance(size), rel=0.1)


@pytest.mark.parametrize("sigma", [0.01, 0.3])
@pytest.mark.parametrize("size", [2, 20])
def test_the_product_is_zero(size: int, sigma: float) -> None:
    # Two independent numbers of mean 0 have a product of mean 0 and the standard deviation of
    # their variance.
    found = mean_residual(size, sigma, unbiased=True)
    assert abs(found) <= 3 * variance(size) / POINTS**0.5
