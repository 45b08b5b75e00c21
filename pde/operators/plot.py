"""The picture of a comparison: one test sample, what each network makes of it, and the losses."""

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..palette import COLOURS
from .comparison import FLOAT, Comparison
from .metrics import relative_l2

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Fields = NDArray[Any]
Colours = dict[str, str]
_SMOOTHED_OVER: Final = 10


def plot_comparison(comparison: Comparison, path: Path) -> None:
    """Save the picture of a comparison as a PNG file.

    It shows the test sample in the middle of the order by the error of the float network: the first
    channel that went in, the target, and each network's prediction and error; then the loss of
    every training and its errors on the validation samples.  matplotlib (extra ``app``) is
    imported here; the figure needs no display and leaves the state of ``pyplot`` alone.
    """
    from matplotlib.figure import Figure

    number = middle_sample(comparison)
    sample = comparison.test.take(slice(number, number + 1))
    truth = sample.targets[0, ..., 0]
    found = {
        name: comparison.predict(name, sample.inputs)[0, ..., 0] for name in comparison.outcomes
    }
    planar = truth.ndim == 2
    height = 2.4 * len(found) + 2.4 if planar else 5.6
    figure = Figure(figsize=(9.6, height + 3.0), layout="constrained")
    figure.suptitle(f"test sample {number}")
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[height, 3.0])[:, 0]
    shown = sample.inputs[0, ..., 0]
    colours = dict(zip(found, cycle(COLOURS), strict=False))
    if planar:
        _in_plane(upper, shown, truth, found)
    else:
        _on_line(upper, shown, truth, found, colours)
    _losses(lower.subplots(1, 2), comparison, colours)
    figure.savefig(path, dpi=120)


def middle_sample(comparison: Comparison) -> int:
    """Return the number of the test sample whose error is the median of the float network's."""
    test = comparison.test
    errors = relative_l2(comparison.predict(FLOAT, test.inputs), test.targets)
    return int(np.argsort(errors, kind="stable")[len(test) // 2])


def _on_line(
    figure: Any, shown: Fields, truth: Fields, found: dict[str, Fields], colours: Colours
) -> None:
    """Draw fields of one coordinate: what went in and what came out, then the errors."""
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    x = (np.arange(truth.size) + 0.5) / truth.size
    upper.plot(x, shown, color="grey", linewidth=0.9, label="input")
    upper.plot(x, truth, color="black", linewidth=1.6, label="truth")
    for name, field in found.items():
        upper.plot(x, field, color=colours[name], linewidth=1.0, label=name)
        lower.plot(x, field - truth, color=colours[name], linewidth=1.0)
    lower.set_xlabel("cells of the axis, from 0 to 1")
    lower.set_ylabel("error")
    for panel in (upper, lower):
        panel.grid(visible=True, alpha=0.3)
    upper.legend(frameon=False, ncols=3, fontsize=8)


def _in_plane(figure: Any, shown: Fields, truth: Fields, found: dict[str, Fields]) -> None:
    """Draw fields of two coordinates: a row for what went in, then one for each network."""
    panels = figure.subplots(1 + len(found), 2, squeeze=False)
    limits = float(truth.min()), float(truth.max())
    largest = max(float(np.abs(field - truth).max()) for field in found.values())
    _field(panels[0][0], shown, "input", "viridis", (float(shown.min()), float(shown.max())))
    _field(panels[0][1], truth, "truth", "viridis", limits)
    for line, (name, field) in zip(panels[1:], found.items(), strict=True):
        _field(line[0], field, name, "viridis", limits)
        _field(line[1], field - truth, f"{name}: error", "RdBu_r", (-largest, largest))


def _field(
    panel: "Axes", field: Fields, title: str, colours: str, limits: tuple[float, float]
) -> None:
    """Draw one field with its own colour bar."""
    picture = panel.imshow(
        field.T, origin="lower", cmap=colours, vmin=limits[0], vmax=limits[1], extent=(0, 1, 0, 1)
    )
    panel.set_title(title, fontsize=9)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.figure.colorbar(picture, ax=panel, shrink=0.9)


def _losses(panels: Any, comparison: Comparison, colours: Colours) -> None:
    """Draw the losses of all steps, and the errors on the validation samples."""
    trained = {name: each for name, each in comparison.outcomes.items() if each.history}
    for name, outcome in trained.items():
        colour = colours[name]
        losses = np.array([row.loss for row in outcome.history])
        window = min(_SMOOTHED_OVER, len(losses))
        mean = np.convolve(losses, np.ones(window) / window, mode="valid")
        steps = np.arange(1, len(losses) + 1)
        panels[0].semilogy(steps, losses, color=colour, alpha=0.25, linewidth=0.8)
        panels[0].semilogy(steps[window - 1 :], mean, color=colour, label=name)
        watched = [(r.step + 1, r.validation) for r in outcome.history if r.validation is not None]
        panels[1].semilogy(*zip(*watched, strict=True), "o-", color=colour, ms=3, label=name)
    for panel, title in zip(panels, ("loss", "rel. L2, validation"), strict=True):
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("step")
        panel.grid(visible=True, alpha=0.3, which="both")
        panel.legend(frameon=False)
