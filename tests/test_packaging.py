"""What is installed is this checkout, whole, under one name, light to import, and no one else's.

The checkout is the package, so that a folder can be forgotten in ``pyproject.toml``, a file can
be imported under two names, and an old installation can be tested in place of the new one.
"""

import fnmatch
import importlib
import os
import pkgutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import bitpde

ROOT = Path(__file__).parents[1].resolve()
PACKAGE = Path(bitpde.__path__[0])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
PACKAGES: list[str] = SETUPTOOLS["packages"]
NOT_PACKAGED = {"tests", "docs", "examples", "benchmarks", "build", "dist", "runs"}


def folder(package: str) -> Path:
    """Return the folder of a package in the checkout."""
    return ROOT.joinpath(*package.split(".")[1:])


def sources(root: Path) -> dict[str, str]:
    """Return the text of every module of the packages found under ``root``, by relative path."""
    folders = (root.joinpath(*package.split(".")[1:]) for package in PACKAGES)
    files = (path for each in folders for path in each.glob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def test_every_folder_with_an_init_is_packaged() -> None:
    found = {"bitpde"}
    for top in ROOT.iterdir():
        if top.is_dir() and top.name.isidentifier() and top.name not in NOT_PACKAGED:
            inits = (path.parent.relative_to(ROOT) for path in top.rglob("__init__.py"))
            found |= {".".join(["bitpde", *path.parts]) for path in inits}
    assert sorted(PACKAGES) == sorted(found)


def test_no_module_lies_in_a_folder_without_an_init() -> None:
    lost = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES[1:]
        for path in folder(package).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    ]
    assert lost == []


def test_every_data_file_is_packaged() -> None:
    patterns: dict[str, list[str]] = SETUPTOOLS["package-data"]
    lost = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES[1:]
        for path in folder(package).iterdir()
        if path.is_file() and path.suffix not in {".py", ".pyc"}
        if not any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns.get(package, []))
    ]
    assert lost == []


def test_the_version_is_written_once_for_all() -> None:
    assert bitpde.__version__ == PROJECT["project"]["version"]
    assert f"\nversion: {bitpde.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_installed_package_is_this_checkout() -> None:
    installed, here = sources(PACKAGE), sources(ROOT)
    remedy = "the installed bitpde is not this checkout: remove build/ and install again"
    assert sorted(installed) == sorted(here), remedy
    assert [path for path in here if installed[path] != here[path]] == [], remedy


def test_no_module_has_two_names() -> None:
    for module in pkgutil.walk_packages(bitpde.__path__, "bitpde."):
        importlib.import_module(module.name)
    names: dict[str, set[str]] = {}
    for name, loaded in list(sys.modules.items()):
        file = getattr(loaded, "__file__", None)
        for home in (PACKAGE, ROOT):
            if file and Path(file).is_relative_to(home):
                names.setdefault(Path(file).relative_to(home).as_posix(), set()).add(name)
    ours = {path: names.get(path, set()) for path in sources(ROOT)}
    # pytest imports the root once more, as a folder above the tests; it holds a version, no more.
    del ours["__init__.py"]
    assert [path for path, given in ours.items() if len(given) != 1] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_folder_is_light(package: str) -> None:
    heavy = ["numba", "llvmlite", "matplotlib", "rich", "IPython"]
    script = f"import sys, {package}; print([m for m in {heavy} if m in sys.modules])"
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT.parent)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.install
def test_a_wheel_holds_bitpde_alone_and_lives_beside_py_pde(tmp_path: Path) -> None:
    # py-pde installs a package named pde; before ours was bitpde.pde the two overwrote each other.
    configuration = tmp_path / "dist.cfg"
    configuration.write_text(f"[build]\nbuild_base={tmp_path}\n[egg_info]\negg_base={tmp_path}\n")
    environment = {**os.environ, "DIST_EXTRA_CONFIG": str(configuration)}
    environment.pop("PYTHONPATH", None)

    def run(*command: object) -> str:
        words = [str(word) for word in command]
        done = subprocess.run(
            words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "pip", "wheel", ROOT, "--no-deps", "--wheel-dir", tmp_path)
    wheel = next(tmp_path.glob("bitpde-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name for name in files if name.endswith(".py")} == {
        f"bitpde/{path}" for path in sources(ROOT)
    }
    assert {name.split("/")[0] for name in files} == {"bitpde"}
    assert "bitpde/py.typed" in files

    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "py-pde", wheel)
    both = "import pde, bitpde.pde; print(pde.__name__, pde.UnitGrid([4]).shape)"
    assert run(python, "-c", both) == "pde (4,)\n"
    run(python, "-m", "pip", "uninstall", "-y", "py-pde")
    assert run(python, "-c", "import bitpde.pde; print('here')") == "here\n"
