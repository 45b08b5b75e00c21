"""Numerics of a network under quantization: first they watch, then they quantize.

A tensor that several products take is quantized once, as hardware stores it once: the first place
that asks for it owns the quantizer, and the others get what it made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import Node, ops
from .plan import Plan
from .quantizers import LearnedQuantizer
from .range_search import Ranges, by_channel, initial_ranges

Values = NDArray[Any]

#: Rows of a tensor that watching keeps of each call, beside its extremes.
_ROWS = 1 << 14


@dataclass(eq=False)
class Watching:
    """Numerics that change nothing and keep a sample of every tensor that would be quantized.

    Parameters
    ----------
    plan
        Which those are.

    Attributes
    ----------
    quantizers
        By the name of the place.
    """

    plan: Plan
    quantizers: dict[str, LearnedQuantizer] = field(default_factory=dict)
    _ranges: dict[str, Ranges] = field(default_factory=dict)
    _seen: dict[str, list[Values]] = field(default_factory=dict)
    _owners: dict[tuple[int, int | None], str] = field(default_factory=dict)

    def activation(self, name: str, x: Node, axis: int | None = None) -> Node:
        """Return ``x``, having looked at it."""
        return self._looked(name, x, self.plan.activation(name, axis), self.plan.activation_ranges)

    def weight(self, name: str, w: Node, axis: int | None = None) -> Node:
        """Return ``w``, having looked at it."""
        return self._looked(name, w, self.plan.weight(name, axis), self.plan.weight_ranges)

    def next_pass(self) -> None:
        """Forget which tensors were seen: another forward pass begins, on another tape."""
        self._owners.clear()

    def parameters(self) -> dict[str, tuple[Values, ...]]:
        """Return the parameters that learning begins with, float64 (C,), for each quantizer."""
        return {name: self._initial(name) for name in self.quantizers}

    def _looked(
        self, name: str, x: Node, quantizer: LearnedQuantizer | None, ranges: Ranges
    ) -> Node:
        if quantizer is None:
            return x
        owner = self._owners.setdefault((x.index, quantizer.axis), name)
        if owner == name:
            self.quantizers[name] = quantizer
            self._ranges[name] = ranges
            self._seen.setdefault(name, []).append(_sampled(x.value, quantizer.axis))
        return x

    def _initial(self, name: str) -> tuple[Values, ...]:
        rows, quantizer = np.concatenate(self._seen[name]), self.quantizers[name]
        by_column = replace(quantizer, axis=None if quantizer.axis is None else 1)
        return quantizer.initial(*initial_ranges(rows, by_column, self._ranges[name]))


@dataclass(eq=False)
class Quantizing:
    """Numerics that quantize with parameters on the tape of the network.

    Parameters
    ----------
    quantizers
        By the name of the place; tensors at other places stay as they are.
    parameters
        Their parameters as nodes.
    """

    quantizers: Mapping[str, LearnedQuantizer]
    parameters: Mapping[str, tuple[Node, ...]]
    _made: dict[tuple[int, int | None], Node] = field(default_factory=dict)

    def activation(self, name: str, x: Node, axis: int | None = None) -> Node:
        """Return ``x`` quantized."""
        return self._quantized(name, x, axis)

    def weight(self, name: str, w: Node, axis: int | None = None) -> Node:
        """Return ``w`` quantized."""
        return self._quantized(name, w, axis)

    def _quantized(self, name: str, x: Node, axis: int | None) -> Node:
        """What this place, or an earlier one, makes of x."""
        if name not in self.quantizers:
            made = self._made.get((x.index, axis)) or self._made.get((x.index, None))
            return made or x
        quantizer = self.quantizers[name]
        made = ops.learned_quantize(x, *self.parameters[name], quantizer=quantizer)
        self._made[x.index, quantizer.axis] = made
        return made


def _sampled(values: Values, axis: int | None) -> Values:
    """At most about `_ROWS` rows of (n, C), at equal distances, and the extremes of all."""
    rows = by_channel(values, axis).astype(np.float64)
    kept = rows[:: max(1, len(rows) // _ROWS)]
    return np.concatenate([kept, rows.min(axis=0, keepdims=True), rows.max(axis=0, keepdims=True)])
