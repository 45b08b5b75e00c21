"""Whether a file holds what it says: its instances computed again, its certificate measured again.

Of a file without a family nothing can be computed again; its numbers are looked at.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RunError
from ..spec import require_integer
from .catalogue import family_from_json
from .certificate import Certificate, versions
from .check_values import check_values
from .dataset import Dataset
from .errors import DataError
from .family import Family
from .finding import Finding
from .generate import spread
from .new_file import rounded
from .open_dataset import open_dataset


def check(path: Path, *, instances: int = 3) -> tuple[Finding, ...]:
    """Return what was found of the data of a file, any layout.

    Of ours, some instances are computed again and compared bit for bit, after the rounding to the
    dtype of the file, and the certificate is measured again and compared field by field.

    Parameters
    ----------
    path
        As for `open_dataset`.
    instances
        How many are computed again, spread over the file, beside those of the certificate.

    Raises
    ------
    DataError, RunError, OSError
        If the file cannot be read: see `open_dataset`.
    """
    require_integer("instances", instances, least=1)
    with open_dataset(path) as data:
        notes = tuple(Finding(check="layout", verdict="note", found=each) for each in data.notes)
        findings = (*notes, *check_values(data))
        if data.family is None or data.seed is None:
            return findings
        try:
            family = family_from_json(data.family)
        except RunError as error:
            said = f"no family to compute again: {error}"
            return (*findings, Finding(check="instances", verdict="fail", found=said))
        return (
            *findings,
            _instances(data, family, data.seed, instances),
            _certificate(data, family, data.seed),
        )


def _instances(data: Dataset, family: Family, seed: int, count: int) -> Finding:
    """Compute some instances again and compare every bit."""
    certified = () if data.certificate is None else data.certificate.instances
    numbers = sorted({*spread(len(data), count), *(i for i in certified if i < len(data))})
    wrong = [number for number in numbers if _differs(data, family, seed, number)]
    text = ", ".join(map(str, wrong or numbers))
    said = f"computed again, {'other' if wrong else 'the same'} bits: {text}"
    return Finding(check="instances", verdict="fail" if wrong else "pass", found=said)


def _differs(data: Dataset, family: Family, seed: int, number: int) -> bool:
    """Return whether an instance is not the one that the family computes."""
    try:
        again = family.instance(seed, number)
        pairs: list[tuple[Any, Any]] = [
            (data.values[number], rounded(again.values, data.values.dtype)),
            (data.times, again.times),
            *zip(data.axes, again.axes, strict=True),
        ]
        if data.coefficient is not None and again.coefficient is not None:
            asked = rounded(again.coefficient, data.coefficient.dtype)
            pairs.append((data.coefficient[number], asked))
    except (DataError, RunError):
        return True
    named = {name: float(each[number]) for name, each in data.parameters.items()}
    return named != dict(again.parameters) or not all(
        stored.shape == asked.shape and stored.tobytes() == asked.tobytes()
        for stored, asked in ((np.asarray(a), np.asarray(b)) for a, b in pairs)
    )


def _certificate(data: Dataset, family: Family, seed: int) -> Finding:
    """Measure the certificate again and compare its fields."""
    stored = data.certificate
    if stored is None:
        said = "none: generate with the same arguments to measure it"
        return Finding(check="certificate", verdict="fail", found=said)
    again = family.certify(seed, stored.instances)
    told = _differences(stored, again)
    if not told:
        said = f"measured again, the same: estimated error {stored.estimated_error:.1e}"
        return Finding(check="certificate", verdict="pass", found=said)
    if stored.versions != versions():
        told.append(f"made with {stored.versions}, checked with {versions()}")
    return Finding(check="certificate", verdict="fail", found="; ".join(told))


def _differences(stored: Certificate, again: Certificate) -> list[str]:
    """Return a phrase for each field in which two certificates differ, but for the versions."""
    old, new = (json.loads(json.dumps(each.to_json())) for each in (stored, again))
    names = [name for name in old if name != "versions" and old[name] != new[name]]
    return [f"{name} is {old[name]!r}, measured {new[name]!r}" for name in names]
