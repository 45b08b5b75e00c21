"""What was measured of one instance, and what that certifies of several."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from ..errors import RunError
from .certificate import Certificate
from .family import Family


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
    def certificate(
        cls,
        family: Family,
        seed: int,
        numbers: tuple[int, ...],
        measure: Callable[[int], Self],
        *,
        scheme: str,
        residual_of: str,
        in_time: bool,
    ) -> Certificate:
        """Return the certificate of instances, each of which is measured by its number.

        ``in_time`` tells whether the order that is measured is that in time or that in space; the
        other one is None.  For the rest see `Certificate`.

        Raises
        ------
        RunError
            If there are no instances.
        """
        found = cls.worst([measure(number) for number in numbers])
        return Certificate(
            family=family.to_json(),
            seed=seed,
            scheme=scheme,
            order_in_space=None if in_time else found.order,
            order_in_time=found.order if in_time else None,
            self_convergence=found.self_convergence,
            residual=found.residual,
            residual_of=residual_of,
            boundary_error=found.boundary_error,
            estimated_error=found.estimated_error,
            instances=tuple(numbers),
        )

    @classmethod
    def worst(cls, parts: Sequence[Self]) -> Self:
        """Return the largest of each error and the smallest order.

        Raises
        ------
        RunError
            If there are none.
        """
        if not parts:
            msg = "a certificate of no instance says nothing: give at least one number"
            raise RunError(msg)
        orders = [part.order for part in parts if part.order is not None]
        return cls(
            self_convergence=max(part.self_convergence for part in parts),
            order=min(orders) if orders else None,
            residual=max(part.residual for part in parts),
            boundary_error=max(part.boundary_error for part in parts),
            estimated_error=max(part.estimated_error for part in parts),
        )
