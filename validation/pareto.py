"""The Pareto front: what nothing else beats in every respect."""

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the indices of the points that no other dominates, in lexicographic order.

    A point dominates another if none of its numbers is larger and one is smaller: less is better.
    Equal points do not dominate each other, so that all of them are on the front or none.

    Examples
    --------
    >>> pareto_front([(1.0, 3.0), (2.0, 3.0), (2.0, 1.0), (4.0, 0.5)])
    [0, 2, 3]
    """
    order = sorted(range(len(points)), key=lambda i: points[i])  # who dominates comes before
    front: list[int] = []
    for i in order:
        if not any(_dominates(points[j], points[i]) for j in front):
            front.append(i)
    return front


def _dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))
