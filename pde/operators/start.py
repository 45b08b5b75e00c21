"""What a training between fields begins with: parameters, and the ranges of quantizers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...emu import Ledger
from ...formats import Fixed
from ..archive import ArchiveError, contents_digest, read_archive, write_archive
from ..checkpoint import State
from ..errors import CheckpointError, RunError
from ..qat import LearnedQuantizer, MinMax, StepAndOffset, StepSize
from ..spec import Spec, read_spec
from ..updates import stored
from .quantization import Arrays, Quantization
from .run import OperatorRun
from .samples import Samples
from .step import calibrated

#: The file of the first ranges of a training's quantizers,
QUANTIZERS: Final = "quantizers.npz"
#: and that of the fields that showed them.
CALIBRATION: Final = "calibration.npz"
_KINDS: Final[Mapping[str, type]] = {
    kind.__name__: kind for kind in (Fixed, StepSize, StepAndOffset, MinMax)
}


def parameters_digest(parameters: Mapping[str, NDArray[Any]]) -> str:
    """Return SHA-256, in hexadecimal, of a network's parameters: what `OperatorRun.start` names.

    Examples
    --------
    >>> parameters_digest({"lift/bias": np.zeros(2, np.float32)})[:12]
    'd8703db9137a'
    """
    return contents_digest(parameters)


def first_parameters(run: OperatorRun, start: Arrays | None) -> Arrays:
    """Return the network's parameters before the first step: drawn, or those of ``start``.

    Raises
    ------
    RunError
        If ``start`` is not what the run says that it begins with.
    """
    network, dtype = run.network, run.datapath.dtype
    if run.start is None:
        if start is not None:
            msg = "parameters to start from, for a run that draws its own: give OperatorRun.start "
            raise RunError(msg + "their parameters_digest, or leave them out")
        return network.initialize(run.stream("initialization"), dtype)
    if start is None:
        msg = f"the run begins with the parameters {run.start[:12]}: give them as start"
        raise RunError(msg)
    shapes = {name: each.shape for name, each in network.parameters().items()}
    given = {name: array.shape for name, array in start.items()}
    if given != shapes:
        wrong = sorted(set(given.items()) ^ set(shapes.items()))[0]
        msg = f"parameters to start from that are not the network's, first {wrong}: give those of "
        raise RunError(msg + "the same network, and no others")
    found = parameters_digest(start)
    if found != run.start:
        msg = f"the run begins with the parameters {run.start[:12]}, these are {found[:12]}: give "
        raise RunError(msg + "the same, or make a run of these")
    return {name: start[name].astype(dtype) for name in shapes}


def first_state(run: OperatorRun, parameters: Arrays, quantization: Quantization) -> State:
    """Return the state before step 0: zero moments, nothing counted."""
    arrays = [*parameters.values(), *quantization.arrays(run.datapath.dtype).values()]
    return State(
        parameters=stored(run, "parameters", arrays, 0),
        optimizer=run.optimizer.init(arrays),
        ledger=Ledger(),
        seconds=0.0,
    )


def first_quantization(
    run: OperatorRun, parameters: Arrays, train: Samples, folder: Path | None
) -> Quantization:
    """Return the quantizers of a run as its calibration samples show them.

    With a folder they are kept there, and read from there the next time; so are the fields that
    went in.
    """
    path = None if folder is None else folder / QUANTIZERS
    if path is not None and path.exists():
        return read_quantization(path, run.digest())
    shown = train.batch(run.stream("calibration"), 0, run.calibration)
    quantization = calibrated(run, parameters, run.scaling.scaled(shown))
    if folder is not None:
        if run.plan is not None:
            facts = {"run": run.digest()}
            write_archive(folder / CALIBRATION, {"inputs": shown.inputs}, facts)
        write_quantization(folder / QUANTIZERS, run.digest(), quantization)
    return quantization


def read_calibration(folder: Path, run_digest: str) -> NDArray[Any]:
    """Return the fields that showed the first ranges of a quantized run, in their own units.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or of another run.
    """
    return _read(folder / CALIBRATION, run_digest)[0]["inputs"]


def write_quantization(path: Path, run_digest: str, quantization: Quantization) -> None:
    """Write the quantizers of a run and the parameters that their learning begins with."""
    arrays = {
        f"{place}#{k}": value
        for place, values in quantization.first.items()
        for k, value in enumerate(values)
    }
    told = {place: each.to_json() for place, each in quantization.quantizers.items()}
    write_archive(path, arrays, {"run": run_digest, "quantizers": told})


def read_quantization(path: Path, run_digest: str) -> Quantization:
    """Return what `write_quantization` wrote for the same run.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or of another run.
    """
    arrays, facts = _read(path, run_digest)
    first: dict[str, list[NDArray[np.float64]]] = {place: [] for place in facts["quantizers"]}
    for name, array in arrays.items():
        first[name.rpartition("#")[0]].append(array)
    return Quantization(
        quantizers={place: _quantizer(told) for place, told in facts["quantizers"].items()},
        first={place: tuple(values) for place, values in first.items()},
    )


def _read(path: Path, run_digest: str) -> tuple[Arrays, dict[str, Any]]:
    try:
        arrays, facts = read_archive(path)
    except ArchiveError as error:
        raise _refusal(path, str(error)) from error
    if facts.get("run") != run_digest:
        raise _refusal(path, f"belongs to another run than {run_digest[:12]}")
    return arrays, facts


def _quantizer(told: object) -> LearnedQuantizer:
    found = read_spec(told, _KINDS, Spec)
    if not isinstance(found, LearnedQuantizer):
        msg = f"{found!r} is no quantizer: give the JSON of one"
        raise RunError(msg)
    return found


def _refusal(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(f"{path} {reason}: restore it, or start again in another folder")
