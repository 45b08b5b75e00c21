"""PDEBench's files with a group for each instance, such as those of diffusion and sorption.

Groups ``0000``, ``0001``, ...: ``data`` (T, X, C) or (T, X, Y, C), ``grid/t``, ``grid/x``[,
``grid/y``].  PDEBench tests on the last tenth of the instances and learns from the others.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .dataset import Dataset
from .errors import DataError
from .hdf5 import doubles, is_dataset, is_group, numbers_of
from .hdf5_rows import require_open
from .layout import settled_axis, settled_times
from .rows import Rows
from .trajectory import Array

NAME: Final = "pdebench-samples"
KEYS: Final = "a group for each instance with data, grid/t, grid/x[, grid/y]"
#: How files name the channels of what they hold: not at all.
_CHANNELS: Final = {1: ("u",), 2: ("u", "v")}


def recognises(file: Any) -> bool:
    """Return whether a file has groups, and the first of them has ``data``."""
    first = next(iter(file.values()), None)
    return first is not None and is_group(first) and is_dataset(first.get("data"))


def read(file: Any) -> Dataset:
    """Return the data of a file of PDEBench with a group for each instance.

    Raises
    ------
    DataError
        If shapes do not agree; when it is read, also if an instance has another grid.
    """
    names = sorted(file)
    first = file[names[0]]
    shape = first["data"].shape
    if len(shape) not in (3, 4):
        msg = f"data of shape {shape} in {names[0]}: give (T, X, C) or (T, X, Y, C)"
        raise DataError(msg)
    times, said = settled_times(_grid(first, "t"), shape[0])
    settled = [
        settled_axis(_grid(first, name), size, f"grid/{name}")
        for name, size in zip("xy", shape[1:-1], strict=False)
    ]
    channels = _CHANNELS.get(shape[-1]) or tuple(f"u{k}" for k in range(shape[-1]))
    test = len(names) * 9 // 10
    return Dataset(
        values=Rows(
            shape=(len(names), *shape),
            dtype=first["data"].dtype.newbyteorder("="),
            read=_reader(file, names),
        ),
        times=times,
        axes=tuple(axis for axis, _ in settled),
        channels=channels,
        layout=NAME,
        parameters=_parameters(file, names),
        splits={"train": range(test), "test": range(test, len(names))},
        notes=(*said, *(text for _, each in settled for text in each)),
    )


def _grid(group: Any, name: str) -> Array | None:
    found = group.get(f"grid/{name}")
    return None if found is None else doubles(found)


def _reader(file: Any, names: list[str]) -> Callable[[int], Any]:
    """Return the function that reads an instance and requires that it has the first one's grid."""
    grid = {name: _grid(file[names[0]], name) for name in "txy"}

    def read(number: int) -> Any:
        require_open(file)
        group = file[names[number]]
        if not is_dataset(group.get("data")):
            msg = f"{names[number]} has no data: every group at the top is an instance"
            raise DataError(msg)
        for name, points in grid.items():
            found = _grid(group, name)
            if not _alike(found, points):
                msg = f"grid/{name} of {names[number]} differs from that of {names[0]}"
                raise DataError(msg)
        data = group["data"][()]
        return np.asarray(data, data.dtype.newbyteorder("="))

    return read


def _alike(found: Array | None, points: Array | None) -> bool:
    if found is None or points is None:
        return found is points
    return np.array_equal(found, points)


def _parameters(file: Any, names: list[str]) -> dict[str, Array]:
    """Return the attributes of the groups that are numbers."""
    every = [numbers_of(file[name].attrs) for name in names]
    common = [name for name in every[0] if all(name in each for each in every)]
    return {name: np.array([each[name] for each in every]) for name in common}
