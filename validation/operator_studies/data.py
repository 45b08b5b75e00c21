"""Data of studies of networks between fields: one file for each equation, setting and seed.

Four equations, as in van den Dool et al. (arXiv 2308.07350): ``sorption`` and ``burgers`` on a
line, ``vorticity`` and ``darcy`` in a plane.  The first three are learned from one frame to the
next, the last from its coefficient to its solution.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formats import thread_count
from ...pde import RunError, data
from ...pde.operators import Samples, from_coefficient, one_step
from ..cell_store import Cell

#: The equations, with the dimensions of their space.
EQUATIONS: Final = {"sorption": 1, "burgers": 1, "vorticity": 2, "darcy": 2}
#: The viscosities of the equations that have one, unless a cell says another: PDEBench's nu of
#: Burgers' equation, which is pi times the diffusivity, and that of the flow.
_VISCOSITIES: Final = {"burgers": 0.01, "vorticity": 1e-3}
#: Instances for each process that generates them; to start one for fewer takes longer.
_SHARE: Final = 16


def family_of(cell: Cell) -> data.Family:
    """Return what generates the data of a cell.

    Examples
    --------
    >>> family_of({"pde": "burgers", "points": 64, "frames": 11, "nu": 0.01}).refinement
    16
    """
    name, points, frames = cell["pde"], cell["points"], cell["frames"]
    nu = cell.get("nu") or _VISCOSITIES.get(name, 0.0)
    if name == "sorption":
        return data.SorptionFamily(points=points, frames=frames)
    if name == "darcy":
        return data.DarcyFamily(points=points)
    if name == "burgers":  # a layer is resolved by so many points: see BurgersFamily
        refinement = max(1, _power(10.24 / nu / points))
        steps = 2 * math.ceil(points * refinement / (frames - 1) / 2)
        return data.BurgersFamily(
            points=points, frames=frames, diffusivity=nu / math.pi, refinement=refinement,
            steps=steps,
        )  # fmt: skip
    if name == "vorticity":
        refinement = max(1, (64 if nu >= 5e-4 else 128) // points)
        modes = min(21, (points * refinement - 1) // 3)
        return data.VorticityFamily(
            points=points, frames=frames, t_end=float(frames - 1), viscosity=nu, modes=modes,
            refinement=refinement, scale=7**0.75,
        )  # fmt: skip
    msg = f"there are no data of {name!r}: use one of {', '.join(EQUATIONS)}"
    raise RunError(msg)


def _power(least: float) -> int:
    """The least power of two that is not below a number."""
    return 1 << max(0, math.ceil(least) - 1).bit_length()


def data_file(folder: Path, cell: Cell) -> Path:
    """Return where the data of a cell are."""
    told = [family_of(cell).to_json(), _counts(cell).to_json(), cell["seed"]]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return folder / "data" / f"{cell['pde']}-{digest[:16]}.h5"


def make_data(cells: Sequence[Cell], folder: Path) -> None:
    """Generate the data of all cells that are not there yet, each once.

    Raises
    ------
    RunError
        Without h5py.
    DataError
        If instances fail.
    """
    files = {data_file(folder, cell): cell for cell in cells}
    (folder / "data").mkdir(exist_ok=True)
    for path, cell in files.items():
        counts = _counts(cell)
        workers = max(1, min(thread_count(), counts.total // _SHARE))
        data.generate(family_of(cell), path, counts, seed=cell["seed"], workers=workers)


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyData:
    """The data of a cell, in memory.

    Parameters
    ----------
    train, validation, test
        Pairs of fields.
    trajectories
        The fields of the test set in time, (N, T, *space, C); None where there is no time.
    error
        The estimated relative error of the data.
    """

    train: Samples
    validation: Samples
    test: Samples
    trajectories: NDArray[Any] | None
    error: float


def read_data(folder: Path, cell: Cell) -> StudyData:
    """Return the data of a cell, which `make_data` made."""
    return _read(data_file(folder, cell), cell["pde"] == "darcy")


@lru_cache(maxsize=2)
def _read(path: Path, still: bool) -> StudyData:
    with data.open_dataset(path) as file:
        parts = {name: file.split(name).in_memory() for name in ("train", "validation", "test")}
        certificate = file.certificate
    pairs = {
        name: from_coefficient(np.asarray(part.coefficient), np.asarray(part.values))
        if still
        else one_step(np.asarray(part.values), inputs=1)
        for name, part in parts.items()
    }
    return StudyData(
        **pairs,
        trajectories=None if still else np.asarray(parts["test"].values),
        error=math.inf if certificate is None else certificate.estimated_error,
    )


def _counts(cell: Cell) -> data.Counts:
    return data.Counts(train=cell["train"], validation=cell["validation"], test=cell["test"])
