"""A network between fields that is stopped anywhere and resumed is the one never stopped."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operator_runs import TRAIN, VALIDATION, tiny, waves

from bitpde.formats import set_thread_count
from bitpde.pde import CheckpointError, RunError
from bitpde.pde.operators import (
    OperatorMetrics,
    OperatorOutcome,
    OperatorRun,
    load_operator,
    parameters_digest,
    train_operator,
)

STEPS = 6
RUNS = [tiny(None, epochs=2), tiny("w4a8", epochs=2), tiny("w4a4", epochs=2)]
Whole = Callable[[OperatorRun], tuple[OperatorOutcome, Path]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The uninterrupted training of a run, on one thread, done when it is first asked for."""

    @cache
    def trained(run: OperatorRun) -> tuple[OperatorOutcome, Path]:
        folder = tmp_path_factory.mktemp("whole") / "run"
        set_thread_count(1)
        outcome = train_operator(run, TRAIN, folder, validation=VALIDATION)
        set_thread_count(None)
        return outcome, folder

    return trained


@pytest.fixture(autouse=True)
def _default_threads() -> Iterator[None]:
    yield
    set_thread_count(None)


@pytest.fixture
def copied(whole: Whole, tmp_path: Path) -> Path:
    """A folder of the finished training on 4 and 8 bits."""
    return Path(shutil.copytree(whole(RUNS[1])[1], tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def interrupted(run: OperatorRun, folder: Path, after: int, **options: Any) -> None:
    """Train until the callback of step ``after`` presses Ctrl-C."""

    def press(row: OperatorMetrics) -> None:
        if row.step == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_operator(run, TRAIN, folder, validation=VALIDATION, on_step=press, **options)


def assert_same(found: OperatorOutcome, want: OperatorOutcome) -> None:
    for ours, theirs in (
        (found.arrays, want.arrays),
        (dict(enumerate(found.state.optimizer.first)), dict(enumerate(want.state.optimizer.first))),
        (
            dict(enumerate(found.state.optimizer.second)),
            dict(enumerate(want.state.optimizer.second)),
        ),
        (dict(enumerate(found.quantization.names)), dict(enumerate(want.quantization.names))),
    ):
        assert list(ours) == list(theirs)
        for a, b in zip(ours.values(), theirs.values(), strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    assert found.quantization.quantizers == want.quantization.quantizers
    assert (found.state.step, found.state.ledger) == (want.state.step, want.state.ledger)
    assert found.history == want.history


@pytest.mark.parametrize("run", RUNS[:2], ids=["float", "w4a8"])
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.integers(0, STEPS - 1),
    second=st.integers(0, STEPS - 1),
    threads=st.tuples(*[st.sampled_from([1, 2])] * 3),
    every=st.integers(1, STEPS),
)
def test_two_interruptions_leave_no_trace(
    run: OperatorRun,
    whole: Whole,
    tmp_path: Path,
    first: int,
    second: int,
    threads: tuple[int, int, int],
    every: int,
) -> None:
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    set_thread_count(threads[0])
    interrupted(run, folder, first, checkpoint_every=every)
    set_thread_count(threads[1])
    if second > first:
        interrupted(run, folder, second, resume=True, checkpoint_every=every)
    set_thread_count(threads[2])
    found = train_operator(run, TRAIN, folder, validation=VALIDATION, resume=True)
    want, other = whole(run)
    assert_same(found, want)
    assert_same(load_operator(folder), want)
    for name in ("metrics.csv", "config.json", "quantizers.npz"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize("after", [0, 3])
def test_an_interruption_keeps_every_finished_step(after: int, tmp_path: Path) -> None:
    interrupted(RUNS[0], tmp_path / "run", after)
    assert load_operator(tmp_path / "run").state.step == after + 1


@pytest.mark.parametrize("torn", ["", "6,0.1,0.", "garbage\n\x00\n"])
def test_a_process_that_was_killed_is_resumed_from_its_last_checkpoint(
    torn: str, whole: Whole, tmp_path: Path
) -> None:
    # What a kill at step 5 leaves on the disk: the checkpoint of step 4, the rows before it and
    # perhaps some beyond it, the last one torn.
    run, folder, snapshot = RUNS[1], tmp_path / "run", tmp_path / "snapshot"

    def copy(row: OperatorMetrics) -> None:
        if row.step == 5:
            shutil.copytree(folder, snapshot)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_operator(run, TRAIN, folder, validation=VALIDATION, on_step=copy, checkpoint_every=4)
    if torn:
        rows = (folder / "metrics.csv").read_bytes()
        (snapshot / "metrics.csv").write_bytes(rows + torn.encode())
    seen: list[int] = []
    found = train_operator(
        run, TRAIN, snapshot, validation=VALIDATION, resume=True,
        on_step=lambda row: seen.append(row.step),
    )  # fmt: skip
    assert seen == list(range(4, STEPS))
    assert_same(found, whole(run)[0])


@pytest.mark.parametrize("name", ["quantizers.npz", "checkpoint.npz"])
def test_a_kill_before_the_first_step_costs_nothing(name: str, whole: Whole, copied: Path) -> None:
    # A folder that was claimed, with or without its first ranges.
    for path in copied.iterdir():
        if path.name not in ("config.json", "quantizers.npz") or path.name == name:
            path.unlink()
    found = train_operator(RUNS[1], TRAIN, copied, validation=VALIDATION, resume=True)
    assert_same(found, whole(RUNS[1])[0])


def test_resuming_a_finished_run_changes_nothing(whole: Whole, copied: Path) -> None:
    def never(row: OperatorMetrics) -> None:
        pytest.fail(f"step {row.step} was taken again")

    before = contents(copied)
    found = train_operator(
        RUNS[1], TRAIN, copied, validation=VALIDATION, resume=True, on_step=never
    )
    assert_same(found, whole(RUNS[1])[0])
    assert contents(copied) == before


def test_without_a_folder_or_validation_the_parameters_are_the_same(whole: Whole) -> None:
    want, _ = whole(RUNS[1])
    found = train_operator(RUNS[1], TRAIN, None)
    assert all(row.validation is None for row in found.history)
    rows = tuple(replace(row, validation=None) for row in want.history)
    assert_same(found, replace(want, history=rows))


START = parameters_digest(train_operator(tiny(), TRAIN, None).parameters)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: {"run": replace(RUNS[1], seed=1)}, r"another run \(run\.seed was 0, is 1\)"),
        (lambda: {"run": RUNS[2]}, r"run\.plan\.activation_bits was 8, is 4"),
        (lambda: {"validation": waves(3, seed=2)}, r"another run \(validation was \"[0-9a-f]+"),
        (lambda: {"validation": None}, r"another run \(validation was .* is null\)"),
        (lambda: {"train": waves(10, seed=3)}, r"one on the samples [0-9a-f]{12}, these are"),
        (lambda: {"resume": False}, "already exists and is not empty"),
        (lambda: {"start": {}}, "a run that draws its own: give OperatorRun.start"),
        (lambda: {"run": replace(RUNS[1], start=START)}, "begins with the parameters"),
    ],
)
def test_other_runs_samples_and_parameters_are_refused_and_nothing_is_touched(
    change: Callable[[], dict[str, Any]], said: str, copied: Path
) -> None:
    before = contents(copied)
    words: dict[str, Any] = {
        "run": RUNS[1], "train": TRAIN, "validation": VALIDATION, "resume": True, **change(),
    }  # fmt: skip
    with pytest.raises(RunError, match=said):
        train_operator(words.pop("run"), words.pop("train"), copied, **words)
    assert contents(copied) == before


@pytest.mark.parametrize("name", ["quantizers.npz", "checkpoint.npz", "metrics.csv"])
def test_a_damaged_file_is_refused_and_nothing_is_touched(name: str, copied: Path) -> None:
    path = copied / name
    path.write_bytes(path.read_bytes()[:-40])
    before = contents(copied)
    with pytest.raises(CheckpointError, match=name):
        train_operator(RUNS[1], TRAIN, copied, validation=VALIDATION, resume=True)
    with pytest.raises(CheckpointError, match=name):
        load_operator(copied)
    assert contents(copied) == before


def test_the_ranges_of_another_run_are_refused(whole: Whole, copied: Path) -> None:
    shutil.copy(whole(RUNS[2])[1] / "quantizers.npz", copied)
    with pytest.raises(CheckpointError, match=r"quantizers\.npz belongs to another run"):
        load_operator(copied)


@pytest.mark.parametrize("text", [None, "[]", "{}", '{"run": {}}', '{"run": {"kind": "Run"}}'])
def test_a_folder_without_a_run_is_refused(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(RunError):
        load_operator(tmp_path)
