"""The ledger: what a computation did, counted."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

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
        return Ledger.total((self, other))

    @classmethod
    def total(cls, ledgers: Iterable["Ledger"]) -> "Ledger":
        """The sum of some ledgers.

        Examples
        --------
        >>> Ledger.total(Ledger(nans=k) for k in range(4)).nans
        6
        """
        tally = Tally()
        for ledger in ledgers:
            tally.add(ledger)
        return tally.ledger

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


#: The fields that are tables of counts, and the others.
_TABLES: Final = ("macs_by_width", "bytes_by_format")
_COUNTS: Final = tuple(f.name for f in fields(Ledger) if f.name not in _TABLES)


class Tally:
    """A ledger that grows.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add(Ledger(nans=1))
    >>> tally.add_result(elements=8, nans=2)
    >>> tally.ledger.nans, tally.ledger.vector_elements
    (3, 8)
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, int]] = {name: {} for name in _TABLES}
        self._counts = dict.fromkeys(_COUNTS, 0)

    def add(self, ledger: Ledger) -> None:
        """Add what is in a ledger."""
        held = vars(ledger)
        for name, table in self._tables.items():
            for key, count in held[name].items():
                table[key] = table.get(key, 0) + count
        for name in _COUNTS:
            self._counts[name] += held[name]

    def add_result(self, *, elements: int, nans: int) -> None:
        """Add a result: elements that the vector unit wrote, and how many of all are NaN."""
        self._counts["vector_elements"] += elements
        self._counts["nans"] += nans

    @property
    def ledger(self) -> Ledger:
        """What has been added, as it is now."""
        fields: dict[str, Any] = {name: dict(table) for name, table in self._tables.items()}
        return Ledger(**fields | self._counts)


def _counted(count: Any) -> Any:
    if isinstance(count, Mapping):
        return {str(key): int(each) for key, each in count.items()}
    return int(count)
