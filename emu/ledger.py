"""The ledger: what a computation did, counted."""

from dataclasses import asdict, dataclass, fields

from .errors import DatapathError


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Counts of a computation; ledgers add.

    Examples
    --------
    >>> (Ledger(macs=2) + Ledger(macs=3, saturations=1)).macs
    5
    """

    #: multiply-accumulate operations of matrix products
    macs: int = 0
    #: elements rounded into a coded format (a copy in the vector unit's own format is none)
    quantizations: int = 0
    #: bytes of packed codes and scales written for operands
    bytes_stored: int = 0
    #: elements whose rounded value lay beyond the largest code
    saturations: int = 0
    #: nonzero elements that became zero
    underflows: int = 0

    def __add__(self, other: "Ledger") -> "Ledger":
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Ledger(**sums)

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, int]) -> "Ledger":
        """The ledger `to_json` wrote."""
        try:
            return cls(**{name: int(count) for name, count in data.items()})
        except (TypeError, ValueError, AttributeError) as error:
            msg = f"{data!r} is no ledger: give counts by name, such as {Ledger().to_json()}"
            raise DatapathError(msg) from error
