"""Checkpoints: a training state in one file that is whole, its own, and never overwritten in place.

A checkpoint is a ``.npz`` archive without pickles: the parameters, Adam's two moments of each, and
a line of JSON with the step, the run's digest, the ledger, the seconds used and what rounds of
L-BFGS have done.  A SHA-256 over all of that is stored with it.  The file written before is kept
beside it, as
``checkpoint.previous.npz``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Ledger
from .adam import AdamState
from .archive import ArchiveError, Arrays, archived, read_archive
from .errors import CheckpointError
from .files import write_atomically
from .lbfgs import Refinement

NAME = "checkpoint.npz"
PREVIOUS = "checkpoint.previous.npz"


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """A training between two steps: all that the next step depends on, and what has been spent."""

    parameters: tuple[NDArray[Any], ...]
    optimizer: AdamState
    ledger: Ledger
    seconds: float
    refinements: tuple[Refinement, ...] = ()

    @property
    def step(self) -> int:
        """The steps of Adam done."""
        return self.optimizer.step


def save_checkpoint(folder: Path, state: State, run_digest: str) -> None:
    """Write ``state`` to the folder's checkpoint; the one it replaces becomes the previous one.

    Raises
    ------
    OSError
        When the folder cannot be written; the checkpoint in place is then untouched.
    """
    arrays: Arrays = {}
    groups = zip(state.parameters, state.optimizer.first, state.optimizer.second, strict=True)
    for index, group in enumerate(groups):
        for kind, array in zip(("parameter", "first", "second"), group, strict=True):
            arrays[f"{kind}_{index}"] = array
    facts = {
        "step": state.step,
        "run": run_digest,
        "ledger": state.ledger.to_json(),
        "seconds": state.seconds,
        "refinements": [asdict(refinement) for refinement in state.refinements],
    }
    contents = archived(arrays, facts)
    _keep_previous(folder)
    write_atomically(folder / NAME, contents)


def load_checkpoint(folder: Path, run_digest: str, dtype: type) -> State:
    """Return the state in the folder's checkpoint; read only.

    Raises
    ------
    CheckpointError
        When the file is missing, damaged, of another run, of another number type or holds a
        number that is not finite.
    """
    path = folder / NAME
    try:
        arrays, facts = read_archive(path)
    except ArchiveError as error:
        raise _refusal(path, str(error)) from error
    try:
        state, owner = _state(arrays, facts), facts["run"]
    except Exception as error:  # a forged archive may lack anything
        raise _refusal(path, f"cannot be read ({type(error).__name__}: {error})") from error
    if owner != run_digest:
        raise _refusal(path, f"belongs to the run {owner[:12]}, not to {run_digest[:12]}")
    for array in (*state.parameters, *state.optimizer.first, *state.optimizer.second):
        if array.dtype != dtype:
            raise _refusal(path, f"holds {array.dtype} where the datapath has {np.dtype(dtype)}")
        if not np.isfinite(array).all():
            raise _refusal(path, "holds a number that is not finite")
    return state


def _state(arrays: Mapping[str, NDArray[Any]], facts: dict[str, Any]) -> State:
    """Return the state the entries of an archive stand for."""
    count = sum(name.startswith("parameter_") for name in arrays)
    kinds = ("parameter", "first", "second")
    groups = [tuple(arrays[f"{kind}_{index}"] for index in range(count)) for kind in kinds]
    optimizer = AdamState(step=int(facts["step"]), first=groups[1], second=groups[2])
    ledger = Ledger.from_json(facts["ledger"])
    seconds = float(facts["seconds"])
    refinements = tuple(Refinement(**told) for told in facts["refinements"])
    return State(
        parameters=groups[0], optimizer=optimizer, ledger=ledger, seconds=seconds,
        refinements=refinements,
    )  # fmt: skip


def _keep_previous(folder: Path) -> None:
    """Copy the checkpoint in place to the previous one, atomically."""
    if (folder / NAME).exists():
        write_atomically(folder / PREVIOUS, (folder / NAME).read_bytes())


def _refusal(path: Path, reason: str) -> CheckpointError:
    previous = path.with_name(PREVIOUS)
    if previous.exists():
        remedy = f"rename {previous} to {path.name} to resume from the one before"
    else:
        remedy = "start again in another folder"
    return CheckpointError(f"the checkpoint {path} {reason}: {remedy}")
