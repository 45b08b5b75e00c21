"""Layers of operator networks: what they learn, and what they do to a field."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...emu import Node
from ..spec import Spec
from ..streams import Stream
from .numerics import Numerics


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A learned array: drawn normal of a standard deviation, or constant.

    Parameters
    ----------
    shape
        Of the array.
    deviation
        The standard deviation it begins with; 0 for a constant.
    mean
        The mean it begins with.
    """

    shape: tuple[int, ...]
    deviation: float = 0.0
    mean: float = 0.0

    def draw(self, stream: Stream, step: int, dtype: DTypeLike) -> NDArray[Any]:
        """Return the array that a network begins with, drawn in float64 and rounded once."""
        if self.deviation == 0.0:
            return np.full(self.shape, self.mean, dtype)
        return (self.mean + self.deviation * stream.normal(self.shape, step)).astype(dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """A place in a network: its parameters on a tape, the numerics, and its name.

    Parameters
    ----------
    parameters
        Nodes of all parameters of the network by name.
    numerics
        What happens to operands.
    path
        Of the place, such as ``"block1/spectral"``.
    """

    parameters: Mapping[str, Node]
    numerics: Numerics
    path: str = ""

    def at(self, name: str) -> "Scope":
        """Return the place called ``name`` within this one."""
        return replace(self, path=f"{self.path}/{name}" if self.path else name)

    def parameter(self, name: str) -> Node:
        """Return the parameter called ``name`` of the layer at this place."""
        return self.parameters[f"{self.path}/{name}"]

    def activation(self, name: str, x: Node, axis: int | None = None) -> Node:
        """Return what is multiplied in the place of ``x``."""
        return self.numerics.activation(f"{self.path}/{name}", x, axis)

    def weight(self, name: str, axis: int | None = None) -> Node:
        """Return what is multiplied in the place of the parameter called ``name``."""
        return self.numerics.weight(f"{self.path}/{name}", self.parameter(name), axis)


@dataclass(frozen=True, kw_only=True)
class Layer(Spec, ABC):
    """A map of fields (B, *space, C) to fields that may learn something."""

    @abstractmethod
    def parameters(self) -> dict[str, Parameter]:
        """Return what is learned, by name."""

    @abstractmethod
    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the field that the layer makes of ``x``, with the parameters of ``scope``."""
