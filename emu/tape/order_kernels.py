"""Compiled products in order, and a look at elements for what is not finite."""

from typing import Any

from ...formats import kernel


@kernel
def add_products_in_order(a: Any, b: Any, total: Any, start: int, stop: int) -> None:
    """Rows start..stop of ``total += a b``: a product and a sum for each k in order."""
    for i in range(start, stop):
        for k in range(a.shape[1]):
            factor = a[i, k]
            for j in range(b.shape[1]):
                total[i, j] += factor * b[k, j]


@kernel
def some_is_not_finite(x: Any, start: int, stop: int) -> bool:
    """Whether an element of start..stop is NaN or infinite: then it is not 0 less than itself."""
    found = False
    for i in range(start, stop):
        rest = x[i] - x[i]
        found |= rest != rest
    return found
