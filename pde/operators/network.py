"""A network between fields: layers by name, and the order in which they are applied."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from numpy.typing import DTypeLike, NDArray

from ...emu import Node
from ..errors import RunError
from ..spec import Spec
from ..streams import Stream
from .layer import Layer, Parameter, Scope
from .numerics import Numerics, Plain


@dataclass(frozen=True, kw_only=True)
class OperatorNetwork(Spec):
    """What FNO, UNet and Transformer share.

    Parameters
    ----------
    inputs, outputs
        Channels of the field that goes in and of the one that comes out.
    dimension
        Of space, 1 or 2.
    """

    inputs: int
    outputs: int
    dimension: int

    @abstractmethod
    def layers(self) -> dict[str, Layer]:
        """Return the layers by name."""

    @abstractmethod
    def forward(self, scope: Scope, x: Node) -> Node:
        """Return the field that comes out, of parameters and numerics in ``scope``."""

    @abstractmethod
    def require_grid(self, space: tuple[int, ...]) -> None:
        """Raise unless the network takes fields on a grid of so many cells.

        Raises
        ------
        RunError
            Naming the grid and what would do.
        """

    def parameters(self) -> dict[str, Parameter]:
        """Return what is learned, by ``layer/name``, in a fixed order."""
        return {
            f"{layer}/{name}": parameter
            for layer, each in self._layers.items()
            for name, parameter in each.parameters().items()
        }

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(prod(each.shape) for each in self.parameters().values())

    def initialize(self, stream: Stream, dtype: DTypeLike) -> dict[str, NDArray[Any]]:
        """Return the parameters that training begins with; the k-th is drawn at step k."""
        drawn = enumerate(self.parameters().items())
        return {name: each.draw(stream, k, dtype) for k, (name, each) in drawn}

    def apply(
        self, parameters: Mapping[str, Node], x: Node, numerics: Numerics | None = None
    ) -> Node:
        """Return the field that comes out of ``x``, (B, *space, outputs).

        Parameters
        ----------
        parameters
            Nodes of all `parameters` by name.
        x
            (B, *space, inputs), on the same tape.
        numerics
            What happens to operands of products; nothing by default.

        Raises
        ------
        RunError
            If the field has another shape, or the grid does not fit the network.
        """
        if x.value.ndim != self.dimension + 2 or x.shape[-1] != self.inputs:
            space = ", ".join("XY"[: self.dimension])
            msg = f"a field of shape {x.shape}: give (B, {space}, {self.inputs})"
            raise RunError(msg)
        self.require_grid(x.shape[1:-1])
        return self.forward(Scope(parameters=parameters, numerics=numerics or Plain()), x)

    def run(self, scope: Scope, name: str, x: Node) -> Node:
        """Return what the layer called ``name`` makes of ``x``."""
        return self._layers[name].apply(scope.at(name), x)

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        """The layers, made once: a network is a value and so are they."""
        return self.layers()
