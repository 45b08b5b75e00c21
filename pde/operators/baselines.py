r"""What predicts fields without a network: the least that a trained one has to beat.

* ``mean``: the mean of all training targets, cell by cell;
* ``persistence``: the last frame that went in, where the target is the next one;
* ``ridge``: the linear map of all cells and channels with an intercept, by least squares with the
  penalty ``lambda |W|^2``.  With the centred inputs X (one row for each sample) and targets Y,
  ``W = X^T (X X^T + lambda I)^-1 Y``; lambda minimizes the generalized cross-validation

      |(I - H) Y|^2 / (1 - tr H / n)^2,      H = X X^T (X X^T + lambda I)^-1,

  among 25 powers of ten, from 1e-12 to 1e12 times the mean eigenvalue of ``X X^T``.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .samples import Samples

Fields = NDArray[Any]
Predictor = Callable[[Fields], Fields]

#: Samples that the linear map is fitted to, at most: it solves as many equations.
MOST_SAMPLES: Final = 1024
_POWERS: Final = np.logspace(-12, 12, 25)


def baselines(train: Samples, *, in_time: bool) -> dict[str, Predictor]:
    """Return what predicts without a network, by name, fitted to training samples.

    ``in_time`` says whether the last channels of the inputs are the quantities of the targets.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((40, 3, 1))
    >>> found = baselines(Samples(inputs=x, targets=2 * x + 1), in_time=True)
    >>> [round(float(f(np.ones((1, 3, 1)))[0, 0, 0]), 3) for f in found.values()]
    [0.676, 1.0, 3.0]
    """
    found: dict[str, Predictor] = {"mean": _mean(train)}
    if in_time:
        channels = train.targets.shape[-1]
        found["persistence"] = lambda inputs: inputs[..., -channels:]
    found["ridge"] = ridge(train)
    return found


def ridge(train: Samples) -> Predictor:
    """Return the linear map of least squares, its penalty chosen by cross-validation.

    Of more than `MOST_SAMPLES` samples, so many at equal distances are used.
    """
    from scipy.linalg import eigh

    kept = np.linspace(0, len(train) - 1, min(len(train), MOST_SAMPLES)).round().astype(int)
    x, y = (_rows(each[kept]) for each in (train.inputs, train.targets))
    means = x.mean(axis=0), y.mean(axis=0)
    x, y = x - means[0], y - means[1]
    values, vectors = eigh(x @ x.T)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ y
    squares = (turned**2).sum(axis=1)
    penalties = _POWERS * max(float(values.mean()), np.finfo(float).tiny)
    penalty = min(penalties, key=lambda each: _cross_validation(values, squares, float(each)))
    dual = vectors @ (turned / (values + penalty)[:, None])
    shape = train.targets.shape[1:]

    def predict(inputs: Fields) -> Fields:
        """Return what the linear map makes of fields, float64."""
        found = (_rows(inputs) - means[0]) @ x.T @ dual + means[1]
        return np.asarray(found.reshape(len(inputs), *shape))

    return predict


def _cross_validation(values: Fields, squares: Fields, penalty: float) -> float:
    """The generalized cross-validation of a penalty; the mean takes a degree of freedom."""
    left = penalty / (values + penalty)
    free = float(left.sum()) - 1
    return float((left**2 * squares).sum()) / free**2 if free > 0 else np.inf


def _mean(train: Samples) -> Predictor:
    mean = train.targets.mean(axis=0, dtype=np.float64)
    return lambda inputs: np.broadcast_to(mean, (len(inputs), *mean.shape))


def _rows(fields: Fields) -> NDArray[np.float64]:
    return fields.reshape(len(fields), -1).astype(np.float64)
