"""A step of a network of integers: from tensors to one tensor, by integer arithmetic alone.

Tensors have names.  They hold codes, in the narrowest NumPy type that has them, or registers: sums
of products, in int64 or in a float type in which none of them, and no part of one, is rounded.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...emu import RequantizationRule
from ..spec import Spec

Integers = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a step may look at beside its tensors: arrays, the rule, and the number of samples."""

    arrays: Mapping[str, Integers]
    rule: RequantizationRule
    batch: int


@dataclass(frozen=True, kw_only=True)
class Step(Spec, ABC):
    """One step.

    Parameters
    ----------
    target
        The tensor it makes.
    sources
        The tensors it takes.
    """

    target: str
    sources: tuple[str, ...]

    @abstractmethod
    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the tensor that it makes of its sources."""

    def array(self, setting: Setting, name: str) -> Integers:
        """Return an array of the step's own."""
        return setting.arrays[f"{self.target}:{name}"]
