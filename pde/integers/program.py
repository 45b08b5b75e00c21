r"""What an exported network means: a program of operations, some of which round.

The operations are those that the network recorded on a tape, for any batch.  In a program

* a quantizer of the plan rounds to its own integers;
* the operand of a function, a normalization or a softmax, an operand of a product that no quantizer
  made, a sum that several others take, the input and the output are rounded to integers that
  calibration found (`Program.grids`);
* everything else is exact: products, sums, moves.

How a number is rounded is a rule of integer machines, in the head of `definition.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ..errors import RunError
from .grids import Grid

Values = NDArray[Any]
#: An integer that is rounded to a grid: the k-th operand of an operation, or (-1) its result.
Place = tuple[int, int]

#: Operations that change no number.
MOVES = ("reshape", "transpose", "pad", "windows", "take", "join")
#: Functions of single elements.
FUNCTIONS = ("gelu", "tanh", "sigmoid")
#: Operations whose operand is rounded, and that are more than a function of an element.
NORMALIZING = ("layer_norm", "group_norm", "softmax")
PRODUCTS = ("matmul", "batched_matmul")
KNOWN = (
    *MOVES,
    *FUNCTIONS,
    *NORMALIZING,
    *PRODUCTS,
    "max_pool",
    "scale",
    "add",
    "learned_quantize",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """One operation.

    Parameters
    ----------
    name
        As the tape has it.
    operands, result
        Numbers of tensors.
    shape
        Of the result; a negative number is so many times the batch.
    about
        What the operation takes beside its operands: axes, widths, a grid.
    place
        The name of the quantizer, if it is one.
    """

    name: str
    operands: tuple[int, ...]
    result: int
    shape: tuple[int, ...]
    about: Any = None
    place: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """Operations in order.

    Parameters
    ----------
    operations
        As they were recorded.
    leaves
        Numbers that are not computed: parameters and constants, float32.
    shapes
        Of all tensors; a negative number is so many times the batch.
    input, output
        Numbers of tensors.
    grids
        What is rounded beside what quantizers round.
    finer
        By how many bits a sum is shifted left before a bias is added, by the number of the result.
    """

    operations: tuple[Operation, ...]
    leaves: Mapping[int, Values]
    shapes: Mapping[int, tuple[int, ...]]
    input: int
    output: int
    grids: dict[Place, Grid] = field(default_factory=dict)
    finer: dict[int, int] = field(default_factory=dict)

    @property
    def makers(self) -> dict[int, Operation]:
        """The operation that made each tensor."""
        return {each.result: each for each in self.operations}

    @property
    def constants(self) -> set[int]:
        """The tensors that depend on no input."""
        found = set(self.leaves)
        for each in self.operations:
            if found.issuperset(each.operands):
                found.add(each.result)
        return found

    def consumers(self, tensor: int) -> Iterator[Place]:
        """Yield who takes a tensor, and as which operand."""
        for each in self.operations:
            for position, operand in enumerate(each.operands):
                if operand == tensor:
                    yield each.result, position

    def sized(self, tensor: int, batch: int) -> tuple[int, ...]:
        """Return the shape of a tensor for a batch."""
        return sized(self.shapes[tensor], batch)


def sized(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Return a shape for a batch: negative numbers are so many times it.

    Examples
    --------
    >>> sized((-8, 3), 5)
    (40, 3)
    """
    return tuple(-n * batch if n < 0 else n for n in shape)


def batch_multiples(one: tuple[int, ...], several: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Return the shape of which both are cases, for a batch of one and of several.

    Raises
    ------
    RunError
        If there is none.

    Examples
    --------
    >>> batch_multiples((8, 3), (40, 3), 5)
    (-8, 3)
    """
    if len(one) == len(several):
        shape = tuple(-a if b == a * batch else a for a, b in zip(one, several, strict=True))
        if sized(shape, batch) == several:
            return shape
    msg = f"a tensor has shape {one} for one sample and {several} for {batch}: a network that is "
    raise RunError(msg + "exported treats samples alike")
