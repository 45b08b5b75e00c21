"""What the tests of layouts share: arrays that tell their own place, and how a file is written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.pde.data import Dataset, open_dataset

h5py = pytest.importorskip("h5py")
Array = np.ndarray[Any, Any]
N, T, X, Y = 5, 3, 4, 6


def places(*sizes: int) -> Array:
    """An array whose entry at (i, j, ...) is the number with the digits i, j, ..."""
    return sum(
        (index * 10.0 ** (len(sizes) - 1 - k) for k, index in enumerate(np.indices(sizes))),
        start=np.zeros(sizes),
    )


FIELD = places(N, T, X, Y)
LINE = places(N, T, X)
CELLS = (np.arange(X) + 0.5) / X


def saved(path: Path, arrays: dict[str, Any], **attributes: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file.attrs.update(attributes)
    return path


def opened(path: Path) -> Dataset:
    with open_dataset(path) as data:
        return data.in_memory()


def tensor(path: Path, **changes: Any) -> Path:
    """Burgers' equation as PDEBench stores it; None leaves an array out."""
    arrays = {
        "tensor": LINE.astype("f4"),
        "x-coordinate": CELLS.astype("f4"),
        "t-coordinate": np.arange(T + 1, dtype="f4"),
    } | changes
    return saved(path, {k: v for k, v in arrays.items() if v is not None}, Nu=0.01, name="burgers")
