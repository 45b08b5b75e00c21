"""A trained network between fields: what it is, what it predicts, and where it is kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..checkpoint import State, load_checkpoint
from ..errors import RunError
from ..qat import Plan
from ..run_folder import CONFIG
from ..schedule import Schedule
from ..step_rows import METRICS, StepRow, read_rows
from .quantization import Arrays, Quantization
from .run import OperatorRun
from .start import QUANTIZERS, parameters_digest, read_quantization
from .step import predict

#: The file that says how a training ended.
SUMMARY: Final = "summary.json"


@dataclass(frozen=True, kw_only=True)
class OperatorMetrics(StepRow):
    """One step: its loss (before the update), its learning rate, and the counts so far.

    The counts include this step, as the ledger of the datapath counts them.  `validation` is the
    mean relative error of the validation samples after the last step of an epoch, None after any
    other.
    """

    loss: float
    learning_rate: float
    quantizations: int
    saturations: int
    underflows: int
    validation: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class OperatorOutcome:
    """A finished training: its run, its quantizers, its final state and the row of every step."""

    run: OperatorRun
    quantization: Quantization
    state: State
    history: tuple[OperatorMetrics, ...]

    @property
    def arrays(self) -> Arrays:
        """All parameters by name: the network's, then those of quantizers."""
        return named(self.run, self.quantization, self.state.parameters)

    @property
    def parameters(self) -> Arrays:
        """The network's parameters by name: what another run may start from."""
        arrays = self.arrays
        return {name: arrays[name] for name in self.run.network.parameters()}

    def continued(self, plan: Plan | None, *, epochs: int, schedule: Schedule) -> OperatorRun:
        """Return the run that goes on from this network's parameters, on the operands of ``plan``.

        It trains for ``epochs`` more; of 0 it is this network, quantized after its training.
        """
        start = parameters_digest(self.parameters)
        return replace(self.run, plan=plan, start=start, epochs=epochs, schedule=schedule)

    def predict(self, inputs: NDArray[Any], *, rows: int = 64) -> NDArray[np.float64]:
        """Return what the network makes of fields in their own units, ``rows`` at a time."""
        return predict(self.run, self.quantization, self.arrays, inputs, rows=rows)

    def to_json(self) -> dict[str, Any]:
        """Return how the training ended, as plain data."""
        ledger, last = self.state.ledger, self.history[-1] if self.history else None
        told = [row.validation for row in self.history if row.validation is not None]
        return {
            "run": self.run.digest(),
            "network": type(self.run.network).__name__,
            "parameters": self.run.network.parameter_count,
            "plan": None if self.run.plan is None else self.run.plan.name,
            "datapath": self.run.datapath.name,
            "steps": self.state.step,
            "seconds": self.state.seconds,
            "loss": None if last is None else last.loss,
            "validation": told[-1] if told else None,
            "ledger": ledger.to_json(),
        }


def named(run: OperatorRun, quantization: Quantization, arrays: Sequence[NDArray[Any]]) -> Arrays:
    """Return the arrays of a state by name: the network's, then those of quantizers."""
    names = [*run.network.parameters(), *quantization.names]
    return dict(zip(names, arrays, strict=True))


def load_operator(folder: Path) -> OperatorOutcome:
    """Return the network that a folder was trained in, as far as it came; read only.

    Raises
    ------
    RunError
        When the folder holds no run of a network between fields.
    CheckpointError
        When there is no checkpoint, or it cannot be used.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        run = OperatorRun.from_json(config["run"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder} holds no run ({error}): give the folder of one training, with a {CONFIG}"
        raise RunError(msg) from error
    if "plans" in config:
        msg = (
            f"{folder} holds several trainings: give the folder of one, such as {folder / 'float'}"
        )
        raise RunError(msg)
    quantization = read_quantization(folder / QUANTIZERS, run.digest())
    state = load_checkpoint(folder, run.digest(), run.datapath.dtype)
    rows = read_rows(folder / METRICS, state.step, OperatorMetrics)
    return OperatorOutcome(run=run, quantization=quantization, state=state, history=rows)
