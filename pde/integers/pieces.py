"""Registers as lowering knows them: what they stand for, and how large they become."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError

Integers = NDArray[Any]


class Channel(NamedTuple):
    """What the registers of a channel stand for: ``scale (2^left register + offset)``."""

    scale: Fraction
    offset: int


class Registers(NamedTuple):
    """A tensor of registers.

    Attributes
    ----------
    name
        Of the tensor.
    channels
        What its registers stand for.
    places
        The channel of each element of one sample.
    bound
        No register is larger, shifted or not, with or without its offset.
    left
        By how many bits they are shifted left before their offsets are added.
    """

    name: str
    channels: tuple[Channel, ...]
    places: Integers
    bound: int
    left: int = 0

    def moved(self, name: str, move: Callable[[Integers], Integers]) -> "Registers":
        """Return the registers in other places."""
        return self._replace(name=name, places=move(self.places))

    def scaled(self, factor: Fraction) -> "Registers":
        """Return registers that stand for so many times as much; a positive factor."""
        if factor <= 0:
            msg = f"{float(factor)} times a sum: exported networks scale by positive numbers"
            raise RunError(msg)
        channels = tuple(Channel(each.scale * factor, each.offset) for each in self.channels)
        return self._replace(channels=channels)

    def biased(self, bias: Integers, finer: int) -> "Registers":
        """Return registers plus real numbers, one for each position along the last axis.

        They are first shifted left by ``finer`` bits.
        """
        spread = np.broadcast_to(np.arange(len(bias)), self.places.shape)
        pairs = np.stack([self.places.reshape(-1), spread.reshape(-1)])
        unique, places = np.unique(pairs, axis=1, return_inverse=True)
        channels = []
        for place, k in unique.T.tolist():
            scale, offset = self.channels[place]
            fine = scale / 2**finer
            added = round(Fraction(float(bias[k])) / fine)
            channels.append(Channel(fine, (offset << finer) + added))
        most = max((abs(each.offset) for each in channels), default=0)
        return self._replace(
            channels=tuple(channels), places=places.reshape(self.places.shape),
            bound=(self.bound << finer) + most, left=self.left + finer,
        )  # fmt: skip

    def merged(self) -> "Registers":
        """Return the same with equal channels counted as one."""
        unique = {channel: k for k, channel in enumerate(dict.fromkeys(self.channels))}
        kept = np.array([unique[channel] for channel in self.channels])
        return self._replace(channels=tuple(unique), places=kept[self.places])

    def along_axis(self) -> tuple[int, tuple[Channel, ...]]:
        """Return an axis along which the channels lie, and the channel of each position; or one.

        Raises
        ------
        RunError
            If they vary along several axes.
        """
        first = self.places.flat[0] if self.places.size else 0
        if (self.places == first).all():
            return -1, (self.channels[int(first)],)
        for axis in reversed(range(self.places.ndim)):
            rows = np.moveaxis(self.places, axis, -1).reshape(-1, self.places.shape[axis])
            if (rows == rows[0]).all():
                return axis, tuple(self.channels[k] for k in rows[0].tolist())
        msg = f"the scales of {self.name} vary along several axes: export with one for each channel"
        raise RunError(msg)
