"""What a layout of a file is, and what several of them share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .dataset import Dataset
from .errors import DataError
from .spectral_grid import cell_centres
from .trajectory import Array


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout of HDF5 files: how one is recognised, by its keys and shapes, and read.

    Parameters
    ----------
    name
        What it is called.
    keys
        Its keys, in words.
    recognises
        Whether an open file has it.
    read
        Returns the data of such a file; raises `DataError` if something is wrong with it.
    """

    name: str
    keys: str
    recognises: Callable[[Any], bool]
    read: Callable[[Any], Dataset]


def settled_times(times: Array | None, count: int) -> tuple[Array, list[str]]:
    """Return the times of ``count`` frames and a note on what was assumed or left out.

    Raises
    ------
    DataError
        If there are fewer times than frames.
    """
    if times is None:
        said = [] if count == 1 else ["the file has no times: frames are numbered from 0"]
        return np.arange(float(count)), said
    if times.ndim != 1 or times.size < count:
        msg = f"times of shape {times.shape}: there are {count} frames"
        raise DataError(msg)
    if times.size == count:
        return times, []
    said = [f"the file has {times.size} times for {count} frames: the last were left out"]
    return times[:count], said


def settled_axis(axis: Array | None, count: int, name: str) -> tuple[Array, list[str]]:
    """Return the points of an axis of space and a note if they had to be assumed.

    Raises
    ------
    DataError
        If there are more or fewer than the field has.
    """
    if axis is None:
        return cell_centres(count), [
            f"the file has no {name}: cells of the unit interval are assumed"
        ]
    if axis.shape != (count,):
        msg = f"{name} of shape {axis.shape}: the field has {count} points along it"
        raise DataError(msg)
    return axis, []


def common_row(rows: Array, name: str) -> Array:
    """Return the one row that all rows of ``rows`` are; a row of its own is returned as it is.

    Raises
    ------
    DataError
        If the rows differ, naming the first that does.
    """
    if rows.ndim < 2:
        return rows
    other = np.flatnonzero((rows != rows[0]).any(axis=1))
    if other.size:
        msg = f"{name} of instance {other[0]} differs from that of instance 0: give all one grid"
        raise DataError(msg)
    return np.asarray(rows[0])


def tenths(count: int) -> int:
    """Return a tenth of ``count``, rounded down: PDEBench's share for tests."""
    return count // 10


def same_counts(counts: Sequence[int], what: str) -> int:
    """Return the one number that all of ``counts`` are; raise `DataError` otherwise."""
    if len(set(counts)) != 1:
        msg = f"{what} have {', '.join(map(str, counts))} instances: give as many of each"
        raise DataError(msg)
    return counts[0]
