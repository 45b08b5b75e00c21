"""The picture of a quantization: values before and after, and the errors."""

import math
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ..pde import COLOURS
from .picture import save_picture
from .quantize_array import Quantization

#: About how many elements the picture is drawn from.
PICTURE_SAMPLE: Final = 10**6
_BINS: Final = 100
_FLOOR: Final = 2.0**-60
_SHOWN: Final = 2.0**-8
_FARTHEST: Final = 1000
_LARGEST: Final = 2.0**_FARTHEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


def plot_quantization(done: Quantization, file: BinaryIO, *, title: str, kind: str = "png") -> None:
    """Draw histograms of values and of errors, and the relative error over the magnitude.

    Only elements below ``2^1000`` before and after are drawn; how many is said above.

    Parameters
    ----------
    done
        What `quantize_array` gave, with a ``sample``.
    file
        Where the bytes go.
    title
        What was quantized, and to what.
    kind
        ``"png"``, ``"pdf"`` or ``"svg"``.

    Notes
    -----
    matplotlib (extra ``app``) is imported here; no display is needed, ``pyplot`` is left alone.
    """
    from matplotlib.figure import Figure

    drawn = (np.abs(done.before) < _LARGEST) & (np.abs(done.after) < _LARGEST)
    before, after = done.before[drawn], done.after[drawn]
    figure = Figure(figsize=(7.0, 5.6), layout="constrained")
    figure.suptitle(_title(title, done, before.size), fontsize=10)
    upper, lower = figure.subfigures(2, 1, squeeze=False)[:, 0]
    values, errors = upper.subplots(1, 2)
    _values(values, before, after)
    _errors(errors, after - before)
    _relative(lower.subplots(), before, after)
    save_picture(figure, file, kind)


def _title(title: str, done: Quantization, drawn: int) -> str:
    elements = done.report.counts.elements
    of = f"{elements:,} elements" if drawn == elements else f"{drawn:,} of {elements:,} elements"
    return f"{title}\n{of}, SQNR {done.report.sqnr_text()}"


def _values(panel: "Axes", before: Array, after: Array) -> None:
    """Histograms of the values on common bins: before filled, after as an outline."""
    edges = _edges(np.concatenate([before, after]))
    counts = [np.histogram(values, edges)[0] for values in (before, after)]
    panel.stairs(counts[0], edges, color=COLOURS[5], label="before", alpha=0.7, fill=True)
    panel.stairs(counts[1], edges, color=COLOURS[1], label="after", linewidth=0.9)
    _counts(panel, "value")
    panel.legend(frameon=False, fontsize=8)


def _errors(panel: "Axes", error: Array) -> None:
    largest = np.abs(error).max(initial=0.0)
    edges = _edges(np.array([-largest, largest]))
    panel.stairs(np.histogram(error, edges)[0], edges, color=COLOURS[0], fill=True)
    _counts(panel, "error $Q(x) - x$")


def _edges(values: Array) -> Array:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, _BINS + 1)


def _counts(panel: "Axes", label: str) -> None:
    panel.set_yscale("symlog", linthresh=1)
    panel.set_ylim(bottom=0)
    panel.minorticks_off()
    panel.set_xlabel(label)
    panel.set_ylabel("elements")
    panel.grid(visible=True, alpha=0.25)


def _relative(panel: "Axes", before: Array, after: Array) -> None:
    """How many elements of a magnitude have which relative error, in steps of half a binade."""
    from matplotlib.colors import LogNorm

    x, q = np.abs(before[before != 0]), np.abs(after[before != 0])
    relative = np.abs(q - x) / x
    changed = relative > 0
    kept = int(np.count_nonzero(~changed))
    title = f"{kept:,} of {x.size:,} nonzero elements unchanged, the others:"
    panel.set_title(title, fontsize=9, loc="left")
    panel.set_xscale("log", base=2)
    panel.set_yscale("log", base=2)
    panel.set_xlabel("$|x|$")
    panel.set_ylabel(r"$|Q(x) - x| \,/\, |x|$")
    if changed.any():
        x, relative = x[changed], np.maximum(relative[changed], _FLOOR)
        bins = [_half_binades(x), _half_binades(np.append(relative, _SHOWN))]
        *_, picture = panel.hist2d(x, relative, bins=bins, norm=LogNorm(vmin=1), cmap="cividis")
        panel.set_xlim(bins[0][0], bins[0][-1])
        panel.minorticks_off()
        panel.figure.colorbar(picture, ax=panel, label="elements", fraction=0.08, pad=0.02)


def _half_binades(values: Array) -> Array:
    """Edges half a binade apart that hold all values, but those beyond all measure."""
    low, high = (math.frexp(float(end))[1] for end in (values.min(), values.max()))
    low = max(low, -_FARTHEST)
    return np.exp2(np.arange(2 * (low - 1), 2 * high + 1) / 2)
