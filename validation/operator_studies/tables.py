"""What tables and pictures of operator studies are made of: groups of results, and their means."""

from collections.abc import Sequence
from typing import Any, Final

from ...pde.operators import AGAIN
from ..cell_store import Finished
from ..pareto import pareto_front
from ..study_tables import mean, mean_and_spread, values

Group = list[Finished]

#: How many times smaller than the error of the best network the error of its data should be.
DATA_SHARE: Final = 20
_GUESSES: Final = ("mean", "persistence", "ridge")


def grouped(
    results: Sequence[Finished], keys: Sequence[str]
) -> list[tuple[tuple[Any, ...], Group]]:
    """Return results that have the same settings together, in the order of their first.

    Examples
    --------
    >>> grouped([{"n": 1, "m": 2}, {"n": 3, "m": 2}, {"n": 1, "m": 4}], ["n"])[0]
    ((1,), [{'n': 1, 'm': 2}, {'n': 1, 'm': 4}])
    """
    found: dict[tuple[Any, ...], Group] = {}
    for result in results:
        found.setdefault(tuple(result[key] for key in keys), []).append(result)
    return list(found.items())


def mean_of(group: Sequence[Finished], key: str) -> float:
    """Return the mean of what was found."""
    return mean(group, key)


def error_text(group: Sequence[Finished], key: str) -> str:
    """Return the mean and the spread over seeds of what did not fail; a dash if all did."""
    found = values([r for r in group if not r["failed"]], key)
    return mean_and_spread(found) if found else "-"


def number_text(group: Sequence[Finished], key: str) -> str:
    """Return a large number, the same for all seeds, in two digits.

    Examples
    --------
    >>> number_text([{"bops": 123456789.0}], "bops")
    '1.2e+08'
    """
    return f"{group[0][key]:.1e}"


def costs_and_errors(group: Sequence[Finished]) -> tuple[float, float] | None:
    """Return the cost of a setting and its mean error; None if a seed failed."""
    if any(r["failed"] for r in group):
        return None
    return mean_of(group, "bops"), mean_of(group, "relative_l2")


def front_of(groups: Sequence[Group]) -> set[int]:
    """Return the numbers of the groups that no other beats in both cost and error."""
    points = [(k, costs_and_errors(group)) for k, group in enumerate(groups)]
    known = [(k, point) for k, point in points if point is not None]
    return {known[i][0] for i in pareto_front([point for _, point in known])}


def best_guess(results: Sequence[Finished]) -> float:
    """Return the error of the best predictor without a network, the mean over seeds."""
    return min(mean_of(results, name) for name in _GUESSES if name in results[0])


def ratio_text(group: Sequence[Finished], plain: Sequence[Finished]) -> str:
    """Return the mean error of a group relative to that of another; a dash if one failed.

    Examples
    --------
    >>> ratio_text([{"failed": 0, "relative_l2": 0.3}], [{"failed": 0, "relative_l2": 0.2}])
    '1.50'
    """
    done = [[r for r in each if not r["failed"]] for each in (group, plain)]
    if not all(done):
        return "-"
    return f"{mean_of(done[0], 'relative_l2') / mean_of(done[1], 'relative_l2'):.2f}"


def control(results: Sequence[Finished], cell: Finished) -> Group:
    """Return what a cell is compared with: the float network trained on for as long, whole grid.

    It has the width and the viscosity of the cell.
    """
    same = ("width", "nu")
    return [
        r for r in results
        if r["scenario"] == AGAIN and r["reduction"] == 1
        and all(r.get(key) == cell.get(key) for key in same)
    ]  # fmt: skip


def headline(results: Sequence[Finished]) -> str:
    """Return the sizes, the errors without a network, and that of the data in one line."""
    first, seeds = results[0], len({r["seed"] for r in results})
    guesses = [name for name in _GUESSES if name in first]
    told = ", ".join(f"{name} {mean_of(results, name):.1e}" for name in guesses)
    grid = f"{first['train']} training instances on {first['points']} cells along each axis"
    return f"{grid}, {seeds} seed{'s' * (seeds > 1)}; without a network: {told}; {_data(results)}"


def _data(results: Sequence[Finished]) -> str:
    """The error of the data, and whether it is small enough to tell networks apart."""
    error = max(r["data_error"] for r in results)
    done = [r["relative_l2"] for r in results if not r["failed"]]
    told = f"estimated error of the data {error:.1e}"
    if done and error * DATA_SHARE > min(done):
        told += f", **more than 1/{DATA_SHARE} of the best network's {min(done):.1e}**"
    return told
