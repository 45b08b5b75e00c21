"""What a network reads: instances of one equation, in memory or in an open file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .certificate import Certificate
from .counts import Counts
from .errors import DataError
from .rows import Rows
from .trajectory import Array, Trajectory

#: Instances in memory, or in a file; both are indexed as arrays are.
Instances = NDArray[Any] | Rows


def _nothing() -> None:
    """Close nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Solutions at the same times and points; a context manager that closes its file.

    Parameters
    ----------
    values
        (N, T, X, C) or (N, T, X, Y, C), float32 or float64: the numbers of the file, bit for bit.
    times, axes, channels
        As of a `Trajectory`; float64.
    layout
        The name of the layout of the file.
    parameters
        Numbers that belong to an instance, (N,) each, by name.
    coefficient
        A known field of the equation, (N, X) or (N, X, Y); None where there is none.
    certificate
        What was measured of the error; None where nothing is known.
    family, seed
        The JSON of the family and the seed; None where the data come from elsewhere.
    splits
        The numbers of the instances of each split, by name; no two share one.
    notes
        What was assumed or left out when the file was read, in words.
    close
        Closes the file; nothing can be read from it afterwards.

    Examples
    --------
    >>> data = Dataset(values=np.zeros((5, 1, 4, 1)), times=np.zeros(1), axes=(np.arange(4.0),),
    ...     channels=("u",), layout="memory")
    >>> train = data.divided(Counts(train=3, validation=1, test=1)).split("train")
    >>> len(train), train.resolution
    (3, (4,))
    """

    values: Instances
    times: Array
    axes: tuple[Array, ...]
    channels: tuple[str, ...]
    layout: str
    parameters: Mapping[str, Array] = field(default_factory=dict)
    coefficient: Instances | None = None
    certificate: Certificate | None = None
    family: Mapping[str, Any] | None = None
    seed: int | None = None
    splits: Mapping[str, range] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = _nothing

    def __post_init__(self) -> None:
        wanted = (len(self), self.times.size, *self.resolution, len(self.channels))
        if len(self.axes) not in (1, 2) or self.values.shape != wanted:
            msg = f"values of shape {self.values.shape}: times, axes and channels say {wanted}"
            raise DataError(msg)
        if 0 in wanted[1:]:
            msg = f"values of shape {wanted}: give at least one time, point and channel"
            raise DataError(msg)
        if self.coefficient is not None and self.coefficient.shape != (len(self), *self.resolution):
            msg = f"a coefficient of shape {self.coefficient.shape}: the values have "
            raise DataError(msg + f"{(len(self), *self.resolution)}")
        for name, numbers in self.parameters.items():
            if numbers.shape != (len(self),):
                msg = f"parameter {name} of shape {numbers.shape}: there are {len(self)} instances"
                raise DataError(msg)
        for each in (self.values, self.coefficient):
            if each is not None and each.dtype not in (np.float32, np.float64):
                msg = f"numbers of {each.dtype}: give float32 or float64"
                raise DataError(msg)

    def __len__(self) -> int:
        """How many instances there are."""
        return int(self.values.shape[0])

    def __getitem__(self, key: slice) -> Self:
        """Return consecutive instances, still in the file if they are there; they have no splits.

        Raises
        ------
        RunError
            If the slice leaves instances out, or is none.
        """
        if not isinstance(key, slice):
            msg = f"instance {key!r} of a data set: take a slice, or its trajectory({key!r})"
            raise RunError(msg)
        start, stop, step = key.indices(len(self))
        if step != 1:
            msg = f"every {step}th instance of a data set: take consecutive ones, or index values"
            raise RunError(msg)
        stop = max(start, stop)
        return replace(
            self,
            values=_part(self.values, start, stop),
            parameters={name: each[start:stop] for name, each in self.parameters.items()},
            coefficient=None if self.coefficient is None else _part(self.coefficient, start, stop),
            splits={},
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    @property
    def resolution(self) -> tuple[int, ...]:
        """How many points each axis of space has."""
        return tuple(axis.size for axis in self.axes)

    def split(self, name: str) -> Self:
        """Return the instances of ``"train"``, ``"validation"`` or ``"test"``.

        Raises
        ------
        RunError
            If the file has no such split.
        """
        if name not in self.splits:
            known = ", ".join(self.splits) or "none"
            msg = f"there is no split {name!r} in {self.layout} (known: {known}): divide the data "
            raise RunError(msg + "with Dataset.divided, and keep validation and test apart")
        numbers = self.splits[name]
        return self[numbers.start : numbers.stop]

    def divided(self, counts: Counts) -> Self:
        """Return the same instances with splits of these counts, in the order of the file.

        Raises
        ------
        RunError
            If there are not so many instances.
        """
        if counts.total > len(self):
            msg = f"counts of {counts.total} instances: there are {len(self)}"
            raise RunError(msg)
        return replace(self, splits=counts.splits)

    def in_memory(self) -> Self:
        """Return the same data, all read and independent of the file."""
        coefficient = None if self.coefficient is None else np.array(self.coefficient)
        return replace(self, values=np.array(self.values), coefficient=coefficient, close=_nothing)

    def trajectory(self, number: int) -> Trajectory:
        """Return one instance in float64; exact.

        Raises
        ------
        RunError
            If it holds something that is not finite.
        """
        coefficient = None if self.coefficient is None else self.coefficient[number]
        return Trajectory(
            values=np.asarray(self.values[number], np.float64),
            times=self.times,
            axes=self.axes,
            channels=self.channels,
            parameters={name: float(each[number]) for name, each in self.parameters.items()},
            coefficient=None if coefficient is None else np.asarray(coefficient, np.float64),
        )


def _part(instances: Instances, start: int, stop: int) -> Instances:
    return instances.part(start, stop) if isinstance(instances, Rows) else instances[start:stop]
