"""A generation that is killed loses what was in flight, and no byte of the finished file tells."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_families import KILL, Warmth

from bitpde.pde import RunError
from bitpde.pde.data import Counts, DataError, Trajectory, generate, open_dataset
from bitpde.pde.data.dataset_file import DatasetFile
from bitpde.pde.data.generate import spread

h5py = pytest.importorskip("h5py")
COUNTS = Counts(train=4, validation=1, test=2)
ROOT = Path(__file__).parents[1]
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from bitpde.pde.data import Counts, generate
from data_families import Warmth
generate(Warmth(), Path(sys.argv[1]), Counts(train=4, validation=1, test=2), seed=3, workers=1)
"""


def generated(path: Path, family: Warmth | None = None, **options: Any) -> bytes:
    settings: dict[str, Any] = {"seed": 3, "workers": 1} | options
    generate(family or Warmth(), path, COUNTS, **settings)
    return path.read_bytes()


def killed(path: Path, number: int) -> subprocess.CompletedProcess[str]:
    """Generate in a process that kills itself at an instance."""
    folders = (ROOT.parent, Path(__file__).parent)
    environment = {"PYTHONPATH": os.pathsep.join(map(str, folders)), KILL: str(number)}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)],
        env={**os.environ, **environment},
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def done(path: Path) -> list[bool]:
    with h5py.File(path) as file:
        return [bool(each) for each in file["done"][()]]


def test_a_process_killed_at_an_instance_keeps_those_before_and_the_file_ends_the_same(
    tmp_path: Path,
) -> None:
    whole = generated(tmp_path / "whole.h5")
    broken = tmp_path / "broken.h5"
    assert killed(broken, 4).returncode == -signal.SIGKILL
    assert done(broken) == [True] * 4 + [False] * 3
    with pytest.raises(DataError, match="4 of 7 instances are done: generate with the same"):
        open_dataset(broken)
    assert generated(broken) == whole


def test_workers_give_the_same_bytes_and_a_worker_that_is_killed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = generated(tmp_path / "whole.h5")
    broken = tmp_path / "broken.h5"
    monkeypatch.setenv(KILL, "6")
    with pytest.raises(DataError, match=r"was ended from outside.* with fewer workers"):
        generated(broken, workers=2)
    monkeypatch.delenv(KILL)
    assert sum(done(broken)) >= 3  # two are stored before the two workers are given the last
    assert not done(broken)[6]
    assert generated(broken) == whole


def test_instances_that_are_done_are_not_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with pytest.raises(DataError, match=r"^2 of 7 instances failed \(2, 6\); instance 2: "):
        generated(path, Warmth(fails=(2, 6)))
    assert done(path) == [True, True, False, True, True, True, False]
    seen: list[tuple[int, int]] = []
    with pytest.raises(DataError, match="2 of 7"):
        generated(path, Warmth(fails=(2, 6)), on_instance=lambda *each: seen.append(each))
    assert seen == []


def test_progress_counts_every_instance_once(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    generated(tmp_path / "data.h5", on_instance=lambda *each: seen.append(each))
    assert seen == [(k, 7) for k in range(1, 8)]


def test_nothing_is_marked_before_its_numbers_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, states = DatasetFile._settle, []

    def observed(self: DatasetFile) -> None:
        settle(self)
        file = self._file
        marked = file["done"][()]
        written = [bool(np.isfinite(n)) for n in file["parameters/amplitude"][()]]
        states.append((marked.tolist(), written, [bool(v.any()) for v in file["values"][()]]))

    monkeypatch.setattr(DatasetFile, "_settle", observed)
    generated(tmp_path / "data.h5")
    assert len(states) == 2 * COUNTS.total + 1
    for k, (marked, written, values) in enumerate(states[:-1]):
        assert sum(marked) == (k + 1) // 2
        assert sum(written) == sum(values) == k // 2 + 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 4}, r"\(seed was 3, is 4\)"),
        ({"dtype": "float64"}, r'\(dtype was "float32", is "float64"\)'),
        ({"family": Warmth(points=8)}, r"\(family.points was 6, is 8\)"),
    ],
)
def test_a_file_of_other_data_is_refused_with_the_difference(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    before = generated(tmp_path / "data.h5")
    with pytest.raises(DataError, match=said):
        generated(tmp_path / "data.h5", **changes)
    with pytest.raises(DataError, match=r"counts.validation was 1, is 2; counts.test was 2, i"):
        generate(
            Warmth(), tmp_path / "data.h5", Counts(train=4, validation=2, test=1), seed=3, workers=1
        )
    assert (tmp_path / "data.h5").read_bytes() == before


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["tensor"] = np.zeros((2, 3, 4))
    before = path.read_bytes()
    with pytest.raises(DataError, match="is no file of generated data: choose another"):
        generated(path)
    assert path.read_bytes() == before
    path.write_text("hello")
    with pytest.raises(DataError, match="cannot be opened as HDF5"):
        generated(path)


def test_a_finished_file_is_left_as_it_is(tmp_path: Path) -> None:
    assert generated(tmp_path / "data.h5") == generated(tmp_path / "data.h5")


def test_an_instance_0_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^instance 0 failed: "):
        generated(tmp_path / "data.h5", Warmth(fails=(0,)))
    assert list(tmp_path.iterdir()) == []


def _longer(trajectory: Trajectory) -> Trajectory:
    return Warmth(points=7).instance(3, 3)


def _named(trajectory: Trajectory) -> Trajectory:
    return replace(trajectory, parameters={**trajectory.parameters, "phase": 0.5})


@pytest.mark.parametrize(
    ("change", "said"),
    [(_longer, "has other times, points or channels than"), (_named, "instance 0 has no phase")],
)
def test_an_instance_with_a_grid_or_names_of_its_own_is_refused(
    change: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Warmth.instance

    def odd(self: Warmth, seed: int, number: int) -> Trajectory:
        found = plain(self, seed, number)
        return change(found) if (number, self.points) == (3, 6) else found

    monkeypatch.setattr(Warmth, "instance", odd)
    with pytest.raises(DataError, match=rf"1 of 7 instances failed \(3\).* {said}"):
        generated(tmp_path / "data.h5")
    assert done(tmp_path / "data.h5")[3] is False


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"workers": 0}, "workers is 0"),
        ({"seed": -1}, "the seed of a data set is -1"),
        ({"certified": 0}, "certified is 0"),
        ({"dtype": "float16"}, "dtype is 'float16': choose float32 or float64"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=said):
        generated(tmp_path / "data.h5", **changes)
    assert list(tmp_path.iterdir()) == []


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generated(tmp_path / "data.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    for use in (lambda: generated(tmp_path / "b.h5"), lambda: open_dataset(tmp_path / "data.h5")):
        with pytest.raises(RunError, match=r"h5py is not installed: run pip install 'bitpde\[data"):
            use()


def test_certified_instances_are_spread_from_the_first_to_the_last() -> None:
    for total in range(1, 30):
        for count in range(1, 6):
            numbers = spread(total, count)
            assert len(numbers) == min(total, count) == len(set(numbers))
            assert numbers[0] == 0
            assert numbers[-1] == (total - 1 if count > 1 else 0)
