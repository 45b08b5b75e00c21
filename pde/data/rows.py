"""An array in a file whose instances are read when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """An array of instances, indexed as a NumPy array is, of which nothing is held.

    Parameters
    ----------
    shape, dtype
        Those of the array; ``shape[0]`` counts the instances.
    read
        Returns one instance, of shape ``shape[1:]``, given its number.

    Examples
    --------
    >>> rows = Rows(shape=(5, 2), dtype=np.dtype("f8"), read=lambda i: np.full(2, float(i)))
    >>> rows[1:3].tolist(), rows[-1, 0].item(), rows[[4, 0], 1].tolist()
    ([[1.0, 1.0], [2.0, 2.0]], 4.0, [4.0, 0.0])
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int], NDArray[Any]]

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    def __len__(self) -> int:
        """How many instances there are."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Return what NumPy's indexing gives, reading only the instances that it touches."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        numbers = np.arange(len(self))[first]
        block = np.empty((numbers.size, *self.shape[1:]), self.dtype)
        for place, number in enumerate(numbers.reshape(-1)):
            block[place] = self._one(int(number))
        whole = block.reshape(*numbers.shape, *self.shape[1:])
        result: NDArray[Any] = whole[(*(slice(None),) * numbers.ndim, *rest)]
        return result

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all instances, for ``np.asarray``."""
        if copy is False:
            msg = "instances of a file cannot be had without a copy: read them with copy=None"
            raise ValueError(msg)
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def part(self, start: int, stop: int) -> "Rows":
        """Return the instances ``start`` to ``stop``, still unread."""
        return Rows(
            shape=(stop - start, *self.shape[1:]),
            dtype=self.dtype,
            read=lambda number: self.read(start + number),
        )

    def _one(self, number: int) -> NDArray[Any]:
        block = self.read(number)
        if block.shape != self.shape[1:] or block.dtype != self.dtype:
            msg = f"instance {number} is {block.dtype} {block.shape}: the first is "
            raise DataError(msg + f"{self.dtype} {self.shape[1:]}")
        return block
