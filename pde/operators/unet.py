"""The UNet (Ronneberger et al., 2015): down by pooling, up again, with the way down beside it."""

from dataclasses import dataclass

from ...emu import Node, ops
from ..errors import RunError
from ..spec import require_integer
from .layer import Layer, Scope
from .layers import Convolution, GroupNorm, Pointwise, Upsampling
from .network import OperatorNetwork


@dataclass(frozen=True, kw_only=True)
class UNet(OperatorNetwork):
    """A UNet on a line or in a plane.

    On every level two convolutions, each followed by a normalization and gelu.  Down: pooling by
    the maximum of two cells along each axis, and twice the channels; up: a transposed convolution,
    joined with what the same level gave on the way down.

    Parameters
    ----------
    width
        Channels of the finest level.
    levels
        How often the grid is halved; every side must be a multiple of ``2^levels``.
    groups
        Of the normalizations; 0 for none.
    boundary
        Of the convolutions, "periodic" or "zero".

    Examples
    --------
    >>> UNet(inputs=1, outputs=1, dimension=1).parameter_count
    2707809
    """

    width: int = 32
    levels: int = 4
    groups: int = 8
    boundary: str = "periodic"

    def __post_init__(self) -> None:
        require_integer("UNet.dimension", self.dimension, least=1, most=2)
        for name in ("inputs", "outputs", "width", "levels"):
            require_integer(f"UNet.{name}", getattr(self, name), least=1)
        require_integer("UNet.groups", self.groups, least=0)
        if self.groups and self.width % self.groups:
            msg = f"UNet.width is {self.width}, no multiple of UNet.groups, {self.groups}: choose "
            raise RunError(msg + "groups that divide it")
        if self.boundary not in ("periodic", "zero"):
            msg = f"UNet.boundary is {self.boundary!r}: choose periodic or zero"
            raise RunError(msg)

    def layers(self) -> dict[str, Layer]:
        """Return the blocks down, the one at the bottom, and the blocks up."""
        widths = [self.width * 2**k for k in range(self.levels + 1)]
        found: dict[str, Layer] = {}
        before = self.inputs
        for k, width in enumerate(widths):
            found |= self._block(f"down{k}", before, width)
            before = width
        for k in reversed(range(self.levels)):
            found[f"up{k}"] = Upsampling(
                inputs=widths[k + 1], outputs=widths[k], dimension=self.dimension
            )
            found |= self._block(f"join{k}", 2 * widths[k], widths[k])
        found["project"] = Pointwise(inputs=self.width, outputs=self.outputs, gain=1.0)
        return found

    def _block(self, name: str, inputs: int, outputs: int) -> dict[str, Layer]:
        """Two convolutions and their normalizations."""
        found: dict[str, Layer] = {}
        for half, channels in (("a", inputs), ("b", outputs)):
            found[f"{name}{half}"] = Convolution(
                inputs=channels, outputs=outputs, dimension=self.dimension,
                boundary=self.boundary, bias=not self.groups,
            )  # fmt: skip
            if self.groups:
                found[f"{name}{half}_norm"] = GroupNorm(channels=outputs, groups=self.groups)
        return found

    def require_grid(self, space: tuple[int, ...]) -> None:
        """Require sides that can be halved as often as there are levels."""
        if any(n % 2**self.levels for n in space):
            msg = f"a grid of {space} cells cannot be halved {self.levels} times: give multiples "
            raise RunError(msg + f"of {2**self.levels}, or fewer levels")

    def forward(self, scope: Scope, x: Node) -> Node:
        """Return the field that comes out."""
        kept = []
        for k in range(self.levels):
            x = self._run_block(scope, f"down{k}", x)
            kept.append(x)
            x = ops.max_pool(x, 2)
        x = self._run_block(scope, f"down{self.levels}", x)
        for k in reversed(range(self.levels)):
            x = ops.concatenate([kept[k], self.run(scope, f"up{k}", x)])
            x = self._run_block(scope, f"join{k}", x)
        return self.run(scope, "project", x)

    def _run_block(self, scope: Scope, name: str, x: Node) -> Node:
        for half in "ab":
            x = self.run(scope, f"{name}{half}", x)
            x = self.run(scope, f"{name}{half}_norm", x) if self.groups else x
            x = ops.gelu(x)
        return x
