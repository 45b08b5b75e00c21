"""A new file of our layout, all of whose space is allocated, and what is written into one."""

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .counts import Counts
from .errors import DataError
from .hdf5 import hdf5
from .layout_bitpde import AXES, LAYOUT, VERSION
from .trajectory import Trajectory

#: Bytes that are kept for the JSON of a certificate.
_RESERVED: Final = 2**14


def create(file: Any, header: Mapping[str, Any], counts: Counts, first: Trajectory) -> None:
    """Allocate everything; no instance is done."""
    dtype, count = header["dtype"], counts.total
    _allocate(file, "values", (count, *first.values.shape), dtype)
    if first.coefficient is not None:
        _allocate(file, "coefficient", (count, *first.coefficient.shape), dtype)
    file.create_dataset("done", data=np.zeros(count, bool))
    for name, axis in zip(("t", *AXES), (first.times, *first.axes), strict=False):
        file.create_dataset(name, data=np.asarray(axis, np.float64))
    parameters = file.create_group("parameters")
    for name in first.parameters:
        parameters.create_dataset(name, data=np.full(count, np.nan))
    file.attrs.update({"layout": LAYOUT, "version": VERSION})
    for name in ("family", "seed", "counts"):
        file.attrs[name] = json.dumps(header[name])
    file.attrs["channels"] = json.dumps(list(first.channels))
    file.attrs["certificate"] = padded(None)


def _allocate(file: Any, name: str, shape: tuple[int, ...], dtype: str) -> None:
    """Make an array with a chunk per instance, all allocated now."""
    h5py = hdf5()
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    chunks = (1, *shape[1:])
    file.create_dataset(name, shape, dtype, chunks=chunks, dcpl=layout, fill_time="never")


def padded(data: object) -> np.bytes_:
    """Return JSON in as many bytes as are kept for a certificate."""
    try:
        text = json.dumps(data, allow_nan=False).encode()
    except ValueError as error:
        msg = f"a certificate that JSON cannot hold ({error}): {data}"
        raise DataError(msg) from error
    if len(text) > _RESERVED:
        msg = f"a certificate of {len(text)} bytes: the file has room for {_RESERVED}"
        raise DataError(msg)
    return np.bytes_(text.ljust(_RESERVED))


def rounded(values: NDArray[np.float64], dtype: Any) -> NDArray[Any]:
    """Return float64 values in the dtype of a file: one rounding to nearest, ties to even.

    Raises
    ------
    DataError
        If a value is too large for it.
    """
    with np.errstate(over="ignore", under="ignore"):
        result = values.astype(dtype)
    if not np.isfinite(result).all():
        worst = float(np.abs(values).max())
        msg = f"a value of {worst:.6g} is too large for {np.dtype(dtype)}: ask for float64"
        raise DataError(msg)
    return result
