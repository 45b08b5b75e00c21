"""A network in floating point, quantized after its training, and trained as it is quantized."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from ..errors import RunError
from ..files import write_atomically, write_json
from ..qat import Plan
from ..run_folder import claim_folder
from ..schedule import Schedule
from .baselines import Predictor, baselines
from .outcome import SUMMARY, OperatorMetrics, OperatorOutcome
from .pairs import reduced
from .reduction import Reduction
from .report import OperatorRow, operator_row, operator_table
from .rollout import rollout_error
from .run import OperatorRun
from .samples import Samples, samples_digest
from .train import train_operator

Fields = NDArray[Any]
#: Called with the name of a training and the row of each of its steps.
OnComparisonStep = Callable[[str, OperatorMetrics], None]

#: The name of the network that is not quantized.
FLOAT: Final = "float"
#: That of the same network, trained on for as long as those that are.
AGAIN: Final = "float again"


@dataclass(frozen=True, kw_only=True, eq=False)
class Splits:
    """Samples on the grid of the data, from instances that no two splits share.

    Parameters
    ----------
    train, validation, test
        What a network learns from, what watches it, and what judges it.
    steps
        How many pairs, in their order, belong to a trajectory, in which the target of each is the
        last frame that goes into the next; None where pairs are not of frames.

    Raises
    ------
    RunError
        If a split is empty, or a target that is judged is zero everywhere.
    """

    train: Samples
    validation: Samples
    test: Samples
    steps: int | None

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            if not len(getattr(self, name)):
                msg = f"there are no samples for {name}: give at least one instance"
                raise RunError(msg)
        for each in (self.validation, self.test):
            operator_row("truth", each.targets, each)  # before hours of training, not after


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Trained networks by name, and the rows of all predictors on the test samples."""

    outcomes: dict[str, OperatorOutcome]
    rows: tuple[OperatorRow, ...]
    reduction: Reduction
    test: Samples

    def predict(self, name: str, inputs: Fields) -> Fields:
        """Return what one of the networks makes of fields on the grid of the data."""
        return predictor(self.outcomes[name], self.reduction)(inputs)

    def to_json(self) -> dict[str, Any]:
        """Return the summary: the rows, and what identifies the runs behind them."""
        return {
            "test": {"samples": len(self.test), "digest": samples_digest(self.test)},
            "reduction": asdict(self.reduction),
            "runs": {name: outcome.to_json() for name, outcome in self.outcomes.items()},
            "rows": [row.to_json() for row in self.rows],
        }

    def caption(self) -> str:
        """Return the lines that belong under the table."""
        run = self.outcomes[FLOAT].run
        grid = " x ".join(map(str, self.test.space))
        digests = ", ".join(f"{n} {o.run.digest()[:12]}" for n, o in self.outcomes.items())
        return (
            f"{type(run.network).__name__} of {run.network.parameter_count:,} parameters, one seed "
            f"({run.seed}), {len(self.test)} test samples on {grid} cells; run digests: {digests}\n"
            "errors are in the units of the data, nRMSE and rel. L2 relative to the field; PTQ is "
            'the float network quantized,\nQAT is PTQ trained on, "float again" is float trained '
            "on for as many steps; rollout is rel. L2 at the end of trajectories\n"
        )


def compare(
    run: OperatorRun,
    plans: Sequence[Plan],
    splits: Splits,
    folder: Path,
    *,
    reduction: Reduction,
    epochs: int,
    schedule: Schedule,
    on_step: OnComparisonStep | None = None,
    resume: bool = False,
    besides: Collection[str] = (),
) -> Comparison:
    """Train a network, quantize it by each plan, and train it on: under each plan, and under none.

    Parameters
    ----------
    run
        The training in floating point, on the reduced training samples; it has no plan.
    plans
        The scenarios, each of another name.
    splits
        The samples.
    folder
        Where trainings go, each into a folder of its own name, with ``config.json``,
        ``summary.json`` and ``table.txt``.
    reduction
        The grid on which networks work.  Errors are those on the grid of the data.
    epochs, schedule
        Of the second training.
    on_step
        Called with the name of a training and each of its rows.
    resume
        Go on from what is in the folders.
    besides
        Names of files that may be in the folder before, such as that of the data.

    Raises
    ------
    RunError, CheckpointError, TrainingError, KeyboardInterrupt
        As `train_operator` does.
    """
    names = [plan.name for plan in plans]
    if run.plan is not None or len(set(names)) != len(names):
        msg = f"a run with the plan {run.plan!r} and the plans {names}: give a run without one, "
        raise RunError(msg + "and each plan once")
    config = {
        "run": run.to_json(),
        "plans": [plan.to_json() for plan in plans],
        "epochs": epochs,
        "schedule": schedule.to_json(),
        "reduction": reduction.to_json(),
        "test": samples_digest(splits.test),
    }
    claim_folder(folder, config, resume=resume, besides=besides)
    train, validation = reduced(splits.train, reduction), reduced(splits.validation, reduction)

    def trained(name: str, run: OperatorRun, start: OperatorOutcome | None) -> OperatorOutcome:
        return train_operator(
            run,
            train,
            folder / folder_name(name),
            validation=validation,
            start=None if start is None else start.parameters,
            on_step=None if on_step is None else lambda row: on_step(name, row),
            resume=resume,
        )

    first = trained(FLOAT, run, None)
    outcomes = {FLOAT: first}
    later: list[tuple[str, Plan | None, int]] = [(AGAIN, None, epochs)]
    for plan in plans:
        later += [(f"{plan.name} PTQ", plan, 0), (f"{plan.name} QAT", plan, epochs)]
    for name, each, count in later:
        again = first.continued(each, epochs=count, schedule=schedule)
        outcomes[name] = trained(name, again, first)
    rows = _rows(outcomes, splits, reduction)
    found = Comparison(outcomes=outcomes, rows=rows, reduction=reduction, test=splits.test)
    write_json(folder / SUMMARY, found.to_json())
    write_atomically(folder / "table.txt", (operator_table(rows) + found.caption()).encode())
    return found


def predictor(outcome: OperatorOutcome, reduction: Reduction) -> Predictor:
    """Return what a network on the coarser grid makes of fields on the grid of the data."""

    def predict(inputs: Fields) -> Fields:
        """Down, through the network, and up again."""
        found = outcome.predict(reduction.down(inputs))
        return reduction.up(found, inputs.shape[1:-1])

    return predict


def _rows(
    outcomes: dict[str, OperatorOutcome], splits: Splits, reduction: Reduction
) -> tuple[OperatorRow, ...]:
    """The trained networks, what grids alone lose, and what needs no network."""
    test, steps = splits.test, splits.steps

    def row(name: str, predict: Predictor, seconds: float | None = None) -> OperatorRow:
        rollout = None if steps is None else rollout_error(predict, test, steps)
        found = predict(test.inputs)
        return operator_row(name, found, test, rollout=rollout, seconds=seconds)

    rows = []
    for name, outcome in outcomes.items():
        state = outcome.state
        rows.append(row(name, predictor(outcome, reduction), state.seconds if state.step else None))
    if reduction.factor > 1:
        there_and_back = reduction.up(reduction.down(test.targets), test.space)
        rows.append(operator_row("grid alone", there_and_back, test))
    simple = baselines(splits.train, in_time=steps is not None)
    return (*rows, *(row(name, predict) for name, predict in simple.items()))


def folder_name(name: str) -> str:
    """Return the folder of the training called ``name``."""
    return name.lower().replace(" ", "-")
