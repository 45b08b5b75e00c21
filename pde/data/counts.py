"""How many instances a network learns from, how many choose it, how many judge it."""

from dataclasses import dataclass

from ..errors import RunError
from ..spec import Spec, require_integer


@dataclass(frozen=True, kw_only=True)
class Counts(Spec):
    """Instances for training, validation and test: contiguous, in this order, never shuffled.

    Examples
    --------
    >>> Counts(train=8, validation=1, test=3).splits
    {'train': range(0, 8), 'validation': range(8, 9), 'test': range(9, 12)}
    """

    train: int
    validation: int
    test: int

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            require_integer(f"Counts.{name}", getattr(self, name), least=0)
        if not self.total:
            msg = "Counts of no instances: give at least one for train, validation or test"
            raise RunError(msg)

    @property
    def total(self) -> int:
        """How many instances there are."""
        return self.train + self.validation + self.test

    @property
    def splits(self) -> dict[str, range]:
        """The numbers of the instances of each split; no two splits share one."""
        seen = self.train + self.validation
        return {
            "train": range(self.train),
            "validation": range(self.train, seen),
            "test": range(seen, self.total),
        }
