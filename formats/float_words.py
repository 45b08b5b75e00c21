"""Float32 arithmetic on 32-bit words inside kernels: the words are the bits of the numbers.

As `words`, single LLVM instructions on words or vectors, for compiled code only.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from .words import like, operation

_FLOAT = ir.FloatType()


def _on_floats(emit: Callable[[Any, Any, Any], Any]) -> Any:
    def emitted(builder: Any, x: Any, y: Any) -> Any:
        floats = (builder.bitcast(value, like(value, _FLOAT)) for value in (x, y))
        return builder.bitcast(emit(builder, *floats), x.type)

    return operation(emitted, 2)


#: rounded to nearest even
float_sum = _on_floats(lambda builder, x, y: builder.fadd(x, y))
float_difference = _on_floats(lambda builder, x, y: builder.fsub(x, y))
float_product = _on_floats(lambda builder, x, y: builder.fmul(x, y))
#: the first where it is less, or greater, than the second; else, and so of a NaN, the second
float_lesser = _on_floats(lambda b, x, y: b.select(b.fcmp_ordered("<", x, y), x, y))
float_greater = _on_floats(lambda b, x, y: b.select(b.fcmp_ordered(">", x, y), x, y))
#: the float32 that is the integer, below 2^24
float_of = operation(lambda b, n: b.bitcast(b.sitofp(n, like(n, _FLOAT)), n.type), 1)
