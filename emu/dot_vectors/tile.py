"""What the vector kernels of dot products share: sixteen columns of a few rows of C in registers.

Every column of a vector is an output of its own, so that the order of its sum is that of k.  The
operations are LLVM's generic ones on sixteen float32 or float64 numbers and on their bits, which it
turns into those of the machine.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from ..processor import is_compiled_for
from .panels import COLUMNS as COLUMNS
from .panels import ROWS as ROWS

FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()
SHORT, WORD, LONG = ir.IntType(16), ir.IntType(32), ir.IntType(64)

_BITS = {FLOAT: WORD, DOUBLE: LONG}
_NAMES = {FLOAT: "f32", DOUBLE: "f64", SHORT: "i16", WORD: "i32", LONG: "i64"}
#: Masks of the exponent field.
_FIELDS = {WORD: 0x7F800000, LONG: 0x7FF << 52}


def height_of(scalar: Any) -> int:
    """Rows of a tile that are computed at a time.

    So many that steps of one row, each of which waits for the step before, leave no gaps, and that
    their sums fit into the registers: 32 of 512 bits, or 16 of 256 (32 of 128, of which a row takes
    twice as many).
    """
    if is_compiled_for("avx512f"):
        return ROWS if scalar == FLOAT else ROWS // 2
    return ROWS // 2 if scalar == FLOAT else ROWS // 6


def vector_of(scalar: Any) -> Any:
    """The type of sixteen of them."""
    return ir.VectorType(scalar, COLUMNS)


class Vectors:
    """Operations on vectors of one float type and on their bits."""

    def __init__(self, builder: Any, scalar: Any) -> None:
        self.builder = builder
        self.scalar = scalar
        self.integer = _BITS[scalar]
        self.real, self.words = vector_of(scalar), vector_of(self.integer)
        self.size = self.integer.width // 8

    def splat(self, value: Any, count: int = COLUMNS) -> Any:
        """The scalar ``count`` times."""
        undefined = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(WORD, 0))
        places = ir.Constant(ir.VectorType(WORD, count), [0] * count)
        return self.builder.shuffle_vector(first, undefined, places)

    def every(self, value: int) -> Any:
        """Sixteen times the integer constant."""
        return ir.Constant(self.words, [value] * COLUMNS)

    def every_real(self, value: float) -> Any:
        """Sixteen times the float constant."""
        return ir.Constant(self.real, [value] * COLUMNS)

    def bits(self, x: Any) -> Any:
        """The bits of floats."""
        return self.builder.bitcast(x, self.words)

    def floats(self, x: Any) -> Any:
        """The floats of bits."""
        return self.builder.bitcast(x, self.real)

    def call(self, name: str, *values: Any) -> Any:
        """An LLVM intrinsic of vectors of one type, such as ``fma``."""
        kind = values[0].type
        full = f"llvm.{name}.v{COLUMNS}{_NAMES[kind.element]}"
        signature = ir.FunctionType(kind, [kind] * len(values))
        function = cgutils.get_or_insert_function(self.builder.module, signature, full)
        return self.builder.call(function, values)

    def any_of(self, x: Any) -> Any:
        """Whether one of sixteen truth values is."""
        word = self.builder.bitcast(x, ir.IntType(COLUMNS))
        return self.builder.icmp_unsigned("!=", word, ir.Constant(word.type, 0))

    def magnitude(self, x: Any) -> Any:
        """The floats without their signs."""
        keep = self.every((1 << (self.integer.width - 1)) - 1)
        return self.floats(self.builder.and_(self.bits(x), keep))

    def magnitude_of_integers(self, x: Any) -> Any:
        """The magnitudes of integers, none the least."""
        negative = self.builder.icmp_signed("<", x, self.every(0))
        return self.builder.select(negative, self.builder.sub(self.every(0), x), x)

    def shifted_down(self, x: Any, places: Any) -> Any:
        """``floor(x / 2^places)`` of integers of 32 bits, for any places from 0."""
        return self.builder.ashr(x, self.call("umin", places, self.every(31)))

    def signed_like(self, x: Any, other: Any) -> Any:
        """Non-negative floats with the signs of others."""
        sign = self.builder.and_(self.bits(other), self.every(1 << (self.integer.width - 1)))
        return self.floats(self.builder.or_(self.bits(x), sign))

    def field(self, x: Any) -> Any:
        """The bits of floats with all but the exponent cleared."""
        return self.builder.and_(self.bits(x), self.every(_FIELDS[self.integer]))

    def load(self, pointer: Any, scalar: Any = None) -> Any:
        """Sixteen elements from a pointer to the first."""
        kind = vector_of(scalar or self.scalar)
        pointer = self.builder.bitcast(pointer, kind.as_pointer())
        return self.builder.load(pointer, align=kind.element.width // 8 if scalar else self.size)

    def store(self, value: Any, pointer: Any) -> None:
        """Set sixteen elements."""
        typed = self.builder.bitcast(pointer, value.type.as_pointer())
        self.builder.store(value, typed, align=4)


class Variables:
    """One vector for each row that is computed at a time, that loops change."""

    def __init__(self, builder: Any, kind: Any, height: int) -> None:
        self.builder = builder
        self._slots = [cgutils.alloca_once(builder, kind) for _ in range(height)]

    def __getitem__(self, row: int) -> Any:
        return self.builder.load(self._slots[row])

    def __setitem__(self, row: int, value: Any) -> None:
        self.builder.store(value, self._slots[row])


class Tile:
    """The arguments of a vector kernel: arrays, where the tile's parts start in them, and numbers.

    ``a`` and ``b`` are panels, k-major; ``c`` holds rows of ``row_length``; ``seen`` holds sixteen
    words for each tile.  ``height`` rows of it are computed at a time.
    """

    def __init__(
        self, context: Any, builder: Any, kinds: Any, arrays: Any, starts: Any, height: int
    ) -> None:
        self.builder, self.height = builder, height
        self.pointers = [
            builder.gep(context.make_array(kind)(context, builder, array).data, [start])
            for kind, array, start in zip(kinds, arrays, starts, strict=True)
        ]
        self.index = starts[0].type

    def constant(self, value: int) -> Any:
        """An index."""
        return ir.Constant(self.index, value)

    def place(self, array: int, *terms: Any) -> Any:
        """A pointer into an array of the tile, at the sum of the terms."""
        at = self.constant(0)
        for term in terms:
            at = self.builder.add(at, self.constant(term) if isinstance(term, int) else term)
        return self.builder.gep(self.pointers[array], [at])

    def times(self, index: Any, factor: int) -> Any:
        """An index times a constant."""
        return self.builder.mul(index, self.constant(factor))

    def rows(self, array: int, row_length: Any) -> list[Any]:
        """Pointers to the tile's rows of C."""
        return [self.place(array, self.times(row_length, row)) for row in range(self.height)]

    def between(self, first: Any, last: Any, body: Callable[[Any], None], stride: int = 1) -> None:
        """Run ``body(k)`` for k from first to last - 1, every ``stride``-th."""
        count = self.builder.sub(last, first)
        if stride > 1:
            count = self.builder.add(count, self.constant(stride - 1))
            count = self.builder.sdiv(count, self.constant(stride))
        with cgutils.for_range(self.builder, count) as loop:
            body(self.builder.add(first, self.times(loop.index, stride)))

    @contextmanager
    def groups(self, inner: Any, size: Any) -> Iterator[tuple[Any, Any, Any]]:
        """Loop over k in groups of ``size``, the last one maybe of fewer: number, first, end."""
        builder = self.builder
        count = builder.sdiv(builder.add(inner, builder.sub(size, self.constant(1))), size)
        with cgutils.for_range(builder, count) as loop:
            first = builder.mul(loop.index, size)
            last = builder.add(first, size)
            last = builder.select(builder.icmp_signed("<", last, inner), last, inner)
            yield loop.index, first, last


