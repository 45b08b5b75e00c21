"""Shadow execution: a float64 twin of every tensor, and the error that each operation adds.

Beside a tape runs its twin on the machine ``exact``: the same operations on the same leaves, in
float64, without quantization.  Each operation, forwards and backwards, is compared twice:

* its **total** error is the difference of its result and the twin's: what all roundings so far have
  done to it;
* its **local** error is the difference of its result and the same operation in float64 on the
  operands that it had: what it adds itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .tape import Entry, Node, Tape


@dataclass(frozen=True, kw_only=True)
class OpError:
    """The errors of the elements of one result of one operation.

    Examples
    --------
    >>> found, twin, alone = np.array([1.5, 2.0]), np.array([1.0, 2.0]), np.array([1.25, 2.0])
    >>> error = error_of("add", None, found, twin, alone)
    >>> error.local_max, error.total_max
    (0.25, 0.5)
    """

    #: name of the operation
    op: str
    #: number of the parent whose gradient this is, in an adjoint; None in the forward pass
    parent: int | None
    #: shape of the result
    shape: tuple[int, ...]
    #: root mean square of the twin
    signal: float
    #: root mean square and largest magnitude of the local error
    local: float
    local_max: float
    #: root mean square and largest magnitude of the total error
    total: float
    total_max: float

    @property
    def local_sqnr(self) -> float:
        """Signal to local error in dB; infinite without error, -inf for an error without signal."""
        return _decibel(self.signal, self.local)

    @property
    def total_sqnr(self) -> float:
        """Signal to total error in dB."""
        return _decibel(self.signal, self.total)

    def to_json(self) -> dict[str, Any]:
        """The errors as plain data."""
        return {**asdict(self), "shape": list(self.shape)}


def error_of(
    op: str,
    parent: int | None,
    found: NDArray[Any],
    twin: NDArray[Any],
    alone: NDArray[Any],
) -> OpError:
    """Compare a result with its twin and with the operation in float64 on the same operands."""
    result = found.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        local, total = np.abs(result - alone), np.abs(result - twin)
    return OpError(
        op=op, parent=parent, shape=found.shape, signal=_rms(twin),
        local=_rms(local), local_max=_largest(local), total=_rms(total), total_max=_largest(total),
    )  # fmt: skip


class Shadow:
    """The twin of one tape and what was seen beside it; made by ``Tape(datapath, shadow=True)``.

    Examples
    --------
    >>> from bitpde.emu import Tape, ops, preset
    >>> tape = Tape(preset("smx8"), shadow=True)
    >>> w = tape.parameter([[0.3]])
    >>> y = ops.matmul(tape.constant([[1.0]]), w)
    >>> [(e.op, round(e.local, 6)) for e in tape.shadow.errors]
    [('matmul', 0.000781)]
    >>> tape.shadow.twin(y).tolist()
    [[0.3]]
    """

    def __init__(self, new_tape: "Callable[[], Tape]") -> None:
        self.errors: list[OpError] = []
        self._new_tape = new_tape
        self._tape = new_tape()
        self._twins: dict[int, Node] = {}
        self._alone: dict[int, Entry] = {}

    def twin(self, node: "Node") -> NDArray[Any]:
        """What the node would hold in float64."""
        return self._twins[node.index].value

    def leaf(self, node: "Node", values: NDArray[Any]) -> None:
        """Give a leaf its twin: its values before they were rounded."""
        self._twins[node.index] = self._tape.lift(values, differentiable=node.differentiable)

    def follow(
        self,
        op: "Callable[..., Node]",
        arguments: Sequence[Any],
        named: Mapping[str, Any],
        result: "Node",
    ) -> None:
        """Repeat an operation of the forward pass on twins, and on its own operands."""
        from .tape import Node

        scratch = self._new_tape()
        nodes = [a if isinstance(a, Node) else None for a in arguments]
        twins = [self._twins[n.index] if n else a for n, a in zip(nodes, arguments, strict=True)]
        own = [
            scratch.lift(n.value, differentiable=n.differentiable) if n else a
            for n, a in zip(nodes, arguments, strict=True)
        ]
        twin, alone = op(*twins, **named), op(*own, **named)
        self._twins[result.index] = twin
        for entry in scratch.entries:
            self._alone[result.index] = entry
        name = op.__name__
        self.errors.append(error_of(name, None, result.value, twin.value, alone.value))

    def follow_back(
        self,
        result: "Node",
        cotangent: NDArray[Any],
        steps: "Sequence[tuple[Entry, NDArray[Any], tuple[NDArray[Any] | None, ...]]]",
    ) -> None:
        """Repeat a backward pass, whose steps are given, on twins and on its own operands."""
        from .vjps import VJPS

        exact = np.asarray(cotangent, np.float64)
        back = self._tape.backwards({self._twins[result.index].index: exact}, set())
        twins = {entry.result.index: parts for entry, _, parts in back}
        for entry, incoming, parts in steps:
            alone = VJPS[entry.op](self._alone[entry.result.index], incoming.astype(np.float64))
            its_twins = twins[self._twins[entry.result.index].index]
            for k, (part, twin, own) in enumerate(zip(parts, its_twins, alone, strict=True)):
                if part is not None and twin is not None and own is not None:
                    self.errors.append(error_of(entry.op, k, part, twin, own))


def _rms(values: NDArray[Any]) -> float:
    """The root mean square, scaled so that nothing overflows; 0 of no numbers."""
    largest = _largest(np.abs(values))
    if not 0 < largest < inf:
        return largest
    return largest * float(np.sqrt(np.mean((values / largest) ** 2)))


def _largest(magnitudes: NDArray[Any]) -> float:
    return float(magnitudes.max()) if magnitudes.size else 0.0


def _decibel(signal: float, error: float) -> float:
    if error == 0:
        return inf
    ratio = signal / error
    return -inf if ratio == 0 else 20 * log(ratio, 10)
