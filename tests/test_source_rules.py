"""The rules that a reader of one file cannot see broken hold in every file.

Each rule is a function from a syntax tree to the lines that break it; the same function is run
over the package, where it must find nothing, and over a planted fault, where it must find it.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ["formats", "emu", "tt", "pde", "validation", "cli"]
LONGEST_FILE = 400
PACKAGE = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("*.py"),
        *(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")),
    ]
)
ALL = [*PACKAGE, *sorted(f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py"))]

Rule = Callable[[ast.AST], Iterator[int]]


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of every name that is used, imported or taken as an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names)


def fastmath(tree: ast.AST) -> Iterator[int]:
    """Yield where fastmath is anything but the constant False: it rearranges arithmetic."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "fastmath":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield node.value.lineno
        elif isinstance(node, ast.Constant) and node.value == "fastmath":
            yield node.lineno


def float_logarithm(tree: ast.AST) -> Iterator[int]:
    """Yield uses of log2 and log10: an exponent comes from bits or frexp, never from these."""
    yield from (line for line, name in names(tree) if name in {"log2", "log10"})


def any_logarithm(tree: ast.AST) -> Iterator[int]:
    """Yield uses of any logarithm: formats have no other use for one than an exponent."""
    yield from (line for line, name in names(tree) if name in {"log", "log1p", "log2", "log10"})


def assertion(tree: ast.AST) -> Iterator[int]:
    """Yield assert statements: they vanish under ``python -O``, errors do not."""
    yield from (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert))


def printing(tree: ast.AST) -> Iterator[int]:
    """Yield uses of print: a library is silent."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "print":
            yield node.lineno


def compiling(tree: ast.AST) -> Iterator[int]:
    """Yield uses of numba's compilers: ``kernel`` is the one door, with one set of flags."""
    doors = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil", "prange", "jitclass"}
    yield from (line for line, name in names(tree) if name in doors)


def numba_import(tree: ast.AST) -> Iterator[int]:
    """Yield imports of numba and llvmlite."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found = [node.module or ""]
        else:
            continue
        if any(name.split(".")[0] in {"numba", "llvmlite"} for name in found):
            yield node.lineno


def below(*folders: str) -> list[str]:
    """Return the files of these folders of the package."""
    return [path for path in PACKAGE if path.split("/")[0] in folders]


RULES: list[tuple[Rule, list[str]]] = [
    (fastmath, [path for path in ALL if path != "tests/test_source_rules.py"]),
    (any_logarithm, below("formats")),
    (float_logarithm, below("emu")),
    (assertion, PACKAGE),
    (printing, [path for path in PACKAGE if path.split("/")[0] != "cli"]),
    (compiling, [path for path in PACKAGE if path != "formats/jit.py"]),
    (numba_import, [path for path in PACKAGE if path.split("/")[0] not in {"formats", "emu"}]),
]

FAULTS: list[tuple[Rule, str]] = [
    (fastmath, "numba.njit(fastmath=True)(f)"),
    (fastmath, "numba.njit(fastmath={'nnan'})(f)"),
    (fastmath, "numba.njit(**{'fastmath': True})(f)"),
    (any_logarithm, "e = math.floor(math.log(x) / math.log(2))"),
    (float_logarithm, "e = np.floor(np.log2(x))"),
    (float_logarithm, "from math import log2"),
    (assertion, "def f(x):\n    assert x > 0"),
    (printing, "print('hello')"),
    (compiling, "from numba import njit"),
    (compiling, "@numba.vectorize\ndef f(x): ..."),
    (numba_import, "def f():\n    from numba.core import types"),
    (numba_import, "import llvmlite.ir as ir"),
]


@pytest.mark.parametrize(("rule", "files"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_file_keeps_the_rule(rule: Rule, files: list[str]) -> None:
    trees = ((path, ast.parse((ROOT / path).read_text())) for path in files)
    assert [f"{path}:{line}" for path, tree in trees for line in rule(tree)] == []


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_a_planted_fault_is_found(rule: Rule, fault: str) -> None:
    assert list(rule(ast.parse(fault)))


@pytest.mark.parametrize("rule", [rule for rule, _ in RULES], ids=lambda rule: rule.__name__)
def test_words_in_a_docstring_are_no_fault(rule: Rule) -> None:
    text = '"""No fastmath=True, log2, assert, print, njit or import numba here."""'
    assert list(rule(ast.parse(text))) == []


def test_no_file_is_too_long_to_read() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in ALL}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_nothing_is_left_to_do() -> None:
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    texts = {path: (ROOT / path).read_text() for path in ALL}
    assert [path for path, text in texts.items() if any(mark in text for mark in marks)] == []


def test_no_two_tests_files_share_a_name() -> None:
    stems = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(set(stems)) == sorted(stems)
    assert not list((ROOT / "tests").rglob("__init__.py"))
