"""Arithmetic and functions of single elements, on the vector unit."""

import numpy as np

from .operation import operation, tape_of
from .shared_work import elementwise
from .tape import Node
from .unary import cosine, hyperbolic_tangent, sine


@operation
def add(a: Node, b: Node) -> Node:
    """``a + b`` with NumPy broadcasting; one rounding."""
    return tape_of(a, b).record("add", elementwise(np.add, a.value, b.value), (a, b), None)


@operation
def subtract(a: Node, b: Node) -> Node:
    """``a - b`` with NumPy broadcasting; one rounding."""
    return tape_of(a, b).record(
        "subtract", elementwise(np.subtract, a.value, b.value), (a, b), None
    )


@operation
def multiply(a: Node, b: Node) -> Node:
    """``a b`` element by element with NumPy broadcasting; one rounding."""
    return tape_of(a, b).record(
        "multiply", elementwise(np.multiply, a.value, b.value), (a, b), None
    )


@operation
def scale(a: Node, factor: float) -> Node:
    """``factor a``; the factor rounds once to the vector format, the product once."""
    rounded = a.tape.datapath.dtype(factor)
    return a.tape.record("scale", a.value * rounded, (a,), rounded)


@operation
def tanh(a: Node) -> Node:
    """Hyperbolic tangent: by the datapath's unit, if it has one, else `vector_unit.tanh`."""
    return a.tape.record("tanh", hyperbolic_tangent(a.tape, a.value), (a,), None)


@operation
def sin(a: Node) -> Node:
    """Sine: by the datapath's unit, if it has one, else `vector_unit.sin`."""
    return a.tape.record("sin", sine(a.tape, a.value), (a,), None)


@operation
def cos(a: Node) -> Node:
    """Cosine: by the datapath's unit, if it has one, else `vector_unit.cos`."""
    return a.tape.record("cos", cosine(a.tape, a.value), (a,), None)
