"""The command knows every study, whose cells are all different, and shows what one measured."""

import json
import pickle
from pathlib import Path

import pytest
from cell_stub import SQUARES

from bitpde.cli import main
from bitpde.cli.study import TITLES
from bitpde.validation import STUDIES, mean_and_spread
from bitpde.validation.operator_studies import OPERATOR_STUDIES

EVERY = STUDIES | OPERATOR_STUDIES


def test_the_spread_is_that_of_a_sample() -> None:
    assert mean_and_spread([1.0, 3.0]) == "2.0e+00 ± 1.4e+00"


def test_the_command_lists_every_study() -> None:
    assert list(TITLES) == list(EVERY)


@pytest.mark.parametrize("tier", ["smoke", "study", "paper"])
@pytest.mark.parametrize("name", EVERY)
def test_every_seed_has_its_cells_and_no_two_are_alike(name: str, tier: str) -> None:
    one, two = (EVERY[name].cells(tier, seeds) for seeds in (1, 2))
    assert len(two) == 2 * len(one) > 0
    assert len({json.dumps(cell, sort_keys=True) for cell in two}) == len(two)
    assert one == [cell for cell in two if cell["seed"] == 0]


@pytest.mark.parametrize("name", EVERY)
def test_other_processes_can_measure_every_study(name: str) -> None:
    study = EVERY[name]
    there = pickle.loads(pickle.dumps(study.measure))
    assert pickle.dumps(there) == pickle.dumps(study.measure)


def test_the_estimator_study_measures_what_its_tests_do() -> None:
    # The noise is that of the exact network: alike however differences are coded, and below the
    # error of values in eight bits at sigma 0.001 by a factor of 1000 and more.
    wanted = {"sigma": 1e-3, "bits": 8, "pairs": 256, "seed": 0}
    few = [
        {**cell, "hidden": 8, "points": 8}
        for cell in STUDIES["estimator"].cells("smoke", 1)
        if all(cell[key] == value for key, value in wanted.items())
    ]
    found = {cell["differences"]: STUDIES["estimator"].measure(cell, Path()) for cell in few}
    noises = [result["noise"] for result in found.values()]
    assert max(noises) - min(noises) < 1e-6 * max(noises)
    assert found["naive"]["error"] > 100 * noises[0]
    assert found["parts"]["error"] < 1.1 * noises[0]
    assert found["parts"]["rounding"] < 0.1


def test_the_command_shows_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("rich")
    monkeypatch.setitem(STUDIES, "estimator", SQUARES)
    folder = tmp_path / "study"
    words = ["study", "estimator", "--workers", "1", "--out", str(folder)]
    assert main(words) == 0
    assert capsys.readouterr().out == f"0 0\n1 1\n2 4\n3 9\n4 16\n5 25folder: {folder}\n"
    assert main([*words, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert results[2] == {"n": 2, "tier": "smoke", "seed": 0, "square": 4}
    assert main([*words, "--seeds", "2"]) == 2
