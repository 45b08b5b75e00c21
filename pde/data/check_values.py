"""Checks of data of which nothing is known but their numbers."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset
from .finding import Finding, Verdict
from .trajectory import Array


@dataclass
class _Seen:
    """What one pass over the instances collects."""

    broken: list[int] = field(default_factory=list)
    still: list[int] = field(default_factory=list)
    flat: list[int] = field(default_factory=list)
    twins: list[tuple[int, int]] = field(default_factory=list)
    drift: float = 0.0


def check_values(data: Dataset) -> tuple[Finding, ...]:
    """Return what holds of coordinates and numbers, in one pass over the instances.

    Coordinates increase, evenly or not; numbers are finite; no two instances are the same,
    none is constant in time, none has one value at its first time; and how much the mean over
    space changes, which periodic conservation laws keep.
    """
    seen = _Seen()
    first: dict[bytes, int] = {}
    for number in range(len(data)):
        values = data.values[number]
        parts = [values] if data.coefficient is None else [values, data.coefficient[number]]
        digest = hashlib.sha256(b"".join(map(_bytes, parts))).digest()
        if digest in first:
            seen.twins.append((first[digest], number))
        first.setdefault(digest, number)
        if not all(np.isfinite(part).all() for part in parts):
            seen.broken.append(number)
            continue
        _look(seen, number, np.asarray(values, np.float64))
    return tuple(_findings(data, seen))


def _bytes(part: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(part).tobytes()


def _look(seen: _Seen, number: int, values: Array) -> None:
    """Collect what one instance of finite numbers shows."""
    space = tuple(range(1, values.ndim - 1))
    if len(values) > 1 and (values == values[0]).all():
        seen.still.append(number)
    if (values[0] == values[0][(0,) * len(space)]).all():
        seen.flat.append(number)
    means = values.mean(axis=space)
    size = float(np.sqrt((values**2).mean()))
    if size > 0:
        seen.drift = max(seen.drift, float(np.abs(means - means[0]).max()) / size)


def _findings(data: Dataset, seen: _Seen) -> Iterator[Finding]:
    yield from _coordinates(data)
    yield _numbered("finite numbers", seen.broken, "instances with NaN or infinity", bad="fail")
    pairs = [f"{a} = {b}{_where(data, a, b)}" for a, b in seen.twins]
    said = f"{len(pairs)} twice: {', '.join(pairs[:4])}" if pairs else "none twice"
    yield Finding(check="duplicates", verdict="fail" if pairs else "pass", found=said)
    if len(data.times) > 1:
        yield _numbered("change in time", seen.still, "instances that never change")
        text = f"mean over space moves by {seen.drift:.1e} of the rms at most"
        yield Finding(check="conservation", verdict="note", found=text)
        text = "instances with one value at t = 0: nothing to normalize by"
        yield _numbered("variance at t = 0", seen.flat, text)


def _coordinates(data: Dataset) -> Iterator[Finding]:
    """Yield whether times and points increase, and points evenly."""
    for name, points in zip("txy", (data.times, *data.axes), strict=False):
        steps = np.diff(points)
        if not np.isfinite(points).all() or (steps <= 0).any():
            yield Finding(check=f"{name} increases", verdict="fail", found="it does not")
            continue
        # A point in float32 is off by half a unit in the last place at most, a step by one unit of
        # the largest point, and two steps differ by two such units.
        allowed = 2 * float(np.spacing(np.float32(np.abs(points).max(initial=0.0))))
        even = steps.size == 0 or float(np.ptp(steps)) <= allowed
        said = f"{points.size} from {points[0]:.6g} to {points[-1]:.6g}"
        said += "" if even else ", unevenly"
        yield Finding(check=f"{name} increases", verdict="pass" if even else "note", found=said)


def _numbered(check: str, numbers: list[int], what: str, *, bad: Verdict = "note") -> Finding:
    """Return the finding of a check that some instances do not pass."""
    if not numbers:
        return Finding(check=check, verdict="pass", found="all instances")
    shown = ", ".join(map(str, numbers[:6])) + (", ..." if len(numbers) > 6 else "")
    return Finding(check=check, verdict=bad, found=f"{len(numbers)} {what} ({shown})")


def _where(data: Dataset, a: int, b: int) -> str:
    """Return in which splits two instances lie, if in different ones."""
    names = [next((n for n, each in data.splits.items() if i in each), "") for i in (a, b)]
    return f" ({names[0]} and {names[1]})" if names[0] != names[1] else ""
