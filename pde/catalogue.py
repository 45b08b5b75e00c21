"""Problems by name: a new problem is a new file and one line here."""

from .allen_cahn import AllenCahn
from .burgers import Burgers
from .errors import RunError
from .heat import Heat
from .heat_modes import HeatModes
from .hjb import HJB
from .hjb_log import HJBLog
from .poisson import Poisson
from .poisson_modes import PoissonModes
from .problem import Problem

PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in (
        Poisson(),
        PoissonModes(),
        HJB(),
        HJBLog(),
        Heat(),
        HeatModes(),
        Burgers(),
        AllenCahn(),
    )
}


def problem_named(name: str) -> Problem:
    """Return the problem called ``name``.

    Raises
    ------
    RunError
        Naming the problems there are.

    Examples
    --------
    >>> problem_named("poisson")
    Poisson()
    """
    if name not in PROBLEMS:
        msg = f"there is no problem {name!r}: use one of {', '.join(PROBLEMS)}"
        raise RunError(msg)
    return PROBLEMS[name]
