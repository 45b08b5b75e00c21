"""PDEBench's files with one array of all instances: what changes in time, and Darcy flow.

``tensor`` is (N, T, X) or (N, T, X, Y); with ``nu``, the coefficient (N, X, Y), it is the solution
(N, 1, X, Y) of Darcy's equation with the forcing ``beta``, an attribute.  One more axis may lead,
which counts devices.  ``t-coordinate`` has an entry too many, and any coordinate may be missing.
PDEBench tests on the first tenth of the instances and learns from the rest.
"""

from typing import Any, Final

import numpy as np

from .dataset import Dataset
from .errors import DataError
from .hdf5 import doubles, is_dataset, is_group, numbers_of
from .hdf5_rows import rows_of
from .layout import settled_axis, settled_times, tenths
from .trajectory import Array

NAME: Final = "pdebench"
KEYS: Final = "tensor, x-coordinate[, y-coordinate], t-coordinate; or tensor and nu (Darcy)"


def recognises(file: Any) -> bool:
    """Return whether a file has an array ``tensor``."""
    return is_dataset(file.get("tensor"))


def read(file: Any) -> Dataset:
    """Return the data of a file of PDEBench.

    Raises
    ------
    DataError
        If shapes do not agree.
    """
    tensor, nu = file["tensor"], file.get("nu")
    space = 2 if nu is not None or "y-coordinate" in file else 1
    leads = tensor.ndim - 1 - space
    if leads not in (1, 2):
        msg = f"tensor of shape {tensor.shape}: give (N, T, X), or (N, T, X, Y) with y-coordinate"
        raise DataError(msg)
    count = int(np.prod(tensor.shape[:leads]))
    steps, *grid = tensor.shape[leads:]
    t = _coordinate(file, "t-coordinate")
    if leads == 2 and nu is None and (t is None or t.size - steps not in (0, 1)):
        msg = f"tensor of shape {tensor.shape}: the first axis counts devices only where "
        raise DataError(msg + "t-coordinate fits the third; a field in the plane has y-coordinate")
    times, more = settled_times(t, steps)
    axes, said = _axes(file, grid)
    coefficient = None
    if nu is not None:
        if nu.shape != (*tensor.shape[:leads], *grid):
            msg = f"nu of shape {nu.shape}: tensor says {(*tensor.shape[:leads], *grid)}"
            raise DataError(msg)
        coefficient = rows_of(nu, (count, *grid), leads=leads)
    return Dataset(
        values=rows_of(tensor, (count, steps, *grid, 1), leads=leads),
        times=times,
        axes=axes,
        channels=("u",),
        layout=NAME,
        parameters=_parameters(file, count),
        coefficient=coefficient,
        splits={"test": range(tenths(count)), "train": range(tenths(count), count)},
        notes=(*more, *said, *_faults(file, axes, nu)),
    )


def _coordinate(file: Any, name: str) -> Array | None:
    return doubles(file[name]) if name in file else None


def _axes(file: Any, grid: list[int]) -> tuple[tuple[Array, ...], list[str]]:
    """Return the points of each axis and what was assumed of them."""
    names = ("x-coordinate", "y-coordinate")
    settled = [
        settled_axis(_coordinate(file, name), size, name)
        for name, size in zip(names, grid, strict=False)
    ]
    return tuple(axis for axis, _ in settled), [text for _, said in settled for text in said]


def _parameters(file: Any, count: int) -> dict[str, Array]:
    """Return the attributes, alike for all instances, and what our writer adds for each."""
    parameters = {name: np.full(count, number) for name, number in numbers_of(file.attrs).items()}
    own = file.get("parameters")
    if own is not None and is_group(own):
        parameters |= {name: doubles(each) for name, each in own.items()}
    return parameters


def _faults(file: Any, axes: tuple[Array, ...], nu: Any) -> list[str]:
    """Return what is known to be wrong with files such as this one."""
    said = []
    numbers = numbers_of(file.attrs)
    if nu is not None and numbers.get("beta", 1.0) <= 0.1:
        said.append("PDEBench stores Darcy flow at t = 1.75: for beta <= 0.1 its start still shows")
    if "Nu" in numbers and axes[0].min() < 0:
        text = "Burgers' equation on (-1, 1) without the factor 1/2, as before 2023-10-31: "
        said.append(text + "on (0, 1) its viscosity is Nu / (4 pi)")
    return said
