"""What has been checked, one JSON line per cast, so that a long check can stop and go on.

A line counts for the code it was measured on: it carries a digest of the sources from which casts
are made and checked, and of the libraries that compile and run them.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ..formats import Cast, FormatError, spec_to_json
from .breakpoints import PATTERNS
from .json_lines import whole_lines
from .sweep import Tally

_PACKAGE: Final = Path(__file__).parents[1]
_CHECK: Final = ("lattice.py", "breakpoints.py", "wrapping.py", "sweep.py")
#: Names of formats, whose fields a line holds itself, what is done with codes afterwards, formats
#: that no line is about, and which thread computes what: workers of the sweep have one.
_APART: Final = {"affine", "catalogue", "coded", "threads"}

Line = dict[str, Any]


@cache
def code_digest() -> str:
    """Sixteen hexadecimal digits over what a result depends on.

    Examples
    --------
    >>> len(code_digest())
    16
    """
    check = (_PACKAGE / "validation" / name for name in _CHECK)
    digest = hashlib.sha256(f"numba {version('numba')}, numpy {version('numpy')}".encode())
    for path in [*_needed(_PACKAGE / "formats" / "encode.py"), *check]:
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(_PACKAGE).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _needed(path: Path) -> list[Path]:
    """The file and those of its folder that it imports, directly or not, apart from `_APART`."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        found.add(path := waiting.pop())
        nodes = ast.walk(ast.parse(path.read_text()))
        names = {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.level == 1}
        waiting += {path.with_name(f"{name}.py") for name in names - _APART} - found
    return sorted(found)


def line_of(name: str, cast: Cast, tally: Tally, seconds: float) -> Line:
    """The line of one finished cast."""
    return {
        "format": name,
        **question_of(cast),
        "inputs": tally.inputs,
        "mismatches": tally.mismatches,
        "first": [str(mismatch) for mismatch in tally.first],
        "seconds": round(seconds, 3),
    }


def question_of(cast: Cast) -> Line:
    """What a line must say to be an answer about this cast by this code."""
    return {
        "spec": spec_to_json(cast.format),
        "rounding": cast.rounding.value,
        "overflow": cast.overflow.value,
        "digest": code_digest(),
    }


def lines(path: Path) -> list[Line]:
    """The lines of a log; what an interruption has cut off is left out.

    Raises
    ------
    FormatError
        If the file holds something else than such lines.
    """
    found = []
    for text, line in whole_lines(path):
        if not isinstance(line, dict) or not {"format", "digest", "inputs"} <= set(line):
            msg = f"{path} is no log of checks: it holds {text[:60]!r}; give another file"
            raise FormatError(msg)
        found.append(line)
    return found


def answer(known: Iterable[Line], cast: Cast, inputs: int) -> Line | None:
    """The known line about this cast by this code with at least so many inputs, if there is one."""
    question = question_of(cast)
    for line in known:
        if line["inputs"] >= inputs and question.items() <= line.items():
            return line
    return None


def table(known: Iterable[Line]) -> Iterator[str]:
    """Lines of a Markdown table: each format, its casts, inputs, mismatches and minutes.

    A cast that was checked several times counts once, with its last line.

    Examples
    --------
    >>> line = {"format": "INT4", "rounding": "up", "overflow": "wrap", "digest": "0",
    ...         "inputs": 2**32, "mismatches": 0, "seconds": 6.0}
    >>> for row in table([line]):
    ...     print(row)
    | format | casts | all 2^32 inputs | inputs | mismatches | minutes | code |
    |---|---:|---:|---:|---:|---:|---|
    | INT4 | 1 | 1 | 4294967296 | 0 | 0.1 | 0 |
    """
    yield "| format | casts | all 2^32 inputs | inputs | mismatches | minutes | code |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    last = {(k["format"], k["digest"], k["rounding"], k["overflow"]): k for k in known}
    groups: dict[tuple[str, str], list[Line]] = {}
    for key, line in last.items():
        groups.setdefault(key[:2], []).append(line)
    for (name, digest), group in groups.items():
        whole = sum(line["inputs"] == PATTERNS for line in group)
        inputs, wrong, seconds = (
            sum(line[column] for line in group) for column in ("inputs", "mismatches", "seconds")
        )
        cells = (name, len(group), whole, inputs, wrong, f"{seconds / 60:.1f}", digest)
        yield f"| {' | '.join(map(str, cells))} |"
