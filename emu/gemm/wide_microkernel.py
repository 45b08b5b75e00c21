"""Register tiles of C in FP32 whose tile products need up to the 53 bits of float64.

The FMA chain of a tile runs in float64, where it is exact, and ends with one rounding to the 24
bits of float32.  There are two ways to round; `wide_lanes.py` says which one a product may take.
The twin of both in plain loops is `kernels.multiply_wide`.

**Exact chain** (`update_exact_tile`).  All sums, C included, are multiples of one power of two
below 2^53 times it, so the chain starts from C itself and holds ``s = c + p`` without error.  With
``e`` the power of two at or below ``|s|`` (the bits of s without sign and significand) and
``m = 1.5 * 2^29 e``, the sum ``s + m`` lies between 2^29 e and 2^30 e, where float64 steps by
2^-23 e.  That is the step of float32 at s, so ``fl(s + m) - m`` is s rounded to 24 bits, and as m
is an even number of steps, ties go to even.  Below the normal numbers of float32 s is a multiple of
2^-149, which 24 bits hold: nothing is rounded there, and nothing should be.  Zero stays +0.

**Round to odd** (`update_tile_to_odd`).  The chain holds p alone.  ``s = fl(c + p)``, and TwoSum
(Knuth) gives its error exactly; where there is one, the last bit of s is made odd by a step toward
the other number next to the sum.  As 53 >= 2 * 24 + 2, the rounding to float32 that follows is then
the only one (Boldo and Melquiond 2008), at subnormal numbers and at overflow too.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .microkernel import Registers, read, write
from .vector_width import vector_bits

#: A register tile is 6 rows of so many vectors: 24 of the 32 registers, or 12 of 16.
WIDE_VECTORS = 4 if vector_bits() == 512 else 2
WIDE_COLUMNS = vector_bits() // 64 * WIDE_VECTORS

_EXPONENT = 0x7FF0000000000000
_MAGIC = 1.5 * 2.0**29


class _Wide(Registers):
    """Registers in float64 of a C in float32."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        super().__init__(context, builder, signature, arguments, vectors=WIDE_VECTORS)
        self.narrow = ir.VectorType(ir.FloatType(), self.lanes)
        self.words = ir.VectorType(ir.IntType(64), self.lanes)

    def every(self, kind: Any, value: Any) -> Any:
        """The constant vector of one number."""
        return ir.Constant(kind, [value] * self.lanes)

    def widened(self, pointer: Any) -> Any:
        typed = self.builder.bitcast(pointer, self.narrow.as_pointer())
        return self.builder.fpext(self.builder.load(typed, align=4), self.vector)

    def store_narrow(self, value: Any, pointer: Any) -> None:
        """Store a vector in float32, rounded to nearest even."""
        typed = self.builder.bitcast(pointer, self.narrow.as_pointer())
        self.builder.store(self.builder.fptrunc(value, self.narrow), typed, align=4)

    def chain(self, tile: Any, depth: Any, sums: list[list[Any]]) -> None:
        """Add the products of a tile of ``depth`` to the variables ``sums``, one FMA each."""
        builder = self.builder
        first = builder.mul(tile, depth)
        with cgutils.for_range(builder, depth) as loop:
            k = builder.add(first, loop.index)
            a = builder.gep(self.a, [builder.mul(k, self.constant(len(sums)))])
            b = builder.gep(self.b, [builder.mul(k, self.constant(WIDE_COLUMNS))])
            write(builder, self.step(a, b, 0, read(builder, sums)), sums)

    def in_24_bits(self, s: Any) -> Any:
        """``fl(s + m) - m``: to the nearest of 24 bits, ties to even."""
        builder = self.builder
        field = builder.and_(builder.bitcast(s, self.words), self.every(self.words, _EXPONENT))
        e = builder.bitcast(field, self.vector)
        above = self.fma(e, self.every(self.vector, _MAGIC), s)
        return self.fma(e, self.every(self.vector, -_MAGIC), above)

    def sum_to_odd(self, c: Any, p: Any) -> Any:
        """``c + p`` rounded to odd; what is not finite is what IEEE 754 says."""
        add, subtract = self.builder.fadd, self.builder.fsub
        s = add(c, p)
        part = subtract(s, c)
        error = add(subtract(c, subtract(s, part)), subtract(p, part))
        words = self.builder.bitcast(s, self.words)
        differ = self.builder.xor(words, self.builder.bitcast(error, self.words))
        beyond = self.builder.lshr(differ, self.every(self.words, 63))
        odd = self.builder.or_(self.builder.sub(words, beyond), self.every(self.words, 1))
        inexact = self.builder.fcmp_ordered("!=", error, self.every(self.vector, 0.0))
        return self.builder.bitcast(self.builder.select(inexact, odd, words), self.vector)


_INDEX = types.intp
_ARGUMENTS = (_INDEX,) * 6


@intrinsic
def update_exact_tile(_context, a, b, c, a_start, b_start, c_start, row_length, tiles, depth):  # noqa: ARG001
    """C tile at ``c_start`` += ``tiles`` tile products, where no chain rounds, C included.

    a, b : contiguous 1-D float64 arrays, panels of 6 rows and of `WIDE_COLUMNS`, k-major.
    c : contiguous 1-D float32 array, whose rows are ``row_length`` apart.
    """
    signature = types.void(a, b, c, *_ARGUMENTS)

    def codegen(context, builder, sig, args):
        wide = _Wide(context, builder, sig, args)
        pointers = wide.c_pointers()
        sums = wide.variables()
        write(builder, [[wide.widened(p) for p in row] for row in pointers], sums)
        with cgutils.for_range(builder, args[7]) as loop:
            wide.chain(loop.index, args[8], sums)
            rounded = [[wide.in_24_bits(s) for s in row] for row in read(builder, sums)]
            write(builder, rounded, sums)
        for row, its_pointers in zip(read(builder, sums), pointers, strict=True):
            for value, pointer in zip(row, its_pointers, strict=True):
                wide.store_narrow(value, pointer)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def update_tile_to_odd(_context, a, b, c, a_start, b_start, c_start, row_length, tiles, depth):  # noqa: ARG001
    """The same where only tile products are exact, by sums rounded to odd."""
    signature = types.void(a, b, c, *_ARGUMENTS)

    def codegen(context, builder, sig, args):
        wide = _Wide(context, builder, sig, args)
        pointers = wide.c_pointers()
        products = wide.variables()
        nothing = wide.every(wide.vector, -0.0)  # the zero that changes no sign of another
        with cgutils.for_range(builder, args[7]) as loop:
            write(builder, [[nothing for _ in row] for row in pointers], products)
            wide.chain(loop.index, args[8], products)
            for row, its_pointers in zip(read(builder, products), pointers, strict=True):
                for p, pointer in zip(row, its_pointers, strict=True):
                    wide.store_narrow(wide.sum_to_odd(wide.widened(pointer), p), pointer)
        return context.get_dummy_value()

    return signature, codegen
