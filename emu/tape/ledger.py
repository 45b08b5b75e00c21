"""The ledger: what a computation did, counted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import DatapathError


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Counts of a computation; ledgers add.

    Examples
    --------
    >>> both = Ledger(macs_by_width={"8x8": 2}) + Ledger(macs_by_width={"8x8": 3, "12x8": 4})
    >>> both.macs_by_width, both.macs
    ({'8x8': 5, '12x8': 4}, 9)
    """

    #: multiply-accumulate operations of matrix products, by the bits of the operands' codes
    macs_by_width: Mapping[str, int] = field(default_factory=dict)
    #: bytes of packed codes and scales written for operands, by format
    bytes_by_format: Mapping[str, int] = field(default_factory=dict)
    #: elements rounded into a coded format (a copy in the vector unit's own format is none)
    quantizations: int = 0
    #: elements whose rounded value lay beyond the largest code
    saturations: int = 0
    #: nonzero elements that became zero
    underflows: int = 0
    #: sums of products that left their accumulator: that are infinite, saturated or wrapped
    overflows: int = 0
    #: elements of results that the vector unit wrote
    vector_elements: int = 0
    #: elements of results, of products and of the vector unit, that are NaN
    nans: int = 0

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations of any width."""
        return sum(self.macs_by_width.values())

    @property
    def bytes_stored(self) -> int:
        """Bytes written for operands in any format."""
        return sum(self.bytes_by_format.values())

    def __add__(self, other: "Ledger") -> "Ledger":
        names = (f.name for f in fields(self))
        return Ledger(**{name: _sum(getattr(self, name), getattr(other, name)) for name in names})

    def to_json(self) -> dict[str, Any]:
        """The counts by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Ledger":
        """The ledger `to_json` wrote."""
        try:
            return cls(**{name: _counted(count) for name, count in data.items()})
        except (TypeError, ValueError, AttributeError) as error:
            msg = f"{data!r} is no ledger: give counts by name, such as {Ledger().to_json()}"
            raise DatapathError(msg) from error


def _sum(a: Any, b: Any) -> Any:
    """The sum of two counts, or of two tables of counts."""
    if isinstance(a, Mapping):
        return {key: a.get(key, 0) + b.get(key, 0) for key in (*a, *(k for k in b if k not in a))}
    return a + b


def _counted(count: Any) -> Any:
    if isinstance(count, Mapping):
        return {str(key): int(each) for key, each in count.items()}
    return int(count)
