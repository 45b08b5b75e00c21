"""The folder of a quantized training becomes files for those who build what runs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...emu import RequantizationRule
from ..errors import RunError
from ..files import write_atomically, write_json
from ..operators import OperatorOutcome, load_operator, read_calibration
from .archive import save_golden, save_network
from .grids import Widths
from .levels import Levels, level_differences
from .network import IntegerNetwork, lowered
from .onnx_export import onnx_model
from .tracing import traced

#: The files of an export; the last one if it is asked for.
NETWORK: Final = "network.npz"
GOLDEN: Final = "golden.npz"
REPORT: Final = "report.json"
ONNX: Final = "model.onnx"


@dataclass(frozen=True, kw_only=True, eq=False)
class Export:
    """A network of integers, the run it is of, and how far it is from the float simulator."""

    outcome: OperatorOutcome
    network: IntegerNetwork
    levels: dict[str, Levels]
    samples: int

    def to_json(self) -> dict[str, Any]:
        """Return what a user of the files must know, as plain data.

        ``units`` make fields of what codes stand for: ``u = mean + deviation x``.
        """
        run, network = self.outcome.run, self.network
        return {
            "run": run.digest(),
            "network": network.digest(),
            "plan": None if run.plan is None else run.plan.name,
            "rule": network.rule.value,
            "shape": list(network.shape),
            "input": network.input.to_json(),
            "output": network.output.to_json(),
            "units": run.scaling.to_json(),
            "steps": len(network.steps),
            "bytes": sum(array.nbytes for array in network.arrays.values()),
            "samples": self.samples,
            "levels": {place: each._asdict() for place, each in self.levels.items()},
        }


def export_run(
    folder: Path,
    out: Path,
    *,
    rule: RequantizationRule = RequantizationRule.DOUBLE,
    widths: Widths | None = None,
    samples: int = 16,
    onnx: bool = False,
) -> Export:
    """Write the integers of a quantized training, golden codes, and a report.

    Parameters
    ----------
    folder
        That a run with a plan was trained in.
    out
        A folder that does not exist or is empty; it gets ``network.npz`` (`save_network`),
        ``golden.npz`` (`save_golden`), ``report.json``, and ``model.onnx`` (`save_onnx`).
    rule, widths
        As `exported` takes them.
    samples
        How many of the fields that showed the first ranges show those between products, and are
        the golden codes.  All of those fields are sent through for the report.
    onnx
        Whether to write the float simulator as an ONNX graph too.

    Raises
    ------
    RunError
        If the run has no plan or cannot be exported, if ``out`` is in use, or the extra ``onnx`` is
        missing.
    CheckpointError
        If the folder of the run is damaged.
    """
    outcome = load_operator(folder)
    if outcome.run.plan is None:
        msg = f"{folder} is a training in floating point: give that of a quantized one, such as "
        raise RunError(msg + "w8a8-qat beside it")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"{out} already exists and is not empty: choose another folder"
        raise RunError(msg)
    run = outcome.run
    seen = run.scaling.inputs.scaled(read_calibration(folder, run.digest()))
    few = seen[:samples]
    program = traced(run.network, outcome.quantization, outcome.arrays, few, widths)
    graph = onnx_model(program).SerializeToString() if onnx else None
    network = lowered(program, rule)
    levels = level_differences(network, run.network, outcome.quantization, outcome.arrays, seen)
    found = Export(outcome=outcome, network=network, levels=levels, samples=len(few))
    out.mkdir(parents=True, exist_ok=True)
    save_network(network, out / NETWORK)
    save_golden(network, network.input.encode(few), out / GOLDEN)
    if graph is not None:
        write_atomically(out / ONNX, graph)
    write_json(out / REPORT, found.to_json())
    return found
