"""Fields in units in which their channels have mean 0 and variance 1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..spec import Spec
from .samples import Samples

Fields = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Units(Spec):
    """Mean and standard deviation of each channel, over all samples and cells of a training set.

    They belong to the whole set, not to a sample: a field that is constant in space has no unit of
    its own.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def of(cls, fields: Fields) -> "Units":
        """Return the units of fields (N, *space, C); 1 for a channel that never changes."""
        rows = fields.reshape(-1, fields.shape[-1]).astype(np.float64)
        deviations = rows.std(axis=0)
        found = np.where(deviations > 0, deviations, 1.0)
        return cls(means=tuple(rows.mean(axis=0).tolist()), deviations=tuple(found.tolist()))

    def scaled(self, fields: Fields) -> Fields:
        """Return ``(u - mean) / deviation``, in float64, rounded once to float32."""
        scaled = (fields - np.array(self.means)) / np.array(self.deviations)
        return np.asarray(scaled, np.float32)

    def restored(self, fields: Fields) -> Fields:
        """Return ``mean + deviation u`` in float64."""
        return np.asarray(np.array(self.means) + np.array(self.deviations) * fields)


@dataclass(frozen=True, kw_only=True)
class Scaling(Spec):
    """The units of inputs and of targets."""

    inputs: Units
    targets: Units

    @classmethod
    def of(cls, samples: Samples) -> "Scaling":
        """Return the units of a training set.

        Raises
        ------
        RunError
            If it is empty.
        """
        if len(samples) == 0:
            msg = "a training set of no samples has no units: give at least one"
            raise RunError(msg)
        return cls(inputs=Units.of(samples.inputs), targets=Units.of(samples.targets))

    def scaled(self, samples: Samples) -> Samples:
        """Return the samples in these units, float32."""
        return Samples(
            inputs=self.inputs.scaled(samples.inputs), targets=self.targets.scaled(samples.targets)
        )
