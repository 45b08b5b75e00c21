"""One cell of a study of networks between fields: what is trained, what is found.

A scenario is ``float``; ``float again``, the same network trained on for as long as quantized ones
are; a plan such as ``w4a8``, trained on from that network (quantization-aware training); or
``ptq-w4a8``, the same without training (post-training quantization).  The float network is kept in
the folder of the study for all that begin with it.
"""

import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...emu import DatapathError
from ...formats import FormatError
from ...pde import Exponential, TrainingError
from ...pde.operators import (
    AGAIN,
    FLOAT,
    FNO,
    OperatorNetwork,
    OperatorOutcome,
    OperatorRun,
    Reduction,
    Resampled,
    Samples,
    Transformer,
    UNet,
    baselines,
    cost,
    interpolation_floor,
    one_step,
    operator_errors,
    predictor,
    reduced,
    relative_l2,
    rollout_error,
    train_operator,
)
from ...pde.qat import Plan
from ..cell_store import Cell, cell_digest
from ..study import kept_folder
from .data import EQUATIONS, StudyData, family_of, read_data

Fields = NDArray[Any]
#: The networks.
ARCHITECTURES: Final = ("FNO", "UNet", "Transformer")
#: The widths of the paper.
SCENARIOS: Final = ("w4a4", "w4a8", "w8a8", "w8a16", "w8a32")
#: How fields come to a coarser grid.
WAYS: Final = ("interpolated", "averaged", "learned")
POST: Final = "ptq-"
#: What a training or a prediction ends with that leaves the range of numbers.
DIVERGED: Final = (TrainingError, DatapathError, FormatError)
#: Settings that tell cells apart and decide nothing of a training.
LABELS: Final = ("bits", "budget")
#: Steps that predictions are fed back, at most.
ROLLOUT: Final = 4


def float_cell(cell: Cell) -> dict[str, Any]:
    """Return the cell of the float network that a cell begins with, without what only labels it."""
    return {**{key: cell[key] for key in cell if key not in LABELS}, "scenario": FLOAT}


def needs(cell: Cell) -> list[Cell]:
    """Return the cells that must be done before."""
    return [] if cell["scenario"] == FLOAT else [float_cell(cell)]


def reduction_of(cell: Cell) -> Reduction:
    """Return what happens to fields before and after the network of a cell."""
    way, factor = cell["way"], cell["reduction"]
    return Reduction(
        factor=1 if way == "learned" else factor,
        periodic=family_of(cell).periodic,
        means=way == "averaged",
    )


