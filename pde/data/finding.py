"""What a check of data found."""

from dataclasses import dataclass
from typing import Any, Final, Literal

#: ``pass``: as it should be; ``note``: lawful, and worth knowing; ``fail``: do not use the data.
Verdict = Literal["pass", "note", "fail"]
FINDING_TITLES: Final = ("check", "verdict", "found")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check, its verdict, and what was found, in words."""

    check: str
    verdict: Verdict
    found: str

    def cells(self) -> tuple[str, str, str]:
        """Return the cells of a row of a table."""
        return self.check, self.verdict, self.found

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain data."""
        return {"check": self.check, "verdict": self.verdict, "found": self.found}
