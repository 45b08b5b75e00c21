"""The final table as data: what was learned, what the evaluation adds, what it cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..emu import preset
from .baselines import polynomial_baselines
from .evaluate import field_errors, held_out_points
from .field_errors import FieldErrors
from .tables import in_blocks
from .train import Result

TITLES = (
    "predictor",
    "rel. L2 u",
    "rel. L2 diffusion",
    "u in float64",
    "diffusion in float64",
    "network part",
    "quantizations",
    "bytes stored",
    "saturations",
    "underflows",
    "seconds",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One predictor: a datapath's trained network, or a formula.

    Parameters
    ----------
    predictor
        Name of the datapath or of the polynomial.
    own
        Errors in the predictor's own arithmetic: those of the machine.
    float64
        Errors of the same parameters evaluated in float64: what was learned.  The difference to
        `own` is the rounding of the evaluation.
    quantizations, bytes_stored, saturations, underflows
        The ledger of the training; None for a polynomial.
    seconds
        Time of the training steps; None for a polynomial.
    """

    predictor: str
    own: FieldErrors
    float64: FieldErrors
    quantizations: int | None = None
    bytes_stored: int | None = None
    saturations: int | None = None
    underflows: int | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary."""
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        """Return one text per title."""
        errors = (self.own, self.float64)
        numbers = [f"{e:.2e}" for error in errors for e in (error.solution, error.diffusion)]
        part = self.own.network
        numbers.append("-" if part is None else f"{part:.2e}")
        counts = [getattr(self, field.name) for field in fields(self)[3:7]]
        texts = ["-" if count is None else f"{count:,}" for count in counts]
        seconds = "-" if self.seconds is None else f"{self.seconds:.1f}"
        return (self.predictor, *numbers, *texts, seconds)


def result_row(result: Result) -> Row:
    """Return the row of a trained network: its errors on both arithmetics, its costs."""
    run, state = result.run, result.state
    ledger = state.ledger
    return Row(
        predictor=run.datapath.name,
        own=field_errors(run, state.parameters, run.datapath),
        float64=field_errors(run, state.parameters, preset("exact")),
        quantizations=ledger.quantizations,
        bytes_stored=ledger.bytes_stored,
        saturations=ledger.saturations,
        underflows=ledger.underflows,
        seconds=state.seconds,
    )


def baseline_rows(result: Result) -> list[Row]:
    """Return the rows of the polynomials fitted on the test points of ``result``."""
    baselines = polynomial_baselines(result.run.problem, held_out_points(result.run))
    return [Row(predictor=k, own=errors, float64=errors) for k, errors in baselines.items()]


def tier(seconds: float) -> str:
    """Return what a table that took ``seconds`` may be called: smoke, study or paper.

    Examples
    --------
    >>> tier(20), tier(200), tier(10_000)
    ('smoke', 'study', 'paper')
    """
    return "smoke" if seconds < 60 else "study" if seconds < 1800 else "paper"


def format_table(rows: Sequence[Row], width: int | None = None) -> str:
    """Return the table as aligned text, in blocks of columns where a ``width`` asks for them.

    Examples
    --------
    >>> errors = FieldErrors(solution=0.25, diffusion=1.0)
    >>> table = format_table([Row(predictor="constant", own=errors, float64=errors)])
    >>> [line[:39] for line in table.splitlines()]
    ['predictor  rel. L2 u  rel. L2 diffusion', 'constant    2.50e-01           1.00e+00']
    """
    return in_blocks([TITLES, *(row.cells() for row in rows)], width)