def network_of(cell: Cell) -> OperatorNetwork:
    """Return the network of a cell: modes and levels are those that its grid has, at most.

    Examples
    --------
    >>> cell = {"pde": "burgers", "architecture": "UNet", "width": 8, "points": 24, "reduction": 2,
    ...     "way": "interpolated", "levels": 3, "frames": 2}
    >>> network_of(cell).levels
    2
    """
    factor, periodic = cell["reduction"], family_of(cell).periodic
    points, dimension = cell["points"] // factor, EQUATIONS[cell["pde"]]
    shape: dict[str, Any] = {
        "inputs": 1, "outputs": 1, "dimension": dimension, "width": cell["width"]
    }  # fmt: skip
    network: OperatorNetwork
    if cell["architecture"] == "FNO":
        modes = (min(cell["modes"], points // 2),) * dimension
        network = FNO(
            **shape, modes=modes, blocks=cell["blocks"], hidden=2 * cell["width"],
            padding=0 if periodic else -(-points // 8),
        )  # fmt: skip
    elif cell["architecture"] == "UNet":
        levels = min(cell["levels"], (points & -points).bit_length() - 1)
        boundary = "periodic" if periodic else "zero"
        network = UNet(**shape, levels=levels, groups=4, boundary=boundary)
    else:
        network = Transformer(**shape, blocks=cell["blocks"])
    return Resampled.of(network, factor) if cell["way"] == "learned" and factor > 1 else network


def plan_of(cell: Cell) -> Plan | None:
    """Return the plan of a cell's scenario; None for float."""
    if cell["scenario"] in (FLOAT, AGAIN):
        return None
    plan = Plan.named(cell["scenario"].removeprefix(POST))
    return replace(plan, wide=(*plan.wide, "up")) if cell["way"] == "learned" else plan


def float_run(cell: Cell, train: Samples) -> OperatorRun:
    """Return the training of a cell's float network: the rate falls to a hundredth."""
    steps = cell["epochs"] * train.steps_per_epoch(cell["batch"])
    return OperatorRun.on(
        train,
        network=network_of(cell),
        epochs=cell["epochs"],
        batch=cell["batch"],
        schedule=Exponential(initial=cell["rate"], factor=0.01 ** (1 / steps), every=1),
        loss="mse",
        seed=cell["seed"],
    )


def continued_run(cell: Cell, train: Samples, base: OperatorOutcome) -> OperatorRun:
    """Return the training that goes on from a float network: from ten times the last rate, by ten.

    Post-training quantization has no epochs.
    """
    epochs = 0 if cell["scenario"].startswith(POST) else cell["tuned"]
    steps = max(1, epochs * train.steps_per_epoch(cell["batch"]))
    schedule = Exponential(initial=cell["rate"] / 10, factor=0.1 ** (1 / steps), every=1)
    return base.continued(plan_of(cell), epochs=epochs, schedule=schedule)


def trained(cell: Cell, folder: Path, found: StudyData, place: Path | None) -> OperatorOutcome:
    """Return the trained network of a cell, gone on with where it was left.

    Float networks are kept in ``folder``, that of the study, for all cells that begin with them;
    what a cell makes of one is kept in ``place``, if that is given.

    Raises
    ------
    TrainingError
        If it, or the float network that it begins with, diverges.
    """
    reduction = reduction_of(cell)
    train, validation = (reduced(each, reduction) for each in (found.train, found.validation))
    first = float_cell(cell)
    kept = folder / "trained" / cell_digest(first)[:16]
    for each in (kept, place):
        _drop_unclaimed(each)
    run = float_run(first, train)
    base = train_operator(run, train, kept, validation=validation, resume=True)
    if cell["scenario"] == FLOAT:
        return base
    run = continued_run(cell, train, base)
    return train_operator(
        run, train, place, validation=validation, start=base.parameters, resume=place is not None
    )


def _drop_unclaimed(place: Path | None) -> None:
    """Remove a folder that a killed process has made and not claimed."""
    if place is not None and place.exists() and not (place / "config.json").exists():
        shutil.rmtree(place)


def measure(cell: Cell, folder: Path) -> dict[str, Any]:
    """Return the errors of a cell's network on the grid of the data, and what it costs.

    Of a training that diverges, ``failed`` is 1, and ``why`` says what ended it.
    """
    found = read_data(folder, cell)
    known = {**costs(cell), **without_network(cell, found)}
    try:
        told = errors(cell, trained(cell, folder, found, kept_folder(folder, cell)), found)
    except DIVERGED as error:
        return {**known, "failed": 1.0, "why": str(error)}
    return {**known, **told}


def costs(cell: Cell) -> dict[str, float]:
    """Return what the network of a cell costs, for floats of 16 and of 32 bits."""
    network, plan = network_of(cell), plan_of(cell)
    side = cell["points"] // reduction_of(cell).factor
    space = (side,) * network.dimension
    proxy, literal = (cost(network, plan, space, float_bits=bits) for bits in (16, 32))
    return {
        "bops": float(proxy.bops),
        "bops_32": float(literal.bops),
        "vector_bops": float(proxy.vector_bops),
        "macs": float(proxy.macs),
        "weight_bytes": float(literal.weight_bytes),
        "largest_activation": float(literal.largest_activation),
        "parameters": float(network.parameter_count),
    }


def without_network(cell: Cell, found: StudyData) -> dict[str, float]:
    """Return the errors of predictors without a network, and the floor of the coarse grid."""
    guesses = baselines(found.train, in_time=found.trajectories is not None)
    test = found.test
    told = {name: _mean(relative_l2(g(test.inputs), test.targets)) for name, g in guesses.items()}
    floor = _mean(interpolation_floor(test.targets, reduction_of(cell)))
    return {**told, "floor": floor, "data_error": found.error}


def errors(cell: Cell, outcome: OperatorOutcome, found: StudyData) -> dict[str, Any]:
    """Return the errors of predictions on the test set, and after some steps of them.

    What is not finite is left out; ``failed`` is 1 if that is the error itself.
    """
    reduction, true = reduction_of(cell), np.asarray(found.test.targets, np.float64)
    predicted = predictor(outcome, reduction)(found.test.inputs)
    by_definition = operator_errors(predicted[:, None], true[:, None])
    bands = dict(zip(("low", "middle", "high"), by_definition.fourier, strict=True))
    told: dict[str, Any] = {
        "relative_l2": _mean(relative_l2(predicted, true)),
        "nrmse": by_definition.nrmse,
        "mse": float(((predicted - true) ** 2).mean()),
        **{f"rmse_{name}": value for name, value in bands.items()},
        "validation": validation_error(outcome, reduction, found),
        "quantizations": float(outcome.state.ledger.quantizations),
    }
    if found.trajectories is not None:
        told |= rolled_out(outcome, reduction, found.trajectories)
    finite = {name: value for name, value in told.items() if math.isfinite(value)}
    return {"failed": float("relative_l2" not in finite), **finite}


def validation_error(outcome: OperatorOutcome, reduction: Reduction, found: StudyData) -> float:
    """Return the relative error on the validation set, on the grid of the data."""
    pairs = found.validation
    return _mean(relative_l2(predictor(outcome, reduction)(pairs.inputs), pairs.targets))


def rolled_out(
    outcome: OperatorOutcome, reduction: Reduction, trajectories: Fields
) -> Mapping[str, float]:
    """Return the relative error after some steps, each from the prediction of the one before.

    Nothing where these leave the range of numbers.
    """
    steps = min(ROLLOUT, trajectories.shape[1] - 1)
    pairs = one_step(trajectories[:, : steps + 1], inputs=1)
    try:
        error = rollout_error(predictor(outcome, reduction), pairs, steps)
    except (DatapathError, FormatError):
        return {}
    return {"rollout": error, "rollout_steps": float(steps)}


def _mean(values: Fields) -> float:
    return float(values.mean())
