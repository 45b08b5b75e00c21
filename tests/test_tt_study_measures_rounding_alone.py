"""The study of tensor trains measures rounding alone, and its costs are those of the ledger.

Its errors are those against dense matrices and gradients written from the definition; in float64
they vanish; the fewer products a plan has, the less it loses.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tt_cases import core_gradients, dense_of

from bitpde.emu import Tape, preset, smx_datapath
from bitpde.tt import TTForm, TTLayer, TTPlan
from bitpde.validation import STUDIES
from bitpde.validation.tt_study import drawn, layer_errors, layer_of

STUDY = STUDIES["tt"]
SMOKE = STUDY.cells("smoke", 1)
RESULTS = ("product", "rows", "cores")


def smoke(**where: Any) -> list[dict[str, Any]]:
    return [cell for cell in SMOKE if all(cell[key] == value for key, value in where.items())]


def found_in(form: TTForm, plan: TTPlan, rank: int, bits: int) -> Mapping[str, float]:
    (cell,) = smoke(form=form.value, plan=plan.value, rank=rank, bits=bits, batch=32)
    return STUDY.measure(cell, Path())


def flat(arrays: list[Any]) -> Any:
    return np.concatenate([np.asarray(array, np.float64).reshape(-1) for array in arrays])


def by_definition(layer: TTLayer, cores: Any, x: Any, dy: Any) -> dict[str, Any]:
    """X W, dX and all core gradients from one sum over all bonds."""
    wide = [core.astype(np.float64) for core in cores]
    matrix = dense_of(layer, wide)
    gradient = x.astype(np.float64).T @ dy
    return {
        "product": flat([x @ matrix]),
        "rows": flat([dy @ matrix.T]),
        "cores": flat(core_gradients(layer, wide, gradient)),
    }


@pytest.mark.parametrize("plan", TTPlan)
@pytest.mark.parametrize("form", TTForm)
def test_errors_are_those_against_the_definition(form: TTForm, plan: TTPlan) -> None:
    layer = layer_of(64, form, 4, plan)
    inputs = cores, x, dy = drawn(layer, 8, 0)
    truth = by_definition(layer, *inputs)
    tape = Tape(smx_datapath(8, 8, 8))
    nodes, rows = [tape.parameter(core) for core in cores], tape.parameter(x)
    result = layer.apply(nodes, rows)
    gradient, *others = tape.pullback(result, dy, [rows, *nodes])
    ours = {"product": flat([result.value]), "rows": flat([gradient]), "cores": flat(others)}
    errors = layer_errors(layer, tape.datapath, *inputs)
    for name in RESULTS:
        error = np.linalg.norm(ours[name] - truth[name]) / np.linalg.norm(truth[name])
        assert errors[name] == pytest.approx(float(error), rel=1e-9)  # float64 is off by 1e-13


@pytest.mark.parametrize("plan", TTPlan)
@pytest.mark.parametrize("form", TTForm)
def test_in_float64_there_is_no_error(form: TTForm, plan: TTPlan) -> None:
    # A result is a sum of products, each rounded at most once for every term of every sum on its
    # way: below 2^14 times for sums over ranks, 64 inputs or outputs and 32 rows.  So the error is
    # at most 2^14 2^-53 of the same with magnitudes in place of numbers, for either plan.
    layer = layer_of(64, form, 8, plan)
    inputs = cores, x, dy = drawn(layer, 32, 0)
    truth = by_definition(layer, *inputs)
    magnitudes = by_definition(layer, [abs(core) for core in cores], abs(x), abs(dy))
    errors = layer_errors(layer, preset("exact"), *inputs)
    for name in RESULTS:
        amplified = np.linalg.norm(magnitudes[name]) / np.linalg.norm(truth[name])
        assert errors[name] <= 2 * 2.0**14 * 2.0**-53 * amplified < 1e-8


@pytest.mark.parametrize("form", TTForm)
@pytest.mark.parametrize("rank", [4, 8, 16])
def test_merging_cores_loses_less_in_eight_bits(form: TTForm, rank: int) -> None:
    # By operands coded, 2 per product: 12 or 6, 4 and 2 of them, hence errors in the ratio of the
    # roots of these.
    sequential, halves, full = (found_in(form, plan, rank, 8) for plan in TTPlan)
    for name in RESULTS:
        assert full[name] < halves[name] < sequential[name]


@pytest.mark.parametrize("form", TTForm)
def test_four_more_bits_leave_a_sixteenth_of_the_error(form: TTForm) -> None:
    # Steps are 1/16 as large.  Numbers beyond the largest code are clipped, 7 of 8 in 4 bits but
    # 127 of 128 in 8, and which numbers these are is chance: between 10 and 25.
    errors = [found_in(form, TTPlan.HALF_MERGED, 8, bits) for bits in (4, 8, 12, 16)]
    for wide, narrow in zip(errors[1:], errors, strict=False):
        assert all(10 < narrow[name] / wide[name] < 25 for name in RESULTS)


@pytest.mark.parametrize("cell", smoke(rank=8, bits=8), ids=lambda c: f"{c['form']}-{c['plan']}")
def test_costs_are_what_the_ledger_counts(cell: dict[str, Any]) -> None:
    layer = layer_of(cell["size"], TTForm(cell["form"]), cell["rank"], TTPlan(cell["plan"]))
    cores, x, _ = drawn(layer, cell["batch"], 0)
    tape = Tape(preset("smx8"))
    layer.apply([tape.parameter(core) for core in cores], tape.constant(x))
    found = STUDY.measure(cell, Path())
    assert found["macs"] == tape.ledgers["matmul"].macs
    assert (
        found["quantizations"] == tape.ledgers["matmul"].quantizations == tape.ledger.quantizations
    )


def test_the_table_shows_each_cell_in_its_place() -> None:
    plans = [plan.value for plan in TTPlan]
    results = [
        {
            **cell, "product": cell["rank"] + plans.index(cell["plan"]) / 10, "rows": 2.0,
            "cores": 4.0, "macs": 1000 + cell["rank"], "merging_macs": 20, "quantizations": 30,
        }
        for cell in STUDY.cells("study", 2)
    ]  # fmt: skip
    table = STUDY.table(results).splitlines()
    errors = "4.0e+00 ± 0.0e+00 | 4.1e+00 ± 0.0e+00 | 4.2e+00 ± 0.0e+00"
    row = f"| 12 | 4 | {errors} | 1.02 | 1.00 | 1.00 |"
    assert table.count(row) == 4  # two forms of two sizes
    assert sum(line.startswith("| 512 | 8.0e+00") for line in table) == 4
    assert table.count("| 16 | 1,016 | 1,016 | 1,016 | 20 | 20 | 20 | 30 | 30 | 30 |") == 4


def test_the_picture_has_a_panel_for_each_form() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    STUDY.draw(figure, [{**cell, "product": 0.1, "cores": 0.2} for cell in SMOKE])
    assert [panel.get_title().split(",")[0] for panel in figure.axes] == ["TT", "TTM"]
    assert all(len(panel.lines) == 6 for panel in figure.axes)
