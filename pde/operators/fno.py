r"""The Fourier neural operator (Li et al., ICLR 2021).

v_0 = lift(x, coordinates),
v_{k+1} = gelu(spectral_k(v_k) + pointwise_k(v_k)),     no gelu after the last block,
y = project(gelu(widen(v_n))).
"""

from dataclasses import dataclass

from ...emu import Node, ops
from ..errors import RunError
from ..spec import require_integer
from .layer import Layer, Scope
from .layers import Pointwise, Spectral, with_coordinates
from .network import OperatorNetwork


@dataclass(frozen=True, kw_only=True)
class FNO(OperatorNetwork):
    """A Fourier neural operator on a line or in a plane.

    Parameters
    ----------
    modes
        How many frequencies each spectral layer keeps along each axis: (m,) or (m1, m2).
    width
        Channels between lift and projection.
    blocks
        How many spectral layers.
    hidden
        Channels within the projection.
    padding
        Cells of zeros added behind the field along each axis before the blocks, and cut off after
        them: none for periodic problems, about an eighth of the grid for others.
    island
        Whether the transforms are floating point outside the datapath (see `Spectral`).

    Examples
    --------
    >>> FNO(inputs=1, outputs=1, dimension=1).parameter_count
    549569
    """

    modes: tuple[int, ...] = (16,)
    width: int = 64
    blocks: int = 4
    hidden: int = 128
    padding: int = 0
    island: bool = False

    def __post_init__(self) -> None:
        if len(self.modes) != self.dimension or self.dimension not in (1, 2):
            msg = f"FNO.modes is {self.modes} in dimension {self.dimension}: give one number of "
            raise RunError(msg + "modes for each axis of a line or a plane")
        for name in ("inputs", "outputs", "width", "blocks", "hidden"):
            require_integer(f"FNO.{name}", getattr(self, name), least=1)
        for count in self.modes:
            require_integer("a number of FNO.modes", count, least=1)
        require_integer("FNO.padding", self.padding, least=0)

    def layers(self) -> dict[str, Layer]:
        """Return lift, blocks and projection."""
        w = self.width
        found: dict[str, Layer] = {
            "lift": Pointwise(inputs=self.inputs + self.dimension, outputs=w, gain=1.0)
        }
        for k in range(1, self.blocks + 1):
            found[f"spectral{k}"] = Spectral(
                inputs=w, outputs=w, modes=self.modes, island=self.island
            )
            found[f"skip{k}"] = Pointwise(inputs=w, outputs=w, gain=1.0)
        found["widen"] = Pointwise(inputs=w, outputs=self.hidden)
        found["project"] = Pointwise(inputs=self.hidden, outputs=self.outputs, gain=1.0)
        return found

    def require_grid(self, space: tuple[int, ...]) -> None:
        """Require at least two cells for each mode along each axis."""
        for n, count in zip(space, self.modes, strict=True):
            if n + self.padding < 2 * count:
                msg = f"a grid of {space} cells is too coarse for {self.modes} modes: give at "
                raise RunError(msg + f"least {2 * count - self.padding} cells, or fewer modes")

    def forward(self, scope: Scope, x: Node) -> Node:
        """Return the field that comes out."""
        space = x.shape[1:-1]
        v = self.run(scope, "lift", with_coordinates(x))
        if self.padding:
            v = ops.pad(v, [(0, self.padding)] * self.dimension)
        for k in range(1, self.blocks + 1):
            v = ops.add(self.run(scope, f"spectral{k}", v), self.run(scope, f"skip{k}", v))
            v = ops.gelu(v) if k < self.blocks else v
        for axis, n in enumerate(space, 1):
            v = ops.take(v, axis, 0, n) if self.padding else v
        return self.run(scope, "project", ops.gelu(self.run(scope, "widen", v)))
