"""PDEArena's files: a group for each split, with smoke ``u`` and velocities ``vx``, ``vy``.

Fields are (N, T, X, Y); ``t``, ``x``, ``y`` are (N, T), (N, X), (N, Y), or a row that is common;
``buo_y``, the buoyancy, is (N,).
"""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np

from .dataset import Dataset
from .errors import DataError
from .hdf5 import doubles, is_dataset, is_group
from .hdf5_rows import require_open
from .layout import common_row, same_counts, settled_axis, settled_times
from .rows import Rows
from .trajectory import Array

NAME: Final = "pdearena"
KEYS: Final = "train, valid or test: a group with u[, vx, vy], t, x, y[, buo_y]"
_SPLITS: Final = {"train": "train", "valid": "validation", "test": "test"}
_FIELDS: Final = ("u", "vx", "vy")
_COORDINATES: Final = ("t", "x", "y")


def recognises(file: Any) -> bool:
    """Return whether a file has a split with a field ``u``."""
    return any(is_group(file.get(name)) and is_dataset(file[name].get("u")) for name in _SPLITS)


def read(file: Any) -> Dataset:
    """Return the data of a file of PDEArena, its splits one after the other.

    Raises
    ------
    DataError
        If shapes or grids do not agree.
    """
    groups = {ours: file[theirs] for theirs, ours in _SPLITS.items() if is_group(file.get(theirs))}
    first = next(iter(groups.values()))
    channels = tuple(name for name in _FIELDS if name in first)
    shape = first["u"].shape[1:]
    if len(shape) != 3:
        msg = f"u of shape {first['u'].shape}: give (N, T, X, Y)"
        raise DataError(msg)
    counts = [_count(group, channels, shape) for group in groups.values()]
    ends = list(accumulate(counts, initial=0))
    rows = {name: _common(list(groups.values()), name) for name in _COORDINATES}
    times, said = settled_times(rows["t"], shape[0])
    settled = [settled_axis(rows[n], size, n) for n, size in zip("xy", shape[1:], strict=True)]
    return Dataset(
        values=Rows(
            shape=(ends[-1], *shape, len(channels)),
            dtype=first["u"].dtype.newbyteorder("="),
            read=_reader(list(groups.values()), ends, channels),
        ),
        times=times,
        axes=tuple(axis for axis, _ in settled),
        channels=channels,
        layout=NAME,
        parameters=_parameters(list(groups.values())),
        splits={n: range(*ab) for n, ab in zip(groups, pairwise(ends), strict=True)},
        notes=(*said, *(text for _, each in settled for text in each)),
    )


def _count(group: Any, channels: tuple[str, ...], shape: tuple[int, ...]) -> int:
    """Return how many instances a split has; raise unless all its fields have the shape."""
    for name in channels:
        if name not in group or group[name].shape[1:] != shape:
            found = group[name].shape if name in group else "missing"
            msg = f"{name} of {group.name} is {found}: the first field has (N, {shape})"
            raise DataError(msg)
    return same_counts([group[name].shape[0] for name in channels], f"fields of {group.name}")


def _common(groups: list[Any], name: str) -> Array | None:
    """Return the coordinates that all instances share; None where the first split has none."""
    if name not in groups[0]:
        return None
    rows = [np.atleast_2d(doubles(group[name])) for group in groups if name in group]
    if len({each.shape[1] for each in rows}) != 1:
        msg = f"{name} has another length in another split: give all one grid"
        raise DataError(msg)
    return common_row(np.concatenate(rows), name)


def _reader(groups: list[Any], ends: list[int], channels: tuple[str, ...]) -> Callable[[int], Any]:
    """Return the function that reads an instance of whatever split it is in."""

    def read(number: int) -> Any:
        split = int(np.searchsorted(ends, number, side="right")) - 1
        group = groups[split]
        require_open(group)
        fields = [group[name][number - ends[split]] for name in channels]
        return np.stack([np.asarray(each, each.dtype.newbyteorder("=")) for each in fields], -1)

    return read


def _parameters(groups: list[Any]) -> dict[str, Array]:
    """Return the buoyancy where every split has it."""
    if not all("buo_y" in group for group in groups):
        return {}
    return {"buo_y": np.concatenate([doubles(group["buo_y"]) for group in groups])}
