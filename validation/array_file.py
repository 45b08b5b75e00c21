"""Arrays in files: one ``.npy`` in, and no file overwritten that nobody gave up."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"


class ArrayFileError(ValueError):
    """A file that holds no array of numbers, or one that must not be overwritten."""


def read_array(path: Path) -> NDArray[Any]:
    """The array of a ``.npy`` file as a read-only memory map; nothing in it is executed.

    Raises
    ------
    ArrayFileError
        If the file is missing, is no ``.npy``, is cut short, or holds anything but float16,
        float32, float64 or integers.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        msg = f"there is no file {path}: give the path of an array saved by numpy.save"
        raise ArrayFileError(msg) from error
    if magic[:2] == b"PK":
        msg = (
            f"{path} is an archive: save one of its arrays by numpy.save('x.npy', archive['x']), "
            "or the values() of what Coded.load gives"
        )
        raise ArrayFileError(msg)
    if magic != _MAGIC:
        msg = f"{path} is no .npy file: write one by numpy.save"
        raise ArrayFileError(msg)
    array = _load(path)
    kind, width = array.dtype.kind, array.dtype.itemsize
    if kind not in "iu" and not (kind == "f" and width <= 8):
        msg = f"{path} holds {array.dtype}: give float16, float32, float64 or integers"
        raise ArrayFileError(msg)
    return array


def _load(path: Path) -> NDArray[Any]:
    """The array, mapped unless it is empty."""
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
        except ValueError as error:
            msg = f"{path} has a damaged header ({error}): write it again by numpy.save"
            raise ArrayFileError(msg) from error
    if dtype.hasobject:
        msg = f"{path} holds Python objects: give float16, float32, float64 or integers"
        raise ArrayFileError(msg)
    try:
        if 0 in shape:  # nothing to map
            return np.zeros(shape, dtype)
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        msg = f"{path} is shorter than its header says: write it again by numpy.save"
        raise ArrayFileError(msg) from error
    return array


def require_absent(path: Path, *, force: bool) -> None:
    """Raise unless ``path`` can become a new file, or may be overwritten.

    Raises
    ------
    ArrayFileError
        If it exists and ``force`` is not given, if it is a folder, or if its folder is missing.
    """
    if path.is_dir():
        msg = f"{path} is a folder: give the name of a file"
        raise ArrayFileError(msg)
    if path.exists() and not force:
        msg = f"{path} already exists: choose another name, or add --force to overwrite it"
        raise ArrayFileError(msg)
    if not path.parent.is_dir():
        msg = f"there is no folder {path.parent}: make it first"
        raise ArrayFileError(msg)
