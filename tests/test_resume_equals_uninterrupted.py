"""A training stopped anywhere and resumed, on any number of threads, is the one never stopped."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitpde.emu import preset
from bitpde.formats import set_thread_count
from bitpde.pde import (
    MLP,
    CheckpointError,
    Estimator,
    Linear,
    Metrics,
    Poisson,
    Result,
    Run,
    RunError,
    SteinGaussHermite,
    SteinMonteCarlo,
    TrainingError,
    train,
)

STEPS = 9


def tiny(datapath: str, estimator: Estimator) -> Run:
    return Run(
        problem=Poisson(),
        datapath=preset(datapath),
        engine=estimator,
        network=MLP(widths=(2, 9, 6, 1)),
        steps=STEPS,
        domain_points=5,
        condition_points=3,
        test_points=40,
    )


RUNS = [tiny("smx8", SteinGaussHermite()), tiny("fp32", SteinMonteCarlo(pairs=2))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Result, Path]]:
    """The uninterrupted trainings, on one thread."""
    results = {}
    set_thread_count(1)
    for run in RUNS:
        folder = tmp_path_factory.mktemp("whole") / "run"
        results[run.digest()] = train(run, folder), folder
    set_thread_count(None)
    return results


@pytest.fixture(autouse=True)
def _default_threads() -> Iterator[None]:
    yield
    set_thread_count(None)


def interrupted(run: Run, folder: Path, after: int, **options: int | bool) -> None:
    """Train until the callback of step ``after`` presses Ctrl-C."""

    def press(row: Metrics) -> None:
        if row.step == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(run, folder, on_step=press, **options)  # type: ignore[arg-type]


def assert_same(result: Result, folder: Path, want: tuple[Result, Path]) -> None:
    state, other = result.state, want[0].state
    for ours, theirs in (
        (state.parameters, other.parameters),
        (state.optimizer.first, other.optimizer.first),
        (state.optimizer.second, other.optimizer.second),
    ):
        assert [a.tobytes() for a in ours] == [b.tobytes() for b in theirs]
        assert [(a.shape, a.dtype) for a in ours] == [(b.shape, b.dtype) for b in theirs]
    assert (state.step, state.ledger) == (other.step, other.ledger)
    assert result.history == want[0].history
    for name in ("metrics.csv", "config.json"):
        assert (folder / name).read_bytes() == (want[1] / name).read_bytes()


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.datapath.name)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.integers(0, STEPS - 1),
    second=st.integers(0, STEPS - 1),
    threads=st.tuples(*[st.sampled_from([1, 2])] * 3),
    every=st.integers(1, STEPS),
)
def test_two_interruptions_leave_no_trace(
    run: Run,
    whole: dict[str, tuple[Result, Path]],
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
    result = train(run, folder, resume=True, checkpoint_every=every)
    assert_same(result, folder, whole[run.digest()])


@pytest.mark.parametrize("torn", ["", "6,0.1,0.", "garbage\n\x00\n"])
def test_a_process_that_was_killed_is_resumed_from_its_last_checkpoint(
    torn: str, whole: dict[str, tuple[Result, Path]], tmp_path: Path
) -> None:
    # What a kill at step 5 leaves on the disk: the checkpoint of step 4, the rows before it and
    # perhaps some beyond it, the last one torn.
    run, folder, snapshot = RUNS[0], tmp_path / "run", tmp_path / "snapshot"

    def copy(row: Metrics) -> None:
        if row.step == 5:
            shutil.copytree(folder, snapshot)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(run, folder, on_step=copy, checkpoint_every=4)
    if torn:
        rows = (folder / "metrics.csv").read_bytes()
        (snapshot / "metrics.csv").write_bytes(rows + torn.encode())
    seen: list[int] = []
    result = train(run, snapshot, resume=True, on_step=lambda row: seen.append(row.step))
    assert seen == list(range(4, STEPS))
    assert_same(result, snapshot, whole[run.digest()])


def test_the_counts_of_a_run_add_up(whole: dict[str, tuple[Result, Path]]) -> None:
    # Every step codes the same shapes, and codes as many numbers as the first one did.
    history = whole[RUNS[0].digest()][0].history
    first = history[0].quantizations
    assert first > 0
    assert [row.quantizations for row in history] == [first * (k + 1) for k in range(STEPS)]
    assert whole[RUNS[0].digest()][0].state.ledger.quantizations == first * STEPS


def test_resuming_a_finished_run_changes_nothing(
    whole: dict[str, tuple[Result, Path]], tmp_path: Path
) -> None:
    run = RUNS[0]
    folder = Path(shutil.copytree(whole[run.digest()][1], tmp_path / "run"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def never(row: Metrics) -> None:
        pytest.fail(f"step {row.step} was taken again")

    assert_same(train(run, folder, resume=True, on_step=never), folder, whole[run.digest()])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_resuming_where_nothing_is_starts_the_run(
    whole: dict[str, tuple[Result, Path]], tmp_path: Path
) -> None:
    run, folder = RUNS[0], tmp_path / "run"
    assert_same(train(run, folder, resume=True), folder, whole[run.digest()])


@pytest.mark.parametrize("change", ["steps", "seed"])
def test_another_run_is_not_resumed_and_nothing_is_touched(
    change: str, whole: dict[str, tuple[Result, Path]], tmp_path: Path
) -> None:
    run = RUNS[0]
    folder = Path(shutil.copytree(whole[run.digest()][1], tmp_path / "run"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = Run.from_json({**run.to_json(), change: getattr(run, change) + 1})
    with pytest.raises(RunError, match=rf"another run \({change} was \d+, is \d+\): resume with"):
        train(other, folder, resume=True)
    with pytest.raises(RunError, match="already exists and is not empty: choose another folder"):
        train(run, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_table_shorter_than_its_checkpoint_is_refused(
    whole: dict[str, tuple[Result, Path]], tmp_path: Path
) -> None:
    run = RUNS[0]
    folder = Path(shutil.copytree(whole[run.digest()][1], tmp_path / "run"))
    table = folder / "metrics.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(CheckpointError, match=r"metrics\.csv does not hold the 9 steps"):
        train(run, folder, resume=True)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (1e38, "the weight of layer 1 is not finite at step 0: lower"),
        (1e30, "the loss is not finite at step 1: lower"),
        (2e17, "the second moment of the weight of layer 3 is not finite at step 1: lower"),
    ],
)
def test_a_number_that_is_not_finite_stops_the_run_and_keeps_the_last_state(
    rate: float, said: str, tmp_path: Path
) -> None:
    # A first step of 1e38 times a gradient above 3.4 overflows float32; parameters of 1e30 do so
    # in the square of the residual, one step later; those of 2e17 in the square of a gradient.
    fields = {**RUNS[1].to_json(), "schedule": Linear(initial=rate).to_json()}
    run, folder = Run.from_json(fields), tmp_path / "run"
    for resume in (False, True):
        with pytest.raises(TrainingError, match=said):
            train(run, folder, resume=resume)
        rows = (folder / "metrics.csv").read_text().splitlines()
        assert f"at step {len(rows) - 1}:" in said
