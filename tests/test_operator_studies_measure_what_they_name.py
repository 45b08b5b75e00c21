"""A cell of an operator study is the training it names, judged on the grid of the data."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.pde import RunError, TrainingError
from bitpde.pde.data import open_dataset
from bitpde.pde.operators import (
    AGAIN,
    FLOAT,
    Reduction,
    Resampled,
    cost,
    interpolated,
    one_step,
    relative_l2,
    train_operator,
)
from bitpde.validation import cell_digest
from bitpde.validation.cell_store import Cell
from bitpde.validation.operator_studies import OPERATOR_STUDIES
from bitpde.validation.operator_studies.budget import SEARCH, candidates, choices, measure_or_search
from bitpde.validation.operator_studies.cell import (
    ARCHITECTURES,
    continued_run,
    costs,
    errors,
    float_cell,
    float_run,
    measure,
    network_of,
    plan_of,
    reduction_of,
    trained,
)
from bitpde.validation.operator_studies.data import (
    EQUATIONS,
    data_file,
    family_of,
    make_data,
    read_data,
)
from bitpde.validation.study import kept_folder

TIERS = ("smoke", "study", "paper")
#: A cell that takes a moment: a smooth solution on 16 cells, four steps and then two.
TINY: dict[str, Any] = {
    "pde": "burgers", "architecture": "FNO", "width": 4, "scenario": FLOAT, "reduction": 1,
    "way": "interpolated", "seed": 3, "points": 16, "frames": 3, "nu": 1.0, "train": 4,
    "validation": 1, "test": 2, "epochs": 2, "tuned": 1, "batch": 4, "rate": 1e-2, "blocks": 1,
    "modes": 3, "levels": 1,
}  # fmt: skip


def cell(**changes: Any) -> dict[str, Any]:
    return {**TINY, **changes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("h5py")
    found = tmp_path_factory.mktemp("study")
    make_data([TINY, cell(scenario="w4a4")], found)
    return found


@pytest.fixture(scope="module")
def measured(folder: Path) -> Any:
    return cache(lambda *changes: measure(cell(**dict(changes)), folder))


@cache
def settings(name: str, tier: str) -> list[Cell]:
    return list(OPERATOR_STUDIES[name].cells(tier, 1))


@pytest.mark.parametrize(("name", "tier"), list(product(OPERATOR_STUDIES, TIERS)))
def test_every_cell_has_a_network_for_its_grid_and_what_it_needs(name: str, tier: str) -> None:
    cells, study = settings(name, tier), OPERATOR_STUDIES[name]
    known = {cell_digest(each) for each in cells}
    seen = set()
    for each in cells:
        assert {cell_digest(needed) for needed in study.before(each)} <= known
        if each["scenario"] == SEARCH:
            continue
        key = [each[k] for k in ("pde", "architecture", "width", "reduction", "way", "points")]
        if str(key) in seen:
            continue
        seen.add(str(key))
        network, reduction = network_of(each), reduction_of(each)
        side = each["points"] // reduction.factor
        network.require_grid((side,) * network.dimension)
        learned = each["way"] == "learned" and each["reduction"] > 1
        assert isinstance(network, Resampled) == learned
        assert reduction.periodic == family_of(each).periodic
        plan = plan_of({**each, "scenario": "w4a8"})
        assert plan is not None
        assert ("up" in plan.wide) == (each["way"] == "learned")


def test_the_grid_is_that_of_the_paper() -> None:
    cells = settings("qat", "paper")
    for name, wanted in {
        "pde": {"sorption", "burgers", "vorticity", "darcy"},
        "architecture": {"FNO", "UNet", "Transformer"},
        "reduction": {1, 2, 4, 8, 16},
    }.items():
        assert {each[name] for each in cells} == wanted
    scenarios = {each["scenario"] for each in cells}
    assert scenarios >= {FLOAT, AGAIN, "w4a4", "w4a8", "w8a8", "w8a16", "w8a32", "ptq-w4a4"}
    for pde, network in product(EQUATIONS, ARCHITECTURES):
        its = [each for each in cells if (each["pde"], each["architecture"]) == (pde, network)]
        assert len({each["width"] for each in its}) == 3
        order = sorted(its, key=lambda each: (each["width"], -each["reduction"]))
        least = next(each for each in order if each["scenario"] == "w4a4")
        most = next(each for each in order if each["scenario"] == FLOAT and each["reduction"] == 1)
        most = {**most, "width": order[-1]["width"]}
        assert costs(most)["bops"] > 900 * costs(least)["bops"]  # three orders of magnitude
    bits = {each["bits"] for each in settings("qat-widths", "paper")}
    assert bits == {0, *range(2, 17)}


def test_viscosities_are_those_of_the_cells() -> None:
    smooth, steep = (family_of(cell(nu=nu, points=64)) for nu in (0.1, 0.005))
    assert smooth.to_json()["diffusivity"] * np.pi == pytest.approx(0.1, rel=1e-15)
    # as many points as the layer of width ~ 4 nu / pi wants: twice as many at half of it
    assert [f.to_json()["refinement"] * 64 for f in (smooth, steep)] == [128, 2048]
    flow = family_of(cell(pde="vorticity", nu=1e-4, points=32))
    assert (flow.to_json()["viscosity"], flow.to_json()["refinement"]) == (1e-4, 4)
    assert family_of(cell(pde="vorticity", nu=None)).to_json()["scale"] == 7**0.75
    with pytest.raises(RunError, match="no data of 'heat'"):
        family_of(cell(pde="heat"))


def test_data_are_made_once_and_their_splits_are_apart(folder: Path) -> None:
    path = data_file(folder, TINY)
    before = path.read_bytes()
    make_data([TINY], folder)
    assert path.read_bytes() == before
    assert [each.name for each in (folder / "data").iterdir()] == [path.name]
    others = (cell(seed=4), cell(train=5), cell(nu=0.5), cell(points=8))
    assert len({data_file(folder, each) for each in (TINY, *others)}) == 5
    found = read_data(folder, TINY)
    with open_dataset(path) as file:
        for name in ("train", "validation", "test"):
            pairs = one_step(np.asarray(file.split(name).in_memory().values), inputs=1)
            assert (getattr(found, name).targets == pairs.targets).all()
        assert file.certificate is not None
        assert found.error == file.certificate.estimated_error
    assert len(found.train) == 4 * 2
    assert found.trajectories is not None
    assert found.trajectories.shape == (2, 3, 16, 1)


@pytest.mark.parametrize("reduction", [1, 2])
def test_errors_are_those_of_the_network_on_the_grid_of_the_data(
    folder: Path, measured: Any, reduction: int
) -> None:
    each = cell(reduction=reduction)
    found, known = measured(("reduction", reduction)), read_data(folder, each)
    outcome = trained(each, folder, known, None)
    space = (16 // reduction,)
    down = interpolated(known.test.inputs, space, periodic=True)
    coarse = known.test.inputs if reduction == 1 else down
    predicted = outcome.predict(coarse)
    predicted = predicted if reduction == 1 else interpolated(predicted, (16,), periodic=True)
    true = known.test.targets.astype(np.float64)
    assert found["relative_l2"] == relative_l2(predicted, true).mean()
    assert found["mse"] == ((predicted - true) ** 2).mean()
    each_l2 = np.sqrt(((predicted - true) ** 2).mean(axis=1) / (true**2).mean(axis=1))
    assert found["nrmse"] == pytest.approx(each_l2.mean(), rel=1e-13)  # some ten roundings
    assert (found["failed"], found["data_error"]) == (0.0, known.error)
    assert (found["floor"] == 0) == (reduction == 1)
    assert found["persistence"] == relative_l2(known.test.inputs, true).mean()
    fields = known.trajectories[:, 0]  # type: ignore[index]
    for _ in range(2):
        down = fields if reduction == 1 else interpolated(fields, space, periodic=True)
        up = outcome.predict(down)
        fields = up if reduction == 1 else interpolated(up, (16,), periodic=True)
    reached = relative_l2(fields, known.trajectories[:, 2])  # type: ignore[index]
    assert (found["rollout"], found["rollout_steps"]) == (reached.mean(), 2)


def test_what_is_not_finite_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = trained(TINY, folder, read_data(folder, TINY), None)

    def told(factor: float) -> dict[str, Any]:
        def predict(_: Any, inputs: Any, **__: Any) -> Any:
            return factor * np.asarray(inputs, np.float64)

        monkeypatch.setattr(type(outcome), "predict", predict)
        return errors(TINY, outcome, read_data(folder, TINY))

    with np.errstate(all="ignore"):
        fine, large, lost = told(2.0), told(1e100), told(np.inf)
    assert (fine["failed"], large["failed"], lost["failed"]) == (0.0, 0.0, 1.0)
    assert "rollout" in fine
    assert "rollout" not in large  # its square overflows
    assert not {"relative_l2", "rollout", "mse"} & set(lost)
    assert all(np.isfinite(value) for each in (fine, large, lost) for value in each.values())


def test_scenarios_begin_with_the_float_network(folder: Path, measured: Any) -> None:
    known, base = read_data(folder, TINY), trained(TINY, folder, read_data(folder, TINY), None)
    for scenario, epochs in (("ptq-w4a4", 0), ("w4a4", 1), (AGAIN, 1)):
        each = cell(scenario=scenario)
        run = continued_run(each, known.train, base)
        assert (run.epochs, run.plan) == (epochs, plan_of(each))
        # from ten times the last rate of the float network to that rate
        assert run.schedule.rate(0, 2) == pytest.approx(1e-2 / 10)
        assert not epochs or run.schedule.rate(2, 2) == pytest.approx(1e-2 / 100)
        outcome = train_operator(run, known.train, None, start=base.parameters)
        expected = relative_l2(outcome.predict(known.test.inputs), known.test.targets).mean()
        assert measured(("scenario", scenario))["relative_l2"] == expected
    assert float_run(TINY, known.train).schedule.rate(4, 4) == pytest.approx(1e-4)


def test_costs_are_those_of_the_grid_it_works_on(measured: Any) -> None:
    network = network_of(cell(reduction=2))
    found = measured(("reduction", 2))
    proxy, literal = (cost(network, None, (8,), float_bits=bits) for bits in (16, 32))
    assert (found["bops"], found["bops_32"]) == (proxy.bops, literal.bops)
    assert (found["weight_bytes"], found["macs"]) == (literal.weight_bytes, proxy.macs)
    learned = cell(reduction=2, way="learned")
    wrapped = cost(network_of(learned), None, (16,), float_bits=16)
    assert costs(learned)["bops"] == wrapped.bops > proxy.bops
    assert costs(cell(scenario="w4a4"))["bops"] < costs(TINY)["bops"]


def test_a_learned_way_is_trained_on_the_whole_grid(folder: Path) -> None:
    each = cell(reduction=2, way="learned", scenario="w8a8")
    found = measure(each, folder)
    assert (found["failed"], found["floor"]) == (0.0, 0.0)
    assert reduction_of(each) == Reduction(factor=1, periodic=True)
    assert reduction_of(cell(way="averaged", reduction=4)).means


def test_labels_do_not_train_another_network(folder: Path) -> None:
    measure(TINY, folder)
    labelled = cell(bits=4, budget="w8a8", scenario="w4a4")
    assert float_cell(labelled) == TINY
    trained_before = sorted((folder / "trained").iterdir())
    measure(cell(bits=0), folder)
    assert sorted((folder / "trained").iterdir()) == trained_before


def test_what_was_kept_is_gone_on_with(folder: Path, measured: Any) -> None:
    each = cell(scenario="w4a4")
    whole = measured(("scenario", "w4a4"))
    place = kept_folder(folder, each)
    assert (place / "summary.json").exists()
    (place / "config.json").unlink()  # as a process leaves it that is killed at the wrong moment
    assert measure(each, folder) == whole


def test_a_training_that_diverges_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverges(*_: object, **__: object) -> None:
        raise TrainingError("the loss is not finite")

    monkeypatch.setattr("bitpde.validation.operator_studies.cell.train_operator", diverges)
    for each, ask in ((TINY, measure), (searched(), measure_or_search)):
        found = ask(each, folder)
        assert (found["failed"], found["why"]) == (1.0, "the loss is not finite")
        assert "relative_l2" not in found
        assert found["ridge"] > 0
    assert measure(TINY, folder)["bops"] == costs(TINY)["bops"]


def searched(**changes: Any) -> dict[str, Any]:
    asked = {"scenario": SEARCH, "budget": "w4a4", "bits": [3, 4, 6], "factors": [1, 2]}
    return cell(**(asked | changes))


def pairs(cells: list[dict[str, Any]]) -> Iterator[tuple[int, int, int]]:
    for each in cells:
        plan = plan_of(each)
        assert plan is not None
        yield each["reduction"], plan.weight_bits, plan.activation_bits


@pytest.mark.parametrize("budget", ["w4a4", "w3a3", "w6a4"])
def test_candidates_keep_the_budget_and_leave_no_bit_of_it(budget: str) -> None:
    asked = searched(budget=budget)
    limit = costs(cell(scenario=budget))["bops"]
    found, bits = list(pairs(candidates(asked))), asked["bits"]
    for factor, w, a in product(asked["factors"], bits, bits):

        def within(w: int, a: int, factor: int = factor) -> bool:
            return costs(cell(scenario=f"w{w}a{a}", reduction=factor))["bops"] <= limit

        more = [(u, b) for u, b in product(bits, bits) if u >= w and b >= a and (u, b) != (w, a)]
        best = within(w, a) and not any(within(u, b) for u, b in more)
        assert ((factor, w, a) in found) == best
    assert len(set(found)) == len(found) > 1


def test_the_search_trains_few_and_is_judged_like_a_cell(folder: Path) -> None:
    asked = searched(bits=[4, 8])
    found = measure_or_search(asked, folder)
    assert (found["trained"], found["looked_at"]) == (2, len(candidates(asked))) == (2, 3)
    chosen = cell(scenario=found["chosen"], reduction=int(found["chosen_reduction"]))
    alone = measure(chosen, folder)
    assert {key: found[key] for key in alone} == alone
    assert found["bops"] <= costs(cell(scenario="w4a4"))["bops"]


def test_the_grid_within_a_budget_is_chosen_by_validation() -> None:
    budget = searched()
    limit = costs(cell(scenario="w4a4"))["bops"]
    common = {"seed": 3, "failed": 0.0, "relative_l2": 0.5}
    results = [
        {"scenario": "w4a4", "bops": limit, "validation": 0.3, **common},
        {"scenario": "w8a8", "bops": limit, "validation": 0.2, **common},
        {"scenario": "w8a8", "bops": limit + 1, "validation": 0.1, **common},
        {"scenario": FLOAT, "bops": 1.0, "validation": 0.0, **common},
        {"scenario": SEARCH, "bops": 1.0, "validation": 0.0, **common},
        {"scenario": "w8a8", "bops": 1.0, "validation": 0.0, **common, "seed": 4},
        {"scenario": "w8a8", "bops": 1.0, "validation": 0.0, **common, "failed": 1.0},
    ]
    assert choices(results, budget) == (results[1], 2)
    assert choices(results[2:], budget) == (None, 0)
