"""Operations of programs as nodes of ONNX, in 32-bit floats between quantizers."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .grids import Grid
from .program import Operation, Program

Values = NDArray[Any]


class OnnxNodes:
    """Nodes and constants of a graph, as they are added.

    Parameters
    ----------
    program
        What is exported.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes: list[Any] = []
        self.constants: dict[str, Values] = {}
        self.codes: dict[str, str] = {}
        self._count = 0
        self._names = {program.input: "input"}
        self._names |= {tensor: self.constant(value) for tensor, value in program.leaves.items()}

    def name(self, tensor: int) -> str:
        """Return the name of a tensor that was added."""
        return self._names[tensor]

    def add(self, each: Operation) -> None:
        """Add the nodes of an operation."""
        sources = [self._names[operand] for operand in each.operands]
        self._names[each.result] = self._added(each, sources)

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Return the name of a constant."""
        name = f"constant {len(self.constants)}"
        self.constants[name] = np.asarray(value, dtype)
        return name

    def node(self, kind: str, sources: list[str], **attributes: Any) -> str:
        """Return the name of what a node makes."""
        from onnx import helper

        self._count += 1
        target = f"{kind} {self._count}"
        self.nodes.append(helper.make_node(kind, sources, [target], **attributes))
        return target

    def _added(self, each: Operation, sources: list[str]) -> str:
        first, about = sources[0], each.about
        match each.name:
            case "learned_quantize":
                if each.operands[0] in self.program.leaves:
                    return self._weights(self.program.leaves[each.operands[0]], about)
                return self._quantized(first, about, each.place)
            case "matmul" | "batched_matmul":
                return self.node("MatMul", sources)
            case "add":
                return self.node("Add", sources)
            case "scale":
                return self.node("Mul", [first, self.constant(about)])
            case "gelu" | "tanh" | "sigmoid":
                return self.node(each.name.capitalize(), [first])
            case "softmax":
                return self.node("Softmax", [first], axis=-1)
            case "layer_norm":
                return self.node("LayerNormalization", sources, axis=-1, epsilon=about[1])
            case "group_norm":
                return self._group_norm(sources, self._one(each.operands[0]), *about)
            case "max_pool":
                return self._pooled(first, self._one(each.operands[0]), about)
        return self._moved(each, sources)

    def _moved(self, each: Operation, sources: list[str]) -> str:
        first, about, before = sources[0], each.about, self._one(each.operands[0])
        match each.name:
            case "reshape":
                return self._reshaped(first, tuple(-1 if n < 0 else n for n in each.shape))
            case "transpose":
                return self.node("Transpose", [first], perm=list(about))
            case "join":
                spread = [
                    self._spread(source, operand, sources, each)
                    for source, operand in zip(sources, each.operands, strict=True)
                ]
                return self.node("Concat", spread, axis=about)
            case "take":
                return self._slice(first, {about[0]: (about[1], about[2], 1)})
            case "pad":
                return self._padded(first, before, *about)
        return self._windows(first, before, *about)

    def _one(self, tensor: int) -> tuple[int, ...]:
        return self.program.sized(tensor, 1)

    def _quantized(self, source: str, grid: Grid, place: str) -> str:
        """Clip, quantize, and back: the clip is there for widths that no type has."""
        scale, zero = self._scaling(grid)
        sides = [-1 if k == grid.axis else 1 for k in range(3)] if grid.axis is not None else []
        for kind, end in (("Max", grid.lowest), ("Min", grid.highest)):
            limits = np.array(grid.steps) * (end - np.array(grid.zeros))
            source = self.node(kind, [source, self.constant(limits.reshape(sides))])
        axis = {} if grid.axis is None else {"axis": grid.axis}
        self.codes[place] = self.node("QuantizeLinear", [source, scale, zero], **axis)
        return self.node("DequantizeLinear", [self.codes[place], scale, zero], **axis)

    def _weights(self, values: Values, grid: Grid) -> str:
        scale, zero = self._scaling(grid)
        codes = self.constant(grid.encode(values), grid.dtype)
        axis = {} if grid.axis is None else {"axis": grid.axis}
        return self.node("DequantizeLinear", [codes, scale, zero], **axis)

    def _scaling(self, grid: Grid) -> tuple[str, str]:
        whole = () if grid.axis is None else (len(grid.steps),)
        scale = self.constant(np.reshape(grid.steps, whole))
        return scale, self.constant(np.reshape(grid.zeros, whole), grid.dtype)

    def _spread(self, source: str, operand: int, sources: list[str], each: Operation) -> str:
        """A constant once for each sample of the others."""
        if operand not in self.program.leaves or self.program.shapes[operand][0] >= 0:
            return source
        other = next(
            name
            for name, tensor in zip(sources, each.operands, strict=True)
            if tensor not in self.program.leaves
        )
        samples = self.node("Shape", [other], start=0, end=1)
        rest = self.constant(self._one(operand)[1:], np.int64)
        shape = self.node("Concat", [samples, rest], axis=0)
        return self.node("Expand", [source, shape])

    def _reshaped(self, source: str, shape: tuple[int, ...]) -> str:
        return self.node("Reshape", [source, self.constant(shape, np.int64)])

    def _slice(self, source: str, parts: dict[int, tuple[int, int, int]]) -> str:
        columns = zip(*parts.values(), strict=True)
        starts, stops, steps = (self.constant(column, np.int64) for column in columns)
        axes = self.constant(list(parts), np.int64)
        return self.node("Slice", [source, starts, stops, axes, steps])

    def _padded(
        self, source: str, shape: tuple[int, ...], pairs: tuple[tuple[int, int], ...], boundary: str
    ) -> str:
        if boundary == "zero":
            ends = [0, *(a for a, _ in pairs), 0, 0, *(b for _, b in pairs), 0]
            return self.node("Pad", [source, self.constant(ends, np.int64)])
        for axis, (before, after) in enumerate(pairs, 1):
            n = shape[axis]
            places = self.constant(np.arange(-before, n + after) % n, np.int64)
            source = self.node("Gather", [source, places], axis=axis)
        return source

    def _windows(self, source: str, shape: tuple[int, ...], size: int, stride: int) -> str:
        space = shape[1:-1]
        counts = [(n - size) // stride + 1 for n in space]
        parts = []
        for place in np.ndindex((size,) * len(space)):
            cut = {
                axis: (k, k + stride * (count - 1) + 1, stride)
                for axis, (k, count) in enumerate(zip(place, counts, strict=True), 1)
            }
            parts.append(self._reshaped(self._slice(source, cut), (-1, *counts, 1, shape[-1])))
        whole = self.node("Concat", parts, axis=len(space) + 1)
        return self._reshaped(whole, (-1, size ** len(space) * shape[-1]))

    def _pooled(self, source: str, shape: tuple[int, ...], size: int) -> str:
        space, channels = shape[1:-1], shape[-1]
        sides = [side for n in space for side in (n // size, size)]
        apart = self._reshaped(source, (-1, *sides, channels))
        axes = self.constant(range(2, 2 + 2 * len(space), 2), np.int64)
        return self.node("ReduceMax", [apart, axes], keepdims=0)

    def _group_norm(
        self, sources: list[str], shape: tuple[int, ...], groups: int, eps: float
    ) -> str:
        source, gain, bias = sources
        size = shape[-1] // groups
        apart = self._reshaped(source, (-1, prod(shape[1:-1]), groups, size))
        axes = self.constant((1, 3), np.int64)
        centred = self.node("Sub", [apart, self.node("ReduceMean", [apart, axes])])
        square = self.node("Mul", [centred, centred])
        variance = self.node("ReduceMean", [square, axes])
        deviation = self.node("Sqrt", [self.node("Add", [variance, self.constant(eps)])])
        normal = self._reshaped(self.node("Div", [centred, deviation]), (-1, *shape[1:]))
        return self.node("Add", [self.node("Mul", [normal, gain]), bias])
