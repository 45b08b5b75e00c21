"""The picture of a few instances."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .dataset import Dataset
from .generate import spread
from .trajectory import Array, Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PROFILES = 4


def plot_dataset(data: Dataset, path: Path, *, instances: int = 3) -> None:
    """Save a picture of the first channel of some instances, spread over the data, as PNG.

    One row per instance: in one dimension the solution over space and time, and profiles at some
    times; in the plane the coefficient, and the first and the last frame.  matplotlib (extra
    ``app``) is imported here; the figure needs no display and leaves ``pyplot`` alone.
    """
    from matplotlib.figure import Figure

    numbers = spread(len(data), instances)
    chosen = [data.trajectory(number) for number in numbers]
    line = len(data.axes) == 1
    titles = _titles(data)
    figure = Figure(figsize=(3.9 * len(titles), 2.9 * len(numbers) + 0.4), layout="constrained")
    panels = figure.subplots(len(numbers), len(titles), squeeze=False)
    for row, number, trajectory in zip(panels, numbers, chosen, strict=True):
        (_line if line else _plane)(row, trajectory)
        row[0].set_ylabel(f"instance {number}\n{'t' if line else 'y'}")
    for panel, title in zip(panels[0], titles, strict=True):
        panel.set_title(title, fontsize=10)
    for panel in panels[-1]:
        panel.set_xlabel("x")
    figure.savefig(path, dpi=120)


def _titles(data: Dataset) -> list[str]:
    """Return what each column shows."""
    name = data.channels[0]
    if len(data.axes) == 1:
        still = ["coefficient"] if data.coefficient is not None else []
        return [f"{name}(x, t)", "profiles", *still]
    titles = [f"{name} at t = {t:.4g}" for t in dict.fromkeys((data.times[0], data.times[-1]))]
    return [*(["coefficient"] if data.coefficient is not None else []), *titles]


def _line(row: Sequence["Axes"], trajectory: Trajectory) -> None:
    """Draw one instance in one dimension."""
    (x,), t, u = trajectory.axes, trajectory.times, trajectory.values[..., 0]
    if t.size > 1:
        _field(row[0], x, t, u)
    else:
        row[0].plot(x, u[0])
    for number in spread(t.size, _PROFILES):
        row[1].plot(x, u[number], label=f"t = {t[number]:.4g}", linewidth=1)
    row[1].legend(frameon=False, fontsize=7)
    row[1].grid(visible=True, alpha=0.3)
    if trajectory.coefficient is not None:
        row[2].plot(x, trajectory.coefficient)


def _plane(row: Sequence["Axes"], trajectory: Trajectory) -> None:
    """Draw one instance in the plane: every field with its own colours."""
    x, y = trajectory.axes
    frames = [trajectory.values[k, ..., 0] for k in spread(trajectory.times.size, 2)]
    still = [] if trajectory.coefficient is None else [trajectory.coefficient]
    for panel, values in zip(row, [*still, *frames], strict=True):
        _field(panel, x, y, values.T)
        panel.set_aspect("equal")


def _field(panel: Any, x: Array, y: Array, values: Array) -> None:
    picture = panel.pcolormesh(x, y, np.asarray(values), cmap="viridis", rasterized=True)
    panel.figure.colorbar(picture, ax=panel, shrink=0.9)
