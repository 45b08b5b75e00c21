"""HDF5 by h5py, the extra ``data``, which is imported when a file is opened and not before."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .errors import DataError

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
#: Where the signature may stand: behind a user block, whose size is a power of two.
_OFFSETS: Final = (0, *(512 << k for k in range(8)))


def hdf5() -> Any:
    """Return the module h5py.

    Raises
    ------
    RunError
        Where it is not installed, naming the extra.
    """
    try:
        import h5py
    except ImportError as error:
        msg = "h5py is not installed: run pip install 'bitpde[data]'"
        raise RunError(msg) from error
    return h5py


def is_hdf5(path: Path) -> bool:
    """Return whether the file has the signature of HDF5; h5py is not needed."""
    with path.open("rb") as file:
        for offset in _OFFSETS:
            file.seek(offset)
            if file.read(len(_SIGNATURE)) == _SIGNATURE:
                return True
    return False


def open_hdf5(path: Path, mode: str) -> Any:
    """Return the open HDF5 file.

    Raises
    ------
    DataError
        If there is none that can be read, or it is open for writing elsewhere.
    """
    h5py = hdf5()
    try:
        return h5py.File(path, mode)
    except (OSError, RuntimeError) as error:
        msg = f"{path} cannot be opened as HDF5: {error}"
        raise DataError(msg) from error


def is_dataset(node: Any) -> bool:
    """Return whether a node of a file is an array and no group."""
    return isinstance(node, hdf5().Dataset)


def is_group(node: Any) -> bool:
    """Return whether a node of a file is a group."""
    return isinstance(node, hdf5().Group)


def doubles(dataset: Any) -> NDArray[np.float64]:
    """Return all numbers of a small dataset in float64; exact for float32 and float64.

    Raises
    ------
    DataError
        If it is a group, or holds something else than numbers.
    """
    try:
        return np.asarray(dataset[()], np.float64)
    except (TypeError, ValueError) as error:
        msg = f"{dataset.name} holds no numbers ({error}): it cannot be of this layout"
        raise DataError(msg) from error


def json_of(text: object, what: str) -> Any:
    """Return the JSON that an attribute holds.

    Raises
    ------
    DataError
        If it is none.
    """
    try:
        return json.loads(text.decode() if isinstance(text, bytes) else str(text))
    except ValueError as error:
        msg = f"the attribute {what} is no JSON ({error}): generate the file anew"
        raise DataError(msg) from error


def numbers_of(attributes: Mapping[str, Any]) -> dict[str, float]:
    """Return the attributes that are single real numbers, by name."""
    return {
        name: float(np.asarray(value).reshape(()))
        for name, value in attributes.items()
        if np.size(value) == 1 and np.asarray(value).dtype.kind in "iuf"
    }
