"""Small networks, one of each kind on a line and in a plane, and what export takes of them."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bitpde.pde.operators import (
    FNO,
    OperatorNetwork,
    OperatorRun,
    Quantization,
    Samples,
    Scaling,
    Transformer,
    UNet,
    calibrated,
)
from bitpde.pde.qat import Plan

Array = np.ndarray[Any, Any]

NETWORKS: dict[str, OperatorNetwork] = {
    "fno line": FNO(
        inputs=1, outputs=2, dimension=1, modes=(3,), width=3, blocks=2, hidden=4, padding=2
    ),
    "fno plane": FNO(inputs=2, outputs=1, dimension=2, modes=(1, 2), width=2, blocks=1, hidden=3),
    "unet line": UNet(inputs=1, outputs=1, dimension=1, width=2, levels=2, groups=2),
    "unet plane": UNet(
        inputs=1, outputs=1, dimension=2, width=2, levels=1, groups=0, boundary="zero"
    ),
    "galerkin line": Transformer(inputs=1, outputs=1, dimension=1, width=4, blocks=2, heads=2),
    "fourier plane": Transformer(
        inputs=1, outputs=1, dimension=2, width=2, blocks=1, heads=1, attention="fourier"
    ),
    "softmax line": Transformer(
        inputs=1, outputs=1, dimension=1, width=4, blocks=1, heads=2, attention="softmax"
    ),
}
SCENARIOS = ("w4a4", "w4a8", "w8a8", "w8a16")


class Case(NamedTuple):
    """What export takes."""

    network: OperatorNetwork
    quantization: Quantization
    arrays: dict[str, Array]
    inputs: Array


@cache
def case(name: str, scenario: str) -> Case:
    """Return a network with random parameters, calibrated on samples that it has not learned."""
    network = NETWORKS[name]
    rng = np.random.default_rng(len(name))
    space = (8,) if network.dimension == 1 else (4, 4)
    x = rng.standard_normal((4, *space, network.inputs)).astype(np.float32)
    y = np.zeros((4, *space, network.outputs), np.float32)
    y[0] = 1.0
    samples = Samples(inputs=x, targets=y)
    run = OperatorRun(
        network=network, scaling=Scaling.of(samples), data="none", plan=Plan.named(scenario)
    )
    first = network.initialize(run.stream("initialization"), np.float32)
    for name_of, array in first.items():
        if name_of.endswith(("bias", "shift")):
            first[name_of] = rng.standard_normal(array.shape).astype(np.float32) / 4
    quantization = calibrated(run, first, samples)
    return Case(network, quantization, {**first, **quantization.arrays(np.float32)}, x)
