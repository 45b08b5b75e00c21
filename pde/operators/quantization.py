"""The quantizers of one network, and their parameters beside the network's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import Node, ops
from ..qat import LearnedQuantizer, Quantizing
from .numerics import Numerics, Plain

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantization:
    """Quantizers by the name of their place, and the parameters that their learning began with.

    An optimizer sees parameters in the `LearnedQuantizer.unit` of their quantizer, as arrays called
    ``place#k``.
    """

    quantizers: Mapping[str, LearnedQuantizer] = field(default_factory=dict)
    first: Mapping[str, tuple[NDArray[np.float64], ...]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the `arrays`, in their order."""
        return [name for place in self.first for name in self._names(place)]

    def arrays(self, dtype: type) -> Arrays:
        """Return the first parameters in their units, rounded once to ``dtype``."""
        return {
            name: (value / self._unit(place)).astype(dtype)
            for place, values in self.first.items()
            for name, value in zip(self._names(place), values, strict=True)
        }

    def numerics(self, nodes: Mapping[str, Node]) -> Numerics:
        """Return what happens to operands, with parameters of nodes of `arrays`."""
        if not self.quantizers:
            return Plain()
        return Quantizing(
            quantizers=self.quantizers,
            parameters={place: self._restored(place, nodes) for place in self.first},
        )

    def kept(self, arrays: Arrays) -> Arrays:
        """Return all arrays, those of quantizers moved where ranges would close."""
        moved = dict(arrays)
        for place, quantizer in self.quantizers.items():
            names, unit = self._names(place), self._unit(place)
            now = tuple(arrays[name] * unit for name in names)
            for name, value in zip(names, quantizer.kept(now, self.first[place]), strict=True):
                moved[name] = (value / unit).astype(arrays[name].dtype)
        return moved

    def _names(self, place: str) -> list[str]:
        return [f"{place}#{k}" for k in range(len(self.first[place]))]

    def _unit(self, place: str) -> NDArray[np.float64]:
        return self.quantizers[place].unit(self.first[place])

    def _restored(self, place: str, nodes: Mapping[str, Node]) -> tuple[Node, ...]:
        """Parameters in the units of the tensor; one rounding each."""
        found = [nodes[name] for name in self._names(place)]
        unit = found[0].tape.constant(self._unit(place))
        return tuple(ops.multiply(node, unit) for node in found)