def _align_frame(builder: Any) -> None:
    """Make the compiler align the frame of the function to lines of the cache.

    It puts vectors there that registers have no room for, and learns too late that it should align
    them: where the frame begins in the middle of a vector, as it does in half of all processes,
    every other of them lies across two lines.  An aligned array that inline assembly of no
    instructions might write to is known from the beginning.
    """
    room = cgutils.alloca_once(builder, vector_of(FLOAT))
    room.align = 64
    kind = ir.FunctionType(ir.VoidType(), [room.type])
    builder.asm(kind, "", "r", [room], side_effect=True)


@contextmanager
def parts_of_tile(
    builder: Any, starts: Sequence[Any], row_length: Any, height: int,
    panels: Sequence[int] = (0,), rows: Sequence[int] = (2,),
) -> Iterator[list[Any]]:  # fmt: skip
    """Loop over ``height`` rows of a tile at a time: where its arrays start for these.

    ``panels`` are the arrays of rows of A, and ``rows`` those laid out as C.
    """
    _align_frame(builder)
    count = ir.Constant(starts[0].type, ROWS // height)
    with cgutils.for_range(builder, count) as loop:
        first = builder.mul(loop.index, ir.Constant(starts[0].type, height))
        below = builder.mul(first, row_length)
        own = list(starts)
        for array in panels:
            own[array] = builder.add(own[array], first)
        for array in rows:
            own[array] = builder.add(own[array], below)
        yield own
