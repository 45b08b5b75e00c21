"""A file of data, whoever made it: its layout is found by its content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from . import (
    layout_bitpde,
    layout_fno,
    layout_pdearena,
    layout_pdebench,
    layout_pdebench_samples,
    layout_well,
)
from .dataset import Dataset
from .errors import DataError
from .hdf5 import is_dataset, is_hdf5, open_hdf5
from .layout import Layout

#: The layouts that can be read, in the order in which they are tried.
LAYOUTS: Final = tuple(
    Layout(name=each.NAME, keys=each.KEYS, recognises=each.recognises, read=each.read)
    for each in (
        layout_bitpde,
        layout_well,
        layout_pdebench,
        layout_pdearena,
        layout_fno,
        layout_pdebench_samples,
    )
)
_SHOWN: Final = 8


def open_dataset(path: Path | str) -> Dataset:
    """Return the data of a file, which stays open until the data set is closed.

    HDF5 is read instance by instance; MATLAB's files are read into memory.

    Parameters
    ----------
    path
        A file of ours, of PDEBench, PDEArena, The Well, or of Fourier neural operators.

    Raises
    ------
    DataError
        If it has none of the layouts known, naming its keys and those; or it is damaged.
    RunError
        If h5py is needed and not installed.
    OSError
        If there is no such file.

    Notes
    -----
    Exactness: values are the numbers of the file, bit for bit.
    """
    path = Path(path)
    with _naming(path):
        if not is_hdf5(path):
            return _some(layout_fno.read_matlab(path))
        file = open_hdf5(path, "r")
        try:
            return replace(_some(_layout_of(file).read(file)), close=file.close)
        except BaseException:
            file.close()
            raise


def _layout_of(file: Any) -> Layout:
    """Return the layout that an HDF5 file has."""
    for layout in LAYOUTS:
        if layout.recognises(file):
            return layout
    keys = [f"{n} {v.shape}" if is_dataset(v) else f"{n}/" for n, v in file.items()]
    found = ", ".join(keys[:_SHOWN]) + (", ..." if len(keys) > _SHOWN else "")
    known = "; ".join(f"{layout.name}: {layout.keys}" for layout in LAYOUTS)
    msg = f"no known layout has the keys {found or '(none)'}; known are {known}"
    raise DataError(msg)


def _some(data: Dataset) -> Dataset:
    """Return data that have an instance; raise `DataError` for none."""
    if not len(data):
        msg = f"it has the layout {data.layout} and no instance: generate or download it anew"
        raise DataError(msg)
    return data


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in whatever is wrong with its content."""
    try:
        yield
    except DataError as error:
        text = str(error)
        raise DataError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    except KeyError as error:
        msg = f"{path} lacks a part of its layout: {error.args[0]}"
        raise DataError(msg) from error
