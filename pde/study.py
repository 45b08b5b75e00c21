"""A study: the same training on several datapaths, one after the other, and the table of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import RunError
from .files import write_atomically, write_json
from .lbfgs import Refinement
from .metrics import Metrics
from .noise import Noise, estimator_noise
from .report import Row, baseline_rows, format_table, result_row, tier
from .run import Run
from .run_folder import CONFIG, claim_folder
from .train import Result, train

OnStudyStep = Callable[[Run, Metrics | Refinement], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """Finished trainings, in the order they ran, and the rows of their table."""

    results: tuple[Result, ...]
    rows: tuple[Row, ...]

    @cached_property
    def noise(self) -> dict[str, Noise]:
        """By the names of the datapaths, how noisy the engine is on what was learned there."""
        return {
            result.run.datapath.name: estimator_noise(result.run, result.state.parameters)
            for result in self.results
        }

    def to_json(self) -> dict[str, Any]:
        """Return the summary: the rows, and what identifies the runs behind them."""
        first = self.results[0].run
        seconds = sum(result.state.seconds for result in self.results)
        return {
            "problem": first.problem.name,
            "seed": first.seed,
            "steps": first.steps,
            "tier": tier(seconds),
            "test_points": first.test_points,
            "runs": {result.run.datapath.name: result.run.digest() for result in self.results},
            "rows": [row.to_json() for row in self.rows],
            "refinements": {
                result.run.datapath.name: [asdict(told) for told in result.state.refinements]
                for result in self.results
            },
            "noise": {name: noise.to_json() for name, noise in self.noise.items()},
        }

    def caption(self) -> str:
        """Return the lines that belong under the table."""
        facts = self.to_json()
        digests = ", ".join(f"{name} {digest[:12]}" for name, digest in facts["runs"].items())
        refined = "".join(_refinement(result) for result in self.results)
        return (
            f"{refined}{self._noise()}"
            f"{facts['problem']}, one seed ({facts['seed']}), {facts['steps']} steps, "
            f"{facts['test_points']} test points, tier {facts['tier']}; run digests: {digests}\n"
            "u is what the engine differentiates (for Stein estimators the smoothed network "
            "f(x) = E[u(x + delta)]), in training and in these errors; "
            "polynomials are least-squares fits to the exact solution\n"
        )

    def _noise(self) -> str:
        """The line that says how noisy estimated derivatives are, if they are estimated."""
        if not any(noise.measured for noise in self.noise.values()):
            return ""
        told = ", ".join(f"{noise.measured:.1e} ({name})" for name, noise in self.noise.items())
        predicted = next(iter(self.noise.values())).predicted
        formula = "" if predicted is None else f"; that of |x|^2 is {predicted:.1e}"
        return f"noise of the estimated diffusion term: {told}{formula}\n"


def _refinement(result: Result) -> str:
    """The line that says what L-BFGS did to one network, if it ran."""
    told = result.state.refinements
    if not told:
        return ""
    iterations = sum(each.iterations for each in told)
    evaluations = sum(each.evaluations for each in told)
    return (
        f"L-BFGS on {result.run.datapath.name}: {len(told)} rounds, {iterations} iterations, "
        f"{evaluations} losses, from {told[0].before:.2e} to {told[-1].after:.2e}; "
        f"stopped by {told[-1].reason}\n"
    )


def run_study(
    runs: Sequence[Run], folder: Path, *, on_step: OnStudyStep | None = None, resume: bool = False
) -> Study:
    """Train ``runs`` into ``folder/<datapath name>`` and write the study's files beside them.

    Those are ``config.json`` (all runs), ``summary.json`` and ``table.txt``.

    Raises
    ------
    RunError
        When ``folder`` is in use, of another study or, with ``resume``, of none; when two
        datapaths have one name, or one has a name no folder can have.
    CheckpointError, TrainingError, KeyboardInterrupt
        As `train` does.
    """
    _require_distinct(runs)
    if resume and not (folder / CONFIG).exists():
        msg = f"there is no run in {folder} to resume: start one there, or correct the folder"
        raise RunError(msg)
    config = {run.datapath.name: run.to_json() for run in runs}
    claim_folder(folder, config, resume=resume)
    results = []
    for run in runs:
        report = None if on_step is None else lambda row, run=run: on_step(run, row)
        results.append(train(run, folder / run.datapath.name, on_step=report, resume=resume))
    rows = [*map(result_row, results), *baseline_rows(results[0])]
    study = Study(results=tuple(results), rows=tuple(rows))
    write_json(folder / "summary.json", study.to_json())
    write_atomically(folder / "table.txt", (format_table(rows) + "\n" + study.caption()).encode())
    return study


def _require_distinct(runs: Sequence[Run]) -> None:
    """Raise unless the datapaths have names, no two alike, that folders can have."""
    names = [run.datapath.name for run in runs]
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+-]*", name):
            msg = f"a datapath is called {name!r}: give it a name of letters, digits, _, + and -"
            raise RunError(msg)
    if len(set(names)) != len(names) or not names:
        msg = f"the datapaths are {', '.join(names) or 'none'}: give at least one, each name once"
        raise RunError(msg)
