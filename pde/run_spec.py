"""What the runs of this folder share: streams under their seed, a JSON, and a digest."""

import hashlib
import json
from collections.abc import Mapping
from typing import ClassVar, Self

from ..emu import Datapath
from .adam import Adam
from .spec import Spec, read_spec
from .streams import Stream


class RunSpec(Spec):
    """Base of the frozen dataclasses that decide every bit of a training.

    A subclass has the fields ``datapath``, ``optimizer`` and ``seed``, and names in `KINDS` the
    specifications that may occur in its other fields.
    """

    KINDS: ClassVar[Mapping[str, type]] = {}
    datapath: Datapath
    optimizer: Adam
    seed: int

    def stream(self, name: str) -> Stream:
        """Return the stream of random numbers called ``name`` under this run's seed."""
        return Stream(seed=self.seed, name=name)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the run whose `to_json` is ``data``.

        Raises
        ------
        RunError
            When a field is unknown, missing or out of range.
        DatapathError
            When the datapath is not one.
        """
        if isinstance(data, Mapping) and isinstance(data.get("datapath"), Mapping):
            data = {**data, "datapath": Datapath.from_json(data["datapath"])}
        return read_spec(data, {**cls.KINDS, cls.__name__: cls}, cls)

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of the JSON with sorted keys: the name of the run."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
