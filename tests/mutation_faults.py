"""Faults to plant in the source, one at a time, and the tests that must fail of each."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1].resolve()
LISTS = Path(__file__).parent / "mutations"

#: Folders of the checkout that no test of a copy needs.
_LEFT_OUT = {"build", "dist", "__pycache__"}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Some tests of the default suite: files, and which tests of them as ``pytest -k`` takes it."""

    tests: tuple[str, ...]
    select: str = ""
    compiled: bool = True

    @property
    def arguments(self) -> list[str]:
        """What pytest is told."""
        return [*self.tests, *(["-k", self.select] if self.select else [])]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake: in ``file`` the text ``old`` says ``new``, and the selection must see it.

    ``needs``, ``module:function`` of the package, says whether the processor runs what it breaks.
    """

    id: str
    file: str
    old: str
    new: str
    mistake: str
    selection: Selection
    needs: str = ""

    def planted(self, source: str) -> str:
        """The source with the fault.

        Raises
        ------
        ValueError
            Unless the text to replace occurs exactly once.
        """
        found = source.count(self.old)
        if found != 1:
            msg = f"{self.id}: its text occurs {found} times in {self.file}: bring it up to date"
            raise ValueError(msg)
        return source.replace(self.old, self.new)


def all_faults(names: Sequence[str] = ()) -> list[Fault]:
    """Every fault of the named lists in ``tests/mutations``, or of all of them."""
    paths = [LISTS / f"{name}.toml" for name in names or list_names()]
    tables = [tomllib.loads(path.read_text("utf-8")) for path in paths]
    return [_fault(dict(entry)) for table in tables for entry in table["fault"]]


def list_names() -> list[str]:
    """What the lists are called."""
    return sorted(path.stem for path in LISTS.glob("*.toml"))


def _fault(entry: dict[str, object]) -> Fault:
    tests = entry.pop("tests")
    selected = {name: entry.pop(name) for name in ("select", "compiled") if name in entry}
    selection = Selection(tests=tuple(tests), **selected)  # type: ignore[arg-type]
    return Fault(selection=selection, **entry)  # type: ignore[arg-type]


def sources() -> Iterator[Path]:
    """The files of the checkout, relative to it, that tests of a copy may read."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden and not _LEFT_OUT & set(parts):
            yield path.relative_to(ROOT)


def key_of(fault: Fault | None, selection: Selection) -> str:
    """What a result is logged under: it changes with the entry and with what its tests can see.

    That is the package, its data and configuration, and of the tests those that are selected and
    what several of them share.
    """
    digest = hashlib.sha256(_shared_digest())
    for test in selection.tests:
        digest.update((ROOT / test).read_bytes())
    entry = None if fault is None else asdict(fault)
    digest.update(json.dumps([entry, asdict(selection)], sort_keys=True).encode())
    return digest.hexdigest()[:16]


@cache
def _shared_digest() -> bytes:
    digest = hashlib.sha256()
    for path in sources():
        test = path.parts[0] == "tests" and path.name.startswith(("test_", "mutat"))
        listed = path.parts[:2] == ("tests", LISTS.name)
        if path.suffix in (".py", ".toml", ".json") and not test and not listed:
            digest.update(f"{path.as_posix()}\0".encode() + (ROOT / path).read_bytes())
    return digest.digest()
