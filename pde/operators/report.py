"""The table of predictors of fields: trained networks, quantized networks, and none."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..tables import in_blocks
from .metrics import OperatorErrors, operator_errors, relative_l2
from .samples import Samples

Fields = NDArray[Any]

#: The titles of the table.
OPERATOR_TITLES: Final = (
    "predictor", "rel. L2", "rollout", "RMSE", "nRMSE", "of the mean", "maximum", "border",
    "k < 4", "k < 12", "k >= 12", "seconds",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OperatorRow:
    """One predictor on the test samples, in their own units and on their own grid.

    Parameters
    ----------
    predictor
        Its name.
    relative
        The mean of `relative_l2`.
    errors
        Those of PDEBench.
    rollout
        `rollout_error` at the end of the test trajectories; None where there are none.
    seconds
        Time of the training steps; None for what was not trained by steps.
    """

    predictor: str
    relative: float
    errors: OperatorErrors
    rollout: float | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary; None for what JSON has no number for."""
        told = asdict(self)
        told["errors"]["fourier"] = [_finite(each) for each in self.errors.fourier]
        return {**told, "rollout": _finite(self.rollout)}

    def cells(self) -> tuple[str, ...]:
        """Return one text per title."""
        e = self.errors
        told = (e.rmse, e.nrmse, e.conserved, e.maximum, e.boundary)
        bands = (None if np.isnan(each) else each for each in e.fourier)
        numbers = (self.relative, self.rollout, *told, *bands)
        texts = ["-" if number is None else f"{number:.2e}" for number in numbers]
        seconds = "-" if self.seconds is None else f"{self.seconds:.1f}"
        return (self.predictor, *texts, seconds)


def operator_row(
    name: str,
    predicted: Fields,
    test: Samples,
    *,
    rollout: float | None = None,
    seconds: float | None = None,
) -> OperatorRow:
    """Return the row of what a predictor makes of the test inputs, on their grid.

    Raises
    ------
    RunError
        If a target is zero everywhere.

    Examples
    --------
    >>> fields = np.ones((2, 8, 1))
    >>> row = operator_row("twice", 2 * fields, Samples(inputs=fields, targets=fields))
    >>> row.relative, row.cells()[:4]
    (1.0, ('twice', '1.00e+00', '-', '1.00e+00'))
    """
    errors = operator_errors(predicted[:, None], test.targets[:, None])
    relative = float(relative_l2(predicted, test.targets).mean())
    return OperatorRow(
        predictor=name, relative=relative, errors=errors, rollout=rollout, seconds=seconds
    )


def operator_table(rows: Sequence[OperatorRow], width: int | None = None) -> str:
    """Return the table as aligned text, in blocks of columns where a ``width`` asks for them."""
    return in_blocks([OPERATOR_TITLES, *(row.cells() for row in rows)], width)


def _finite(number: float | None) -> float | None:
    return number if number is not None and np.isfinite(number) else None
