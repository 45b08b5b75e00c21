r"""The work of each kind of layer on one sample, in closed form.

With n cells that go in, P channels in and Q out, d axes:

* pointwise ``n P Q``; a convolution with a window of s ``n s^d P Q``; blocks of r cells made one,
  or one made r along each axis, ``P Q`` for each fine cell;
* K modes mixed: ``4 K P Q``, four real products for each complex one;
* attention of h heads over c channels: four linear maps, ``4 n c^2``, and two products of
  activations, together ``2 n c^2 / h`` (Galerkin) or ``2 n^2 c`` (Fourier, softmax);
* a transform of m modes by matrices: ``2 n m C`` on a line, ``2 n1 n2 m2 C + 8 n1 m1 m2 C`` in a
  plane, either way;
* the same as a fast transform: ``n L C`` on a line, ``n1 n2 L2 C + 2 n1 L1 m2 C`` in a plane, with
  ``L = ceil(log2 n)``: ``n L / 2`` butterflies of one complex product, that is four real ones, and
  half of that where the field is real.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from math import prod

from ..errors import RunError
from .attention import Attention
from .cost_work import Elementwise, Product, Tensor, Work, activation, unquantized, weight
from .downsampling import BlockConvolution, BlockExpansion
from .layer import Layer
from .layers import Convolution, GroupNorm, LayerNorm, Pointwise, Spectral, Upsampling

Modes = tuple[int, ...]
#: A product of a transform: its operations, and the size of what is transformed.
Stage = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a layer is.

    Parameters
    ----------
    name
        Of the layer.
    space
        The grid of the field that it is given.
    shared
        The place that asked for this field before it did, if one has.
    """

    name: str
    space: tuple[int, ...]
    shared: str = ""

    @property
    def cells(self) -> int:
        """How many there are."""
        return prod(self.space)

    @property
    def input(self) -> str:
        """The place that owns the field."""
        return self.shared or f"{self.name}/input"


@singledispatch
def layer_work(layer: Layer, site: Site) -> Iterator[Work]:
    """Yield the work of a layer.

    Raises
    ------
    RunError
        For a layer without a closed form.
    """
    kind = type(layer).__name__
    msg = f"the layer {site.name} of kind {kind} has no closed form: register one with "
    raise RunError(msg + "layer_work.register")


def _linear(
    layer: Pointwise | Convolution | Upsampling | BlockConvolution | BlockExpansion,
    site: Site,
    kind: str,
    *,
    rows: int,
    after: int,
    axis: int,
) -> Iterator[Work]:
    """``rows`` times the matrix ``weight``, then a bias in the ``after`` cells that come out."""
    parameters = layer.parameters()
    size = prod(parameters["weight"].shape)
    yield Product(
        layer=site.name, kind=kind, macs=rows * size,
        left=activation(site.input, site.cells * layer.inputs),
        right=weight(axis, size, f"{site.name}/weight"),
    )  # fmt: skip
    if "bias" in parameters:
        yield Elementwise(layer=site.name, kind="sum", elements=after * layer.outputs)


@layer_work.register
def _pointwise(layer: Pointwise, site: Site) -> Iterator[Work]:
    n = site.cells
    yield from _linear(layer, site, "pointwise", rows=n, after=n, axis=1)


@layer_work.register
def _convolution(layer: Convolution, site: Site) -> Iterator[Work]:
    n = site.cells
    yield from _linear(layer, site, "convolution", rows=n, after=n, axis=layer.dimension + 1)


@layer_work.register
def _upsampling(layer: Upsampling, site: Site) -> Iterator[Work]:
    n, d = site.cells, layer.dimension
    yield from _linear(layer, site, "up-sampling", rows=n, after=n * 2**d, axis=d + 1)


@layer_work.register
def _blocks(layer: BlockConvolution, site: Site) -> Iterator[Work]:
    d = layer.dimension
    n = site.cells // layer.factor**d
    yield from _linear(layer, site, "convolution", rows=n, after=n, axis=d + 1)


