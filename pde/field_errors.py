"""Relative L2 errors of a solution and of its Laplacian."""

from dataclasses import asdict, dataclass

import numpy as np

from .stein import Array


@dataclass(frozen=True, kw_only=True)
class FieldErrors:
    """Relative L2 errors over the test points: of the solution, and of its Laplacian."""

    solution: float
    laplacian: float

    def to_json(self) -> dict[str, float]:
        """Return a plain dictionary."""
        return asdict(self)


def relative_l2(estimate: Array, truth: Array) -> float:
    """Return ``|estimate - truth| / |truth|`` in the Euclidean norm, computed in float64.

    Examples
    --------
    >>> relative_l2(np.array([3.0, 5.0]), np.array([3.0, 4.0]))
    0.2
    """
    return float(np.linalg.norm(estimate - truth) / np.linalg.norm(truth))
