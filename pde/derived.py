"""What follows from the fields of a problem, stored beside them: sizes, centre, network."""

from typing import Any

from .problem import Problem


def derive(problem: Problem, **attributes: Any) -> None:
    """Store ``attributes`` of `Problem` in a frozen problem that is being made.

    They are no fields: neither JSON nor ``repr`` nor equality sees them, since the fields decide
    them.

    Examples
    --------
    >>> from bitpde.pde.heat import Heat
    >>> heat = Heat(space_dimension=3)
    >>> heat, heat.dimension, heat.center
    (Heat(space_dimension=3), 4, (0.0, 0.0, 0.0, 0.5))
    """
    for name, value in attributes.items():
        object.__setattr__(problem, name, value)
