"""One training of one network between fields, as a value."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

from ...emu import Datapath, preset
from ..adam import Adam
from ..errors import RunError
from ..qat import Plan, Ranges
from ..schedule import SCHEDULES, Linear, Schedule
from ..spec import Spec, read_spec, require_integer
from ..streams import Stream
from .downsampling import Resampled
from .fno import FNO
from .network import OperatorNetwork
from .scaling import Scaling, Units
from .transformer import Transformer
from .unet import UNet

#: What is minimized: the mean square error, or the mean of squared relative errors of samples.
LOSSES: Final = ("mse", "relative")

#: The networks by name.
NETWORKS: Final[dict[str, type[OperatorNetwork]]] = {
    kind.__name__: kind for kind in (FNO, UNet, Transformer, Resampled)
}
_KINDS: Final[dict[str, type]] = {
    **NETWORKS,
    **SCHEDULES,
    **{kind.__name__: kind for kind in (Adam, Plan, Ranges, Scaling, Units)},
}


@dataclass(frozen=True, kw_only=True)
class OperatorRun(Spec):
    """One training on one set of samples; runs that are equal give the same parameters.

    Parameters
    ----------
    network
        What is trained.
    scaling
        The units in which it sees fields: those of the training set.
    data
        SHA-256 of the training set, in hexadecimal: see `samples_digest`.
    datapath
        The machine all of it runs on.
    plan
        How operands of products are quantized before the datapath sees them; None: not at all.
    epochs, batch
        How often the whole set is seen, and how many samples make a step.
    schedule, optimizer
        The learning rate as a function of the step, and the constants of Adam.
    loss
        One of `LOSSES`, in the units of ``scaling``.
    seed
        From which every stream of random numbers is split.
    """

    network: OperatorNetwork
    scaling: Scaling
    data: str
    datapath: Datapath = field(default_factory=lambda: preset("fp32"))
    plan: Plan | None = None
    epochs: int = 50
    batch: int = 16
    schedule: Schedule = field(default_factory=Linear)
    optimizer: Adam = field(default_factory=Adam)
    loss: str = "relative"
    seed: int = 0

    def __post_init__(self) -> None:
        kinds = {
            "network": OperatorNetwork, "scaling": Scaling, "datapath": Datapath,
            "schedule": Schedule, "optimizer": Adam,
        }  # fmt: skip
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                msg = f"OperatorRun.{name} is {getattr(self, name)!r}: give a {kind.__name__}"
                raise RunError(msg)
        if not isinstance(self.plan, Plan | None):
            msg = f"OperatorRun.plan is {self.plan!r}: give a Plan or None"
            raise RunError(msg)
        for name in ("epochs", "batch"):
            require_integer(f"OperatorRun.{name}", getattr(self, name), least=1)
        require_integer("OperatorRun.seed", self.seed, least=0)
        if self.loss not in LOSSES:
            msg = f"OperatorRun.loss is {self.loss!r}: choose one of {', '.join(LOSSES)}"
            raise RunError(msg)

    def stream(self, name: str) -> Stream:
        """Return the stream of random numbers called ``name`` under this run's seed."""
        return Stream(seed=self.seed, name=name)

    @classmethod
    def from_json(cls, data: object) -> "OperatorRun":
        """Return the run whose `to_json` is ``data``.

        Raises
        ------
        RunError
            When a field is unknown, missing or out of range.
        DatapathError
            When the datapath is not one.
        """
        if isinstance(data, dict) and isinstance(data.get("datapath"), dict):
            data = {**data, "datapath": Datapath.from_json(data["datapath"])}
        return read_spec(data, {**_KINDS, cls.__name__: cls}, cls)

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of the JSON with sorted keys."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
