"""A learned down-sampler begins as means and repetition; the floor of a coarse grid is its own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import Tape, preset
from bitpde.pde import RunError, Stream
from bitpde.pde.operators import (
    FNO,
    BlockConvolution,
    BlockExpansion,
    OperatorNetwork,
    OperatorRun,
    Reduction,
    Resampled,
    Samples,
    Scaling,
    UNet,
    averaged,
    interpolation_floor,
    reduced,
    relative_l2,
)

Array = np.ndarray[Any, Any]
INNER: dict[str, tuple[OperatorNetwork, int, tuple[int, ...]]] = {
    "line": (FNO(inputs=2, outputs=1, dimension=1, modes=(2,), width=4, blocks=1), 4, (16,)),
    "plane": (UNet(inputs=1, outputs=2, dimension=2, width=2, levels=1, groups=1), 2, (8, 4)),
}


def output(network: OperatorNetwork, parameters: dict[str, Array], x: Array) -> Array:
    tape = Tape(preset("exact"))
    nodes = {name: tape.constant(array) for name, array in parameters.items()}
    return np.asarray(network.apply(nodes, tape.constant(x)).value)


@pytest.mark.parametrize("name", INNER)
def test_before_training_it_is_means_the_network_and_repetition(name: str) -> None:
    inner, factor, space = INNER[name]
    network = Resampled.of(inner, factor)
    stream = Stream(seed=1, name="initialization")
    parameters = network.initialize(stream, np.float64)
    x = np.random.default_rng(0).integers(-8, 9, (3, *space, inner.inputs)).astype(float)
    own = {k: p for k, p in parameters.items() if not k.startswith(("down/", "up/"))}
    found = output(inner, own, averaged(x, factor))  # means of small integers: exact
    for axis in range(1, found.ndim - 1):
        found = found.repeat(factor, axis)
    # factors of 1 and sums with 0 are exact
    assert (output(network, parameters, x) == found).all()


def test_channels_do_not_mix_before_training() -> None:
    for layer in (
        BlockConvolution(channels=3, dimension=2, factor=2),
        BlockExpansion(channels=3, dimension=2, factor=2),
    ):
        weight = layer.parameters()["weight"].draw(Stream(seed=0, name="none"), 0, np.float32)
        inputs, outputs = (-2, -1) if isinstance(layer, BlockConvolution) else (0, -1)
        pairs = np.moveaxis(weight, (inputs, outputs), (-2, -1)).reshape(-1, 3, 3)
        each = 0.25 if isinstance(layer, BlockConvolution) else 1.0
        assert (pairs == each * np.eye(3)).all()
        assert weight.dtype == np.float32


def test_a_run_of_a_resampled_network_is_a_value() -> None:
    inner, factor, _ = INNER["line"]
    scaling = Scaling.of(Samples(inputs=np.ones((1, 4, 2)), targets=np.ones((1, 4, 1))))
    run = OperatorRun(network=Resampled.of(inner, factor), scaling=scaling, data="none")
    assert OperatorRun.from_json(run.to_json()) == run
    assert eval(repr(run.network), {"Resampled": Resampled, "FNO": FNO}) == run.network


def test_what_does_not_fit_is_refused() -> None:
    inner, _, _ = INNER["line"]
    with pytest.raises(RunError, match=r"a grid of \(18,\) cells has no blocks of 4"):
        Resampled.of(inner, 4).require_grid((18,))
    with pytest.raises(RunError, match="too coarse"):
        Resampled.of(inner, 4).require_grid((12,))
    with pytest.raises(RunError, match="network of the same"):
        Resampled(inputs=1, outputs=1, dimension=1, network=inner, factor=2)
    with pytest.raises(RunError, match="layers called down, up: rename"):
        Resampled.of(Resampled.of(inner, 2), 2)
    with pytest.raises(RunError, match=r"factor is 0"):
        Resampled.of(inner, 0)


@settings(max_examples=30)
@given(
    cells=st.integers(1, 6), factor=st.integers(1, 5), periodic=st.booleans(),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_the_floor_is_that_of_numpys_interpolation(
    cells: int, factor: int, periodic: bool, seed: int
) -> None:
    fine, coarse = (np.arange(n) + 0.5 for n in (cells * factor, cells))
    fine, coarse = fine / (cells * factor), coarse / cells
    fields = 1 + np.random.default_rng(seed).random((2, cells * factor, 1))
    period = {"period": 1.0} if periodic else {}
    down = np.stack([np.interp(coarse, fine, f[:, 0], **period) for f in fields])  # type: ignore[call-overload]
    up = np.stack([np.interp(fine, coarse, d, **period) for d in down])  # type: ignore[call-overload]
    found = interpolation_floor(fields, Reduction(factor=factor, periodic=periodic))
    # both round some ten times; the numbers are between 1 and 2
    assert np.allclose(found, relative_l2(up[..., None], fields), rtol=0, atol=1e-14)


def test_means_have_a_floor_of_their_own() -> None:
    waves = np.tile([1.0, -1.0, -1.0, 1.0], 4).reshape(1, 16, 1)
    assert interpolation_floor(waves, Reduction(factor=1, periodic=True))[0] == 0
    by_means = Reduction(factor=4, periodic=True, means=True)
    assert not by_means.down(waves).any()
    assert interpolation_floor(waves, by_means)[0] == 1  # all is lost
    # the two cells in the middle of each block are -1, and so is all that comes back: 2 or 0
    assert interpolation_floor(waves, Reduction(factor=4, periodic=True))[0] == np.sqrt(2)
    pair = reduced(Samples(inputs=waves, targets=2 + waves), by_means)
    assert (pair.targets == 2).all()
    assert not pair.inputs.any()
