"""Our own layout of a file: how a generated one is read.

| in the file | holds |
|---|---|
| ``values`` | (N, T, X, C) or (N, T, X, Y, C), float32 or float64, a chunk per instance |
| ``t``, ``x``, ``y`` | times and centres of cells, float64; ``y`` in the plane only |
| ``coefficient`` | (N, X) or (N, X, Y) as ``values``, where the equation has one |
| ``parameters/NAME`` | (N,), float64 |
| ``done`` | (N,), whether the instance is whole |
| attributes | ``layout``, ``version``; JSON: ``family``, ``seed``, ``counts``, ``channels``,
  ``certificate`` (null until it is measured, padded with blanks) |
"""

from typing import Any, Final

import numpy as np

from .certificate import Certificate
from .counts import Counts
from .dataset import Dataset
from .errors import DataError
from .hdf5 import doubles, json_of
from .hdf5_rows import rows_of

NAME: Final = "bitpde"
LAYOUT: Final = "bitpde.dataset"
VERSION: Final = 1
KEYS: Final = "values, done, t, x[, y, coefficient, parameters/NAME], attribute layout"
AXES: Final = ("x", "y")


def recognises(file: Any) -> bool:
    """Return whether a file says that it has our layout."""
    return str(file.attrs.get("layout")) == LAYOUT


def read(file: Any) -> Dataset:
    """Return the data of a file whose instances are all done.

    Raises
    ------
    DataError
        If some are missing, or the layout is of another version.
    """
    require_version(file)
    done = file["done"][()]
    if not done.all():
        msg = f"{int(done.sum())} of {done.size} instances are done: generate with the same "
        raise DataError(msg + "arguments to go on")
    values = file["values"]
    counts = Counts.from_json(attribute(file, "counts"))
    coefficient = file.get("coefficient")
    certificate = attribute(file, "certificate")
    rounded = values.dtype == np.float32
    return Dataset(
        values=rows_of(values, values.shape),
        times=doubles(file["t"]),
        axes=tuple(doubles(file[name]) for name in AXES if name in file),
        channels=tuple(attribute(file, "channels")),
        layout=NAME,
        parameters={name: doubles(each) for name, each in file["parameters"].items()},
        coefficient=None if coefficient is None else rows_of(coefficient, coefficient.shape),
        certificate=None if certificate is None else Certificate.from_json(certificate),
        family=attribute(file, "family"),
        seed=attribute(file, "seed"),
        splits=counts.splits,
        notes=("every number is a float64, rounded once to float32",) if rounded else (),
    )


def attribute(file: Any, name: str) -> Any:
    """Return what an attribute holds as JSON; raise `DataError` where it has none."""
    return json_of(file.attrs.get(name), name)


def require_version(file: Any) -> None:
    """Raise `DataError` unless the file is of the version that is read and written here."""
    found = int(file.attrs.get("version", 0))
    if found != VERSION:
        msg = f"version {found} of the layout {LAYOUT}: this bitpde reads version {VERSION}"
        raise DataError(msg)
