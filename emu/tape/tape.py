"""The tape: a forward pass recorded, to be replayed backwards.

Nodes hold values; the tape holds, for each operation in order, its name, its parents and whatever
its derivative needs.  `Tape.pullback` walks the record backwards and looks every operation up in
the table of `vjps.py`.  Rounding has no derivative worth the name: the backward pass differentiates
the exact operation at the *rounded* operands (the straight-through estimator), which makes it the
exact adjoint of the linear maps that the forward pass multiplied by.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import Cast
from ..datapath import Datapath
from ..errors import DatapathError
from .counts import nan_count
from .ledger import Ledger, Tally
from .operand import Operand
from .shadow import Shadow
from .shared_work import elementwise

#: Operations whose results leave the accumulator.
_ACCUMULATED = ("matmul", "difference_matmul", "batched_matmul")
#: Operations whose results have the elements of their operand, in another order.
_MOVING = ("reshape", "transpose")


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
    datapath: Datapath


class _Meanwhile:
    """An attribute of a tape has another value, in a ``with`` statement."""

    def __init__(self, tape: "Tape", name: str, value: Any) -> None:
        self._tape, self._name, self._value = tape, name, value

    def __enter__(self) -> None:
        before = getattr(self._tape, self._name)
        setattr(self._tape, self._name, self._value)
        self._value = before

    def __exit__(self, *_raised: object) -> None:
        setattr(self._tape, self._name, self._value)


class Tape:
    """The record of one forward pass on one machine; the one mutable object of the library.

    Parameters
    ----------
    datapath
        The machine.
    shadow
        Whether a float64 twin runs beside it (see `shadow.py`): several times slower, same bits.

    Attributes
    ----------
    shadow
        The twin and the errors seen, or None.
    is_twin
        Whether this is the tape of a twin, on which nothing is quantized.

    Examples
    --------
    >>> from bitpde.emu import Tape, ops, preset
    >>> tape = Tape(preset("exact"))
    >>> w = tape.parameter([[3.0]])
    >>> loss = ops.mean_square(ops.matmul(tape.constant([[2.0]]), w))
    >>> tape.gradient(loss, [w])[0].tolist()
    [[24.0]]
    """

    def __init__(self, datapath: Datapath, *, shadow: bool = False) -> None:
        self.datapath = datapath
        self._machine = datapath
        self._tallies: dict[str, Tally] = {}
        self.entries: list[Entry] = []
        self.shadow = Shadow(_twin_tape) if shadow else None
        self.is_twin = False
        self._op = "leaf"
        self._count = 0
        self._parameters: set[int] = set()
        self._kept: set[int] = set()
        self._stored: dict[tuple[int, Cast], Operand] = {}
        self._nans: dict[int, int] = {}
        self._counted: dict[int, tuple[NDArray[Any], int]] = {}

    @property
    def ledgers(self) -> dict[str, Ledger]:
        """What each operation did, by name; "matmul adjoint" is its part in backward passes."""
        return {op: tally.ledger for op, tally in self._tallies.items()}

    @property
    def ledger(self) -> Ledger:
        """What all operations did."""
        return Ledger.total(self.ledgers.values())

    def parameter(self, array: ArrayLike) -> Node:
        """A leaf that gradients are asked for; its values round once to the vector format."""
        node = self._leaf(array, differentiable=True)
        self._parameters.add(node.index)
        return node

    def constant(self, array: ArrayLike) -> Node:
        """A leaf without gradient; its values round once to the vector format."""
        return self._leaf(array, differentiable=False)

    def under(self, op: str) -> AbstractContextManager[None]:
        """Whatever is entered into the ledger meanwhile is ``op``'s."""
        return _Meanwhile(self, "_op", op)

    def layer(self, number: int) -> AbstractContextManager[None]:
        """Operations meanwhile, and their derivatives, are those of one layer of a network."""
        return _Meanwhile(self, "datapath", self._machine.for_layer(number))

    def enter(self, ledger: Ledger) -> None:
        """Add to what the present operation did."""
        self._tally().add(ledger)

    def _tally(self) -> Tally:
        """What the present operation did."""
        tally = self._tallies.get(self._op)
        if tally is None:
            tally = self._tallies[self._op] = Tally()
        return tally

    def record(self, op: str, value: NDArray[Any], parents: Sequence[Node], saved: Any) -> Node:
        """Append one operation and return its result; for the functions of `ops`."""
        node = self._node(np.asarray(value), any(parent.differentiable for parent in parents))
        known = self._nans.get(parents[0].index) if op in _MOVING else None
        self._nans[node.index] = self._check_result(op, node.value, known)
        self._counted.clear()
        if node.differentiable:
            self.entries.append(Entry(op, tuple(parents), node, saved, self.datapath))
        return node

    def gradient(
        self, loss: Node, nodes: Sequence[Node], *, forget: bool = False
    ) -> list[NDArray[Any]]:
        """Derivatives of a scalar ``loss`` with respect to each node, of the nodes' shapes.

        With ``forget`` each operation is dropped when it has been used, so that its memory serves
        for what comes next; the tape can then be differentiated no more.
        """
        if loss.value.size != 1:
            msg = f"the loss has shape {loss.shape}: reduce it to one number, or use pullback"
            raise DatapathError(msg)
        return self.pullback(loss, np.ones_like(loss.value), nodes, forget=forget)

    def pullback(
        self,
        result: Node,
        cotangent: NDArray[Any],
        nodes: Sequence[Node],
        *,
        forget: bool = False,
    ) -> list[NDArray[Any]]:
        """The adjoint of the derivative of ``result`` at ``nodes``, applied to ``cotangent``."""
        for node in (result, *nodes):
            if node.tape is not self:
                msg = "a node belongs to another tape: build the whole computation on one"
                raise DatapathError(msg)
        if np.shape(cotangent) != result.shape:
            msg = f"cotangent of shape {np.shape(cotangent)}: the result has shape {result.shape}"
            raise DatapathError(msg)
        gradients = {result.index: np.asarray(cotangent, dtype=self.datapath.dtype)}
        steps = self.backwards(gradients, {node.index for node in nodes}, forget=forget)
        if self.shadow is None:
            deque(steps, maxlen=0)
        else:
            self.shadow.follow_back(result, cotangent, list(steps))
        if forget:
            self.forget()
        zero = np.zeros((), dtype=self.datapath.dtype)
        found = [gradients.get(n.index, np.broadcast_to(zero, n.shape)) for n in nodes]
        return [np.array(g, order="C") for g in found]  # copies: two may be one array

    def backwards(
        self, gradients: dict[int, NDArray[Any]], wanted: set[int], *, forget: bool = False
    ) -> Iterator[tuple[Entry, NDArray[Any], tuple[NDArray[Any] | None, ...]]]:
        """The operations that ``gradients`` reach, last first: entry, incoming, outgoing gradients.

        Sums by index are kept in ``gradients`` until they are used, the ``wanted`` ones longer.
        """
        from .vjps import VJPS

        nans: dict[int, int | None] = {}
        for entry in self._popped() if forget else reversed(self.entries):
            index = entry.result.index
            if index not in gradients:
                continue
            incoming = gradients[index] if index in wanted else gradients.pop(index)
            on = _Meanwhile(self, "datapath", entry.datapath)
            with self.under(f"{entry.op} adjoint"), on:
                self.counted(incoming, nans.get(index))
                parts = VJPS[entry.op](entry, incoming)
                for parent, part in zip(entry.parents, parts, strict=True):
                    if part is not None:
                        known = nans.get(index) if entry.op in _MOVING else None
                        found = self._check_result(f"{entry.op} adjoint", part, known)
                        held = gradients.get(parent.index)
                        total = part if held is None else elementwise(np.add, held, part)
                        gradients[parent.index] = total
                        nans[parent.index] = found if held is None else None
            self._counted.clear()
            yield entry, incoming, parts

    def _popped(self) -> Iterator[Entry]:
        """The operations, last first, each dropped when it is given."""
        while self.entries:
            yield self.entries.pop()

    def stored(self, node: Node, cast: Cast, name: str) -> Operand:
        """The codes of a node: those of a parameter are kept, however many products take them."""
        kept = self._stored.get((node.index, cast))
        if kept is not None:
            return kept
        operand = Operand(self, node.value, cast, name, nans=self._nans.get(node.index))
        if node.index in self._parameters or node.index in self._kept:
            self._stored[node.index, cast] = operand
        return operand

    def keep(self, node: Node) -> Node:
        """Let the codes of a node be kept like those of a parameter, until `forget`."""
        self._kept.add(node.index)
        return node

    def forget(self) -> None:
        """Drop all operations, but no leaf and no codes of a parameter.

        A sum of losses, too large to be recorded at once, is differentiated part by part: each is
        built from the same parameters, differentiated and forgotten.
        """
        self.entries.clear()
        self._stored = {k: codes for k, codes in self._stored.items() if k[0] in self._parameters}
        self._kept.clear()
        self._nans.clear()
        self._counted.clear()

    def counted(self, values: NDArray[Any], nans: int | None = None) -> int | None:
        """How many NaN an array of the present operation holds: told, or asked; None: not known."""
        if nans is not None:
            self._counted[id(values)] = values, nans  # which keeps the array, so its number is its
        return self._counted.get(id(values), (values, None))[1]

    def lift(self, values: NDArray[Any], *, differentiable: bool) -> Node:
        """A leaf of any values, in float64 if they are real; for twins."""
        dtype = np.complex128 if np.iscomplexobj(values) else np.float64
        return self._node(np.array(values, dtype=dtype, order="C"), differentiable)

    def _check_result(self, op: str, value: NDArray[Any], nans: int | None) -> int:
        """Count the elements of a result; a product leaves the accumulator, not the vector unit.

        The number of its NaN, None where that is not known yet, is entered and returned.

        Raises
        ------
        DatapathError
            If they are in another format than the vector unit's: no operation may leave it.
        """
        real = value.real.dtype if np.iscomplexobj(value) else value.dtype
        if real != self.datapath.dtype:
            msg = f"{op} gave {value.dtype}: the vector unit of {self.datapath.name!r} writes "
            raise DatapathError(msg + f"{np.dtype(self.datapath.dtype)}, so the operation is wrong")
        written = 0 if op.removesuffix(" adjoint") in _ACCUMULATED else value.size
        nans = self.counted(value) if nans is None else nans
        found = nan_count(value) if nans is None else nans
        self._tally().add_result(elements=written, nans=found)
        return found

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
        node = self._node(rounded, differentiable)
        if self.shadow is not None:
            self.shadow.leaf(node, values)
        return node

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


def _twin_tape() -> Tape:
    from ..presets import preset

    tape = Tape(preset("exact"))
    tape.is_twin = True
    return tape
