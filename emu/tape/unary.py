"""Functions of one number: the vector unit's own, or by a unit that the datapath names."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import FormatError
from ..errors import DatapathError
from ..functions import vector_unit
from ..functions.units import RoundedFunction
from .ledger import Ledger
from .tape import Tape


def evaluate(
    tape: Tape, name: str, x: NDArray[Any], own: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """The function called ``name`` of every element, in the vector format.

    By the datapath's unit for it, where the ledger gets what rounding the operand to the unit's
    input did; by ``own`` where there is none, and for complex numbers, which only derivatives by
    complex steps have.

    Raises
    ------
    DatapathError
        If the unit has no result for an element, such as a NaN in fixed point.
    """
    unit = tape.datapath.unit(name)
    if unit is None or np.iscomplexobj(x):
        return own(x)
    if isinstance(unit, RoundedFunction):
        return np.asarray(unit.apply(x).values(tape.datapath.dtype))
    try:
        operand, counts = unit.input.encode_counted(x)
    except FormatError as error:
        msg = f"the operand of {name} has no code in its unit: {error}"
        raise DatapathError(msg) from error
    tape.enter(
        Ledger(
            quantizations=counts.elements,
            saturations=counts.saturated,
            underflows=counts.underflowed,
        )
    )
    return np.asarray(unit.apply(operand).values(tape.datapath.dtype))


def hyperbolic_tangent(tape: Tape, x: NDArray[Any]) -> NDArray[Any]:
    """The machine's hyperbolic tangent of every element."""
    return evaluate(tape, "tanh", x, vector_unit.tanh)


def sine(tape: Tape, x: NDArray[Any]) -> NDArray[Any]:
    """The machine's sine of every element."""
    return evaluate(tape, "sin", x, vector_unit.sin)


def cosine(tape: Tape, x: NDArray[Any]) -> NDArray[Any]:
    """The machine's cosine of every element."""
    return evaluate(tape, "cos", x, vector_unit.cos)
