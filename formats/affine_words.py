"""Compiled rounding of quotients by a scale to integers, ties to even, on words: one rounding.

Let x be a float32, s the scale and q = x / s, a real number.  A tie is an integer and a half.  If t
is a tie with ``|q - t| < 1``, then the integer nearest to q is that below t or that above it, as
the sign of q - t says, which is that of ``x - t s``; and if this is 0, q is the tie.

*Exactness*, after x and s have been multiplied by a power of two, which changes no quotient: by the
one that brings s into [1, 2), or next to it among the normal float32, so that 2^-22 <= s < 4.

- That product of x is inexact only below 2^-126, where t is 1/2 and the sign is as clear as ever,
  and infinite only where every format saturates.
- ``reciprocal`` is 1 / s but for 2^-24 of it and a trifle, and the fused multiply-add that makes
  q - 1/2 of it rounds once.  Cut to 2^18 in magnitude, beyond which every element saturates, the
  result is wrong by less than 1/8.  Adding MAGIC rounds it to an integer, which is the tie less
  1/2.  So ``|q - t| < 5/8``, or t is at the cut and q farther out, and all integers near saturate.
- s is a multiple of 2^-23 and t is one of 1/2 but not 0, so ``t s`` is a multiple of 2^-24 and at
  least 2^-23.  If x is less than half of it, or of the other sign, the difference is at least half
  of it; else x is at least 2^-24 and a multiple of 2^-47, and so is the difference.  The fused
  multiply-add that makes it rounds once, which changes neither its sign nor whether it is 0.  Times
  2^60, infinite perhaps, it is 0 or beyond 1/4.
- t, or t and a quarter towards q, is a float32.  Adding MAGIC, whose last bit is even, rounds it to
  the nearest integer, ties to even: the one rounding of q.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils

from .affine_plan import MAGIC
from .float_words import float_difference, float_greater, float_lesser, float_product, float_sum
from .jit import inlined_kernel
from .vector_type import LANES
from .words import like, operation

HALF = np.float32(0.5).view(np.uint32)
MINUS_HALF = np.float32(-0.5).view(np.uint32)
QUARTER = np.float32(0.25).view(np.uint32)
MINUS_QUARTER = np.float32(-0.25).view(np.uint32)
LARGEST = np.float32(2.0**18).view(np.uint32)
MINUS_LARGEST = np.float32(-(2.0**18)).view(np.uint32)
STEEP = np.float32(2.0**60).view(np.uint32)


def _fused(builder: Any, x: Any, y: Any, z: Any) -> Any:
    single = ir.FloatType()
    kind = like(x, single)
    name = f"llvm.fma.v{LANES}f32" if kind is not single else "llvm.fma.f32"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind] * 3), name
    )
    floats = [builder.bitcast(value, kind) for value in (x, y, z)]
    return builder.bitcast(builder.call(function, floats), x.type)


#: x y + z of float32, rounded once
fused = operation(_fused, 3)


@inlined_kernel
def rounded_quotient(word: Any, factor: Any, reciprocal: Any, minus_scale: Any) -> Any:
    """MAGIC and the integer nearest to the quotient, or one beyond 2^17 where the quotient is.

    ``factor`` is the power of two, the others are those of the scale it has brought near 1.  What
    a NaN comes to is not specified.
    """
    x = float_product(word, factor)
    below = fused(x, reciprocal, MINUS_HALF)
    below = float_greater(float_lesser(below, LARGEST), MINUS_LARGEST)
    tie = float_sum(float_difference(float_sum(below, MAGIC), MAGIC), HALF)
    side = float_product(fused(tie, minus_scale, x), STEEP)
    side = float_greater(float_lesser(side, QUARTER), MINUS_QUARTER)
    return float_sum(float_sum(tie, side), MAGIC)
