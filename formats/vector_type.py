"""Sixteen words as one value inside kernels: numba's name for an LLVM vector.

The vector operations are LLVM's generic ones, which it turns into those of the machine.
"""

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import register_model

LANES: Final = 16

_WORD = ir.IntType(32)
VECTOR: Final = ir.VectorType(_WORD, LANES)


class _SixteenWords(types.Type):  # type: ignore[misc]
    """The type of a vector of sixteen uint32."""


class _Model(PrimitiveModel):  # type: ignore[misc]
    """It is held as the LLVM vector itself."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


SIXTEEN_WORDS: Final = _SixteenWords(name="SixteenWords")
register_model(_SixteenWords)(_Model)


def everywhere(builder: Any, word: Any) -> Any:
    """The vector of sixteen times the word."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, word, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(VECTOR, [0] * LANES))
