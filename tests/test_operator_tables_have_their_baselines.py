"""A trained network stands beside what needs none, on the grid of the data and in its units."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_families import Warmth
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_runs import TRAIN, tiny, waves

from bitpde.pde import Linear, RunError
from bitpde.pde.data import FAMILIES, Dataset
from bitpde.pde.operators import (
    MODELS,
    OPERATOR_TITLES,
    Comparison,
    OperatorRun,
    Pairs,
    Reduction,
    Samples,
    Splits,
    baselines,
    compare,
    is_periodic,
    one_step,
    operator_errors,
    operator_named,
    operator_row,
    parameters_digest,
    plot_comparison,
    reduced,
    relative_l2,
    rollout_error,
)
from bitpde.pde.operators.plot import middle_sample
from bitpde.pde.qat import Plan

Array = np.ndarray[Any, Any]
FINE = {name: waves(count, seed, 32) for seed, (name, count) in enumerate(
    {"train": 8, "validation": 2, "test": 5}.items()
)}  # fmt: skip
SPLITS = Splits(**FINE, steps=1)
HALF = Reduction(factor=2, periodic=True)


def random_samples(rng: np.random.Generator, count: int, cells: int, noise: float) -> Samples:
    x = rng.standard_normal((count, cells, 2))
    w = rng.standard_normal((2 * cells, cells))
    y = x.reshape(count, -1) @ w + 3 + noise * rng.standard_normal((count, cells))
    return Samples(inputs=x, targets=y[..., None])


@given(seed=st.integers(0, 2**32), count=st.integers(3, 30), noise=st.sampled_from([0, 0.1, 10]))
@settings(max_examples=15)
def test_ridge_is_the_penalized_least_squares_of_cross_validation(
    seed: int, count: int, noise: float
) -> None:
    # The same by its definition: the weights of every penalty, and the explicit matrix H.
    rng = np.random.default_rng(seed)
    train, cells = random_samples(rng, count, 4, noise), 4
    x, y = (each.reshape(count, -1) for each in (train.inputs, train.targets))
    means = x.mean(axis=0), y.mean(axis=0)
    x, y = x - means[0], y - means[1]
    scale = np.trace(x @ x.T) / count
    scores, weights = [], []
    for power in range(-12, 13):
        penalty = scale * 10.0**power
        w = np.linalg.solve(x.T @ x + penalty * np.eye(2 * cells), x.T @ y)
        h = x @ np.linalg.solve(x.T @ x + penalty * np.eye(2 * cells), x.T)
        free = count - 1 - np.trace(h)
        scores.append(((y - x @ w) ** 2).sum() / free**2)
        weights.append(w)
    shown = rng.standard_normal((5, cells, 2))
    found = baselines(train, in_time=False)["ridge"](shown)
    answers = [(shown.reshape(5, -1) - means[0]) @ w + means[1] for w in weights]
    gaps = [np.abs(found[..., 0] - answer).max() for answer in answers]
    nearest = int(np.argmin(gaps))
    # Matrices of condition 1e12 leave a part in 1e4 of the weights; scores in which penalties
    # differ by less than that are one score.
    assert gaps[nearest] <= 1e-3 * np.abs(answers[nearest]).max()
    if noise:
        assert scores[nearest] <= min(scores) * (1 + 1e-3)


def test_a_linear_map_is_found() -> None:
    rng = np.random.default_rng(0)
    whole = random_samples(rng, 60, 4, 0.0)
    train, test = whole.take(slice(0, 40)), whole.take(slice(40, 60))
    found = baselines(train, in_time=False)
    assert list(found) == ["mean", "ridge"]
    # A penalty of 1e-12 of the mean eigenvalue moves weights by as much, times the condition.
    assert relative_l2(found["ridge"](test.inputs), test.targets).max() < 1e-9
    assert (found["mean"](test.inputs) == train.targets.mean(axis=0)).all()


def test_persistence_is_the_last_frame() -> None:
    values = np.arange(2 * 5 * 4 * 2, dtype=float).reshape(2, 5, 4, 2)
    samples = one_step(values, inputs=3)
    guess = baselines(samples, in_time=True)["persistence"](samples.inputs)
    assert (guess == np.concatenate([values[0, 2:4], values[1, 2:4]])).all()


def test_many_samples_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(baselines.__globals__, "MOST_SAMPLES", 8)
    whole = random_samples(np.random.default_rng(0), 15, 2, 0.5)
    half = whole.take(np.arange(0, 15, 2))
    found, want = (baselines(each, in_time=False)["ridge"] for each in (whole, half))
    assert (found(whole.inputs) == want(whole.inputs)).all()


def test_a_row_has_the_errors_of_its_predictions() -> None:
    test = waves(5, cells=16)
    predicted = test.targets + np.random.default_rng(0).standard_normal(test.targets.shape)
    row = operator_row("some", predicted, test, seconds=2.0)
    want = operator_errors(predicted[:, None], test.targets[:, None])
    assert repr(row.errors) == repr(want)  # NaN does not equal itself
    assert row.relative == relative_l2(predicted, test.targets).mean()
    cells = row.cells()
    assert len(cells) == len(OPERATOR_TITLES)
    assert cells[0] == "some"
    assert cells[1] == f"{row.relative:.2e}"
    assert cells[-1] == "2.0"
    assert cells[-2] == "-"  # 16 cells have no wave number of 12
    told = json.loads(json.dumps(row.to_json(), allow_nan=False))
    assert told["errors"]["fourier"] == [*row.errors.fourier[:2], None]


@pytest.mark.parametrize("inputs", [1, 3])
def test_a_rollout_is_fed_with_its_own_frames(inputs: int) -> None:
    # By its definition, an instance and a frame at a time.
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 7, 5, 2))
    test, steps = one_step(values, inputs=inputs), 7 - inputs
    weights = rng.standard_normal((2 * inputs, 2))
    errors = []
    for instance in values:
        frames = list(instance[:inputs])
        for _ in range(steps):
            frames.append(np.concatenate(frames[-inputs:], axis=-1) @ weights)
        errors.append(relative_l2(frames[-1][None], instance[-1:])[0])
    # Sums of at most six products, in the order of another shape: a few units in the last place.
    found = rollout_error(lambda fields: fields @ weights, test, steps)
    assert np.isclose(found, np.mean(errors), rtol=1e-13)


def test_a_rollout_that_leaves_all_bounds_is_told() -> None:
    test = one_step(np.ones((1, 4, 2, 1)), inputs=1)

    def growing(fields: Array) -> Array:
        assert np.isfinite(fields).all()  # a datapath would refuse to go on
        return 1e200 * fields

    error = rollout_error(growing, test, 3)
    assert error == np.inf
    row = operator_row("some", test.targets, test, rollout=error)
    assert json.loads(json.dumps(row.to_json(), allow_nan=False))["rollout"] is None
    assert row.cells()[2] == "inf"


@given(factor=st.sampled_from([1, 2, 4]), periodic=st.booleans(), means=st.booleans())
def test_a_reduction_keeps_what_its_grid_can_hold(factor: int, periodic: bool, means: bool) -> None:
    reduction = Reduction(factor=factor, periodic=periodic, means=means)
    fields = np.random.default_rng(0).standard_normal((2, 8, 16, 1))
    coarse = reduction.down(fields)
    assert coarse.shape == (2, 8 // factor, 16 // factor, 1)
    back = reduction.up(coarse, (8, 16))
    assert back.shape == fields.shape
    # A constant is kept; at factor 1 everything is.
    assert (reduction.up(reduction.down(np.ones_like(fields)), (8, 16)) == 1).all()
    assert factor > 1 or (back is coarse is fields)
    assert Reduction.from_json(reduction.to_json()) == reduction


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Path]:
    folder = tmp_path_factory.mktemp("compared") / "run"
    return comparison(folder), folder


def settings_of() -> tuple[OperatorRun, list[Plan]]:
    train = reduced(FINE["train"], HALF)
    run = OperatorRun.on(train, network=tiny().network, batch=4, epochs=2, calibration=4)
    return run, [Plan.named("w4a8"), Plan.named("w2a8")]


def comparison(folder: Path, **words: Any) -> Comparison:
    run, plans = settings_of()
    return compare(
        words.pop("run", run), words.pop("plans", plans), SPLITS, folder,
        **{"reduction": HALF, "epochs": 1, "schedule": Linear(initial=1e-3), **words},
    )  # fmt: skip


def test_every_training_goes_on_from_the_one_in_floating_point(
    compared: tuple[Comparison, Path],
) -> None:
    found, folder = compared
    first = found.outcomes["float"]
    assert list(found.outcomes) == [
        "float", "float again", "w4a8 PTQ", "w4a8 QAT", "w2a8 PTQ", "w2a8 QAT"
    ]  # fmt: skip
    for name, outcome in found.outcomes.items():
        scenario, _, kind = name.partition(" ")
        assert (outcome.run.plan is None) == (scenario == "float")
        assert outcome.run.plan is None or outcome.run.plan.name == scenario
        wanted = None if name == "float" else parameters_digest(first.parameters)
        assert outcome.run.start == wanted
        assert len(outcome.history) == {"": 4, "PTQ": 0}.get(kind, 2)
    assert (folder / "float-again" / "metrics.csv").exists()


def test_the_table_has_every_predictor_on_the_grid_of_the_data(
    compared: tuple[Comparison, Path],
) -> None:
    found, folder = compared
    rows = {row.predictor: row for row in found.rows}
    simple = ["grid alone", "mean", "persistence", "ridge"]
    assert list(rows) == [*found.outcomes, *simple]
    test = FINE["test"]
    for name, outcome in found.outcomes.items():
        inside = outcome.predict(HALF.down(test.inputs))
        # One pair makes a trajectory here, so that its rollout is its one step.
        assert rows[name].rollout == rows[name].relative
        kept = {"rollout": rows[name].rollout, "seconds": rows[name].seconds}
        assert rows[name] == operator_row(name, HALF.up(inside, (32,)), test, **kept)
        assert (rows[name].seconds is None) == name.endswith("PTQ")
    # A network without any error on its grid would have what the grid alone loses.
    perfect = HALF.up(reduced(test, HALF).targets, (32,))
    assert rows["grid alone"] == operator_row("grid alone", perfect, test)
    summary = json.loads((folder / "summary.json").read_text())
    assert [row["predictor"] for row in summary["rows"]] == list(rows)
    text = (folder / "table.txt").read_text()
    assert all(f"\n{name} " in text for name in rows)
    assert found.outcomes["float"].run.digest()[:12] in text


def test_at_full_resolution_the_grid_loses_nothing_and_has_no_row(tmp_path: Path) -> None:
    run = OperatorRun.on(FINE["train"], network=tiny().network, batch=8, epochs=1)
    found = comparison(tmp_path / "run", run=run, plans=[], reduction=Reduction())
    names = ["float", "float again", "mean", "persistence", "ridge"]
    assert [row.predictor for row in found.rows] == names


def test_a_comparison_that_is_interrupted_goes_on(
    compared: tuple[Comparison, Path], tmp_path: Path
) -> None:
    def press(name: str, row: Any) -> None:
        if (name, row.step) == ("w4a8 QAT", 0):
            raise KeyboardInterrupt

    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        comparison(folder, on_step=press)
    seen: list[tuple[str, int]] = []
    found = comparison(folder, resume=True, on_step=lambda name, row: seen.append((name, row.step)))
    assert seen == [("w4a8 QAT", 1), ("w2a8 QAT", 0), ("w2a8 QAT", 1)]
    plain = [replace(row, seconds=None) for row in found.rows]
    assert plain == [replace(row, seconds=None) for row in compared[0].rows]
    with pytest.raises(RunError, match="epochs was 1, is 2"):
        comparison(folder, resume=True, epochs=2)
    with pytest.raises(RunError, match="already exists and is not empty"):
        comparison(folder)


def test_files_beside_a_comparison_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "data.h5").write_bytes(b"")
    with pytest.raises(RunError, match="is not empty"):
        comparison(tmp_path, plans=[])
    run = replace(settings_of()[0], epochs=1)
    comparison(tmp_path, plans=[], run=run, besides=("data.h5",))


def test_plans_are_given_once_and_apart(tmp_path: Path) -> None:
    run, plans = settings_of()
    for words in ({"plans": [plans[0], plans[0]]}, {"run": replace(run, plan=plans[0])}):
        with pytest.raises(RunError, match="give a run without one, and each plan once"):
            comparison(tmp_path / "run", **words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_a_split_without_samples_is_refused(name: str) -> None:
    with pytest.raises(RunError, match=f"no samples for {name}"):
        Splits(**{**FINE, name: TRAIN.take(slice(0, 0))}, steps=None)


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_target_of_zeros_is_refused_before_training(name: str) -> None:
    empty = replace(FINE[name], targets=0 * FINE[name].targets)
    with pytest.raises(RunError, match="is zero everywhere: leave it out"):
        Splits(**{**FINE, name: empty}, steps=1)


def test_the_picture_shows_the_median_sample(
    compared: tuple[Comparison, Path], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    found, _ = compared
    fields = found.predict("float", found.test.inputs)
    errors = relative_l2(fields, found.test.targets)
    assert errors[middle_sample(found)] == np.median(errors)
    plot_comparison(found, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def dataset(values: Array, **words: Any) -> Dataset:
    axes = tuple((np.arange(n) + 0.5) / n for n in values.shape[2:-1])
    names = tuple("uvw"[: values.shape[-1]])
    times = np.arange(float(values.shape[1]))
    return Dataset(values=values, times=times, axes=axes, channels=names, layout="memory", **words)


@given(frames=st.integers(2, 45), inputs=st.integers(1, 2))
def test_a_trajectory_is_ten_steps_where_no_stride_is_given(frames: int, inputs: int) -> None:
    values = np.random.default_rng(0).standard_normal((2, frames, 4, 1))
    stride = max(1, (frames - 1) // 10)
    if len(range(0, frames, stride)) <= inputs:
        return
    pairs = Pairs(inputs=inputs)
    found, want = pairs.of(dataset(values)), one_step(values, inputs=inputs, stride=stride)
    assert (found.inputs == want.inputs).all()
    assert (found.targets == want.targets).all()
    assert pairs.steps(dataset(values)) == len(found) / 2
    assert frames < 12 or 10 <= len(found) / 2 + inputs - 1 < 20


def test_a_coefficient_is_what_goes_in_where_there_is_one() -> None:
    values = np.random.default_rng(0).standard_normal((3, 2, 4, 4, 1))
    data = dataset(values, coefficient=values[:, 0, ..., 0] ** 2)
    assert Pairs().steps(data) is None
    found = Pairs().of(data)
    assert (found.inputs[..., 0] == values[:, 0, ..., 0] ** 2).all()
    assert (found.targets == values[:, 1]).all()


def test_families_say_whether_they_are_periodic() -> None:
    periodic = {name for name, family in FAMILIES.items() if family.periodic}
    assert periodic == {name for name in FAMILIES if name.startswith(("burgers", "vorticity"))}
    values = np.zeros((1, 1, 4, 1))
    for name in ("burgers", "darcy"):
        data = dataset(values, family=FAMILIES[name].to_json())
        assert is_periodic(data) == (name == "burgers")
    assert not is_periodic(dataset(values))
    assert "periodic" not in FAMILIES["burgers"].to_json()
    assert not Warmth.periodic


@pytest.mark.parametrize("space", [(6,), (32,), (8, 12)])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_networks_by_name_fit_their_samples(
    name: str, periodic: bool, space: tuple[int, ...]
) -> None:
    samples = Samples(inputs=np.zeros((1, *space, 3)), targets=np.zeros((1, *space, 2)))
    network = operator_named(name, samples, periodic=periodic)
    network.require_grid(space)
    assert (network.inputs, network.outputs, network.dimension) == (3, 2, len(space))
    wide = operator_named(name, samples, periodic=periodic, width=64)
    assert wide.parameter_count > network.parameter_count
    told = wide.to_json()
    assert told["width"] == 64
    assert (told.get("padding", 0) == 0) == (periodic or name != "fno")
    assert (
        told.get("boundary", "periodic") == ("periodic" if periodic else "zero") or name != "unet"
    )


def test_another_network_is_refused() -> None:
    with pytest.raises(RunError, match="no network 'gnn': use one of fno, unet, transformer"):
        operator_named("gnn", TRAIN, periodic=True)
