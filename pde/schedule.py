"""Learning rates as functions of the step: frozen values with one method."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from .spec import Spec, require_integer, settle_real


class Schedule(Spec, ABC):
    """A learning rate for every step."""

    @abstractmethod
    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of ``step`` (from 0) of a run of ``steps``."""


@dataclass(frozen=True, kw_only=True)
class Linear(Schedule):
    """``initial (1 - step/steps)``: from ``initial`` at step 0 toward 0 at the end.

    Examples
    --------
    >>> [Linear(initial=0.5).rate(step, 4) for step in range(4)]
    [0.5, 0.375, 0.25, 0.125]
    """

    initial: float = 1e-3

    def __post_init__(self) -> None:
        settle_real(self, "initial", above=0.0)

    def rate(self, step: int, steps: int) -> float:
        """Return the rate in float64, three roundings."""
        return self.initial * (1 - step / steps)


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The same ``rate`` at every step."""

    initial: float = 1e-3

    def __post_init__(self) -> None:
        settle_real(self, "initial", above=0.0)

    def rate(self, step: int, steps: int) -> float:
        """Return ``initial``; exact."""
        return self.initial


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """``initial * factor * factor ...``, one more factor after every ``every`` steps.

    Examples
    --------
    >>> schedule = Exponential(initial=1.0, factor=0.5, every=10)
    >>> [schedule.rate(step, 100) for step in (9, 10, 30)]
    [1.0, 0.5, 0.125]
    """

    initial: float = 1e-3
    factor: float = 0.9
    every: int = 1000

    def __post_init__(self) -> None:
        settle_real(self, "initial", above=0.0)
        settle_real(self, "factor", above=0.0)
        require_integer("Exponential.every", self.every, least=1)

    def rate(self, step: int, steps: int) -> float:
        """Return the rate in float64, one rounding per factor."""
        rate = float(self.initial)
        for _ in range(step // self.every):
            rate *= self.factor
        return rate


SCHEDULES: dict[str, type[Schedule]] = {
    schedule.__name__: schedule for schedule in (Linear, Constant, Exponential)
}
