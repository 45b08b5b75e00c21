"""The Well's files: fields by the rank of their tensors, with what they vary along.

Groups ``dimensions`` (``time`` and the axes that ``spatial_dims`` names), ``t0_fields`` (scalars),
``t1_fields`` (vectors), ``t2_fields`` (matrices), ``scalars`` and ``boundary_conditions``.  A field
is (N, T, X[, Y]) and its components; the attributes ``sample_varying``, ``time_varying`` and
``dim_varying`` say which of the first axes it lacks.  One scalar field that does not change in time
is read as the coefficient.
"""

from itertools import product
from typing import Any, Final

import numpy as np

from .dataset import Dataset
from .errors import DataError
from .hdf5 import doubles, is_group
from .hdf5_rows import require_open
from .layout import common_row, same_counts
from .rows import Rows
from .trajectory import Array

NAME: Final = "the-well"
KEYS: Final = "dimensions, t0_fields[, t1_fields, t2_fields, scalars, boundary_conditions]"


def recognises(file: Any) -> bool:
    """Return whether a file has The Well's groups."""
    return is_group(file.get("dimensions")) and is_group(file.get("t0_fields"))


def read(file: Any) -> Dataset:
    """Return the data of a file of The Well.

    Raises
    ------
    DataError
        If it has three dimensions, or fields that a data set has no place for.
    """
    names = [_text(name) for name in file["dimensions"].attrs["spatial_dims"]]
    if len(names) not in (1, 2):
        msg = f"{len(names)} dimensions of space ({', '.join(names)}): one or two can be read"
        raise DataError(msg)
    axes = tuple(common_row(doubles(file["dimensions"][name]), name) for name in names)
    times = common_row(doubles(file["dimensions"]["time"]), "time")
    fields = _fields(file)
    moving = [field for field in fields if _varies(field, "time") and _varies(field, "sample")]
    still = [field for field in fields if field not in moving]
    if len(still) > 1 or any(_rank(field) or _varies(field, "time") for field in still):
        said = ", ".join(field.name for field in still)
        msg = f"the fields {said} do not vary in time or between instances: at most one scalar "
        raise DataError(msg + "field may be constant in time, the coefficient")
    if not moving:
        msg = "no field varies in time and between instances: there is nothing to learn"
        raise DataError(msg)
    count = same_counts([field.shape[0] for field in moving], "the fields")
    grid = tuple(axis.size for axis in axes)
    channels = tuple(name for field in moving for name in _components(field, names))
    return Dataset(
        values=_values(moving, (count, times.size, *grid, len(channels)), len(names)),
        times=times,
        axes=axes,
        channels=channels,
        layout=NAME,
        parameters=_parameters(file, count),
        coefficient=_coefficient(still[0], (count, *grid)) if still else None,
        notes=_boundaries(file),
    )


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _fields(file: Any) -> list[Any]:
    """Return the fields of every rank, in the order of the file."""
    groups = [file[name] for name in ("t0_fields", "t1_fields", "t2_fields") if name in file]
    return [
        group[_text(name)]
        for group in groups
        for name in group.attrs.get("field_names", list(group))
    ]


def _rank(field: Any) -> int:
    """Return how many indices a component has, which the name of the group says."""
    return int(field.parent.name.rsplit("/", 1)[-1][1])


def _varies(node: Any, along: str) -> bool:
    """Return whether a field varies along ``"sample"`` or ``"time"``: yes unless it says no."""
    return bool(node.attrs.get(f"{along}_varying", True))


def _components(field: Any, names: list[str]) -> list[str]:
    """Return the name of each component: ``velocity_x``, ``stress_xy``."""
    own = field.name.rsplit("/", 1)[-1]
    indices = product(names, repeat=_rank(field))
    return ["_".join([own, "".join(index)]) if index else own for index in indices]


def _values(fields: list[Any], shape: tuple[int, ...], space: int) -> Rows:
    """Return the fields beside one another as channels, unread."""
    dtype = np.result_type(*(field.dtype.newbyteorder("=") for field in fields))
    frames = shape[1:-1]

    def read(number: int) -> Any:
        parts = []
        for field in fields:
            require_open(field)
            block = _spread(field, np.asarray(field[number], dtype), 1)
            try:
                parts.append(np.broadcast_to(block, (*frames, *block.shape[1 + space :])))
            except ValueError as error:
                msg = f"{field.name} of shape {field.shape}: the dimensions say {frames}"
                raise DataError(msg) from error
        flat = [part.reshape(*frames, -1) for part in parts]
        return np.ascontiguousarray(np.concatenate(flat, axis=-1))

    return Rows(shape=shape, dtype=dtype, read=read)


def _spread(field: Any, block: Any, before: int) -> Any:
    """Return a block with an axis of length 1 for each axis of space that the field lacks."""
    for place, varies in enumerate(field.attrs.get("dim_varying", ())):
        if not varies:
            block = np.expand_dims(block, before + place)
    return block


def _coefficient(field: Any, shape: tuple[int, ...]) -> Rows:
    """Return a scalar field that is constant in time, alike for all instances or not."""
    dtype = field.dtype.newbyteorder("=")

    def read(number: int) -> Any:
        require_open(field)
        block = np.asarray(field[number] if _varies(field, "sample") else field[()], dtype)
        return np.array(np.broadcast_to(_spread(field, block, 0), shape[1:]))

    return Rows(shape=shape, dtype=dtype, read=read)


def _parameters(file: Any, count: int) -> dict[str, Array]:
    """Return the scalars that are constant in time, one for each instance."""
    parameters = {}
    for name, scalar in file.get("scalars", {}).items():
        numbers = doubles(scalar).reshape(-1)
        if not bool(scalar.attrs.get("time_varying", False)) and numbers.size in (1, count):
            parameters[name] = np.array(np.broadcast_to(numbers, (count,)))
    return parameters


def _boundaries(file: Any) -> tuple[str, ...]:
    """Return what the file says of its boundaries."""
    return tuple(
        f"boundary {name}: {_text(each.attrs.get('bc_type', 'unknown')).lower()}"
        for name, each in file.get("boundary_conditions", {}).items()
    )
