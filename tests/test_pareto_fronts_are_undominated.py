"""No point of a Pareto front is dominated, and each point off it is, by one on it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bitpde.validation import pareto_front

NUMBERS = st.floats(-4, 4).map(lambda x: round(x, 1))  # few values, so that many are equal
POINTS = st.integers(1, 3).flatmap(lambda d: st.lists(st.tuples(*[NUMBERS] * d), max_size=25))


def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    difference = np.subtract(a, b)
    return bool((difference <= 0).all() and (difference < 0).any())


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points: list[tuple[float, ...]]) -> None:
    front = pareto_front(points)
    assert len(set(front)) == len(front)
    for i, point in enumerate(points):
        if i in front:
            assert not any(dominates(other, point) for other in points)
        else:
            assert any(dominates(points[j], point) for j in front)
    assert [points[i] for i in front] == sorted(points[i] for i in front)


@given(POINTS, st.randoms(use_true_random=False))
def test_order_does_not_matter(points: list[tuple[float, ...]], random: object) -> None:
    moved = list(points)
    random.shuffle(moved)  # type: ignore[attr-defined]
    assert [moved[i] for i in pareto_front(moved)] == [points[i] for i in pareto_front(points)]


def test_nothing_has_no_front() -> None:
    assert pareto_front([]) == []
