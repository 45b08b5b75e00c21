r"""What a quantized network costs: bit operations, bytes of weights, its largest activation.

A product of operands of b and c bits counts ``b c`` **bit operations** (BOPs) for each of its
multiply-accumulates,

    BOPs = sum MACs b c,

so that they are a measure of fixed-point hardware.  What a plan does not quantize has
``float_bits``: 16 is the convention of van den Dool et al. (arXiv 2308.07350), who let int16 stand
for float32 because 16 bits lose nothing, 32 the literal one.  By the first, w8a32 costs what w8a16
does; by the second, it costs what the unquantized network does by the first.

The matrices of transforms, and fields between the two transforms of a plane, are what no plan
quantizes: they have ``transform_bits``, which are ``float_bits`` by default.

What the vector unit does element by element is no product, and counted apart: a sum of b bits as b,
and an element of a function or a normalization as one product, b^2, which is a lower bound.
Products by constants (1/cells and the like) are not counted: integer machines fold them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

from ..qat import Plan
from ..spec import Spec, require_integer
from .cost_networks import network_work
from .cost_work import Elementwise, Product, Tensor, Work
from .network import OperatorNetwork

#: Bits of what is not quantized: the convention of the paper.
FLOAT_PROXY_BITS: Final = 16


@dataclass(frozen=True, kw_only=True)
class CostRow(Spec):
    """One product, or one operation element by element, for one sample.

    Parameters
    ----------
    layer
        Where; the network itself if it is empty.
    kind
        What: see `cost_work`.
    operations
        Multiply-accumulates, or elements.
    left_bits, right_bits
        Of the operands; of an operation element by element both are ``float_bits``.
    bops
        Bit operations.
    product
        Whether it is a product.
    """

    layer: str
    kind: str
    operations: int
    left_bits: int
    right_bits: int
    bops: int
    product: bool


@dataclass(frozen=True, kw_only=True)
class Cost(Spec):
    """What a network costs for one sample.

    Parameters
    ----------
    rows
        In the order of the network.
    weights
        Bytes of parameters by layer: pairs of name and bytes.
    largest_activation
        Bytes of the largest tensor that a product takes.
    float_bits, transform_bits
        Of what is not quantized, and of transforms.
    """

    rows: tuple[CostRow, ...]
    weights: tuple[tuple[str, int], ...]
    largest_activation: int
    float_bits: int
    transform_bits: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return sum(row.operations for row in self.rows if row.product)

    @property
    def bops(self) -> int:
        """Bit operations of all products, transforms among them."""
        return sum(row.bops for row in self.rows if row.product)

    @property
    def vector_bops(self) -> int:
        """Bit operations of what is done element by element."""
        return sum(row.bops for row in self.rows if not row.product)

    @property
    def weight_bytes(self) -> int:
        """Bytes of all parameters, with the scales of weights."""
        return sum(size for _, size in self.weights)

    def by_kind(self) -> dict[str, int]:
        """Return bit operations by kind of operation."""
        return _sums((row.kind, row.bops) for row in self.rows)

    def shares(self) -> dict[str, float]:
        """Return the share of each kind in all bit operations, the vector unit's among them."""
        whole = self.bops + self.vector_bops
        return {kind: bops / whole for kind, bops in self.by_kind().items()}

    def table(self) -> str:
        """Return a table of layers, then of kinds, as Markdown."""
        return f"{self._layers()}\n{self._kinds()}"

    def _layers(self) -> str:
        macs = _sums((row.layer, row.operations) for row in self.rows if row.product)
        bops = _sums((row.layer, row.bops) for row in self.rows)
        bits: dict[str, dict[str, None]] = {}
        for row in self.rows:
            if row.product:
                bits.setdefault(row.layer, {})[f"{row.left_bits}x{row.right_bits}"] = None
        weights, whole = dict(self.weights), self.bops + self.vector_bops
        lines = [
            "| layer | MACs | bits | BOPs | share | weight bytes |",
            "|---|---|---|---|---|---|",
        ]
        for name, each in bops.items():
            widths = " ".join(bits.get(name, {})) or "-"
            told = f"{macs.get(name, 0):,} | {widths} | {each:,} | {each / whole:.1%}"
            lines.append(f"| {name or '(between)'} | {told} | {weights.get(name, 0):,} |")
        total = f"{self.macs:,} | | {whole:,} | | {self.weight_bytes:,}"
        return "\n".join([*lines, f"| all | {total} |"]) + "\n"

    def _kinds(self) -> str:
        operations = _sums((row.kind, row.operations) for row in self.rows)
        lines = ["| kind | operations | BOPs | share |", "|---|---|---|---|"]
        for kind, share in self.shares().items():
            lines.append(
                f"| {kind} | {operations[kind]:,} | {self.by_kind()[kind]:,} | {share:.1%} |"
            )
        largest = f"largest activation: {self.largest_activation:,} bytes"
        return "\n".join([*lines, "", f"{largest}; float is {self.float_bits} bits"]) + "\n"


