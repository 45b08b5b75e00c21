"""The tape: a forward pass recorded, to be replayed backwards.

Nodes hold values; the tape holds, for each operation in order, its name, its parents and whatever
its derivative needs.  `Tape.pullback` walks the record backwards and looks every operation up in
the table of `vjps.py`.  Rounding has no derivative worth the name: the backward pass differentiates
the exact operation at the *rounded* operands (the straight-through estimator), which makes it the
exact adjoint of the linear maps that the forward pass multiplied by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .datapath import Datapath
from .errors import DatapathError
from .ledger import Ledger


@dataclass(frozen=True, eq=False)
class Node:
    """A value on a tape."""

    tape: "Tape"
    index: int
    value: NDArray[Any]
    differentiable: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.value.shape


@dataclass(frozen=True, eq=False)
class Entry:
    """One recorded operation: ``result = op(*parents)`` and what its derivative needs."""

    op: str
    parents: tuple[Node, ...]
    result: Node
    saved: Any


class Tape:
    """The record of one forward pass on one machine; the one mutable object of the library.

    Parameters
    ----------
    datapath
        The machine.

    Examples
    --------
    >>> from bitpde.emu import Tape, ops, preset
    >>> tape = Tape(preset("exact"))
    >>> w = tape.parameter([[3.0]])
    >>> loss = ops.mean_square(ops.matmul(tape.constant([[2.0]]), w))
    >>> tape.gradient(loss, [w])[0].tolist()
    [[24.0]]
    """

    def __init__(self, datapath: Datapath) -> None:
        self.datapath = datapath
        self.ledger = Ledger()
        self._entries: list[Entry] = []
        self._count = 0

    def parameter(self, array: ArrayLike) -> Node:
        """A leaf that gradients are asked for; its values round once to the vector format."""
        return self._leaf(array, differentiable=True)

    def constant(self, array: ArrayLike) -> Node:
        """A leaf without gradient; its values round once to the vector format."""
        return self._leaf(array, differentiable=False)

    def record(self, op: str, value: NDArray[Any], parents: Sequence[Node], saved: Any) -> Node:
        """Append one operation and return its result; for the functions of `ops`."""
        node = self._node(np.asarray(value), any(parent.differentiable for parent in parents))
        if node.differentiable:
            self._entries.append(Entry(op, tuple(parents), node, saved))
        return node

    def gradient(self, loss: Node, nodes: Sequence[Node]) -> list[NDArray[Any]]:
        """Derivatives of a scalar ``loss`` with respect to each node, of the nodes' shapes."""
        if loss.value.size != 1:
            msg = f"the loss has shape {loss.shape}: reduce it to one number, or use pullback"
            raise DatapathError(msg)
        return self.pullback(loss, np.ones_like(loss.value), nodes)

    def pullback(
        self, result: Node, cotangent: NDArray[Any], nodes: Sequence[Node]
    ) -> list[NDArray[Any]]:
        """The adjoint of the derivative of ``result`` at ``nodes``, applied to ``cotangent``."""
        from .vjps import VJPS

        for node in (result, *nodes):
            if node.tape is not self:
                msg = "a node belongs to another tape: build the whole computation on one"
                raise DatapathError(msg)
        if np.shape(cotangent) != result.shape:
            msg = f"cotangent of shape {np.shape(cotangent)}: the result has shape {result.shape}"
            raise DatapathError(msg)
        gradients = {result.index: np.asarray(cotangent, dtype=self.datapath.dtype)}
        wanted = {node.index for node in nodes}
        for entry in reversed(self._entries):
            index = entry.result.index
            if index not in gradients:
                continue
            incoming = gradients[index] if index in wanted else gradients.pop(index)
            for parent, part in zip(entry.parents, VJPS[entry.op](entry, incoming), strict=True):
                if part is not None:
                    held = gradients.get(parent.index)
                    gradients[parent.index] = part if held is None else held + part
        zero = np.zeros((), dtype=self.datapath.dtype)
        found = [gradients.get(n.index, np.broadcast_to(zero, n.shape)) for n in nodes]
        return [np.array(g, order="C") for g in found]  # copies: two may be one array

    def _leaf(self, array: ArrayLike, *, differentiable: bool) -> Node:
        values = np.asarray(array)
        if values.dtype.kind not in "fiuc":
            msg = f"a leaf of dtype {values.dtype}: give real numbers"
            raise DatapathError(msg)
        with np.errstate(over="ignore"):
            rounded = np.array(values, dtype=self._leaf_dtype(values), order="C")
        finite = np.isfinite(rounded)
        if not finite.all():
            index = tuple(int(i) for i in np.argwhere(~finite)[0])
            what = f"a leaf holds {values[index]} at {list(index)}"
            msg = f"{what}: give finite numbers in the range of {rounded.dtype}"
            raise DatapathError(msg)
        return self._node(rounded, differentiable)

    def _leaf_dtype(self, values: NDArray[Any]) -> type[np.generic]:
        if not np.iscomplexobj(values):
            return self.datapath.dtype
        if self.datapath.dtype is not np.float64:
            msg = "complex numbers (for complex-step derivatives) need the datapath 'exact'"
            raise DatapathError(msg)
        return np.complex128

    def _node(self, value: NDArray[Any], differentiable: bool) -> Node:
        value.setflags(write=False)
        self._count += 1
        return Node(self, self._count, value, differentiable)
