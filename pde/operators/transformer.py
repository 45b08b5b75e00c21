"""A transformer between fields: every cell is a token."""

from dataclasses import dataclass

from ...emu import Node, ops
from ..errors import RunError
from ..spec import require_integer
from .attention import FORMS, Attention
from .layer import Layer, Scope
from .layers import LayerNorm, Pointwise, with_coordinates
from .network import OperatorNetwork


@dataclass(frozen=True, kw_only=True)
class Transformer(OperatorNetwork):
    """Blocks of attention and of a pointwise network, each added to what it was given.

    Parameters
    ----------
    width
        Channels between lift and projection, a multiple of ``heads``.
    blocks
        How many.
    heads
        Of each attention.
    attention
        "galerkin", "fourier" or "softmax": see `attention.py`.
    expansion
        How many times wider the pointwise networks are within.

    Examples
    --------
    >>> Transformer(inputs=1, outputs=1, dimension=1).parameter_count
    142273
    """

    width: int = 64
    blocks: int = 4
    heads: int = 4
    attention: str = "galerkin"
    expansion: int = 2

    def __post_init__(self) -> None:
        require_integer("Transformer.dimension", self.dimension, least=1, most=2)
        for name in ("inputs", "outputs", "width", "blocks", "heads", "expansion"):
            require_integer(f"Transformer.{name}", getattr(self, name), least=1)
        if self.width % self.heads:
            msg = f"Transformer.width is {self.width}, no multiple of {self.heads} heads: choose "
            raise RunError(msg + "heads that divide it")
        if self.attention not in FORMS:
            msg = f"Transformer.attention is {self.attention!r}: choose one of {', '.join(FORMS)}"
            raise RunError(msg)

    def layers(self) -> dict[str, Layer]:
        """Return lift, blocks and projection."""
        w = self.width
        found: dict[str, Layer] = {
            "lift": Pointwise(inputs=self.inputs + self.dimension, outputs=w, gain=1.0)
        }
        for k in range(1, self.blocks + 1):
            found[f"attention{k}"] = Attention(channels=w, heads=self.heads, form=self.attention)
            found[f"norm{k}"] = LayerNorm(channels=w)
            found[f"widen{k}"] = Pointwise(inputs=w, outputs=self.expansion * w)
            found[f"narrow{k}"] = Pointwise(inputs=self.expansion * w, outputs=w, gain=1.0)
        found["widen"] = Pointwise(inputs=w, outputs=self.expansion * w)
        found["project"] = Pointwise(inputs=self.expansion * w, outputs=self.outputs, gain=1.0)
        return found

    def require_grid(self, space: tuple[int, ...]) -> None:
        """Require a cell."""
        if 0 in space:
            msg = f"a grid of {space} cells has none: give at least one"
            raise RunError(msg)

    def forward(self, scope: Scope, x: Node) -> Node:
        """Return the field that comes out."""
        v = self.run(scope, "lift", with_coordinates(x))
        for k in range(1, self.blocks + 1):
            v = ops.add(v, self.run(scope, f"attention{k}", v))
            inner = ops.gelu(self.run(scope, f"widen{k}", self.run(scope, f"norm{k}", v)))
            v = ops.add(v, self.run(scope, f"narrow{k}", inner))
        return self.run(scope, "project", ops.gelu(self.run(scope, "widen", v)))
