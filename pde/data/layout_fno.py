"""The MATLAB files of Fourier neural operators: arrays without coordinates, in memory.

| arrays | read as |
|---|---|
| ``coeff``, ``sol`` | (N, X, Y) both: a coefficient and one frame, the solution |
| ``a``, ``u`` of (N, X) both | frames at times 0 and 1 |
| ``a``, ``u`` of (N, X, Y) both | a coefficient and one frame, the solution |
| ``a`` (N, X[, Y]), ``u`` (N, X[, Y], T) | a frame at time 0, then T at ``t``, or 1, 2, ... |

Points are taken to be centres of cells of the unit interval.  A MATLAB file of version 7.3 is HDF5
whose axes are in reverse order.
"""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset
from .errors import DataError
from .hdf5 import is_dataset
from .layout import same_counts
from .spectral_grid import cell_centres
from .trajectory import Array

NAME: Final = "fno"
KEYS: Final = "a and u[, t], or coeff and sol (MATLAB)"
_NAMES: Final = ("a", "u", "coeff", "sol")
_ASSUMED: Final = "the file has no coordinates: cells of the unit interval are assumed"


def recognises(file: Any) -> bool:
    """Return whether an HDF5 file has these arrays."""
    found = {name for name in _NAMES if is_dataset(file.get(name))}
    return {"a", "u"} <= found or {"coeff", "sol"} <= found


def read(file: Any) -> Dataset:
    """Return the data of a MATLAB file of version 7.3, all of it read."""
    names = [name for name in (*_NAMES, "t") if is_dataset(file.get(name))]
    arrays = {name: file[name][()] for name in names}
    if any("MATLAB_class" in file[name].attrs for name in names):
        arrays = {name: array.transpose() for name, array in arrays.items()}
    return read_arrays(arrays)


def read_matlab(path: Path) -> Dataset:
    """Return the data of a MATLAB file of an earlier version than 7.3.

    Raises
    ------
    DataError
        If it is none, or has other arrays.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    wrong = (ValueError, TypeError, LookupError, NotImplementedError, zlib.error, MatReadError)
    try:
        arrays: dict[str, Any] = loadmat(path)
    except wrong as error:
        msg = f"it is neither HDF5 nor MATLAB ({error}): give a file of a known layout"
        raise DataError(msg) from error
    found = {name: array for name, array in arrays.items() if not name.startswith("__")}
    if not ({"a", "u"} <= set(found) or {"coeff", "sol"} <= set(found)):
        msg = f"a MATLAB file with {', '.join(sorted(found)) or 'nothing'}: known are {KEYS}"
        raise DataError(msg)
    return read_arrays(found)


def read_arrays(arrays: Mapping[str, NDArray[Any]]) -> Dataset:
    """Return the data of arrays in the order of axes that MATLAB shows.

    Raises
    ------
    DataError
        If their shapes are none of those known.
    """
    first, second = ("coeff", "sol") if "coeff" in arrays and "sol" in arrays else ("a", "u")
    a, u = _floating(arrays[first]), _floating(arrays[second])
    same_counts([a.shape[0], u.shape[0]], f"{first} and {second}")
    if u.shape == a.shape and a.ndim in (2, 3):
        if first == "a" and a.ndim == 2:
            return _frames(np.stack([a, u], axis=1), np.array([0.0, 1.0]), ["u is taken at t = 1"])
        return _frames(u[:, None], np.zeros(1), [], coefficient=a)
    if u.ndim == a.ndim + 1 and a.ndim in (2, 3) and u.shape[:-1] == a.shape:
        return _evolution(a, np.moveaxis(u, -1, 1), arrays.get("t"))
    msg = f"{first} of shape {a.shape} and {second} of shape {u.shape}: give (N, X[, Y]) and as "
    raise DataError(msg + "much, or one axis more for the times, at the end")


def _evolution(a: NDArray[Any], u: NDArray[Any], t: NDArray[Any] | None) -> Dataset:
    """Return the first frame and those after it."""
    after = np.arange(1.0, u.shape[1] + 1) if t is None else _floating(t).reshape(-1)
    if after.size != u.shape[1]:
        msg = f"t has {after.size} times: u has {u.shape[1]} frames"
        raise DataError(msg)
    said = ["the file has no t: the frames of u are taken at 1, 2, ..."] if t is None else []
    if after[0] == 0:
        return _frames(u, after, said)
    frames = np.concatenate([a[:, None].astype(u.dtype), u], axis=1)
    return _frames(frames, np.array([0.0, *after]), said)


def _frames(
    frames: NDArray[Any],
    times: Array,
    said: list[str],
    coefficient: NDArray[Any] | None = None,
) -> Dataset:
    """Return the data set of (N, T, X[, Y]) frames."""
    return Dataset(
        values=frames[..., None],
        times=times,
        axes=tuple(cell_centres(size) for size in frames.shape[2:]),
        channels=("u",),
        layout=NAME,
        coefficient=coefficient,
        notes=(_ASSUMED, *said),
    )


def _floating(array: NDArray[Any]) -> NDArray[Any]:
    """Return float32 or float64 numbers; integers of up to 32 bits become float64, exactly."""
    if array.dtype.kind == "f":
        return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    if array.dtype.kind in "iu" and array.dtype.itemsize <= 4:
        return array.astype(np.float64)
    msg = f"an array of {array.dtype}: give real numbers"
    raise DataError(msg)
