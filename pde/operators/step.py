"""One step of training a network between fields, and what it predicts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import Ledger, Node, Tape, ops
from ..adam import AdamState
from ..gradients import require_finite
from ..qat import Watching
from ..refusals import naming_step
from ..updates import updated
from .quantization import Arrays, Quantization
from .run import OperatorRun
from .samples import Samples

Fields = NDArray[Any]


def calibrated(
    run: OperatorRun, parameters: Arrays, samples: Samples, *, rows: int = 64
) -> Quantization:
    """Return the quantizers of a run's plan, with the ranges that these samples show.

    The samples, in the units of the run, go through the unquantized network once, ``rows`` at a
    time.
    """
    if run.plan is None:
        return Quantization()
    watching = Watching(plan=run.plan)
    for start in range(0, len(samples), rows):
        tape = Tape(run.datapath)
        nodes = {name: tape.constant(array) for name, array in parameters.items()}
        x = tape.constant(samples.inputs[start : start + rows])
        run.network.apply(nodes, x, watching)
        watching.next_pass()
    return Quantization(quantizers=watching.quantizers, first=watching.parameters())


def training_step(
    run: OperatorRun,
    quantization: Quantization,
    arrays: Arrays,
    optimizer: AdamState,
    batch: Samples,
    rate: float,
) -> tuple[Arrays, AdamState, float, Ledger]:
    """Return parameters and moments after one more step, its loss, and what it did.

    Parameters
    ----------
    run, quantization
        What is trained, and how it is quantized.
    arrays
        All parameters by name: the network's, then those of quantizers.
    optimizer
        The moments before.
    batch
        Samples in the units of the run.
    rate
        The learning rate.

    Raises
    ------
    TrainingError
        If the loss, a gradient, a new parameter or a moment is not finite, or the datapath
        refuses a number.
    """
    tape = Tape(run.datapath)
    nodes = {name: tape.parameter(array) for name, array in arrays.items()}
    with naming_step(run.datapath, optimizer.step), np.errstate(all="ignore"):
        x = tape.constant(batch.inputs)  # what overflows is found by the checks below
        predicted = run.network.apply(nodes, x, quantization.numerics(nodes))
        loss = _loss(run, predicted, batch.targets)
        require_finite(loss.value, "loss", optimizer.step)
        gradients = tape.gradient(loss, list(nodes.values()), forget=True)
    names = list(arrays)
    for name, gradient in zip(names, gradients, strict=True):
        require_finite(gradient, f"gradient of {name}", optimizer.step)

    def settled(moved: Sequence[NDArray[Any]]) -> Sequence[NDArray[Any]]:
        return list(quantization.kept(dict(zip(names, moved, strict=True))).values())

    found, after = updated(
        run, names, list(arrays.values()), gradients, optimizer, rate,
        partners=complex_partners(names), settled=settled,
    )  # fmt: skip
    return dict(zip(names, found, strict=True)), after, float(loss.value.item()), tape.ledger


def predict(
    run: OperatorRun, quantization: Quantization, arrays: Arrays, inputs: Fields, *, rows: int = 64
) -> Fields:
    """Return what the network makes of fields in their own units, float64 (N, *space, Q).

    ``rows`` samples go through it at a time.
    """
    scaled = run.scaling.inputs.scaled(inputs)
    parts = []
    for start in range(0, max(1, len(scaled)), rows):
        tape = Tape(run.datapath)
        nodes = {name: tape.constant(array) for name, array in arrays.items()}
        x = tape.constant(scaled[start : start + rows])
        parts.append(run.network.apply(nodes, x, quantization.numerics(nodes)).value)
    return run.scaling.targets.restored(np.concatenate(parts))


def complex_partners(names: list[str]) -> dict[int, int]:
    """Return, for the index of each real or imaginary part, the index of the other.

    Examples
    --------
    >>> complex_partners(["lift/weight", "spectral1/real", "spectral1/imaginary"])
    {1: 2, 2: 1}
    """
    place = {name: k for k, name in enumerate(names)}
    pairs = [
        (k, place[name.removesuffix("real") + "imaginary"])
        for name, k in place.items()
        if name.endswith("/real")
    ]
    return {a: b for pair in pairs for a, b in (pair, pair[::-1])}


def _loss(run: OperatorRun, predicted: Node, targets: Fields) -> Node:
    """The mean square error, of samples divided by their norms where the run says so."""
    error = ops.subtract(predicted, predicted.tape.constant(targets))
    if run.loss == "relative":
        rows = targets.reshape(len(targets), -1).astype(np.float64)
        size = np.sqrt((rows * rows).mean(axis=1))
        least = np.finfo(np.float32).tiny
        shares = (1 / np.maximum(size, least)).reshape(-1, *(1,) * (targets.ndim - 1))
        error = ops.multiply(error, predicted.tape.constant(shares))
    return ops.mean_square(error)
