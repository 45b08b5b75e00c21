"""Relative L2 errors of a solution and of what it is made of."""

from dataclasses import asdict, dataclass

import numpy as np

from .nodes import Array


@dataclass(frozen=True, kw_only=True)
class FieldErrors:
    """Errors over the test points, by `relative_l2`.

    Parameters
    ----------
    solution
        Of u.
    diffusion
        Of ``sum_i a_i u_ii``.
    network
        Of what the network adds to a hard constraint, ``u - lift``; None where there is none.
    """

    solution: float
    diffusion: float
    network: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """Return a plain dictionary."""
        return asdict(self)


def relative_l2(estimate: Array, truth: Array) -> float:
    """Return ``|estimate - truth| / |truth|`` in the Euclidean norm, computed in float64.

    Where the truth vanishes everywhere nothing can be relative to it: the root mean square of the
    estimate is returned.

    Examples
    --------
    >>> relative_l2(np.array([3.0, 5.0]), np.array([3.0, 4.0]))
    0.2
    >>> relative_l2(np.array([-3.0]), np.zeros(1))
    3.0
    """
    size = float(np.linalg.norm(truth)) or truth.size**0.5
    return float(np.linalg.norm(estimate - truth)) / size
