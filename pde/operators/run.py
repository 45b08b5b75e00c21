"""One training of one network between fields, as a value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

from ...emu import Datapath, preset
from ..adam import Adam
from ..errors import RunError
from ..qat import Plan, Ranges
from ..run_spec import RunSpec
from ..schedule import SCHEDULES, Linear, Schedule
from ..spec import require_integer
from .downsampling import Resampled
from .fno import FNO
from .network import OperatorNetwork
from .samples import Samples, samples_digest
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
class OperatorRun(RunSpec):
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
    start
        `parameters_digest` of the parameters that the training begins with, such as those of a
        network that was trained before it is quantized; None: they are drawn.
    calibration
        How many samples show the quantizers their first ranges.
    epochs, batch
        How often the whole set is seen, and how many samples make a step.  No epochs at all leave
        the first parameters and ranges: post-training quantization.
    schedule, optimizer
        The learning rate as a function of the step, and the constants of Adam.
    loss
        One of `LOSSES`, in the units of ``scaling``.
    seed
        From which every stream of random numbers is split.
    """

    KINDS: ClassVar[Mapping[str, type]] = _KINDS
    network: OperatorNetwork
    scaling: Scaling
    data: str
    datapath: Datapath = field(default_factory=lambda: preset("fp32"))
    plan: Plan | None = None
    start: str | None = None
    calibration: int = 64
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
        for name, least in (("epochs", 0), ("batch", 1), ("calibration", 1), ("seed", 0)):
            require_integer(f"OperatorRun.{name}", getattr(self, name), least=least)
        if self.start is not None and not re.fullmatch("[0-9a-f]{64}", str(self.start)):
            msg = f"OperatorRun.start is {self.start!r}: give a parameters_digest or None"
            raise RunError(msg)
        if self.loss not in LOSSES:
            msg = f"OperatorRun.loss is {self.loss!r}: choose one of {', '.join(LOSSES)}"
            raise RunError(msg)

    @classmethod
    def on(cls, samples: Samples, **fields: Any) -> Self:
        """Return a run on a training set: its scaling and its digest, and the ``fields`` given.

        Raises
        ------
        RunError
            If the set is empty, or a field cannot be used.
        """
        return cls(scaling=Scaling.of(samples), data=samples_digest(samples), **fields)
