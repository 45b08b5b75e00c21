"""What a network does with the operands of its products: nothing, or quantize them.

A network names each place where a tensor is about to be multiplied.  Numerics decide there; the
network itself knows no format.
"""

from typing import Protocol

from ...emu import Node


class Numerics(Protocol):
    """What happens to operands of products; each has a name that is its own in the network."""

    def activation(self, name: str, x: Node, axis: int | None = None) -> Node:
        """Return what is multiplied in the place of ``x``.

        ``axis`` tells along which axis scales may differ, where the network's structure says so
        (the modes of a spectral layer); None for one scale.
        """

    def weight(self, name: str, w: Node, axis: int | None = None) -> Node:
        """Return what is multiplied in the place of ``w``, learned or a constant of a transform.

        ``axis`` is the axis of the channels that come out; None where there is none.
        """


class Plain:
    """Operands as they are: what the datapath of the tape makes of them is all."""

    def activation(self, name: str, x: Node, axis: int | None = None) -> Node:
        """Return ``x``."""
        return x

    def weight(self, name: str, w: Node, axis: int | None = None) -> Node:
        """Return ``w``."""
        return w
