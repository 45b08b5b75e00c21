"""The machine code that runs is compiled from the sources that are there.

numba alone gets this wrong: it keeps the code of a function until the file of *that function*
changes, though a helper from another file is compiled into it.  So here a small project is
written to disk, with our decorator and kernels in two folders, and run in fresh processes.
"""

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bitpde.formats import jit, jit_cache, jit_files

LOW = """
from .jit import kernel

@kernel
def step(x):
    return x + 1
"""
HIGH = """
from ..formats.jit import kernel
from ..formats.low import step

@kernel
def twice(x):
    return step(step(x))
"""
SCRIPT = """
import sys
from skeleton.emu.high import twice
result = twice(40) if len(sys.argv) < 2 else twice(float(sys.argv[1]))
stats = getattr(twice, "stats", None)
print(result, sum(stats.cache_hits.values()) if stats else "interpreted")
"""


class Project:
    """A project of two kernel files, each run of which is a new process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "skeleton"
        files = {"formats/low.py": LOW, "emu/high.py": HIGH}
        for name in ("", "formats/", "emu/"):
            files[f"{name}__init__.py"] = ""
        for module in (jit, jit_cache, jit_files):
            source = Path(str(module.__file__))
            files[f"formats/{source.name}"] = source.read_text()
        for name, text in files.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Write a source file of the project."""
        path = self.package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *arguments: str, **variables: str) -> str:
        """Return what a new process prints: the result, and how often the cache was hit."""
        ours = {"NUMBA_CACHE_DIR": str(self.folder / "cache"), "PYTHONPATH": str(self.folder)}
        unwanted = ("NUMBA_DISABLE_JIT", "XDG_CACHE_HOME")
        inherited = {name: value for name, value in os.environ.items() if name not in unwanted}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-B", "-c", SCRIPT, *arguments],
            env={**inherited, **ours, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def digests(self) -> list[Path]:
        """Return the folders of machine code that exist."""
        return sorted(self.folder.glob("cache/bitpde/*"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_an_edited_helper_is_seen_by_its_callers_in_other_files(project: Project) -> None:
    assert project.run() == "42 0"
    assert project.run() == "42 1"
    project.write("formats/low.py", LOW.replace("x + 1", "x + 2"))
    assert project.run() == "44 0"
    assert project.run() == "44 1"
    project.write("formats/low.py", LOW)
    assert project.run() == "42 1"
    assert len(project.digests()) == 2


def test_two_processes_that_compile_at_once_do_not_take_each_others_code(project: Project) -> None:
    # Both find an empty index; the one that is first to write the index is the last to write code.
    assert project.run("0.5") == "2.5 0"
    indices = {path: path.read_bytes() for path in project.folder.rglob("*.nbi")}
    for path in project.folder.rglob("*.nb[ic]"):
        path.unlink()
    assert project.run() == "42 0"
    for path, index in indices.items():
        path.write_bytes(index)
    assert project.run("0.5") == "2.5 0"
    assert project.run("0.5") == "2.5 1"


def test_the_same_lines_run_without_the_compiler(project: Project) -> None:
    assert project.run(NUMBA_DISABLE_JIT="1") == "42 interpreted"
    assert project.digests() == []


def test_machine_code_stays_out_of_the_sources(project: Project) -> None:
    project.run()
    assert [path for path in project.package.rglob("*") if path.suffix in {".nbi", ".nbc"}] == []


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": "relative"}])
def test_a_place_that_cannot_be_written_is_passed_over(
    project: Project, variables: dict[str, str]
) -> None:
    blocked = project.folder / "file"
    blocked.write_text("a file, where a folder would be needed")
    temporary = project.folder / "temporary"
    temporary.mkdir()
    places = {"NUMBA_CACHE_DIR": "", "HOME": str(blocked), "TMPDIR": str(temporary), **variables}
    assert project.run(**places) == "42 0"
    assert project.run(**places) == "42 1"
    (private,) = temporary.glob("bitpde-*")
    assert private.stat().st_mode & 0o077 == 0


def test_a_temporary_folder_that_others_can_write_is_not_trusted(project: Project) -> None:
    blocked = project.folder / "file"
    blocked.write_text("a file, where a folder would be needed")
    temporary = project.folder / "temporary"
    shared = temporary / f"bitpde-{os.getuid()}"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    places = {"NUMBA_CACHE_DIR": str(blocked), "TMPDIR": str(temporary)}
    assert project.run(**places) == "42 0"
    assert project.run(**places) == "42 0"
    assert list(shared.iterdir()) == []


def test_the_choice_of_the_user_is_put_back() -> None:
    config: Any = importlib.import_module("numba.core.config")

    def increment(x: int) -> int:
        return x + 1

    before = config.CACHE_DIR
    assert jit.kernel(increment)(41) == 42
    assert config.CACHE_DIR == before


@pytest.mark.parametrize(("today", "kept"), [(1, "abc"), (5, "abcde")])
def test_only_old_digests_beyond_the_last_few_are_swept(
    project: Project, today: int, kept: str
) -> None:
    # With the digest in use, four stay in any case, and whatever was used within a day.
    cache = project.folder / "cache" / "bitpde"
    for age, name in enumerate("abcdef"):
        folder = cache / (name * 16)
        folder.mkdir(parents=True)
        used = time.time() - (60 * age if age < today else 24 * 3600 * (age + 1))
        os.utime(folder, (used, used))
    project.run()
    assert [path.name[0] for path in project.digests() if len(set(path.name)) == 1] == list(kept)
    assert len(project.digests()) == len(kept) + 1
