"""The fused multiply-add of float64, for kernels."""

from fractions import Fraction
from math import inf, isfinite
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.types import float64
from numba.extending import intrinsic, overload


def fma(x: Any, y: Any, z: Any) -> Any:
    """``x y + z``, rounded once (IEEE 754-2019, 5.4.1).

    In kernels an instruction of the processor, or the C library's function where there is none;
    here, where kernels are interpreted, the rounding of the rational number.

    Examples
    --------
    >>> fma(1 + 2.0**-52, 1 - 2.0**-52, -1.0) == -(2.0**-104)
    True
    """
    if not (isfinite(x) and isfinite(y) and isfinite(z)):
        return x * y + z
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if not exact:
        return x * y + z  # zeros with signs, or a product that is -z
    try:
        return float(exact)
    except OverflowError:
        return inf if exact > 0 else -inf


@intrinsic
def _instruction(_context, x, y, z):  # noqa: ARG001
    def build(_target, builder, _signature, operands):
        kind = ir.DoubleType()
        of_three = ir.FunctionType(kind, [kind] * 3)
        function = cgutils.get_or_insert_function(builder.module, of_three, "llvm.fma.f64")
        return builder.call(function, operands)

    return float64(float64, float64, float64), build


@overload(fma)
def _compiled_fma(x, y, z):  # noqa: ARG001 - numba wants the names of what is returned
    def by_instruction(x, y, z):
        return _instruction(x, y, z)

    return by_instruction
