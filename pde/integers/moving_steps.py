"""Steps that move integers, and pooling by the maximum, which rounding commutes with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...emu import RequantizationRule
from .program import Operation, sized
from .step import Integers, Setting, Step


@dataclass(frozen=True, kw_only=True)
class Reshape(Step):
    """The same integers in C order; a negative side is so many times the batch."""

    shape: tuple[int, ...]

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return them."""
        return tensors[0].reshape(sized(self.shape, setting.batch))


@dataclass(frozen=True, kw_only=True)
class Transpose(Step):
    """Axis ``axes[k]`` in place k."""

    axes: tuple[int, ...]

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the integers in their new places."""
        return np.ascontiguousarray(tensors[0].transpose(self.axes))


@dataclass(frozen=True, kw_only=True)
class Pad(Step):
    """More cells before and after a field along each axis of space.

    Parameters
    ----------
    widths
        How many, for each axis.
    boundary
        "zero", or "periodic": as if the field were repeated.
    value
        The code of zero.
    """

    widths: tuple[tuple[int, int], ...]
    boundary: str
    value: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the field with its border."""
        whole = ((0, 0), *self.widths, (0, 0))
        if self.boundary == "periodic":
            return np.pad(tensors[0], whole, mode="wrap")
        return np.pad(tensors[0], whole, constant_values=self.value)


@dataclass(frozen=True, kw_only=True)
class Windows(Step):
    """Every window of a field as a row, as `bitpde.emu.ops.windows` has them."""

    size: int
    stride: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the rows."""
        x = tensors[0]
        dimension = x.ndim - 2
        axes = tuple(range(1, 1 + dimension))
        view = np.lib.stride_tricks.sliding_window_view(x, (self.size,) * dimension, axes)
        kept = view[(slice(None), *(slice(None, None, self.stride),) * dimension)]
        return np.moveaxis(kept, 1 + dimension, -1).reshape(-1, self.size**dimension * x.shape[-1])


@dataclass(frozen=True, kw_only=True)
class Take(Step):
    """Elements start..stop along an axis."""

    axis: int
    start: int
    stop: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return them."""
        return tensors[0].take(np.arange(self.start, self.stop), self.axis)


@dataclass(frozen=True, kw_only=True)
class Join(Step):
    """Tensors one after the other along an axis."""

    axis: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the whole."""
        return np.concatenate(tensors, self.axis)


@dataclass(frozen=True, kw_only=True)
class Pool(Step):
    """The largest code of each cell of ``size^d``, channel by channel."""

    size: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the coarser field."""
        batch, *space, channels = tensors[0].shape
        sides = [side for n in space for side in (n // self.size, self.size)]
        within = tuple(range(2, 2 + 2 * len(space), 2))
        return np.asarray(tensors[0].reshape(batch, *sides, channels).max(axis=within))


@dataclass(frozen=True, kw_only=True)
class Constant(Step):
    """Codes that depend on nothing, the same ones for all samples; the array ``codes``."""

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return them, once for each sample."""
        codes = self.array(setting, "codes")
        return np.broadcast_to(codes, (setting.batch, *codes.shape[1:]))


def move_of(operation: Operation, target: str, sources: tuple[str, ...], zero: int) -> Step:
    """Return the step that moves integers as an operation moves numbers; ``zero`` is 0's code."""
    about: Any = operation.about
    given: Any = {"target": target, "sources": sources}
    match operation.name:
        case "reshape":
            return Reshape(shape=operation.shape, **given)
        case "transpose":
            return Transpose(axes=tuple(about), **given)
        case "join":
            return Join(axis=about, **given)
        case "take":
            return Take(axis=about[0], start=about[1], stop=about[2], **given)
        case "windows":
            return Windows(size=about[0], stride=about[1], **given)
    return Pad(widths=about[0], boundary=about[1], value=zero, **given)


def mover(operation: Operation) -> Callable[[Integers], Integers]:
    """Return what an operation does to one sample, zeros being 0."""
    step = move_of(operation, "", (), 0)
    setting = Setting(arrays={}, rule=RequantizationRule.SINGLE, batch=1)
    return lambda x: step.run([x], setting)
