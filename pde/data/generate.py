"""A family's instances into a file, on several processes, resumed where it was left."""

import json
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from ...formats import thread_count
from ..errors import RunError
from ..spec import require_integer
from .certificate import Certificate
from .counts import Counts
from .dataset_file import DatasetFile, opened
from .errors import DataError
from .family import Family
from .instances import Outcome, outcomes
from .trajectory import Trajectory

#: Called with how many instances are done, and how many there will be.
OnInstance = Callable[[int, int], object]


def generate(
    family: Family,
    path: Path,
    counts: Counts,
    *,
    seed: int,
    dtype: Literal["float32", "float64"] = "float32",
    workers: int | None = None,
    on_instance: OnInstance | None = None,
    certified: int = 3,
) -> Certificate:
    """Write instances 0, 1, ... of ``seed`` into the file at ``path``, and certify them.

    A file that is there already is gone on with: its instances are not computed again.  The bytes
    of the file depend on neither the number of workers nor on how often it was interrupted.

    Parameters
    ----------
    family
        What to generate.
    path
        The file, HDF5 of our layout.
    counts
        Instances for training, then for validation, then for test.
    seed
        Of all random numbers.
    dtype
        How values are stored: float32 is one rounding of each.
    workers
        Processes; by default as many as there are processors.  One is this process.
    on_instance
        Called after each instance.
    certified
        How many instances, spread over the file, the certificate is measured on.

    Returns
    -------
    Certificate
        What was measured; it is in the file as well.

    Raises
    ------
    RunError
        For an argument that cannot be used, or without h5py.
    DataError
        If the file is of something else, or an instance fails; all others are then in the file.

    Notes
    -----
    Exactness: float64 is stored as computed, float32 rounded once to nearest, ties to even.

    Several workers are started by ``spawn``: a script that generates with them does so below
    ``if __name__ == "__main__":``.
    """
    require_integer("certified", certified, least=1)
    require_integer("the seed of a data set", seed, least=0)
    workers = _available() if workers is None else workers
    require_integer("workers", workers, least=1)
    if dtype not in ("float32", "float64"):
        msg = f"dtype is {dtype!r}: choose float32 or float64"
        raise RunError(msg)
    header = {
        "family": json.loads(json.dumps(family.to_json())),
        "seed": seed,
        "counts": counts.to_json(),
        "dtype": dtype,
    }
    first = None if path.exists() else _first(family, seed)
    with opened(path, header, counts, first) as file:
        ready = {} if first is None else {0: first}
        missing = [number for number in file.missing() if number not in ready]
        count = max(1, min(workers, len(missing)))
        rest = outcomes(family, seed, missing, count)
        _fill(file, chain(ready.items(), rest), counts.total, on_instance)
        found = file.certificate()
        if found is None:
            found = family.certify(seed, spread(counts.total, certified))
            file.certify(found)
    return found


def spread(total: int, count: int) -> tuple[int, ...]:
    """Return at most ``count`` numbers below ``total``, from the first to the last.

    Examples
    --------
    >>> spread(100, 3), spread(2, 3), spread(5, 1)
    ((0, 50, 99), (0, 1), (0,))
    """
    return tuple(sorted({int(i) for i in np.linspace(0, total - 1, count).round()}))


def _available() -> int:
    """Return how many processors there are, or as many as the environment allows."""
    try:
        return thread_count()
    except ValueError as error:
        raise RunError(str(error)) from error


def _first(family: Family, seed: int) -> Trajectory:
    """Return instance 0, which shows the shapes of all."""
    try:
        return family.instance(seed, 0)
    except RunError as error:
        msg = f"instance 0 failed: {error}"
        raise DataError(msg) from error


def _fill(
    file: DatasetFile,
    computed: Iterable[tuple[int, Outcome]],
    total: int,
    on_instance: OnInstance | None,
) -> None:
    """Store what was computed; tell of the instances that failed when all were tried."""
    done = total - len(file.missing())
    failed: dict[int, str] = {}
    for number, outcome in computed:
        problem = outcome if isinstance(outcome, str) else _problem(file, number, outcome)
        if problem is not None:
            failed[number] = problem
            continue
        done += 1
        if on_instance is not None:
            on_instance(done, total)
    if failed:
        number = min(failed)
        numbers = ", ".join(map(str, sorted(failed)[:8])) + (", ..." if len(failed) > 8 else "")
        msg = f"{len(failed)} of {total} instances failed ({numbers}); instance {number}: "
        raise DataError(msg + failed[number])


def _problem(file: DatasetFile, number: int, trajectory: Trajectory) -> str | None:
    """Store an instance; return why it cannot be, None if it was."""
    try:
        file.put(number, trajectory)
    except DataError as error:
        return str(error)
    return None
