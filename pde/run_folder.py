"""Folders that results go into: claimed once, recognised again, never mistaken for another's."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .checkpoint import State, load_checkpoint
from .errors import RunError
from .files import write_json
from .run import Run

CONFIG = "config.json"


def claim_folder(
    folder: Path, config: Mapping[str, Any], *, resume: bool, besides: Collection[str] = ()
) -> None:
    """Make ``folder`` with its ``config.json``; with ``resume``, check that it has this very one.

    A folder that does not exist or is empty, files called as in ``besides`` left aside, is claimed
    in either case.  Any other is not touched.

    Raises
    ------
    RunError
        When the folder is in use, holds no configuration to resume, or a different one.
    """
    require_free(folder, resume=resume, besides=besides)
    path = folder / CONFIG
    if path.exists():
        _require_same(path, config)
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, config)


def require_free(folder: Path, *, resume: bool, besides: Collection[str] = ()) -> None:
    """Raise unless `claim_folder` could have the folder, whatever its configuration.

    Raises
    ------
    RunError
        When the folder is in use, or holds no configuration to resume.
    """
    if resume and (folder / CONFIG).exists():
        return
    free = not folder.exists()
    if folder.is_dir():
        free = all(path.name in besides for path in folder.iterdir())
    if not free:
        what = "holds no run to resume" if resume else "already exists and is not empty"
        msg = f"{folder} {what}: choose another folder{'' if resume else ', or resume'}"
        raise RunError(msg)


def load_run(folder: Path) -> tuple[Run, State]:
    """The run that a folder was claimed for, and the state of its checkpoint; read only.

    Raises
    ------
    RunError
        When the folder holds no configuration of one run.
    CheckpointError
        When there is no checkpoint, or it cannot be used.
    """
    path = folder / CONFIG
    try:
        run = Run.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        msg = f"{folder} holds no run ({error}): give the folder of one datapath, with a {CONFIG}"
        raise RunError(msg) from error
    return run, load_checkpoint(folder, run.digest(), run.datapath.dtype)


def _require_same(path: Path, config: Mapping[str, Any]) -> None:
    """Raise unless the JSON at ``path`` is ``config``, naming what differs."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path} is no JSON ({error}): restore it, or choose another folder"
        raise RunError(msg) from error
    if stored == config:
        return
    told = "; ".join(_differences(stored, config, ""))
    msg = f"{path} is of another run ({told}): resume with its settings, or choose another folder"
    raise RunError(msg)


def _differences(stored: object, asked: object, name: str) -> list[str]:
    """Return one phrase per leaf in which two JSON values differ."""
    if isinstance(stored, dict) and isinstance(asked, dict):
        keys = [*stored, *(key for key in asked if key not in stored)]
        pairs = [(key, stored.get(key), asked.get(key)) for key in keys]
        return [d for k, a, b in pairs for d in _differences(a, b, f"{name}.{k}".lstrip("."))]
    return [] if stored == asked else [f"{name} was {_brief(stored)}, is {_brief(asked)}"]


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) < 40 else f"{text[:36]}..."
