"""Where the machine code of kernels is kept: a folder named by a digest of their sources.

The cache is ``<base>/bitpde/<digest>``.  The base is ``NUMBA_CACHE_DIR`` if the user chose one,
else ``XDG_CACHE_HOME``, else ``~/.cache``; where that cannot be written, it is a folder under
the temporary one that nobody else can write, because a cache is code that will be run.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_PACKAGE = Path(__file__).parent.parent
_KERNEL_FOLDERS = ("formats", "emu")
_KEPT_DIGESTS = 4
_IDLE_SECONDS = 24 * 3600.0


@functools.cache
def cache_folder(users_choice: str) -> Path | None:
    """Return a writable folder for the machine code of these sources, and sweep its neighbours.

    Parameters
    ----------
    users_choice : str
        The base that the user asked for (``NUMBA_CACHE_DIR``); empty if none.

    Returns
    -------
    pathlib.Path or None
        The folder, which exists; None if there is nowhere to write, or no source to digest.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as base:
    ...     folder = cache_folder(base)
    >>> folder.name == source_digest()
    True
    """
    digest = source_digest()
    if digest is None:
        return None
    for base in _bases(users_choice):
        folder = base / "bitpde" / digest
        if _is_writable(folder):
            _sweep(folder.parent)
            return folder
    return None


@functools.cache
def source_digest() -> str | None:
    """Return the digest of all kernel sources and of what compiles them.

    Returns
    -------
    str or None
        Sixteen hexadecimal digits over the versions of numba and numpy and over the name and
        content of every Python file under ``formats/`` and ``emu/``; None if no source is found.

    Examples
    --------
    >>> source_digest() == source_digest()
    True
    """
    import numba

    files = sorted(path for name in _KERNEL_FOLDERS for path in (_PACKAGE / name).rglob("*.py"))
    if not files:
        return None
    digest = hashlib.sha256(f"numba {numba.__version__}, numpy {np.__version__}".encode())
    for path in files:
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(_PACKAGE).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _bases(users_choice: str) -> Iterator[Path]:
    """Yield the folders that may hold the cache, best first."""
    if users_choice:
        yield Path(users_choice)
    else:
        shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
        if shared.is_absolute():
            yield shared
        with contextlib.suppress(RuntimeError):  # there is no home
            yield Path.home() / ".cache"
    with contextlib.suppress(OSError):
        user = os.getuid() if hasattr(os, "getuid") else 0
        folder = Path(tempfile.gettempdir()) / f"bitpde-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if _is_private(folder, user):
            yield folder


def _is_private(folder: Path, user: int) -> bool:
    """Whether ``folder`` is a real folder that only ``user`` can write."""
    found = folder.lstat()
    ours = os.name == "nt" or (found.st_uid == user and not found.st_mode & 0o022)
    return stat.S_ISDIR(found.st_mode) and ours


def _is_writable(folder: Path) -> bool:
    """Make ``folder`` if need be, mark it as used now, and say whether it takes files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _sweep(parent: Path) -> None:
    """Remove digests that are neither among the last few used nor used within a day."""
    with contextlib.suppress(OSError):
        used = sorted(((path.stat().st_mtime, path) for path in parent.iterdir()), reverse=True)
        for last, path in used[_KEPT_DIGESTS:]:
            if time.time() - last > _IDLE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
