"""Errors of predicted fields equal PDEBench's definitions, written out sample by sample in loops.

The twin knows no axis but plain indices: it visits every time, channel and cell on its own and
evaluates transforms as sums of cosines and sines.
"""

import cmath
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.pde import RunError
from bitpde.pde.operators import operator_errors, relative_l2

#: Roundings of binary64 that a value here takes: sums of some hundred terms, roots, quotients.
CLOSE = 1000 * 2.0**-53


def mean(values: Any) -> float:
    values = list(values)
    return math.fsum(values) / len(values)


def transform(line: list[complex], k: int) -> complex:
    n = len(line)
    return sum(x * cmath.exp(-2j * cmath.pi * ((k * j) % n) / n) for j, x in enumerate(line))


def spectrum(cells: Any) -> list[float]:
    """Return squares by wave number, as PDEBench collects them."""
    if cells.ndim == 1:
        n = len(cells)
        return [abs(transform(list(cells), k)) ** 2 for k in range(n // 2 + 1)]
    n1, n2 = cells.shape
    rows = [[transform(list(row), k) for k in range(n2)] for row in cells]
    found = [0.0] * min(n1 // 2, n2 // 2)
    for i in range(n1 // 2):
        for j in range(n2 // 2):
            number = math.floor(math.sqrt(i * i + j * j))
            if number < len(found):
                found[number] += abs(transform([row[j] for row in rows], i)) ** 2
    return found


def border(cells: Any) -> float:
    if cells.ndim == 1:
        return math.sqrt((cells[0] ** 2 + cells[-1] ** 2) / 2)
    n1, n2 = cells.shape
    ends = sum(cells[i, j] ** 2 for i in (0, n1 - 1) for j in range(n2))
    sides = sum(cells[i, j] ** 2 for i in range(n1) for j in (0, n2 - 1))
    return math.sqrt((ends + sides) / (2 * n1 + 2 * n2))


def by_hand(p: Any, u: Any, skipped: int) -> dict[str, Any]:
    samples, times, channels = range(len(u)), range(skipped, u.shape[1]), range(u.shape[-1])
    found: dict[str, list[Any]] = {
        name: [] for name in ("rmse", "nrmse", "conserved", "maximum", "boundary", "fourier")
    }
    for t in times:
        for c in channels:
            errors = [p[b, t, ..., c] - u[b, t, ..., c] for b in samples]
            cells = errors[0].size
            rmse = [math.sqrt(mean(e.ravel() ** 2)) for e in errors]
            size = [math.sqrt(mean(u[b, t, ..., c].ravel() ** 2)) for b in samples]
            found["rmse"].append(mean(rmse))
            found["nrmse"].append(mean(r / s for r, s in zip(rmse, size, strict=True)))
            total = mean(math.fsum(e.ravel()) ** 2 for e in errors)
            found["conserved"].append(math.sqrt(total) / cells)
            found["maximum"].append(max(abs(e).max() for e in errors))
            found["boundary"].append(mean(border(e) for e in errors))
            squares = [spectrum(e) for e in errors]
            lines = [math.sqrt(mean(each)) / cells for each in zip(*squares, strict=True)]
            bands = lines[:4], lines[4:12], lines[12:]
            found["fourier"].append([mean(b) if b else math.nan for b in bands])
    return {name: np.mean(values, axis=0) for name, values in found.items()}


@given(
    space=st.sampled_from([(8,), (9,), (27,), (6, 8), (10, 9)]), seed=st.integers(0, 2**32),
    skipped=st.integers(0, 1),
)  # fmt: skip
@settings(max_examples=12)
def test_every_error_is_as_defined(space: tuple[int, ...], seed: int, skipped: int) -> None:
    rng = np.random.default_rng(seed)
    p, u = rng.standard_normal((2, 2, 3, *space, 2))
    found, wanted = operator_errors(p, u, skipped=skipped), by_hand(p, u, skipped)
    for name, want in wanted.items():
        got = np.asarray(getattr(found, name))
        # The fields are of order 1, and so is every error; transforms are sums of at most 90 terms.
        assert np.allclose(got, want, rtol=CLOSE, atol=CLOSE, equal_nan=True), name


def test_a_relative_error_is_a_quotient_of_norms() -> None:
    u = np.arange(1.0, 13).reshape(2, 3, 2)
    p = u + np.array([1.0, -2.0]).reshape(2, 1, 1)
    sizes = [math.fsum(x * x for x in row.ravel()) for row in u]
    wanted = [math.sqrt(6 / sizes[0]), math.sqrt(24 / sizes[1])]
    assert np.allclose(relative_l2(p, u), wanted, rtol=CLOSE)


def test_what_has_no_error_is_refused() -> None:
    u = np.ones((2, 3, 4, 2))
    u[1, 2, :, 0] = 0
    with pytest.raises(RunError, match="channel 0 of sample 1 at time 2 is zero everywhere"):
        operator_errors(u, u, skipped=1)
    with pytest.raises(RunError, match="sample 1 is zero everywhere"):
        relative_l2(np.ones((2, 3)), np.array([[1.0, 0, 0], [0, 0, 0]]))
    for shapes in (((2, 3, 4, 1), (2, 3, 4, 2)), ((2, 3, 4), (2, 3, 4)), ((0, 3, 4, 1),) * 2):
        with pytest.raises(RunError, match="give two of one shape"):
            operator_errors(np.ones(shapes[0]), np.ones(shapes[1]))
    with pytest.raises(RunError, match="3 times are skipped"):
        operator_errors(np.ones((1, 3, 4, 1)), np.ones((1, 3, 4, 1)), skipped=3)
