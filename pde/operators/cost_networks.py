"""The work of each network on one sample: its layers on their grids, and what is between them."""

from collections.abc import Iterator
from functools import singledispatch
from math import prod

from ..errors import RunError
from .cost_layers import Site, layer_work
from .cost_work import Elementwise, Work
from .downsampling import Resampled
from .fno import FNO
from .network import OperatorNetwork
from .transformer import Transformer
from .unet import UNet

Space = tuple[int, ...]


@singledispatch
def network_work(network: OperatorNetwork, space: Space) -> Iterator[Work]:
    """Yield the work of a network on a grid of so many cells.

    Raises
    ------
    RunError
        For a network without a closed form.
    """
    kind = type(network).__name__
    msg = f"a network of kind {kind} on a grid of {space} cells has no closed form: register one "
    raise RunError(msg + "with network_work.register")


def _layer(network: OperatorNetwork, name: str, space: Space) -> Iterator[Work]:
    return layer_work(network.layers()[name], Site(name=name, space=space))


def _sum(elements: int) -> Elementwise:
    return Elementwise(layer="", kind="sum", elements=elements)


def _gelu(elements: int) -> Elementwise:
    return Elementwise(layer="", kind="function", elements=elements)


@network_work.register
def _fno(network: FNO, space: Space) -> Iterator[Work]:
    layers, cells = network.layers(), prod(space)
    padded = tuple(n + network.padding for n in space)
    field = prod(padded) * network.width
    yield from _layer(network, "lift", space)
    for k in range(1, network.blocks + 1):
        yield from _layer(network, f"spectral{k}", padded)
        site = Site(name=f"skip{k}", space=padded, shared=f"spectral{k}/input")
        yield from layer_work(layers[site.name], site)
        yield _sum(field)
        if k < network.blocks:
            yield _gelu(field)
    yield from _layer(network, "widen", space)
    yield _gelu(cells * network.hidden)
    yield from _layer(network, "project", space)


@network_work.register
def _unet(network: UNet, space: Space) -> Iterator[Work]:
    places = [("down", k) for k in range(network.levels + 1)]
    places += [(part, k) for k in reversed(range(network.levels)) for part in ("up", "join")]
    for part, level in places:
        name, here = f"{part}{level}", tuple(n >> level for n in space)
        if part == "up":
            yield from _layer(network, name, tuple(n // 2 for n in here))
            continue
        for half in (f"{name}a", f"{name}b"):
            yield from _layer(network, half, here)
            if network.groups:
                yield from _layer(network, f"{half}_norm", here)
            yield _gelu(prod(here) * network.width * 2**level)
    yield from _layer(network, "project", space)


@network_work.register
def _transformer(network: Transformer, space: Space) -> Iterator[Work]:
    cells = prod(space)
    field, wide = cells * network.width, cells * network.width * network.expansion
    yield from _layer(network, "lift", space)
    for k in range(1, network.blocks + 1):
        yield from _layer(network, f"attention{k}", space)
        yield _sum(field)
        for name in ("norm", "widen", "narrow"):
            yield from _layer(network, f"{name}{k}", space)
        yield _gelu(wide)
        yield _sum(field)
    yield from _layer(network, "widen", space)
    yield _gelu(wide)
    yield from _layer(network, "project", space)


@network_work.register
def _resampled(network: Resampled, space: Space) -> Iterator[Work]:
    coarse = tuple(n // network.factor for n in space)
    yield from _layer(network, "down", space)
    yield from network_work(network.network, coarse)
    yield from _layer(network, "up", coarse)
