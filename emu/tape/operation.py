"""What every operation does beside its arithmetic: name itself, and let a shadow follow."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from .tape import Node

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
