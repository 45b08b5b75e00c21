"""Writers of PDEBench's layouts: float32, which a float64 is rounded to once.

Numbers that are alike for all instances become attributes, and so does the JSON of the family;
others are kept in ``parameters``, or as attributes of an instance's group, which PDEBench's readers
pass over.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...formats import whole_file
from .dataset import Dataset, Instances
from .errors import DataError
from .hdf5 import hdf5
from .new_file import rounded
from .trajectory import Array

#: Of a kind of family: a field, what PDEBench calls it, and the factor between the two.  PDEBench
#: writes Burgers' equation with the diffusivity Nu / pi.
_CALLED: Final = {
    "BurgersFamily": ("diffusivity", "Nu", math.pi),
    "DarcyFamily": ("source", "beta", 1.0),
}


def write_pdebench(data: Dataset, path: Path) -> None:
    """Write ``tensor`` as PDEBench does: (N, T, X), or (N, 1, X, Y) with ``nu`` for Darcy flow.

    Parameters
    ----------
    data
        One channel, and one dimension of space; or two with a coefficient and a single time.
    path
        The file; it takes its name when all is written.

    Raises
    ------
    DataError
        For other data, or a value that float32 has no room for.
    """
    darcy = data.coefficient is not None and len(data.axes) == 2 and len(data.times) == 1
    if len(data.channels) != 1 or not (darcy or len(data.axes) == 1):
        msg = f"{len(data.channels)} channels on {len(data.axes)} axes at {len(data.times)} times: "
        msg += "a tensor of PDEBench has one channel, in one dimension or with Darcy's coefficient"
        raise DataError(msg + "; write a group for each instance (pdebench-samples)")
    with whole_file(path) as raw, hdf5().File(raw, "w") as file:
        _write(file, "tensor", data.values, (len(data), *data.values.shape[1:-1]))
        if darcy and data.coefficient is not None:
            _write(file, "nu", data.coefficient, data.coefficient.shape)
        for name, axis in zip(("x-coordinate", "y-coordinate"), data.axes, strict=False):
            file.create_dataset(name, data=_single(axis))
        if not darcy:
            file.create_dataset("t-coordinate", data=_single(_one_longer(data.times)))
        _write_parameters(file, data.parameters, data.family)


def write_pdebench_samples(data: Dataset, path: Path) -> None:
    """Write a group for each instance as PDEBench does: ``data``, ``grid/t``, ``grid/x``[, ``y``].

    Parameters
    ----------
    data
        Any data without a coefficient.
    path
        The file; it takes its name when all is written.

    Raises
    ------
    DataError
        For data with a coefficient, or a value that float32 has no room for.
    """
    if data.coefficient is not None:
        msg = "this layout has no place for a coefficient: write a tensor (pdebench)"
        raise DataError(msg)
    digits = max(4, len(str(len(data) - 1)))
    with whole_file(path) as raw, hdf5().File(raw, "w") as file:
        for number in range(len(data)):
            group = file.create_group(f"{number:0{digits}d}")
            group.create_dataset("data", data=_single(data.values[number]))
            for name, points in zip("txy", (data.times, *data.axes), strict=False):
                group.create_dataset(f"grid/{name}", data=_single(points))
            for name, numbers in data.parameters.items():
                group.attrs[name] = float(numbers[number])


def _write(file: Any, name: str, instances: Instances, shape: tuple[int, ...]) -> None:
    """Write an array in float32, an instance at a time."""
    array = file.create_dataset(name, shape, "float32")
    for number in range(shape[0]):
        array[number] = _single(instances[number]).reshape(shape[1:])


def _single(values: Any) -> Any:
    """Return float32: as it is, or rounded once."""
    return values if values.dtype == np.float32 else rounded(values, np.float32)


def _one_longer(times: Array) -> Array:
    """Return the times and one more, a step later, as PDEBench's files have and readers cut off."""
    step = times[-1] - times[-2] if times.size > 1 else 1.0
    return np.append(times, times[-1] + step)


def _write_parameters(
    file: Any, parameters: Mapping[str, Array], family: Mapping[str, Any] | None
) -> None:
    """Write what is alike for all instances as attributes, and what is not beside the tensor."""
    if family is not None:
        file.attrs["family"] = json.dumps(dict(family))
        field, called, factor = _CALLED.get(str(family.get("kind")), ("", "", 1.0))
        if field in family:
            file.attrs[called] = factor * float(family[field])
    for name, numbers in parameters.items():
        if np.unique(numbers).size == 1:
            file.attrs[name] = float(numbers[0])
        else:
            file.create_dataset(f"parameters/{name}", data=numbers)