@layer_work.register
def _expansion(layer: BlockExpansion, site: Site) -> Iterator[Work]:
    n, d = site.cells, layer.dimension
    yield from _linear(layer, site, "up-sampling", rows=n, after=n * layer.factor**d, axis=d + 1)


@layer_work.register
def _spectral(layer: Spectral, site: Site) -> Iterator[Work]:
    name, p, q = site.name, layer.inputs, layer.outputs
    count = layer.parameters()["real"].shape[0]
    stages = _fast_stages if layer.island else _matrix_stages
    field = activation(site.input, site.cells * p)
    yield from _transform(layer, name, field, stages(layer.modes, site.space, p))
    yield Product(
        layer=name, kind="mixing", macs=4 * count * p * q,
        left=activation(f"{name}/modes", 2 * count * p),
        right=weight(0, 2 * count * p * q, f"{name}/real", f"{name}/imaginary"),
    )  # fmt: skip
    mixed = activation(f"{name}/mixed", 2 * count * q)
    yield from _transform(layer, name, mixed, reversed(stages(layer.modes, site.space, q)))


def _transform(
    layer: Spectral, name: str, first: Tensor, stages: Iterable[Stage]
) -> Iterator[Work]:
    """The stages; the first takes what the plan quantized, unless it is a float island."""
    for k, (macs, elements) in enumerate(stages):
        left = unquantized(elements) if k or layer.island else first
        yield Product(layer=name, kind="transform", macs=macs, left=left, right=unquantized(0))


def _matrix_stages(modes: Modes, space: Modes, channels: int) -> list[Stage]:
    """Cells to modes; of the way back the same in reverse, with the same sizes in between."""
    if len(space) == 1:
        (n,), (m,) = space, modes
        return [(2 * n * m * channels, n * channels)]
    (n1, n2), (m1, m2) = space, modes
    between = 2 * n1 * m2 * channels
    return [(n1 * n2 * 2 * m2 * channels, between), (8 * n1 * m1 * m2 * channels, between)]


def _fast_stages(modes: Modes, space: Modes, channels: int) -> list[Stage]:
    logs = [(each - 1).bit_length() for each in space]
    cells = prod(space) * channels
    stages = [(cells * logs[-1], cells)]
    if len(space) == 2:
        n1, m2 = space[0], modes[1]
        stages.append((2 * n1 * logs[0] * m2 * channels, 2 * n1 * m2 * channels))
    return stages


@layer_work.register
def _attention(layer: Attention, site: Site) -> Iterator[Work]:
    name, n, c = site.name, site.cells, layer.channels
    parameters = layer.parameters()

    def linear(part: str, place: str) -> Iterator[Work]:
        yield Product(
            layer=name, kind="pointwise", macs=n * c * c, left=activation(place, n * c),
            right=weight(1, c * c, f"{name}/{part}_weight"),
        )  # fmt: skip
        yield Elementwise(layer=name, kind="sum", elements=n * c)

    def gathered(part: str, macs: int, left: int, right: int) -> Product:
        return Product(
            layer=name, kind="attention", macs=macs,
            left=activation(f"{name}/{part}/left", left),
            right=activation(f"{name}/{part}/right", right),
        )  # fmt: skip

    for part in ("query", "key", "value"):
        yield from linear(part, site.input)
        if f"{part}_gain" in parameters:
            yield Elementwise(layer=name, kind="normalization", elements=n * c)
    if layer.form == "galerkin":
        size = c // layer.heads
        yield gathered("keys_values", n * c * size, n * c, n * c)
        yield gathered("gathered", n * c * size, n * c, c * size)
    else:
        scores = layer.heads * n * n
        yield gathered("queries_keys", n * n * c, n * c, n * c)
        if layer.form == "softmax":
            yield Elementwise(layer=name, kind="normalization", elements=scores)
        yield gathered("gathered", n * n * c, scores, n * c)
    yield from linear("output", f"{name}/output_input")


@layer_work.register(GroupNorm)
@layer_work.register(LayerNorm)
def _norm(layer: GroupNorm | LayerNorm, site: Site) -> Iterator[Work]:
    elements = site.cells * layer.channels
    yield Elementwise(layer=site.name, kind="normalization", elements=elements)