def cost(
    network: OperatorNetwork,
    plan: Plan | None,
    shape: tuple[int, ...],
    *,
    float_bits: int = FLOAT_PROXY_BITS,
    transform_bits: int | None = None,
) -> Cost:
    """Return what a network costs for one sample under a plan, from its definition.

    Parameters
    ----------
    network, plan
        What runs, and how its operands are quantized; None: not at all.
    shape
        Cells along each axis of the field.
    float_bits
        The width of what the plan does not quantize.
    transform_bits
        That of the matrices of transforms and of what is between them; ``float_bits`` by default.

    Raises
    ------
    RunError
        If the grid does not fit the network, or the network has no closed form.

    Notes
    -----
    *Exactness*: integers.

    A network whose transforms are a float island counts them as fast transforms, any other as the
    matrix products they are: see `cost_layers`.

    Examples
    --------
    >>> from bitpde.pde.operators import FNO
    >>> network = FNO(inputs=1, outputs=1, dimension=1, island=True)
    >>> plain, narrow = (cost(network, p, (1024,)) for p in (None, Plan.named("w4a4")))
    >>> plain.macs == narrow.macs, round(plain.bops / narrow.bops, 1)
    (True, 4.5)
    >>> f"{narrow.shares()['transform']:.0%}"
    '71%'
    """
    require_integer("float_bits", float_bits, least=2, most=64)
    bits = _Bits(plan, float_bits, float_bits if transform_bits is None else transform_bits)
    require_integer("transform_bits", bits.vector, least=2, most=64)
    network.require_grid(shape)
    works = list(network_work(network, shape))
    read = [t for work in works if isinstance(work, Product) for t in (work.left, work.right)]
    activations = [-(-t.elements * bits.of(t) // 8) for t in read if t.role != "weight"]
    return Cost(
        rows=tuple(_row(work, bits) for work in works),
        weights=tuple(_weights(network, read, bits).items()),
        largest_activation=max(activations),
        float_bits=float_bits,
        transform_bits=bits.vector,
    )


@dataclass(frozen=True)
class _Bits:
    """The widths of tensors under a plan."""

    plan: Plan | None
    unquantized: int
    vector: int

    def of(self, tensor: Tensor) -> int:
        if tensor.role == "vector":
            return self.vector
        if self.plan is None:
            return self.unquantized
        place = tensor.places[0]
        if tensor.role == "weight":
            return self.plan.weight(place, tensor.axis).element.bits
        quantizer = self.plan.activation(place, None)
        return self.unquantized if quantizer is None else quantizer.element.bits


def _row(work: Work, bits: _Bits) -> CostRow:
    if isinstance(work, Elementwise):
        b = bits.unquantized
        each = b if work.kind == "sum" else b * b
        return CostRow(
            layer=work.layer, kind=work.kind, operations=work.elements, left_bits=b, right_bits=b,
            bops=work.elements * each, product=False,
        )  # fmt: skip
    left, right = bits.of(work.left), bits.of(work.right)
    return CostRow(
        layer=work.layer, kind=work.kind, operations=work.macs, left_bits=left, right_bits=right,
        bops=work.macs * left * right, product=True,
    )  # fmt: skip


def _weights(network: OperatorNetwork, read: Iterable[Tensor], bits: _Bits) -> Mapping[str, int]:
    """Bytes of the parameters of each layer: codes, scales, and what is not quantized."""
    multiplied = {name: t for t in read if t.role == "weight" for name in t.places}
    found: dict[str, int] = {}
    for name, parameter in network.parameters().items():
        width, scales = bits.unquantized, 0
        if name in multiplied and bits.plan is not None:
            axis = bits.plan.weight(name, multiplied[name].axis).axis
            width, scales = bits.of(multiplied[name]), 1 if axis is None else parameter.shape[axis]
        size = prod(parameter.shape) * width + scales * bits.unquantized
        layer = name.rpartition("/")[0]
        found[layer] = found.get(layer, 0) + size
    return {layer: -(-size // 8) for layer, size in found.items()}


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in pairs:
        found[name] = found.get(name, 0) + count
    return found
