"""What was measured of one instance, and of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ..errors import RunError


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Numbers of a `Certificate` that are found on one instance, or the worst of several.

    See `Certificate`; ``order`` is the order in space or in time that the family measures, None
    where rounding hides it.
    """

    self_convergence: float
    order: float | None
    residual: float
    boundary_error: float
    estimated_error: float

    @classmethod
    def worst(cls, parts: Sequence[Self]) -> Self:
        """Return the largest of each error and the smallest order.

        Raises
        ------
        RunError
            If there are none.
        """
        if not parts:
            msg = "no instance to certify: name at least one, such as (0,)"
            raise RunError(msg)
        orders = [part.order for part in parts if part.order is not None]
        return cls(
            self_convergence=max(part.self_convergence for part in parts),
            order=min(orders) if orders else None,
            residual=max(part.residual for part in parts),
            boundary_error=max(part.boundary_error for part in parts),
            estimated_error=max(part.estimated_error for part in parts),
        )
