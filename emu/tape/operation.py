"""What every operation does beside its arithmetic: name itself, and let a shadow follow."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from numpy.typing import NDArray

from ..errors import DatapathError
from .tape import Entry, Node, Tape

Gradient = NDArray[Any]
#: The adjoint of an operation's derivative: a gradient per parent, None where none is needed.
VJP = Callable[[Entry, Gradient], tuple[Gradient | None, ...]]

P = ParamSpec("P")
Operation = Callable[Concatenate[Node, P], Node]


def operation(function: Operation[P]) -> Operation[P]:
    """The function of nodes as an operation of the tape of its first argument.

    What it enters into the ledger is under its name; a shadow repeats it in float64.
    """

    @wraps(function)
    def run(first: Node, /, *others: P.args, **named: P.kwargs) -> Node:
        tape = first.tape
        with tape.under(function.__name__):
            result = function(first, *others, **named)
        if tape.shadow is not None:
            tape.shadow.follow(run, (first, *others), named, result)
        return result

    return run


def tape_of(first: Node, *others: Node) -> Tape:
    """The tape that all of these nodes are on."""
    if any(node.tape is not first.tape for node in others):
        msg = "the operands belong to different tapes: build the whole computation on one"
        raise DatapathError(msg)
    return first.tape
