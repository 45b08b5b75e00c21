"""A damaged or foreign checkpoint is refused by name, and the files on disk stay as they are."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitpde.emu import preset
from bitpde.pde import (
    MLP,
    CheckpointError,
    Poisson,
    Run,
    State,
    initial_state,
    load_checkpoint,
    save_checkpoint,
    train,
    training_step,
)

RUN = Run(
    problem=Poisson(),
    datapath=preset("fp32"),
    network=MLP(widths=(2, 4, 1)),
    steps=6,
    domain_points=3,
    condition_points=3,
    test_points=10,
)
DIGEST = RUN.digest()
NAME, PREVIOUS = "checkpoint.npz", "checkpoint.previous.npz"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    train(RUN, folder, checkpoint_every=2)
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def load(folder: Path) -> State:
    return load_checkpoint(folder, DIGEST, RUN.datapath.dtype)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def same(first: State, second: State) -> bool:
    arrays = [
        [a.tobytes() for a in (*s.parameters, *s.optimizer.first, *s.optimizer.second)]
        for s in (first, second)
    ]
    return arrays[0] == arrays[1] and (first.step, first.ledger) == (second.step, second.ledger)


def assert_refused(folder: Path, reason: str) -> None:
    before = contents(folder)
    with pytest.raises(CheckpointError, match=reason) as caught:
        train(RUN, folder, resume=True)
    assert str(folder / NAME) in str(caught.value)
    assert str(folder / PREVIOUS) in str(caught.value)
    assert contents(folder) == before


def test_a_state_survives_its_file(folder: Path) -> None:
    state, _ = training_step(RUN, initial_state(RUN))
    save_checkpoint(folder, state, DIGEST)
    assert same(load(folder), state)


def test_the_file_before_is_kept(folder: Path) -> None:
    before = (folder / NAME).read_bytes()
    save_checkpoint(folder, initial_state(RUN), DIGEST)
    assert (folder / PREVIOUS).read_bytes() == before
    assert sorted(contents(folder)) == [NAME, PREVIOUS, "config.json", "metrics.csv"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(folder: Path, data: st.DataObject) -> None:
    # A few bytes of a zip archive, such as its time stamps, carry no content.
    path, whole = folder / NAME, (folder / PREVIOUS).read_bytes()
    path.write_bytes(whole)
    want = load(folder)
    at = data.draw(st.integers(0, len(whole) - 1))
    bits = data.draw(st.integers(1, 255))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
    with contextlib.suppress(CheckpointError):
        assert same(load(folder), want)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_truncated_file_is_refused(folder: Path, data: st.DataObject) -> None:
    whole = (folder / PREVIOUS).read_bytes()
    (folder / NAME).write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(CheckpointError, match=r"cannot be read|is damaged"):
        load(folder)


@pytest.mark.parametrize("garbage", [b"", b"not a zip", b"\x80\x04K\x01.", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_archive_is_refused(garbage: bytes, folder: Path) -> None:
    (folder / NAME).write_bytes(garbage)
    assert_refused(folder, "cannot be read")


def test_a_missing_checkpoint_is_refused(folder: Path) -> None:
    (folder / NAME).unlink()
    assert_refused(folder, "cannot be read")


def forge(folder: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    """Rewrite the checkpoint with other contents under a checksum that is right."""
    from bitpde.pde.archive import contents_digest

    with np.load(folder / NAME, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "sha256"}
    change(arrays)
    with (folder / NAME).open("wb") as file:
        np.savez(file, sha256=np.array(contents_digest(arrays)), **arrays)


@pytest.mark.parametrize("name", ["parameter_0", "first_3", "second_2"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_refused(name: str, value: float, folder: Path) -> None:
    def poison(arrays: dict[str, np.ndarray]) -> None:
        arrays[name].flat[0] = value

    forge(folder, poison)
    assert_refused(folder, "not finite")


def test_contents_that_do_not_match_their_checksum_are_refused(folder: Path) -> None:
    # A whole archive, its own checks in order, with one number that is not the one saved.
    with np.load(folder / NAME, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays["parameter_2"][0, 0] += 1
    with (folder / NAME).open("wb") as file:
        np.savez(file, **arrays)
    assert_refused(folder, "is damaged: its contents do not match its checksum")


def test_another_number_type_is_refused(folder: Path) -> None:
    def widen(arrays: dict[str, np.ndarray]) -> None:
        arrays["parameter_1"] = arrays["parameter_1"].astype(np.float64)

    forge(folder, widen)
    assert_refused(folder, "float64 where the datapath has float32")


@pytest.mark.parametrize("entry", ["first_1", "facts"])
def test_a_missing_entry_is_refused(entry: str, folder: Path) -> None:
    def drop(arrays: dict[str, np.ndarray]) -> None:
        del arrays[entry]

    forge(folder, drop)
    assert_refused(folder, "cannot be read")


def test_the_checkpoint_of_another_run_is_refused(folder: Path) -> None:
    def disown(arrays: dict[str, np.ndarray]) -> None:
        facts = {**json.loads(str(arrays["facts"])), "run": "0" * 64}
        arrays["facts"] = np.array(json.dumps(facts))

    forge(folder, disown)
    assert_refused(folder, rf"belongs to the run 000000000000, not to {DIGEST[:12]}")


def test_the_previous_checkpoint_takes_its_place(folder: Path, trained: Path) -> None:
    # The remedy the error names: rename, resume, and the run ends where it would have.
    (folder / NAME).write_bytes(b"torn")
    (folder / PREVIOUS).rename(folder / NAME)
    assert load(folder).step < RUN.steps
    result = train(RUN, folder, resume=True)
    assert same(result.state, load(trained))


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_checkpoint_as_it_was(
    broken: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    before = (folder / NAME).read_bytes()
    monkeypatch.setattr(os if broken == "fsync" else Path, broken, fail)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(folder, initial_state(RUN), DIGEST)
    monkeypatch.undo()
    assert (folder / NAME).read_bytes() == before
    assert load(folder).step == RUN.steps
    assert not [path for path in folder.iterdir() if path.suffix == ".partial"]
