"""Problems by name: a new problem is a new file and one line here."""

from .errors import RunError
from .poisson import Poisson
from .problem import Problem

PROBLEMS: dict[str, Problem] = {problem.name: problem for problem in (Poisson(),)}


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
