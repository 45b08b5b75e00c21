"""What tables of studies are made of: results picked by their settings, and rows of Markdown."""

from collections.abc import Sequence
from typing import Any

from .cell_store import Finished


def values(results: Sequence[Finished], what: str, **where: Any) -> list[float]:
    """What was found in the cells with these settings, as far as it was.

    Examples
    --------
    >>> results = [{"bits": 4, "error": 0.5}, {"bits": 8, "error": 0.1}, {"bits": 8}]
    >>> values(results, "error", bits=8)
    [0.1]
    """
    return [r[what] for r in results if what in r and all(r[k] == v for k, v in where.items())]


def mean(results: Sequence[Finished], what: str, **where: Any) -> float:
    """The mean of these `values`."""
    found = values(results, what, **where)
    return sum(found) / len(found)


def mean_and_spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation in two digits; the mean alone of one value.

    Examples
    --------
    >>> mean_and_spread([1.0, 2.0, 3.0]), mean_and_spread([0.012])
    ('2.0e+00 ± 1.0e+00', '1.2e-02')
    """
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.1e}"
    spread = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.1e} ± {spread:.1e}"


def row(cells: Sequence[object]) -> str:
    """A row of a table.

    Examples
    --------
    >>> row(["INT8", 4])
    '| INT8 | 4 |'
    """
    return "| " + " | ".join(map(str, cells)) + " |"


def header(*names: str) -> list[str]:
    """The first two lines of a table."""
    return [row(names), "|---" * len(names) + "|"]
