"""A file of our layout while it is being generated: nothing is done before it is on the disk.

All space is allocated when the file is made, and its metadata never change afterwards: an instance
is stored by writing its numbers, then its mark.  So a process can be killed at any moment, and the
file holds whatever was marked before.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ...formats import whole_file
from ..json_differences import json_differences
from .certificate import Certificate
from .counts import Counts
from .errors import DataError
from .hdf5 import doubles, hdf5, open_hdf5
from .layout_bitpde import AXES, attribute, recognises, require_version
from .new_file import create, padded, rounded
from .trajectory import Trajectory


class DatasetFile:
    """An open file of our layout, to be filled."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def missing(self) -> list[int]:
        """Return the numbers of the instances that are not done."""
        return [int(number) for number in np.flatnonzero(~self._file["done"][()])]

    def put(self, number: int, trajectory: Trajectory) -> None:
        """Store an instance: every number rounded once to the dtype of the file; then mark it.

        Raises
        ------
        DataError
            If it has another grid or other names than the file, or leaves the range of its dtype;
            it is then not marked.
        """
        file = self._file
        self._require_same_grid(trajectory)
        parts = {"values": trajectory.values, "coefficient": trajectory.coefficient}
        for name, part in parts.items():
            if part is not None:
                file[name][number] = rounded(part, file[name].dtype)
        for name, value in trajectory.parameters.items():
            file[f"parameters/{name}"][number] = value
        self._settle()
        file["done"][number] = True
        self._settle()

    def certify(self, certificate: Certificate) -> None:
        """Store what was measured of the error of these instances."""
        self._file.attrs.modify("certificate", padded(certificate.to_json()))
        self._settle()

    def certificate(self) -> Certificate | None:
        """Return the certificate that is stored, None before there is one."""
        data = attribute(self._file, "certificate")
        return None if data is None else Certificate.from_json(data)

    def _settle(self) -> None:
        """Bring everything to the disk before anything that is written later."""
        self._file.flush()
        os.fsync(self._file.id.get_vfd_handle())

    def _require_same_grid(self, trajectory: Trajectory) -> None:
        """Raise unless a trajectory fits into the file."""
        file = self._file
        axes = [file[name] for name in AXES if name in file]
        same = (
            np.array_equal(trajectory.times, doubles(file["t"]))
            and len(trajectory.axes) == len(axes)
            and all(map(np.array_equal, trajectory.axes, map(doubles, axes)))
            and list(trajectory.channels) == attribute(file, "channels")
            and (trajectory.coefficient is None) == ("coefficient" not in file)
        )
        if not same:
            msg = "it has other times, points or channels than instance 0: a family gives them all"
            raise DataError(msg + " alike")
        names = set(trajectory.parameters) ^ set(file["parameters"])
        if names:
            msg = f"it or instance 0 has no {', '.join(sorted(names))}: a family gives all its "
            raise DataError(msg + "instances parameters of the same names")


@contextmanager
def opened(
    path: Path, header: Mapping[str, Any], counts: Counts, first: Trajectory | None
) -> Iterator[DatasetFile]:
    """Open the file at ``path`` to go on with it; make it from its ``first`` instance otherwise.

    Parameters
    ----------
    path
        Where the file is or will be.
    header
        ``family``, ``seed``, ``counts`` and ``dtype`` as JSON: what makes two files the same.
    counts
        Of the instances.
    first
        Instance 0, which shows the shapes; None if the file is there.

    Raises
    ------
    DataError
        If the file that is there is of something else, naming the difference.
    """
    if first is not None:
        with whole_file(path) as raw, hdf5().File(raw, "w") as file:
            create(file, header, counts, first)
    with open_hdf5(path, "r+") as file:
        _require_same(path, file, header)
        yield DatasetFile(file)


def _require_same(path: Path, file: Any, header: Mapping[str, Any]) -> None:
    """Raise unless a file was made for ``header``, naming what differs."""
    if not recognises(file):
        msg = f"{path} is no file of generated data: choose another file"
        raise DataError(msg)
    require_version(file)
    stored = {name: attribute(file, name) for name in ("family", "seed", "counts")}
    stored["dtype"] = file["values"].dtype.name
    told = json_differences(stored, header)
    if told:
        msg = f"{path} holds other data ({'; '.join(told)}): ask for the same to go on, or choose "
        raise DataError(msg + "another file")
