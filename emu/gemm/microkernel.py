"""The vectorized heart of the matrix product, written as LLVM vector operations.

One call updates a register tile of C, ``rows_of(depth) x (VECTORS lanes)``, by a run of tiles
along k: for each run of ``depth`` consecutive k the products are chained by fused multiply-adds
into a partial sum, which is then added to C.  Its twin in plain loops is
`kernels.multiply_general`.

*Exactness*: with ``depth`` 1 every step is ``c <- fma(a, b, c)``, one rounding.  With a larger
depth the caller guarantees that partial sums are exact, so the addition is the one rounding.
Only generic vector operations are used, so LLVM compiles them for whatever the machine has.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .vector_width import vector_bits

ROWS = 6
#: Vectors side by side: with 6 rows 12 sums, of 16 registers or of 32.
VECTORS = 2
UNROLLED_DEPTH = 8
#: Rows of a tile whose partial sums are short, and how many of them have these at the same time.
#: Beside 12 sums 16 registers have no room for more, and to store and load them every few products
#: takes longer than to load operands for fewer rows; 32 have room.
_SHORT_ROWS, _TOGETHER = (ROWS, ROWS) if vector_bits() == 512 else (4, 2)

_LANES = {types.float32: vector_bits() // 32, types.float64: vector_bits() // 64}
#: Columns of C in a register tile, by the item size of the type.
COLUMNS = {4: vector_bits() // 32 * VECTORS, 8: vector_bits() // 64 * VECTORS}


def rows_of(depth: int) -> int:
    """Rows of a register tile, and so of a panel of A, by the depth of a tile along k.

    Examples
    --------
    >>> rows_of(1), rows_of(32)
    (6, 6)
    """
    return _SHORT_ROWS if 1 < depth <= UNROLLED_DEPTH else ROWS


class Registers:
    """The vectors of one register tile, and how to load, multiply and store them.

    The arguments begin with the panels of A and B, C, where each starts, and the length of a row.
    """

    def __init__(
        self,
        context: Any,
        builder: Any,
        signature: Any,
        arguments: Any,
        rows: int = ROWS,
        vectors: int = VECTORS,
    ) -> None:
        self.builder = builder
        self.rows, self.vectors = rows, vectors
        dtype = signature.args[0].dtype
        self.scalar = context.get_value_type(dtype)
        self.lanes = _LANES[dtype]
        self.vector = ir.VectorType(self.scalar, self.lanes)
        self.align = dtype.bitwidth // 8
        arrays = [
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
        ]
        starts = arguments[3:6]
        self.a, self.b, self.c = (
            builder.gep(data, [start]) for data, start in zip(arrays, starts, strict=True)
        )
        self.index = arguments[3].type
        self.row_length = arguments[6]

    def constant(self, value: int) -> Any:
        """An index."""
        return ir.Constant(self.index, value)

    def load(self, pointer: Any) -> Any:
        """A vector from memory."""
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(typed, align=self.align)

    def splat(self, value: Any) -> Any:
        """A number in every lane."""
        undefined = ir.Constant(self.vector, ir.Undefined)
        zero = ir.Constant(ir.IntType(32), 0)
        first = self.builder.insert_element(undefined, value, zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, undefined, mask)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """``x y + z``, rounded once."""
        name = f"llvm.fma.v{self.lanes}f{8 * self.align}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [x, y, z])

    def c_pointers(self) -> list[list[Any]]:
        """Where the vectors of the tile lie in C."""
        rows = [self.builder.mul(self.row_length, self.constant(i)) for i in range(self.rows)]
        return [
            [
                self.builder.gep(self.c, [self.builder.add(row, self.constant(v * self.lanes))])
                for v in range(self.vectors)
            ]
            for row in rows
        ]

    def step(
        self, a: Any, b: Any, k: int, sums: list[list[Any]] | None, rows: range | None = None
    ) -> list[list[Any]]:
        """Products of column k of the A panel and row k of the B panel, chained onto ``sums``.

        Only those of some ``rows``, if told, whose sums these are.
        """
        gep, constant = self.builder.gep, self.constant
        right = [
            self.load(gep(b, [constant((k * self.vectors + v) * self.lanes)]))
            for v in range(self.vectors)
        ]
        result = []
        for n, i in enumerate(rows or range(self.rows)):
            left = self.splat(self.builder.load(gep(a, [constant(k * self.rows + i)])))
            if sums is None:
                result.append([self.builder.fmul(left, r) for r in right])
            else:
                result.append([self.fma(left, r, s) for r, s in zip(right, sums[n], strict=True)])
        return result

    def variables(self) -> list[list[Any]]:
        """Room for a register tile, which LLVM keeps in registers."""
        allocate = cgutils.alloca_once
        return [
            [allocate(self.builder, self.vector) for _ in range(self.vectors)]
            for _ in range(self.rows)
        ]


def read(builder: Any, variables: list[list[Any]]) -> list[list[Any]]:
    """The vectors that variables hold."""
    return [[builder.load(v) for v in row] for row in variables]


def write(builder: Any, values: list[list[Any]], variables: list[list[Any]]) -> None:
    """Make variables hold vectors."""
    for row, pointers in zip(values, variables, strict=True):
        for value, pointer in zip(row, pointers, strict=True):
            builder.store(value, pointer)


def _short_sums(registers: Registers, a: Any, b: Any, depth: int) -> list[list[Any]]:
    """The exact partial sums of a tile, of some rows after the other."""
    result = []
    for first in range(0, registers.rows, _TOGETHER):
        rows = range(first, first + _TOGETHER)
        sums = registers.step(a, b, 0, None, rows)
        for k in range(1, depth):
            sums = registers.step(a, b, k, sums, rows)
        result += sums
    return result


def _partial_sums(registers: Registers, a: Any, b: Any, depth: int) -> list[list[Any]]:
    """The exact partial sums of a tile."""
    if depth <= UNROLLED_DEPTH:
        return _short_sums(registers, a, b, depth)
    builder, variables = registers.builder, registers.variables()
    write(builder, registers.step(a, b, 0, None), variables)
    with cgutils.for_range(builder, registers.constant(depth - 1)) as loop:
        k = builder.add(loop.index, registers.constant(1))
        width = VECTORS * registers.lanes
        a_k = builder.gep(a, [builder.mul(k, registers.constant(registers.rows))])
        b_k = builder.gep(b, [builder.mul(k, registers.constant(width))])
        write(builder, registers.step(a_k, b_k, 0, read(builder, variables)), variables)
    return read(builder, variables)


@intrinsic
def update_tile(_context, a, b, c, a_start, b_start, c_start, row_length, tiles, depth):  # noqa: ARG001
    """C tile at ``c_start`` += ``tiles`` tile products of packed panels of A and B.

    a, b, c : contiguous 1-D arrays of one float type (the panels as `pack_panels` lays them).
    row_length : distance of consecutive rows of C.
    depth : a tuple whose *length* is the depth of a tile, so that it is known when compiling.
    """
    index = types.intp
    signature = types.void(a, b, c, index, index, index, index, index, depth)

    def codegen(context, builder, sig, args):
        span = len(sig.args[8])
        registers = Registers(context, builder, sig, args, rows_of(span))
        pointers = registers.c_pointers()
        sums = registers.variables()
        write(builder, [[registers.load(p) for p in row] for row in pointers], sums)
        with cgutils.for_range(builder, args[7]) as loop:
            k = builder.mul(loop.index, registers.constant(span))
            width = VECTORS * registers.lanes
            at = builder.gep(registers.a, [builder.mul(k, registers.constant(registers.rows))])
            bt = builder.gep(registers.b, [builder.mul(k, registers.constant(width))])
            before = read(builder, sums)
            if span == 1:
                after = registers.step(at, bt, 0, before)
            else:
                part = _partial_sums(registers, at, bt, span)
                after = [
                    [builder.fadd(s, p) for s, p in zip(*rows, strict=True)]
                    for rows in zip(read(builder, sums), part, strict=True)
                ]
            write(builder, after, sums)
        for row, its_pointers in zip(read(builder, sums), pointers, strict=True):
            for value, pointer in zip(row, its_pointers, strict=True):
                typed = builder.bitcast(pointer, registers.vector.as_pointer())
                builder.store(value, typed, align=registers.align)
        return context.get_dummy_value()

    return signature, codegen
