"""A folder imports only folders to its left, and only what they export.

The order is formats, emu, tt, pde, validation, cli, and above them ``__main__``.  An import that
skips the ``__init__`` of another folder, or names the package from inside, is refused as well:
the first would make every private file part of the interface, the second hides the arrow.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ["formats", "emu", "tt", "pde", "validation", "cli"]
TOP = ["__main__.py"]
ROOT_NAMES = {"__version__"}
SOURCES = sorted(
    path.relative_to(ROOT).as_posix() for layer in ORDER for path in (ROOT / layer).rglob("*.py")
)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (level, dotted name) of all imports; ``from .. import a`` names ``a``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.level, node.module
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, alias.name) for alias in node.names)


def faults(source: str, depth: int, allowed: list[str]) -> list[str]:
    """Return what is wrong with the imports of a file ``depth`` levels below the root."""
    found = []
    for level, name in imports(ast.parse(source)):
        first, _, rest = name.partition(".")
        if level == 0 and first in {"bitpde", *ORDER}:
            found.append(f"import {name}: write a relative import")
        elif level > depth:
            found.append(f"{'.' * level}{name} climbs out of the package")
        elif level == depth and first not in allowed:
            found.append(f"{'.' * level}{name} is not to the left; allowed are {allowed}")
        elif level == depth and rest and not (ROOT / name.replace(".", "/")).is_dir():
            found.append(f"{'.' * level}{name} skips the __init__ of {first}")
    return found


@pytest.mark.parametrize("path", SOURCES)
def test_a_folder_imports_only_folders_to_its_left(path: str) -> None:
    allowed = ORDER[: ORDER.index(path.split("/")[0])]
    depth = len(Path(path).parts)
    assert faults((ROOT / path).read_text(), depth, [*allowed, *ROOT_NAMES]) == []


@pytest.mark.parametrize("path", TOP)
def test_the_program_uses_what_folders_export(path: str) -> None:
    allowed = [*ORDER, *ROOT_NAMES]
    assert faults((ROOT / path).read_text(), 1, allowed) == []


def test_the_root_imports_nothing() -> None:
    # pytest imports this file under the name of the checkout as well; whatever it imported would
    # then exist twice.
    assert list(imports(ast.parse((ROOT / "__init__.py").read_text()))) == []


@pytest.mark.parametrize(
    "statement",
    [
        "from ..pde import Poisson",
        "from .. import pde",
        "from ..formats.kernels import encode",
        "import bitpde.formats",
        "from bitpde.formats import Cast",
        "from formats import Cast",
        "from ...main import formats",
        "def late():\n    from ..validation import check",
    ],
)
def test_every_forbidden_import_is_seen(statement: str) -> None:
    assert len(faults(statement, 2, ["formats"])) == 1


@pytest.mark.parametrize(
    "statement", ["from ..formats import Cast", "from .tape import Tape", "import numpy as np"]
)
def test_a_lawful_import_is_no_fault(statement: str) -> None:
    assert faults(statement, 2, ["formats"]) == []
