"""Arrays and a line of facts in one ``.npz`` file without pickles, whose checksum is in it."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import write_atomically

Arrays = dict[str, NDArray[Any]]


class ArchiveError(Exception):
    """A file is no archive, or is damaged: the text ends a sentence that begins with its name."""


def archived(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> bytes:
    """Return the bytes of an archive of ``arrays`` and of ``facts``, which JSON can hold."""
    entries: dict[str, Any] = {**arrays, "facts": np.array(json.dumps(facts))}
    entries["sha256"] = np.array(contents_digest(entries))
    buffer = io.BytesIO()
    np.savez(buffer, **entries)
    return buffer.getvalue()


def write_archive(path: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Write an archive atomically."""
    write_atomically(path, archived(arrays, facts))


def read_arrays(path: Path) -> Arrays:
    """Return all entries of an archive.

    Raises
    ------
    ArchiveError
        When there is no archive.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # a damaged archive may raise nearly anything
        msg = f"cannot be read ({type(error).__name__}: {error})"
        raise ArchiveError(msg) from error


def read_archive(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the facts of an archive.

    Raises
    ------
    ArchiveError
        When there is no archive, or its contents do not match its checksum.
    """
    arrays = read_arrays(path)
    try:
        checksum = str(arrays.pop("sha256"))
        digest = contents_digest(arrays)
        facts = json.loads(str(arrays.pop("facts")))
    except (KeyError, ValueError) as error:
        msg = f"cannot be read ({type(error).__name__}: {error})"
        raise ArchiveError(msg) from error
    if checksum != digest:
        msg = "is damaged: its contents do not match its checksum"
        raise ArchiveError(msg)
    return arrays, facts


def contents_digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return SHA-256 over the names, types, shapes and bytes of ``arrays``, sorted by name.

    Examples
    --------
    >>> contents_digest({"a": np.zeros(2)}) == contents_digest({"a": np.zeros((2, 1))})
    False
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
